//! How high and low the points of a neighbourhood are.

use super::{Grid, walk::CellBlock};
use rayon::prelude::*;

/// A block is 2^this cells wide and high.
const SHIFT: usize = 2;

/// Lowest and highest z (ticks) by blocks of 4 × 4 cells; lowest above highest where a block has no
/// point.
#[derive(Debug, Default)]
pub(super) struct BlockHeights {
    /// Blocks in a row.
    across: usize,
    ranges: Vec<[i32; 2]>,
}

const NONE: [i32; 2] = [i32::MAX, i32::MIN];

fn enclosing_range(a: [i32; 2], b: [i32; 2]) -> [i32; 2] {
    [a[0].min(b[0]), a[1].max(b[1])]
}

impl BlockHeights {
    pub(super) fn of_grid(grid: &Grid<'_>) -> Self {
        let across = (grid.columns >> SHIFT) + 1;
        let mut ranges = vec![NONE; across * ((grid.rows >> SHIFT) + 1)];
        ranges
            .par_chunks_mut(across)
            .enumerate()
            .for_each(|(band, ranges)| {
                for row in band << SHIFT..((band + 1) << SHIFT).min(grid.rows) {
                    for (block, range) in ranges.iter_mut().enumerate() {
                        let columns = [block << SHIFT, (block + 1) << SHIFT]
                            .map(|column| column.min(grid.columns));
                        *range = grid.z[grid.span_of_cells(row, columns)]
                            .iter()
                            .fold(*range, |range, &z| enclosing_range(range, [z, z]));
                    }
                }
            });
        Self { across, ranges }
    }

    /// Lowest and highest z of the blocks that a block of cells meets; `None` where they have no
    /// point.
    #[inline]
    pub(super) fn range_within(&self, cells: &CellBlock) -> Option<[i32; 2]> {
        let [columns, rows] = [cells.columns, cells.rows]
            .map(|[first, end]| first >> SHIFT..((end - 1) >> SHIFT) + 1);
        let ranges = rows.flat_map(|row| &self.ranges[row * self.across..][columns.clone()]);
        let range = ranges.fold(NONE, |range, &block| enclosing_range(range, block));
        (range[0] <= range[1]).then_some(range)
    }
}
