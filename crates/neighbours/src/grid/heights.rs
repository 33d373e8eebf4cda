//! How high and low the points of a neighbourhood are.

use super::{Grid, walk::CellBlock};
use rayon::prelude::*;
use std::ops::Range;

/// A block is 2^this cells wide and high.
pub(super) const SHIFT: usize = 2;

/// Lowest and highest z (ticks) by blocks of 4 × 4 cells; lowest above highest where a block has no
/// point.
#[derive(Debug, Default)]
pub(super) struct BlockHeights {
    /// Blocks in a row.
    across: usize,
    ranges: Vec<[i32; 2]>,
}

/// The blocks that some columns or rows meet.
#[inline(always)]
pub(super) fn blocks_of([first, end]: [usize; 2]) -> Range<usize> {
    first >> SHIFT..((end - 1) >> SHIFT) + 1
}

/// The columns or rows of a block.
#[inline(always)]
pub(super) fn cells_of(block: usize) -> [usize; 2] {
    [block << SHIFT, (block + 1) << SHIFT]
}

const NONE: [i32; 2] = [i32::MAX, i32::MIN];

fn enclosing_range(a: [i32; 2], b: [i32; 2]) -> [i32; 2] {
    [a[0].min(b[0]), a[1].max(b[1])]
}

impl BlockHeights {
    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        std::mem::size_of_val(&self.ranges[..])
    }

    pub(super) fn of_grid(grid: &Grid<'_>) -> Self {
        let across = (grid.columns >> SHIFT) + 1;
        let mut ranges = vec![NONE; across * ((grid.rows >> SHIFT) + 1)];
        ranges
            .par_chunks_mut(across)
            .enumerate()
            .for_each(|(band, ranges)| {
                let [first, end] = cells_of(band).map(|row| row.min(grid.rows));
                for row in first..end {
                    for (block, range) in ranges.iter_mut().enumerate() {
                        let columns = cells_of(block).map(|column| column.min(grid.columns));
                        *range = grid.z[grid.span_of_cells(row, columns)]
                            .iter()
                            .fold(*range, |range, &z| enclosing_range(range, [z, z]));
                    }
                }
            });
        Self { across, ranges }
    }

    /// Blocks in a row.
    pub(super) fn across(&self) -> usize {
        self.across
    }

    /// Lowest and highest z of each block of one row of blocks.
    #[inline]
    pub(super) fn ranges_of_row(&self, row: usize) -> &[[i32; 2]] {
        &self.ranges[row * self.across..][..self.across]
    }

    /// Lowest and highest z of the blocks that a block of cells meets; `None` where they have no
    /// point.
    #[inline]
    pub(super) fn range_within(&self, cells: &CellBlock) -> Option<[i32; 2]> {
        let [columns, rows] = [cells.columns, cells.rows].map(blocks_of);
        let ranges = rows.flat_map(|row| &self.ranges[row * self.across..][columns.clone()]);
        let range = ranges.fold(NONE, |range, &block| enclosing_range(range, block));
        (range[0] <= range[1]).then_some(range)
    }
}
