//! Blocks of cells, and the points in them.

use super::Grid;
use std::ops::Range;

/// A block of cells: columns and rows, both half open, within the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellBlock {
    pub(super) columns: [usize; 2],
    pub(super) rows: [usize; 2],
}

impl CellBlock {
    /// The smallest block that has both.
    #[inline]
    pub(super) fn union(&self, other: &Self) -> Self {
        let both = |a: [usize; 2], b: [usize; 2]| [a[0].min(b[0]), a[1].max(b[1])];
        Self {
            columns: both(self.columns, other.columns),
            rows: both(self.rows, other.rows),
        }
    }

    /// The cells that both have, which are some.
    #[inline]
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let both = |a: [usize; 2], b: [usize; 2]| [a[0].max(b[0]), a[1].min(b[1])];
        Self {
            columns: both(self.columns, other.columns),
            rows: both(self.rows, other.rows),
        }
    }

    /// Cells of a block around this one that are outside of it, in four parts.
    #[inline]
    pub(super) fn ring_within(&self, outer: &Self) -> [Self; 4] {
        let columns = outer.columns;
        let rows = outer.rows;
        [
            Self {
                columns,
                rows: [rows[0], self.rows[0]],
            },
            Self {
                columns: [columns[0], self.columns[0]],
                rows: self.rows,
            },
            Self {
                columns: [self.columns[1], columns[1]],
                rows: self.rows,
            },
            Self {
                columns,
                rows: [self.rows[1], rows[1]],
            },
        ]
    }
}

/// A query in ticks about the index's origin, near enough that no squared distance exceeds a `u64`.
pub(super) type Query = [i32; 3];

