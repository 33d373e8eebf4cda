//! Points a cell of the plan, with cells that grow until they are few enough.

use isopach_cloud::{cell_of, from_ticks};
use std::collections::{BTreeMap, HashMap};

/// Numbers of points in occupied cells of side finest · 2^level. Grows as [`super::cubes::Cubes`]
/// does.
#[derive(Debug)]
pub(crate) struct Counts {
    finest: f64,
    at_most: usize,
    pub(crate) level: u32,
    points: HashMap<[i64; 2], u64>,
}

impl Counts {
    /// Bytes that a cell takes at most, while a table grows or is made anew.
    pub(crate) const BYTES: u64 = 120;

    pub(crate) fn new(finest: f64, at_most: usize) -> Self {
        Self {
            finest,
            at_most,
            level: 0,
            points: HashMap::new(),
        }
    }

    /// Counts a point, absolute ticks.
    pub(crate) fn add_point(&mut self, [x, y, _]: [i64; 3]) {
        let cell = [x, y].map(|tick| cell_of(from_ticks(tick), self.finest) >> self.level);
        *self.points.entry(cell).or_insert(0) += 1;
        self.coarsen_to_fit();
    }

    pub(crate) fn merge_counts(&mut self, mut other: Self) {
        let level = self.level.max(other.level);
        self.raise_to(level);
        other.raise_to(level);
        for (cell, points) in other.points {
            *self.points.entry(cell).or_insert(0) += points;
        }
        self.coarsen_to_fit();
    }

    /// Cells in order, each with its points.
    pub(crate) fn into_sorted(self) -> BTreeMap<[i64; 2], u64> {
        self.points.into_iter().collect()
    }

    fn coarsen_to_fit(&mut self) {
        while self.points.len() > self.at_most {
            self.raise_to(self.level + 1);
        }
    }

    fn raise_to(&mut self, level: u32) {
        let by = level - self.level;
        self.level = level;
        if by > 0 {
            for (cell, points) in std::mem::take(&mut self.points) {
                *self
                    .points
                    .entry(cell.map(|index| index >> by))
                    .or_insert(0) += points;
            }
        }
    }
}

/// The same points in cells 2^`by` times as long.
pub(crate) fn coarsen_cells(cells: &BTreeMap<[i64; 2], u64>, by: u32) -> BTreeMap<[i64; 2], u64> {
    let mut coarse = BTreeMap::new();
    for (cell, points) in cells {
        *coarse.entry(cell.map(|index| index >> by)).or_insert(0) += points;
    }
    coarse
}
