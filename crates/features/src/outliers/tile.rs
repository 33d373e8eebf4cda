//! Outlier filters, tile by tile.

use super::{DistanceSums, OutlierFilter, OutlierMask, OutlierRule, Verdict};
use isopach_cloud::{Attributes, Columns, Positions};
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};

/// First pass of the statistical filter as an operation of the tile loop: sums of the mean
/// distances of the points that a tile owns. [`DistanceSums::plus`] of all tiles is the same for
/// any tiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DistanceTiles {
    filter: OutlierFilter,
}

/// Second pass: an operation that runs after the outliers of a tile are known, on all its points or
/// without the outliers. The results are the same bits for any tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct AfterOutliers<O> {
    rule: OutlierRule,
    then: O,
    leave_out: bool,
}

/// Outliers among the points that a tile owns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutlierTile {
    /// One entry a point of the other operation's result: all `false` where outliers are left out.
    pub mask: OutlierMask,
    /// Outliers that the tile owns, left out or not.
    pub found: u64,
}

/// Bytes of lists of neighbours that are in memory at a time.
const LIST_BYTES: u64 = 48 << 20;

impl DistanceTiles {
    /// Sums of a survey for a filter.
    ///
    /// # Errors
    /// As [`OutlierFilter::run`]; [`Error::InvalidParameter`] for an infinite reach.
    pub fn new(filter: OutlierFilter) -> Result<Self> {
        check_reach(&filter)?;
        Ok(Self { filter })
    }
}

impl<O> AfterOutliers<O> {
    /// `then` runs after the outliers are known: without them if they are left out.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for an infinite reach.
    pub fn new(rule: OutlierRule, then: O, leave_out: bool) -> Result<Self> {
        check_reach(rule.filter())?;
        Ok(Self {
            rule,
            then,
            leave_out,
        })
    }
}

fn check_reach(filter: &OutlierFilter) -> Result<()> {
    filter.check()?;
    let reach = filter.reach();
    let must = "be finite for a survey that is cut into tiles";
    Error::check("outlier distance", reach, reach.is_finite(), must).map(drop)
}

/// An index of the points, lists of neighbours, and the mean distances.
fn search_bytes(load: &TileStats) -> u64 {
    load.points().saturating_mul(64).saturating_add(LIST_BYTES)
}

impl<B: NeighbourSearch + ?Sized> TileOperation<1, B> for DistanceTiles {
    type Output = DistanceSums;

    fn halo(&self) -> f64 {
        self.filter.reach()
    }

    fn working_bytes(&self, load: &TileStats) -> u64 {
        search_bytes(load)
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<DistanceSums> {
        let points = tile.epochs[0].positions();
        let owned = ticks_of(points, &tile.owned(0));
        let queries = Positions::new(points.origin(), &owned);
        self.filter.sums_of(on, points, queries)
    }
}

impl<O: TileOperation<1, B>, B: NeighbourSearch + ?Sized> TileOperation<1, B> for AfterOutliers<O> {
    type Output = (O::Output, OutlierTile);

    fn halo(&self) -> f64 {
        self.then.halo() + self.rule.filter().reach()
    }

    fn cell_sizes(&self) -> Vec<f64> {
        self.then.cell_sizes()
    }

    fn columns(&self) -> Columns {
        self.then.columns()
    }

    /// A copy of the points, beside the search.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let copy = 12 + Attributes::bytes_per_point(self.then.columns());
        let before = search_bytes(load).saturating_add(load.points().saturating_mul(copy));
        before.saturating_add(self.then.working_bytes(load))
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<Self::Output> {
        if self.leave_out {
            return self.run_without(on, tile);
        }
        let points = tile.epochs[0].positions();
        let owned = tile.owned(0);
        let queries = ticks_of(points, &owned);
        let queries = Positions::new(points.origin(), &queries);
        let mask = self.rule.answer(on, points, queries)?;
        let count = mask.is_outlier.iter().filter(|is_outlier| **is_outlier);
        let found = OutlierTile {
            found: count.count() as u64,
            mask,
        };
        Ok((self.then.run_tile(on, tile)?, found))
    }
}

impl<O> AfterOutliers<O> {
    /// Runs the other operation on a tile without outliers.
    fn run_without<B>(&self, on: &B, tile: &Tile<1>) -> Result<(O::Output, OutlierTile)>
    where
        O: TileOperation<1, B>,
        B: NeighbourSearch + ?Sized,
    {
        let [cloud] = &tile.epochs;
        let points = cloud.positions();
        let near = indices_near(tile, self.then.halo());
        let queries = ticks_of(points, &near);
        let queries = Positions::new(points.origin(), &queries);
        let verdicts = self.rule.decide(on, points, queries)?;
        let mut kept = Vec::with_capacity(near.len());
        let mut found = OutlierTile::default();
        for (index, verdict) in near.into_iter().zip(verdicts) {
            let [x, y, _] = points.absolute_ticks(index as usize);
            let is_owned = tile.cells.own_ticks([x, y]);
            if verdict == Verdict::Inlier {
                kept.push(index);
            }
            found.found += u64::from(is_owned && verdict != Verdict::Inlier);
            found.mask.out_of_reach += u64::from(is_owned && verdict == Verdict::OutOfReach);
        }
        let without = Tile {
            cells: tile.cells,
            core: tile.core,
            halo: self.then.halo(),
            epochs: [cloud.select(&kept)],
        };
        let owned = without.owned(0).len();
        found.mask.is_outlier = vec![false; owned];
        Ok((self.then.run_tile(on, &without)?, found))
    }
}

/// The points of a tile in its core and so many metres around.
fn indices_near(tile: &Tile<1>, halo: f64) -> Vec<u32> {
    let near = tile.core.expanded_by(halo);
    let points = tile.epochs[0].positions();
    (0..points.len() as u32)
        .filter(|&i| {
            let [x, y, _] = points.absolute_ticks(i as usize);
            let [east, north, _] = points.absolute(i as usize);
            near.contains([east, north]) || tile.cells.own_ticks([x, y])
        })
        .collect()
}

fn ticks_of(points: Positions<'_>, indices: &[u32]) -> Vec<[i32; 3]> {
    let ticks = points.ticks();
    indices.iter().map(|&i| ticks[i as usize]).collect()
}

impl Encode for OutlierTile {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.mask.is_outlier.encode_into(to);
        [self.mask.out_of_reach, self.found].encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (is_outlier, [out_of_reach, found]): (Vec<bool>, [u64; 2]) = Encode::decode_from(from)?;
        Some(Self {
            mask: OutlierMask {
                is_outlier,
                out_of_reach,
            },
            found,
        })
    }
}
