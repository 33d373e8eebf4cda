//! Grids whose cells are the same wherever a run begins.

use crate::RasterError;
use isopach_cloud::{
    Positions, Rect, cell_end, cell_of_tick, checked_cell_size, edge_tick, low_edge, to_ticks,
};
use isopach_compute::{Error, Result};
use isopach_tiling::{Cells, Encode, ResultReader, ResultWriter};
use ndarray::Array2;
use rayon::prelude::*;

/// A rectangular block of cells of the absolute grid of square cells, so that neighbouring runs
/// line up. The cell of a point is that of [`isopach_cloud::cell_of`]: ⌊coordinate / cell size⌋,
/// with points on an edge in the upper cell however coordinates are rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    /// The smallest block whose cells cover every point of the half-open `rect`, with one cell at
    /// least. A rectangle that is made of cells gives exactly those cells, also if the cell size is
    /// no binary fraction. For the extent of a cloud ([`Positions::extent`]), every point has a
    /// cell.
    ///
    /// ```
    /// use isopach_cloud::Cloud;
    /// use isopach_raster::Grid;
    /// // The corners of a lattice of 11 × 11 points, one metre apart.
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [10.0, 10.0, 0.0]])?;
    /// let extent = cloud.positions().extent().unwrap();
    /// let grid = Grid::covering(&extent, 1.0)?;
    /// assert_eq!([grid.columns, grid.rows], [11, 11]);
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a cell size below a tick (2⁻¹⁸ m) or not finite, or a block
    /// of more than 2³¹ cells a side; [`Error::InvalidInput`] for a rectangle that is not finite.
    pub fn covering(rect: &Rect, cell_size: f64) -> Result<Self> {
        checked_cell_size(cell_size)?;
        if !rect.min.iter().chain(&rect.max).all(|x| x.is_finite()) {
            return Err(RasterError::ExtentNotFinite { extent: *rect }.into());
        }
        let first = rect.min.map(|x| cell_of_tick(edge_tick(x), cell_size));
        let counts: [i64; 2] =
            std::array::from_fn(|axis| (cell_end(rect.max[axis], cell_size) - first[axis]).max(1));
        let longest = counts[0].max(counts[1]) as f64;
        Error::check(
            "cell size",
            cell_size,
            longest < 2_147_483_648.0,
            "give fewer than 2^31 columns and rows",
        )?;
        Ok(Self {
            cell_size,
            first,
            columns: counts[0] as usize,
            rows: counts[1] as usize,
        })
    }

    /// The rectangle covered by the block, absolute metres.
    #[must_use]
    pub fn extent(&self) -> Rect {
        let end = [
            self.first[0] + self.columns as i64,
            self.first[1] + self.rows as i64,
        ];
        let [min, max] =
            [self.first, end].map(|cells| cells.map(|cell| low_edge(cell, self.cell_size)));
        Rect { min, max }
    }

    /// Row (0 is the north) and column of the cell that contains an absolute point (metres); `None`
    /// outside.
    ///
    /// ```
    /// use isopach_raster::Grid;
    /// let grid = Grid { cell_size: 0.5, first: [0, 0], columns: 4, rows: 2 };
    /// assert_eq!(grid.locate(0.75, 0.25), Some([1, 1])); // the southern row
    /// assert_eq!(grid.locate(2.0, 0.25), None);
    /// ```
    #[inline]
    #[must_use]
    pub fn locate(&self, x: f64, y: f64) -> Option<[usize; 2]> {
        self.locate_ticks([x, y].map(to_ticks))
    }

    /// Locates a point in absolute ticks like [`Self::locate`].
    #[inline]
    #[must_use]
    pub fn locate_ticks(&self, point: [i64; 2]) -> Option<[usize; 2]> {
        let [column, row] =
            [0, 1].map(|axis| cell_of_tick(point[axis], self.cell_size) - self.first[axis]);
        let inside =
            (0..self.columns as i64).contains(&column) && (0..self.rows as i64).contains(&row);
        inside.then(|| [self.rows - 1 - row as usize, column as usize])
    }

    /// Number of points outside the block: those that rasterising on it passes over. O(n).
    #[must_use]
    pub fn count_outside(&self, points: Positions<'_>) -> u64 {
        (0..points.len())
            .into_par_iter()
            .with_min_len(1 << 14)
            .filter(|i: &usize| {
                let [x, y, _] = points.absolute_ticks(*i);
                self.locate_ticks([x, y]).is_none()
            })
            .count() as u64
    }

    /// Centre of the cell at a row (0 is the north) and column, absolute metres.
    #[must_use]
    pub fn centre(&self, row: usize, column: usize) -> [f64; 2] {
        let row = self.rows as i64 - 1 - row as i64;
        [self.first[0] + column as i64, self.first[1] + row]
            .map(|i| (i as f64 + 0.5) * self.cell_size)
    }
}

