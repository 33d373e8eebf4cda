//! Which squares of the plan are read whole.

use super::{
    counts::coarsen_cells,
    hash,
    thinning::{OccupiedCells, Thinned, side_of},
};
use crate::TilingError;
use isopach_cloud::{REACH, Rect, checked_cell_size, low_edge};
use isopach_compute::{Error, Result};
use std::collections::BTreeMap;

/// A tick doubled so often is longer than a cloud reaches, and indices of cells can be shifted so
/// far.
const HIGHEST: u32 = 40;

/// Squares of the absolute grid to read every point of, in both epochs.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleBlocks {
    /// Side of the squares, metres: `finest` · 2^k, at least the side that was asked for.
    pub side: f64,
    /// The squares, from south to north, each row from west to east.
    pub blocks: Vec<SampleBlock>,
    /// Squares that have points in both epochs, chosen or not.
    pub available: usize,
    pub(crate) finest: f64,
    pub(crate) level: u32,
}

/// A square of the absolute grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleBlock {
    /// Column and row of the grid: ⌊coordinate / side⌋.
    pub cell: [i64; 2],
    /// Its edges, metres, half open.
    pub area: Rect,
    /// Points that each epoch has in it.
    pub points: [u64; 2],
}

impl SampleBlocks {
    /// Chooses squares that have points in both epochs, in an order that hashes of their places and
    /// `seed` give, until both epochs together have at least `points` points in them. A small
    /// survey is chosen whole.
    ///
    /// `side` (metres) is raised to the next `finest` · 2^k of the two thinnings, and to the cells
    /// that they counted in, where their `at_most` was too small for finer ones. O(cells log
    /// cells).
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a `side` that is no length or ends above 8,192 m, more than
    /// a cloud is sure to reach; [`Error::InvalidInput`] if the epochs were thinned with another
    /// `finest`.
    ///
    /// ```
    /// use isopach_cloud::{Cloud, Columns};
    /// use isopach_tiling::{InMemory, SampleBlocks, Thinning};
    ///
    /// let lattice: Vec<[f64; 3]> = (0..40_000).map(|i| [f64::from(i % 200), f64::from(i / 200), 7.0]).collect();
    /// let (before, after) = lattice.split_at(30_000); // northings below 150 m, the others
    /// let [before, after] = [before, &lattice[20_000..]].map(|points| Cloud::from_points(points));
    /// let [before, after] = [InMemory::new("before", before?), InMemory::new("after", after?)];
    /// let thinning = Thinning { finest: 0.5, ..Thinning::default() };
    /// let thinned = [thinning.run(&before, |_| true)?, thinning.run(&after, |_| true)?];
    /// let blocks = SampleBlocks::choose([&thinned[0], &thinned[1]], 30.0, 5_000, 1)?;
    /// assert_eq!(blocks.side, 32.0);
    /// assert!(!blocks.is_whole_survey() && blocks.blocks.iter().all(|block| block.area.min[1] >= 96.0));
    /// let sample = blocks.read([&before, &after], Columns::XYZ, |_| true, 64 << 20)?;
    /// assert!(sample.pairs.iter().all(|pair| pair.clouds[0].len() as u64 == pair.block.points[0]));
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    pub fn choose(epochs: [&Thinned; 2], side: f64, points: u64, seed: u64) -> Result<Self> {
        checked_cell_size(side)?;
        let [before, after] = epochs.map(|thinned| &thinned.plan);
        if before.finest.to_bits() != after.finest.to_bits() {
            return Err(TilingError::ThinnedDifferently {
                sides: [before.finest, after.finest],
            }
            .into());
        }
        let level = level_for(side, before.finest)
            .max(before.level)
            .max(after.level);
        let side = side_of(before.finest, level);
        Error::check(
            "block side",
            side,
            side <= REACH,
            "be at most 8192 m, or the thinning keep more points",
        )?;
        let mut shared = blocks_in_both(&at_level(before, level), &at_level(after, level), side);
        let available = shared.len();
        shared.sort_unstable_by_key(|block| (hash::of_cell(block.cell, seed), block.cell));
        shared.truncate(blocks_for_points(&shared, points));
        shared.sort_unstable_by_key(|block| [block.cell[1], block.cell[0]]);
        Ok(Self {
            side,
            blocks: shared,
            available,
            finest: before.finest,
            level,
        })
    }

    /// Whether every square that both epochs have was chosen: the sample is the survey.
    #[must_use]
    pub fn is_whole_survey(&self) -> bool {
        self.blocks.len() == self.available
    }

    /// Points of each epoch in all squares.
    #[must_use]
    pub fn points(&self) -> [u64; 2] {
        [0, 1].map(|epoch| self.blocks.iter().map(|block| block.points[epoch]).sum())
    }
}

/// The lowest level whose cells are at least `side` long, or one whose cells are longer than any
/// cloud: `finest` is at least a tick.
fn level_for(side: f64, finest: f64) -> u32 {
    (0..HIGHEST)
        .find(|level| side_of(finest, *level) >= side)
        .unwrap_or(HIGHEST)
}

fn at_level(plan: &OccupiedCells, level: u32) -> BTreeMap<[i64; 2], u64> {
    coarsen_cells(&plan.cells, level - plan.level)
}

fn blocks_in_both(
    before: &BTreeMap<[i64; 2], u64>,
    after: &BTreeMap<[i64; 2], u64>,
    side: f64,
) -> Vec<SampleBlock> {
    let both = before
        .iter()
        .filter_map(|(cell, first)| Some((*cell, [*first, *after.get(cell)?])));
    both.map(|(cell, points)| SampleBlock {
        cell,
        area: area_of(cell, side),
        points,
    })
    .collect()
}

fn area_of(cell: [i64; 2], side: f64) -> Rect {
    Rect {
        min: cell.map(|index| low_edge(index, side)),
        max: cell.map(|index| low_edge(index + 1, side)),
    }
}

/// How many blocks have `points` points together.
fn blocks_for_points(blocks: &[SampleBlock], points: u64) -> usize {
    let mut total = 0;
    let reached = blocks.iter().position(|block| {
        total += block.points[0] + block.points[1];
        total >= points
    });
    reached.map_or(blocks.len(), |last| last + 1)
}
