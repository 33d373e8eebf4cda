//! One point a cube of a whole survey, in one pass and bounded memory.

use super::{
    counts::{Counts, coarsen_cells},
    cubes::Cubes,
    pass::{PassMemory, ticks_of, visit_chunks},
};
use crate::PointSource;
use isopach_cloud::{Columns, Points, checked_cell_size, from_ticks};
use isopach_compute::{Error, Result};
use std::collections::BTreeMap;

/// Smallest number of cubes: the eight around the origin of the grid never merge.
const FEWEST: usize = 8;
/// Mean points per occupied cell at which the area is measured: by chance, e⁻⁹ of the cells would
/// be empty.
const POINTS_A_CELL: f64 = 9.0;

/// Thins a survey to one point a cube of the absolute grid.
///
/// Cubes have the side `finest`, doubled until at most `at_most` of them are occupied. They are
/// cubes, not squares of the plan, so vertical walls keep their points. Of a cube, the point with
/// the smallest hash of its coordinates is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Thinning {
    /// Side of the smallest cubes, metres.
    pub finest: f64,
    /// Most points to keep, 8 or more. Between an eighth and all of them are kept of a volume,
    /// between a quarter and all of a surface, if the survey has so many points at `finest`.
    pub max_points: usize,
    /// Bytes for tables and chunks that are decoded. It decides how many threads work, never the
    /// result.
    pub memory: u64,
}

impl Default for Thinning {
    /// A decimetre, 100,000 points, 512 MiB.
    fn default() -> Self {
        Self {
            finest: 0.1,
            max_points: 100_000,
            memory: 512 << 20,
        }
    }
}

/// A thinned survey, with the counts of the same pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Thinned {
    /// One point a cube, absolute metres, ordered by easting, northing, height. Exact multiples of
    /// a tick (2⁻¹⁸ m).
    pub points: Vec<[f64; 3]>,
    /// Side of the cubes, metres: `finest` · 2^k.
    pub side: f64,
    /// Points of the source that passed its own filters (classes, box) and the one given.
    pub passed: u64,
    pub(crate) plan: OccupiedCells,
}

/// Points in occupied cells of the plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OccupiedCells {
    pub(crate) finest: f64,
    pub(crate) level: u32,
    pub(crate) cells: BTreeMap<[i64; 2], u64>,
}

/// How much of the plan has points, at one size of cells.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Occupancy {
    /// Side of the cells, metres.
    pub side: f64,
    /// Cells of the absolute grid that have a point.
    pub cells: u64,
    /// Their area, m².
    pub area: f64,
    /// Points per occupied cell.
    pub points_per_cell: f64,
}

impl Thinning {
    /// Reads `source` once and keeps the points for which `filter` holds (absolute metres), one a
    /// cube.
    ///
    /// O(points), in any number of threads of the current pool. A chunk is decoded once. No point
    /// is a result without points, not an error.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a `finest` below a tick or `at_most` below 8;
    /// [`Error::OutOfMemory`] if the tables and one chunk do not fit into `memory`;
    /// [`Error::InvalidInput`] for a coordinate that is no place; those of the source.
    ///
    /// ```
    /// use isopach_cloud::Cloud;
    /// use isopach_tiling::{InMemory, Thinning};
    ///
    /// // 200 × 200 m, two points a metre in each direction.
    /// let lattice: Vec<[f64; 3]> = (0..160_000).map(|i| [f64::from(i % 400) / 2.0, f64::from(i / 400) / 2.0, 7.0]).collect();
    /// let survey = InMemory::new("lattice", Cloud::from_points(&lattice)?);
    /// let thinning = Thinning { finest: 0.25, max_points: 5_000, ..Thinning::default() };
    /// let thinned = thinning.run(&survey, |[east, ..]| east < 100.0)?;
    /// assert_eq!((thinned.passed, thinned.side, thinned.points.len()), (80_000, 2.0, 5_000));
    /// assert!((thinned.density().unwrap() - 4.0).abs() < 0.4); // points a square metre
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    pub fn run(
        &self,
        source: &dyn PointSource,
        filter: impl Fn([f64; 3]) -> bool + Sync,
    ) -> Result<Thinned> {
        checked_cell_size(self.finest)?;
        Error::check(
            "points to keep",
            self.max_points as f64,
            self.max_points >= FEWEST,
            "be at least 8",
        )?;
        let tables = (self.max_points as u64)
            .saturating_add(1)
            .saturating_mul(Cubes::BYTES + Counts::BYTES);
        let room = PassMemory {
            what: "thinning a survey",
            memory: self.memory,
            worker: tables,
        };
        let chunks: Vec<usize> = (0..source.chunk_count()).collect();
        let parts = visit_chunks(
            source,
            &chunks,
            Columns::XYZ,
            &room,
            || ThinningWorker::new(self),
            |seen: &mut ThinningWorker, chunk, points: Points| {
                seen.add_chunk(source, chunk, &points, &filter)
            },
        )?;
        let mut whole = ThinningWorker::new(self);
        parts.into_iter().for_each(|part| whole.merge_seen(part));
        Ok(whole.into_thinned(self.finest))
    }
}