impl From<Cells> for Grid {
    /// The same block of cells; one that ends before it starts has none.
    fn from(cells: Cells) -> Self {
        let [columns, rows] =
            [0, 1].map(|axis| (cells.end[axis] - cells.first[axis]).max(0) as usize);
        Self {
            cell_size: cells.cell_size,
            first: cells.first,
            columns,
            rows,
        }
    }
}

/// Values on a grid: `[row, column]`, row 0 in the north; NaN is "no data".
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    /// The cells.
    pub grid: Grid,
    /// `rows` × `columns` values.
    pub values: Array2<f64>,
}

impl Raster {
    /// Builds a raster from values row by row, the northernmost first.
    ///
    /// ```
    /// use isopach_raster::{Grid, Raster};
    /// let grid = Grid { cell_size: 1.0, first: [0, 0], columns: 2, rows: 2 };
    /// let raster = Raster::from_rows(grid, vec![1.0, 2.0, 3.0, f64::NAN])?;
    /// assert_eq!(raster.values[[1, 0]], 3.0); // row 1 is the south
    /// # Ok::<(), isopach_raster::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the number of values differs from the number of cells.
    pub fn from_rows(grid: Grid, values: Vec<f64>) -> Result<Self> {
        let Grid { rows, columns, .. } = grid;
        let given = values.len();
        let values = Array2::from_shape_vec((rows, columns), values).map_err(|_| {
            RasterError::ValueCount {
                given,
                rows,
                columns,
            }
        })?;
        Ok(Self { grid, values })
    }
}

impl Encode for Raster {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        let Grid {
            cell_size,
            first,
            columns,
            rows,
        } = self.grid;
        (cell_size, first, [columns, rows]).encode_into(to);
        self.values.iter().for_each(|value| value.encode_into(to));
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (cell_size, first, [columns, rows]) = <(f64, [i64; 2], [usize; 2])>::decode_from(from)?;
        let count = columns
            .checked_mul(rows)
            .filter(|count| *count as u64 <= from.remaining_bytes() / size_of::<f64>() as u64)?;
        let values = (0..count)
            .map(|_| f64::decode_from(from))
            .collect::<Option<Vec<f64>>>()?;
        let values = Array2::from_shape_vec((rows, columns), values).ok()?;
        Some(Self {
            grid: Grid {
                cell_size,
                first,
                columns,
                rows,
            },
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_cloud::Cloud;
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

        #[test]
        fn the_grid_over_a_cloud_has_a_cell_for_each_of_its_points(
            at in prop::collection::vec(prop::array::uniform2(-300i32..300), 1..40), metres in prop::collection::vec(prop::array::uniform2(-50.0..50.0f64), 0..20),
            step in prop::sample::select(vec![1.0, 0.1, 0.2, 0.25, 0.01]), offset in prop::sample::select(vec![0.0, 596_000.0, 6_653_000.2]),
            cell_size in prop::sample::select(vec![1.0, 0.5, 0.1, 0.2, 0.3, 2.5, 33.3]),
        ) {
            let lattice = at.iter().map(|xy| xy.map(|i| f64::from(i) * step + offset));
            let points: Vec<[f64; 3]> = lattice.chain(metres.iter().map(|xy| xy.map(|x| x + offset))).map(|[x, y]| [x, y, 0.0]).collect();
            let cloud = Cloud::from_points(&points).unwrap();
            let grid = Grid::covering(&cloud.positions().extent().unwrap(), cell_size).unwrap();
            prop_assert!(points.iter().all(|[x, y, _]| grid.locate(*x, *y).is_some()));
            prop_assert_eq!(grid.count_outside(cloud.positions()), 0);
            // And it is minimal: each outer row and column has a point.
            let rows: Vec<[usize; 2]> = points.iter().filter_map(|[x, y, _]| grid.locate(*x, *y)).collect();
            for (axis, last) in [(0, grid.rows - 1), (1, grid.columns - 1)] {
                prop_assert!(rows.iter().any(|cell| cell[axis] == 0) && rows.iter().any(|cell| cell[axis] == last));
            }
        }
    }

    #[test]
    fn a_tile_gives_its_grid() {
        let tile = Cells {
            cell_size: 0.5,
            first: [10, -4],
            end: [14, 0],
        };
        let grid = Grid::from(tile);
        assert_eq!([grid.columns, grid.rows], [4, 4]);
        assert_eq!(grid.extent(), tile.rect());
    }

    #[test]
    fn a_rectangle_that_is_nowhere_has_no_grid() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let rect = Rect {
                min: [0.0; 2],
                max: [1.0, bad],
            };
            assert!(
                matches!(Grid::covering(&rect, 1.0), Err(Error::InvalidInput(_))),
                "{bad}"
            );
        }
        assert!(
            Grid::covering(
                &Rect {
                    min: [0.0; 2],
                    max: [1e12, 1.0]
                },
                1.0
            )
            .is_err()
        );
    }
}
