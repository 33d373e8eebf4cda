//! The cells that points are sorted by: the CPU's.

use bytemuck::{Pod, Zeroable};
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};

/// Points in a cell above which they are sorted by height. As in grid.wgsl.
pub(crate) const CROWDED: u32 = 64;

/// The grid as kernels see it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub(crate) struct Grid {
    /// Lowest coordinates, ticks; the corner of the first cell in x and y.
    pub(crate) low: [i32; 3],
    /// A cell's side is 2^shift ticks.
    pub(crate) shift: u32,
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    pub(crate) points: u32,
    /// How many cells have more than [`CROWDED`] points.
    pub(crate) crowded: u32,
}

impl Grid {
    /// The smallest cells of which there are at most half as many as points.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the points are so far apart that differences leave 32 bits.
    pub(crate) fn of(points: Positions<'_>) -> Result<(Self, [i32; 3])> {
        let [low, high] = points.bounds().unwrap_or_default();
        if (0..3).any(|axis| i32::try_from(i64::from(high[axis]) - i64::from(low[axis])).is_err()) {
            return Err(Error::Unsupported {
                operation: "search points that are more than 8 km apart",
            });
        }
        let cells = |shift: u32, axis: usize| (high[axis].abs_diff(low[axis]) >> shift) as u64 + 1;
        let few = (points.len() as u64).max(2);
        let shift = (0..31)
            .find(|&shift| cells(shift, 0) * cells(shift, 1) * 2 <= few)
            .unwrap_or(31);
        let [columns, rows] = [0, 1].map(|axis| cells(shift, axis) as u32);
        Ok((
            Self {
                low,
                shift,
                columns,
                rows,
                points: points.len() as u32,
                crowded: 0,
            },
            high,
        ))
    }

    /// Number of cells: below 2³¹, as there are half as many as points.
    pub(crate) fn cells(&self) -> usize {
        self.columns as usize * self.rows as usize
    }

    /// A point's cell.
    pub(crate) fn cell(&self, point: [i32; 3]) -> u32 {
        let [column, row] = [0, 1].map(|axis| point[axis].abs_diff(self.low[axis]) >> self.shift);
        row * self.columns + column
    }
}
