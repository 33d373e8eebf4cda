//! Cells that fit the distance between neighbours in three dimensions.

use super::{CROWDED, Grid};
use std::ops::Range;

/// Points whose neighbours are counted.
const SAMPLED: usize = 128;

/// Points near a point, itself included, from which on cells are wide enough. On ground the cells of
/// the plan have as many.
const ENOUGH: usize = 3;

/// How many times a cell may be doubled.
const WIDEST: u32 = 8;

impl Grid<'_> {
    /// The shift of wider cells, where few points of a cell are near each other.
    ///
    /// On a wall, and in the volume of a forest, cells that fit the plan are narrow, and hold a few
    /// points of very different heights: the k nearest of a point are in hundreds of cells. Cells
    /// are wide enough where a point (the median of a sample) has two others in its cell that are
    /// no farther above or below it than the cell is wide. The points of wide cells are sorted by
    /// height, and a query reads the few near its own height.
    pub(super) fn wider_shift(&self) -> Option<u32> {
        let count = self.points.len();
        if count < SAMPLED {
            return None;
        }
        let mut doublings = 0;
        while doublings < WIDEST && self.shift + doublings < 30 {
            let sample = (0..SAMPLED).map(|i| (2 * i + 1) * count / (2 * SAMPLED));
            let mut counts: Vec<usize> = sample.map(|at| self.count_near(at, doublings)).collect();
            counts.sort_unstable();
            if counts[SAMPLED / 2] >= ENOUGH {
                break;
            }
            doublings += 1;
        }
        (doublings > 0).then_some(self.shift + doublings)
    }

    /// Points near sorted point `at`, or some of them if they are enough: in the same cell, were
    /// cells 2^doublings times as wide, and no farther above or below it than that cell is wide.
    fn count_near(&self, at: usize, doublings: u32) -> usize {
        let block = |axis: usize, coordinate: i32, count: usize| {
            let cell = self.cell_along(axis, i64::from(coordinate));
            let first = cell >> doublings << doublings;
            [first, (first + (1 << doublings)).min(count)]
        };
        let columns = block(0, self.x[at], self.columns);
        let rows = block(1, self.y[at], self.rows);
        let side = 1_i64 << (self.shift + doublings);
        let height = i64::from(self.z[at]);
        let heights = [height - side, height + side];
        let mut found = 0;
        for row in rows[0]..rows[1] {
            let whole = self.span_of_cells(row, columns);
            if self.crowded && whole.len() > CROWDED as usize {
                for column in columns[0]..columns[1] {
                    let span = self.span_of_cells(row, [column, column + 1]);
                    found += self.count_between_heights(span, heights);
                }
            } else {
                found += self.count_between_heights(whole, heights);
            }
            if found >= ENOUGH {
                break;
            }
        }
        found
    }

    /// Points of the span that are not below the first height nor above the second.
    fn count_between_heights(&self, span: Range<usize>, [low, high]: [i64; 2]) -> usize {
        if span.len() > CROWDED as usize {
            return self.span_between_heights(span, [low, high]).len();
        }
        let heights = self.z[span].iter().map(|&z| i64::from(z));
        heights.filter(|z| (low..=high).contains(z)).count()
    }
}
