//! The points that a sum looks at, as starts of [`LANES`] sorted points each.
//!
//! Rows of a neighbourhood are short, and none is as long as the one before: a loop a row would be
//! left at an unforeseen moment each time, which costs as much as ten points. So the rows are
//! written down first, without a decision that depends on their length, and one loop reads all.

use super::{CROWDED, Grid, sums::LANES};
use std::ops::Range;

/// Starts that are written at once.
const WRITTEN: usize = 8;

/// Runs of sorted points: whole ones of [`LANES`] points, and the rest of those spans after which
/// nothing may be read.
#[derive(Debug, Default)]
pub(super) struct Runs {
    whole: Vec<u32>,
    count: usize,
    parts: Vec<Part>,
}

/// A run that is not whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) start: u32,
    /// Points, fewer than [`LANES`].
    pub(super) points: u32,
}

impl Runs {
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.parts.clear();
    }

    /// Starts of [`LANES`] points each.
    #[inline(always)]
    pub(super) fn whole(&self) -> &[u32] {
        &self.whole[..self.count]
    }

    #[inline(always)]
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Every sorted point that is looked at.
    pub(super) fn points(&self) -> impl Iterator<Item = usize> + '_ {
        let whole = self.whole().iter().map(|&start| (start, LANES as u32));
        let parts = self.parts.iter().map(|part| (part.start, part.points));
        whole
            .chain(parts)
            .flat_map(|(start, points)| start as usize..(start + points) as usize)
    }

    /// Adds the points of a span. Points between its end and `readable` may be looked at as well:
    /// none of them belongs to the neighbourhood.
    #[inline(always)]
    fn push_span(&mut self, span: Range<u32>, readable: u32) {
        let points = span.end - span.start;
        let rounded = points.next_multiple_of(LANES as u32);
        if rounded <= readable - span.start {
            self.push_whole(span.start, (rounded / LANES as u32) as usize);
        } else {
            let whole = points / LANES as u32;
            self.push_whole(span.start, whole as usize);
            let start = span.start + whole * LANES as u32;
            self.parts.push(Part {
                start,
                points: span.end - start,
            });
        }
    }

    #[inline(always)]
    fn push_whole(&mut self, start: u32, count: usize) {
        let mut written = 0;
        loop {
            let at = self.count + written;
            let Some(to) = self
                .whole
                .get_mut(at..)
                .and_then(<[u32]>::first_chunk_mut::<WRITTEN>)
            else {
                self.grow();
                continue;
            };
            for (i, to) in to.iter_mut().enumerate() {
                *to = start + (LANES * (written + i)) as u32;
            }
            written += WRITTEN;
            if written >= count {
                break;
            }
        }
        self.count += count;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let length = (2 * self.whole.len()).max(256);
        self.whole.resize(length, 0);
    }
}

impl Grid<'_> {
    /// Adds the points of some cells of one row; where cells are crowded, only those between two
    /// heights (ticks).
    ///
    /// No point of the neighbourhood may be in cells of the row to the right of these: up to
    /// [`LANES`] − 1 of theirs are looked at too.
    #[inline(always)]
    pub(super) fn push_row(
        &self,
        row: usize,
        columns: [usize; 2],
        heights: [i64; 2],
        runs: &mut Runs,
    ) {
        let end = self.starts[(row + 1) * self.columns];
        self.push_row_up_to(end, row, columns, heights, runs);
    }

    /// As [`Self::push_row`], where the cells to the right have points of the neighbourhood.
    #[inline(always)]
    pub(super) fn push_closed_row(
        &self,
        row: usize,
        columns: [usize; 2],
        heights: [i64; 2],
        runs: &mut Runs,
    ) {
        let end = self.starts[row * self.columns + columns[1]];
        self.push_row_up_to(end, row, columns, heights, runs);
    }

    /// Adds the points of some columns of a row; its last run may read sorted points before `end`.
    #[inline(always)]
    fn push_row_up_to(
        &self,
        end: u32,
        row: usize,
        columns: [usize; 2],
        heights: [i64; 2],
        runs: &mut Runs,
    ) {
        if self.is_crowded_row(row, columns) {
            self.push_crowded_row(row, columns, heights, runs);
        } else {
            let first = row * self.columns;
            let span = self.starts[first + columns[0]]..self.starts[first + columns[1]];
            runs.push_span(span, end);
        }
    }

    /// Whether one of some cells of a row has more than [`CROWDED`] points.
    #[inline(always)]
    pub(super) fn is_crowded_row(&self, row: usize, columns: [usize; 2]) -> bool {
        let [first, end] = columns.map(|column| row * self.columns + column);
        let count = || self.starts[end] - self.starts[first];
        self.crowded && count() > CROWDED && self.has_crowded_cell([first, end])
    }

    /// Whether one of some cells side by side has more than [`CROWDED`] points. Of more than 64
    /// cells it is not asked: one may have.
    #[inline(always)]
    fn has_crowded_cell(&self, [first, end]: [usize; 2]) -> bool {
        let [word, bit] = [first / 64, first % 64];
        let Some(&[low, high]) = self
            .crowded_cells
            .get(word..)
            .and_then(<[u64]>::first_chunk)
        else {
            return true;
        };
        let count = end - first;
        let from_first = low >> bit | high << 1 << (63 - bit);
        count >= 64 || from_first & ((1 << count) - 1) != 0
    }

    #[inline(never)]
    fn push_crowded_row(
        &self,
        row: usize,
        columns: [usize; 2],
        heights: [i64; 2],
        runs: &mut Runs,
    ) {
        let first = row * self.columns;
        // Cells side by side that are not crowded.
        let mut open = self.starts[first + columns[0]];
        for column in columns[0]..columns[1] {
            let cell = self.starts[first + column]..self.starts[first + column + 1];
            if cell.end - cell.start > CROWDED {
                runs.push_span(open..cell.start, cell.start);
                open = cell.end;
                let cell = cell.start as usize..cell.end as usize;
                let between = self.span_between_heights(cell, heights);
                let end = between.end as u32;
                runs.push_span(between.start as u32..end, end);
            }
        }
        let end = self.starts[first + columns[1]];
        runs.push_span(open..end, end);
    }
}
