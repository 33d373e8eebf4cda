//! The regions of a chunk's extent in which all points go to the same tiles.
//!
//! The edges of all reaches (a tile's core and its halo) cut each axis; between two cuts in x and
//! two in y, each point goes to the same tiles. So the tiles are found once a region, and a point
//! only asks in which region it is: a table by the upper bits of its ticks, and a comparison with
//! the next cut.
//!
//! Tiles are cut at cells, and cells begin at whole ticks, rounded as points are, so all of it is
//! in whole numbers: the lists are those of [`Plan::for_each_tile_at`].

use crate::Plan;
use isopach_cloud::{Rect, edge_tick, to_ticks};

/// Parts of an axis that are looked up, at most.
const MOST_PARTS: i64 = 1024;

/// The regions of an extent.
pub(crate) struct Regions {
    axes: [Axis; 2],
    /// Numbers of the tiles that have points here.
    pub(crate) tiles: Vec<u32>,
    /// By region, row by row: where its tiles begin in `places`; and one more, the end.
    starts: Vec<u32>,
    /// Places in `tiles`.
    places: Vec<u32>,
}

impl Regions {
    /// The regions of an extent, far edges included, for the tiles that are `wanted`; `None` if
    /// there would be more than `most`.
    pub(crate) fn new(
        plan: &Plan,
        extent: &Rect,
        most: usize,
        wanted: impl Fn(u32) -> bool,
    ) -> Option<Self> {
        let mut tiles = Vec::new();
        plan.for_each_tile_meeting(extent, |tile| {
            if wanted(tile) {
                tiles.push(tile);
            }
        });
        if tiles.len() > most {
            return None;
        }
        let reaches: Vec<[[i64; 2]; 2]> = tiles
            .iter()
            .map(|tile| plan.reach_ticks(*tile as usize))
            .collect();
        let whole = plan.whole_ticks();
        let axes = [0, 1].map(|axis| {
            let low = edge_tick(extent.min[axis]).max(whole[0][axis]);
            let high = to_ticks(extent.max[axis]).min(whole[1][axis]);
            Axis::new(
                low,
                high,
                reaches.iter().map(|reach| reach.map(|at| at[axis])),
            )
        });
        let regions = axes[0].len().checked_mul(axes[1].len())?;
        if regions > most {
            return None;
        }
        let mut found = Self {
            axes,
            tiles,
            starts: Vec::new(),
            places: Vec::new(),
        };
        found.list_tiles(&reaches, regions);
        Some(found)
    }

    /// Lists the tiles of each region: counted first.
    fn list_tiles(&mut self, reaches: &[[[i64; 2]; 2]], regions: usize) {
        let [columns, rows] = &self.axes;
        let mut starts = vec![0_u32; regions + 1];
        let for_each = |tell: &mut dyn FnMut(usize, u32)| {
            for (place, [low, high]) in (0_u32..).zip(reaches) {
                for row in rows.span(low[1], high[1]) {
                    for column in columns.span(low[0], high[0]) {
                        tell(row * columns.len() + column, place);
                    }
                }
            }
        };
        for_each(&mut |region, _| starts[region + 1] += 1);
        for region in 0..regions {
            starts[region + 1] += starts[region];
        }
        let mut places = vec![0; starts[regions] as usize];
        let mut next = starts.clone();
        for_each(&mut |region, place| {
            places[next[region] as usize] = place;
            next[region] += 1;
        });
        self.starts = starts;
        self.places = places;
    }

    /// Number of regions.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The region of a point (ticks); `None` outside the extent or the plan.
    #[inline(always)]
    pub(crate) fn region_at(&self, [x, y]: [i64; 2]) -> Option<u32> {
        let [columns, rows] = &self.axes;
        let column = columns.place_of(x)?;
        let row = rows.place_of(y)?;
        Some((row * columns.len() + column) as u32) // at most so many
    }

    /// The places in [`Self::tiles`] of the tiles that a region's points go to.
    #[inline(always)]
    pub(crate) fn places_of(&self, region: u32) -> &[u32] {
        let region = region as usize;
        &self.places[self.starts[region] as usize..self.starts[region + 1] as usize]
    }
}

/// An axis with its cuts.
struct Axis {
    /// First and last tick.
    low: i64,
    high: i64,
    /// First ticks of all parts but the first, in order.
    cuts: Vec<i64>,
    /// The axis is looked up in steps of 2^shift ticks.
    shift: u32,
    /// By step: cuts at or below its first tick.
    before: Vec<u32>,
}

impl Axis {
    /// An axis from tick `low` to tick `high`, cut where a reach begins and behind its end.
    fn new(low: i64, high: i64, reaches: impl Iterator<Item = [i64; 2]>) -> Self {
        let edges = reaches.flat_map(|[first, last]| [first, last.saturating_add(1)]);
        let mut cuts: Vec<i64> = edges.filter(|edge| low < *edge && *edge <= high).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let span = high.saturating_sub(low).max(0);
        let mut shift = 0;
        while span >> shift >= MOST_PARTS {
            shift += 1;
        }
        let steps = 0..=span >> shift;
        let before = steps.map(|step| cuts_up_to(&cuts, low + (step << shift)) as u32);
        Self {
            low,
            high,
            shift,
            before: before.collect(),
            cuts,
        }
    }

    /// Number of parts.
    fn len(&self) -> usize {
        self.cuts.len() + 1
    }

    /// The part that has a tick, if the axis has it.
    #[inline(always)]
    fn place_of(&self, tick: i64) -> Option<usize> {
        if tick < self.low || tick > self.high {
            return None;
        }
        let step = (tick - self.low) >> self.shift;
        let mut place = *self.before.get(step as usize)? as usize;
        while self.cuts.get(place).is_some_and(|cut| *cut <= tick) {
            place += 1;
        }
        Some(place)
    }

    /// The parts from one tick to another, as far as the axis has them.
    fn span(&self, first: i64, last: i64) -> std::ops::Range<usize> {
        if first > self.high || last < self.low {
            return 0..0;
        }
        cuts_up_to(&self.cuts, first)..cuts_up_to(&self.cuts, last) + 1
    }
}

/// Number of cuts at or below a tick.
fn cuts_up_to(cuts: &[i64], tick: i64) -> usize {
    cuts.partition_point(|cut| *cut <= tick)
}
