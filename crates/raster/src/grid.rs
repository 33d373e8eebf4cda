//! Grids whose cells are the same wherever a run begins.

use isopach_cloud::{Rect, cell_end, cell_of, checked_cell_size, low_edge};
use isopach_compute::{Error, Result};
use isopach_tiling::Stored;
use ndarray::Array2;

/// A block of the absolute grid of square cells: the cell of a point is ⌊coordinate / cell size⌋, so neighbouring runs line up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Side of a cell, metres.
    pub cell_size: f64,
    /// Column (from west) and row (from south) of the block's south-west cell on the absolute grid.
    pub first: [i64; 2],
    /// Number of columns.
    pub columns: usize,
    /// Number of rows.
    pub rows: usize,
}

impl Grid {
    /// The smallest block whose cells' union holds the half-open `rect`. A rectangle made of cells gives those cells, also where the cell
    /// size is no binary fraction.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a cell size below a tick (2⁻¹⁸ m) or not finite, or a block of more than 2³¹ cells a side.
    pub fn covering(rect: &Rect, cell_size: f64) -> Result<Self> {
        checked_cell_size(cell_size)?;
        let first = rect.min.map(|x| cell_of(x, cell_size));
        let counts: [i64; 2] = std::array::from_fn(|axis| (cell_end(rect.max[axis], cell_size) - first[axis]).max(1));
        let longest = counts[0].max(counts[1]) as f64;
        Error::check("cell size", cell_size, longest < 2_147_483_648.0, "give fewer than 2^31 columns and rows")?;
        Ok(Self { cell_size, first, columns: counts[0] as usize, rows: counts[1] as usize })
    }

    /// What the block covers, absolute metres.
    #[must_use]
    pub fn extent(&self) -> Rect {
        let end = [self.first[0] + self.columns as i64, self.first[1] + self.rows as i64];
        let edges = |cells: [i64; 2]| cells.map(|cell| low_edge(cell, self.cell_size));
        Rect { min: edges(self.first), max: edges(end) }
    }

    /// Row (0 is the north) and column of the cell that owns an absolute point; `None` outside.
    #[inline]
    #[must_use]
    pub fn locate(&self, x: f64, y: f64) -> Option<[usize; 2]> {
        let column = cell_of(x, self.cell_size) - self.first[0];
        let row = cell_of(y, self.cell_size) - self.first[1];
        let inside = (0..self.columns as i64).contains(&column) && (0..self.rows as i64).contains(&row);
        inside.then(|| [self.rows - 1 - row as usize, column as usize])
    }

    /// Absolute metres of the centre of a cell given by row (0 is the north) and column.
    #[must_use]
    pub fn centre(&self, row: usize, column: usize) -> [f64; 2] {
        let row = self.rows as i64 - 1 - row as i64;
        [self.first[0] + column as i64, self.first[1] + row].map(|i| (i as f64 + 0.5) * self.cell_size)
    }
}

/// Values on a grid: `[row, column]`, row 0 in the north; NaN is "no data".
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// Where the cells are.
    pub grid: Grid,
    /// `rows` × `columns` values.
    pub values: Array2<f64>,
}

impl Raster {
    /// Values row by row, the northernmost first.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where they are not one a cell.
    pub fn from_rows(grid: Grid, values: Vec<f64>) -> Result<Self> {
        let (shape, count) = ((grid.rows, grid.columns), values.len());
        let values = Array2::from_shape_vec(shape, values)
            .map_err(|_| Error::InvalidInput(format!("{count} values for {} rows of {} cells", shape.0, shape.1)))?;
        Ok(Self { grid, values })
    }
}

impl Stored for Raster {
    fn store(&self, to: &mut Vec<u8>) {
        let Grid { cell_size, first, columns, rows } = self.grid;
        (cell_size, first, [columns, rows]).store(to);
        self.values.iter().for_each(|value| value.store(to));
    }
    fn restore(from: &mut &[u8]) -> Option<Self> {
        let (cell_size, first, [columns, rows]) = <(f64, [i64; 2], [usize; 2])>::restore(from)?;
        let count = columns.checked_mul(rows).filter(|count| *count <= from.len() / size_of::<f64>())?;
        let values = (0..count).map(|_| f64::restore(from)).collect::<Option<Vec<f64>>>()?;
        let values = Array2::from_shape_vec((rows, columns), values).ok()?;
        Some(Self { grid: Grid { cell_size, first, columns, rows }, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_block_is_what_covers_its_own_extent(
            first in -100_000i64..80_000_000, count in 1usize..3000,
            cell_size in prop::sample::select(vec![1.0, 0.5, 0.1, 0.3, 0.7, 1.1, 33.3]),
        ) {
            let grid = Grid { cell_size, first: [first, -first], columns: count, rows: 3001 - count };
            prop_assert_eq!(Grid::covering(&grid.extent(), cell_size).unwrap(), grid);
        }
    }
}
