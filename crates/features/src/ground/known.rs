//! The known cells of a grid, row by row.

use super::grid::HeightGrid;

/// The columns of the known cells, row by row.
pub(super) struct KnownCells {
    columns: Vec<usize>,
    /// Where each row begins in `columns`, and where the last ends.
    starts: Vec<usize>,
}

/// Known cells of a row that a disc reaches.
pub(super) struct NearRow<'a> {
    pub(super) row: usize,
    /// Rows from the middle of the disc.
    pub(super) off: usize,
    /// Half the width of the disc there.
    half_width: usize,
    columns: &'a [usize],
}

impl KnownCells {
    /// Those of a grid.
    pub(super) fn of(grid: &HeightGrid) -> Self {
        let mut columns = Vec::new();
        let mut starts = vec![0];
        for heights in grid.heights.chunks(grid.columns.max(1)) {
            let row = heights.iter().enumerate();
            columns.extend(row.filter(|(_, height)| !height.is_nan()).map(|(at, _)| at));
            starts.push(columns.len());
        }
        Self { columns, starts }
    }

    /// The rows with known cells that a disc about a cell of a row reaches.
    pub(super) fn near_rows(&self, row: usize, window: usize) -> Vec<NearRow<'_>> {
        let rows = self.starts.len() - 1;
        let reached = row.saturating_sub(window)..(row + window + 1).min(rows);
        let near = reached.map(|other| {
            let off = other.abs_diff(row);
            NearRow {
                row: other,
                off,
                half_width: (window * window - off * off).isqrt(),
                columns: &self.columns[self.starts[other]..self.starts[other + 1]],
            }
        });
        near.filter(|near| !near.columns.is_empty()).collect()
    }
}

impl NearRow<'_> {
    /// The columns that a disc about a cell of a column reaches.
    pub(super) fn in_reach(&self, column: usize) -> &[usize] {
        let first = column.saturating_sub(self.half_width);
        let from = self.columns.partition_point(|&other| other < first);
        let last = column + self.half_width;
        let to = self.columns.partition_point(|&other| other <= last);
        &self.columns[from..to]
    }
}

/// Known cells in the disc about each cell of a row.
pub(super) fn count_in_reach(near: &[NearRow<'_>], columns: usize) -> Vec<usize> {
    let mut begins = vec![0; columns + 1];
    let mut ends = vec![0; columns + 1];
    for row in near {
        for column in row.columns {
            begins[column.saturating_sub(row.half_width)] += 1;
            ends[(column + row.half_width + 1).min(columns)] += 1;
        }
    }
    let mut count = 0;
    for (begin, end) in begins.iter_mut().zip(ends) {
        count += *begin;
        count -= end;
        *begin = count;
    }
    begins
}