/// Cubes and counts of one worker.
struct ThinningWorker {
    cubes: Cubes,
    counts: Counts,
    passed: u64,
}

impl ThinningWorker {
    fn new(thinning: &Thinning) -> Self {
        let Thinning {
            finest,
            max_points: at_most,
            ..
        } = *thinning;
        Self {
            cubes: Cubes::new(finest, at_most),
            counts: Counts::new(finest, at_most),
            passed: 0,
        }
    }

    fn add_chunk(
        &mut self,
        source: &dyn PointSource,
        chunk: usize,
        points: &Points,
        filter: &impl Fn([f64; 3]) -> bool,
    ) -> Result<()> {
        for (row, point) in points.xyz.iter().enumerate() {
            let ticks = ticks_of(source, chunk, row, *point)?;
            // The filter is asked of the point as it will be held.
            if filter(ticks.map(from_ticks)) {
                self.cubes.add_point(ticks);
                self.counts.add_point(ticks);
                self.passed += 1;
            }
        }
        Ok(())
    }

    fn merge_seen(&mut self, other: Self) {
        self.cubes.merge_cubes(other.cubes);
        self.counts.merge_counts(other.counts);
        self.passed += other.passed;
    }

    fn into_thinned(self, finest: f64) -> Thinned {
        let side = side_of(finest, self.cubes.level);
        let points = self
            .cubes
            .into_sorted()
            .into_iter()
            .map(|point| point.map(from_ticks))
            .collect();
        let plan = OccupiedCells {
            finest,
            level: self.counts.level,
            cells: self.counts.into_sorted(),
        };
        Thinned {
            points,
            side,
            passed: self.passed,
            plan,
        }
    }
}

/// `finest` · 2^`level`: exact.
pub(crate) fn side_of(finest: f64, level: u32) -> f64 {
    finest * f64::from(level).exp2()
}

impl Thinned {
    /// Occupied plan area at doubling sizes of cells, the smallest that were counted first, until
    /// it is a single cell or does not shrink in number any more.
    #[must_use]
    pub fn occupancy(&self) -> Vec<Occupancy> {
        let mut steps: Vec<Occupancy> = Vec::new();
        let mut cells = self.plan.cells.clone();
        for level in self.plan.level.. {
            let count = cells.len() as u64;
            let is_done =
                count == 0 || count <= 4 && steps.last().is_some_and(|last| last.cells == count);
            if is_done {
                break;
            }
            let side = side_of(self.plan.finest, level);
            let points_per_cell = self.passed as f64 / count as f64;
            steps.push(Occupancy {
                side,
                cells: count,
                area: count as f64 * side * side,
                points_per_cell,
            });
            cells = coarsen_cells(&cells, 1);
        }
        steps
    }

    /// Points a square metre of the ground that has any: all that passed, over the area of the
    /// smallest cells that hold nine points on average. `None` if there are too few points.
    ///
    /// Empty ground and far noise points do not matter: a noise point adds one cell. Cells at the
    /// border are counted whole, so a survey of few cells seems up to a tenth sparser than it is.
    #[must_use]
    pub fn density(&self) -> Option<f64> {
        let steps = self.occupancy();
        let filled = steps
            .iter()
            .find(|step| step.points_per_cell >= POINTS_A_CELL)?;
        Some(self.passed as f64 / filled.area)
    }

    /// Mean distance of neighbours in the plan, metres: 1/√[density](Self::density).
    #[must_use]
    pub fn spacing(&self) -> Option<f64> {
        self.density().map(|density| density.sqrt().recip())
    }
}
