//! The grid of cells that points are sorted by; the CPU's.

use crate::record::layout::uniform;
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};

/// Points in a cell above which they are sorted by height. As in cell_grid.wgsl.
pub(crate) const CROWDED: u32 = 64;

uniform! {
    /// The grid of cells, as kernels see it: `Grid` of cell_grid.wgsl.
    #[derive(Eq)]
    pub(crate) struct CellGrid {
        /// Lowest coordinates, ticks; in x and y the corner of the first cell.
        low: [i32; 3],
        /// A cell's side is 2^shift ticks.
        shift: u32,
        columns: u32,
        rows: u32,
        points: u32,
        /// How many cells have more than [`CROWDED`] points.
        crowded: u32,
    }
}

impl CellGrid {
    /// The smallest cells of which there are at most half as many as points; with the highest
    /// coordinates.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the points are so far apart that differences leave 32 bits.
    pub(crate) fn covering(points: Positions<'_>) -> Result<(Self, [i32; 3])> {
        let [low, high] = points.bounds().unwrap_or_default();
        if (0..3).any(|axis| i32::try_from(i64::from(high[axis]) - i64::from(low[axis])).is_err()) {
            return Err(Error::Unsupported {
                operation: "search points that are more than 8 km apart",
            });
        }
        let cells_along =
            |shift: u32, axis: usize| u64::from(high[axis].abs_diff(low[axis]) >> shift) + 1;
        let max_cells = (points.len() as u64).max(2) / 2;
        let shift = (0..31)
            .find(|&shift| cells_along(shift, 0) * cells_along(shift, 1) <= max_cells)
            .unwrap_or(31);
        let grid = Self {
            low,
            shift,
            columns: cells_along(shift, 0) as u32,
            rows: cells_along(shift, 1) as u32,
            points: points.len() as u32,
            crowded: 0,
        };
        Ok((grid, high))
    }

    /// Number of cells: below 2³¹, at most half as many as points.
    pub(crate) fn cell_count(&self) -> usize {
        self.columns as usize * self.rows as usize
    }

    /// The number of a point's cell.
    pub(crate) fn cell_of(&self, point: [i32; 3]) -> u32 {
        let [column, row] = [0, 1].map(|axis| point[axis].abs_diff(self.low[axis]) >> self.shift);
        row * self.columns + column
    }
}