#[cfg(test)]
thread_local! {
    /// Points that this thread has looked at.
    pub(super) static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

impl Grid<'_> {
    /// Column (axis 0) or row (axis 1) of a coordinate, clamped into the grid.
    #[inline]
    pub(super) fn cell_along(&self, axis: usize, coordinate: i64) -> usize {
        let last = if axis == 0 { self.columns } else { self.rows } - 1;
        let offset = coordinate - i64::from(self.corner[axis]);
        if offset < 0 {
            0
        } else {
            ((offset as u64 >> self.shift) as usize).min(last)
        }
    }

    /// The cells that meet the square of half side `reach` ticks around the query.
    #[inline]
    pub(super) fn block_around(&self, query: Query, reach: i64) -> CellBlock {
        let range = |axis: usize| {
            let centre = i64::from(query[axis]);
            [
                self.cell_along(axis, centre - reach),
                self.cell_along(axis, centre + reach) + 1,
            ]
        };
        CellBlock {
            columns: range(0),
            rows: range(1),
        }
    }

    /// The sorted points of some cells of one row.
    #[inline]
    pub(super) fn span_of_cells(&self, row: usize, columns: [usize; 2]) -> Range<usize> {
        let first = row * self.columns;
        self.starts[first + columns[0]] as usize..self.starts[first + columns[1]] as usize
    }

    /// Offset of sorted point `i` from the query, ticks. Queries are near: the difference fits 33
    /// bits, and its square 64.
    #[inline]
    pub(super) fn offset_from(&self, i: usize, query: Query) -> [i64; 3] {
        [
            i64::from(self.x[i]) - i64::from(query[0]),
            i64::from(self.y[i]) - i64::from(query[1]),
            i64::from(self.z[i]) - i64::from(query[2]),
        ]
    }

    /// Squared distance of sorted point `i` from the query, square ticks.
    #[inline]
    pub(super) fn squared_distance_to(&self, i: usize, query: Query) -> u64 {
        #[cfg(test)]
        LOOKS.set(LOOKS.get() + 1);
        let [x, y, z] = self.offset_from(i, query);
        (x * x) as u64 + (y * y) as u64 + (z * z) as u64
    }

    /// Distance from the query to the nearest cell that is not in the block, ticks; `None` where
    /// the block is the whole grid.
    #[inline]
    pub(super) fn distance_to_outside(&self, query: Query, block: &CellBlock) -> Option<i64> {
        let edge =
            |axis: usize, cell: usize| i64::from(self.corner[axis]) + ((cell as i64) << self.shift);
        let side = |axis: usize, [first, end]: [usize; 2], count: usize| {
            let centre = i64::from(query[axis]);
            let before = if first > 0 {
                centre - edge(axis, first)
            } else {
                i64::MAX
            };
            let after = if end < count {
                edge(axis, end) - centre
            } else {
                i64::MAX
            };
            before.min(after)
        };
        let nearest = side(0, block.columns, self.columns).min(side(1, block.rows, self.rows));
        (nearest < i64::MAX).then_some(nearest.max(0))
    }

    /// The block grown by `by` cells to every side.
    #[inline]
    pub(super) fn grow_block(&self, block: &CellBlock, by: usize) -> CellBlock {
        let grow = |[first, end]: [usize; 2], count: usize| {
            [first.saturating_sub(by), (end + by).min(count)]
        };
        CellBlock {
            columns: grow(block.columns, self.columns),
            rows: grow(block.rows, self.rows),
        }
    }

    /// Calls `visit` with the sorted points of the span that pass `rough`, a test on their offsets
    /// in `f32` ticks that may let too many through, but must not lose any.
    ///
    /// Two loops instead of one: the first is arithmetic without a branch, several points an
    /// instruction; the second writes down who passed without a branch either. Exact arithmetic is
    /// left for the few. (Offsets beyond 2³¹ ticks wrap: the exact test that follows refuses them.)
    #[inline]
    pub(super) fn visit_likely(
        &self,
        span: Range<usize>,
        query: Query,
        rough: impl Fn([f32; 3]) -> bool,
        mut visit: impl FnMut(usize),
    ) {
        const PIECE: usize = 64;
        let mut passed = [false; PIECE];
        let mut likely = [0_u8; PIECE];
        for start in span.clone().step_by(PIECE) {
            let end = (start + PIECE).min(span.end);
            let x = &self.x[start..end];
            let y = &self.y[start..end];
            let z = &self.z[start..end];
            for (((passed, x), y), z) in passed.iter_mut().zip(x).zip(y).zip(z) {
                let d = [
                    x.wrapping_sub(query[0]) as f32,
                    y.wrapping_sub(query[1]) as f32,
                    z.wrapping_sub(query[2]) as f32,
                ];
                *passed = rough(d);
            }
            let mut count = 0;
            for (i, passed) in passed[..end - start].iter().enumerate() {
                likely[count] = i as u8;
                count += usize::from(*passed);
            }
            for &i in &likely[..count] {
                visit(start + usize::from(i));
            }
        }
    }

    /// Calls `visit` with the sorted points of the block: with all of them, but where they are
    /// crowded, only with those whose height is near enough to the query's. `visit` returns the
    /// reach in square ticks, which may shrink; `None` ends the walk.
    #[inline]
    pub(super) fn visit_block(
        &self,
        block: &CellBlock,
        query: Query,
        visit: &mut impl FnMut(Range<usize>) -> Option<u64>,
    ) {
        for row in block.rows[0]..block.rows[1] {
            let whole = self.span_of_cells(row, block.columns);
            // So few points in the row's cells together: none of them is crowded. Below a wall most
            // rows are empty.
            if !self.crowded || whole.len() <= super::CROWDED as usize {
                if visit(whole).is_none() {
                    return;
                }
                continue;
            }
            for column in block.columns[0]..block.columns[1] {
                let span = self.span_of_cells(row, [column, column + 1]);
                let ended = if span.len() > super::CROWDED as usize {
                    self.visit_by_height(span, query, visit).is_none()
                } else {
                    visit(span).is_none()
                };
                if ended {
                    return;
                }
            }
        }
    }

    /// The points of a crowded cell that are not below the first height nor above the second,
    /// ticks.
    #[inline]
    pub(super) fn span_between_heights(
        &self,
        span: Range<usize>,
        [low, high]: [i64; 2],
    ) -> Range<usize> {
        let heights = &self.z[span.clone()];
        let first = heights.partition_point(|&z| i64::from(z) < low);
        let count = heights[first..].partition_point(|&z| i64::from(z) <= high);
        span.start + first..span.start + first + count
    }

    /// Walks a crowded cell outwards from the query's height, in pieces, until heights are out of
    /// reach.
    fn visit_by_height(
        &self,
        span: Range<usize>,
        query: Query,
        visit: &mut impl FnMut(Range<usize>) -> Option<u64>,
    ) -> Option<u64> {
        const PIECE: usize = 32;
        let middle = span.start + self.z[span.clone()].partition_point(|&z| z < query[2]);
        let mut below = middle;
        let mut above = middle;
        let gap = |i: usize| i64::from(self.z[i]).abs_diff(i64::from(query[2])).pow(2);
        let mut reach = visit(middle..middle)?;
        while below > span.start || above < span.end {
            if above < span.end && gap(above) <= reach {
                let end = (above + PIECE).min(span.end);
                reach = visit(above..end)?;
                above = end;
            } else {
                above = span.end;
            }
            if below > span.start && gap(below - 1) <= reach {
                let start = below.saturating_sub(PIECE).max(span.start);
                reach = visit(start..below)?;
                below = start;
            } else {
                below = span.start;
            }
        }
        Some(reach)
    }
}
