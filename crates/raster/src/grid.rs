//! Grids whose cells are the same wherever a run begins.

use isopach_cloud::{
    Positions, Rect, cell_end, cell_of_tick, checked_cell_size, edge_tick, low_edge, to_ticks,
};
use isopach_compute::{Error, Result};
use isopach_tiling::{Encode, ResultReader, ResultWriter};
use ndarray::Array2;
use rayon::prelude::*;

/// A block of the absolute grid of square cells, so that neighbouring runs line up. The cell of a
/// point is that of [`isopach_cloud::cell_of`]: ⌊coordinate / cell size⌋, with points on an edge in
/// the upper cell however coordinates are rounded.
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
    /// The smallest block whose cells have every point that the half-open `rect` owns, and one cell
    /// at least. A rectangle made of cells gives those cells, also where the cell size is no binary
    /// fraction. The extent of a cloud ([`Positions::extent`]) gives a cell for each of its points.
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
            return Err(Error::InvalidInput(format!(
                "a grid cannot cover {rect}: give finite coordinates"
            )));
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

    /// What the block covers, absolute metres.
    #[must_use]
    pub fn extent(&self) -> Rect {
        let end = [
            self.first[0] + self.columns as i64,
            self.first[1] + self.rows as i64,
        ];
        let edges = |cells: [i64; 2]| cells.map(|cell| low_edge(cell, self.cell_size));
        Rect {
            min: edges(self.first),
            max: edges(end),
        }
    }

    /// Row (0 is the north) and column of the cell that owns an absolute point (metres, as it is
    /// held); `None` outside.
    #[inline]
    #[must_use]
    pub fn locate(&self, x: f64, y: f64) -> Option<[usize; 2]> {
        self.locate_ticks([x, y].map(to_ticks))
    }

    /// As [`Self::locate`], of a point in absolute ticks.
    #[inline]
    #[must_use]
    pub fn locate_ticks(&self, point: [i64; 2]) -> Option<[usize; 2]> {
        let [column, row] =
            [0, 1].map(|axis| cell_of_tick(point[axis], self.cell_size) - self.first[axis]);
        let inside =
            (0..self.columns as i64).contains(&column) && (0..self.rows as i64).contains(&row);
        inside.then(|| [self.rows - 1 - row as usize, column as usize])
    }

    /// Number of points outside of the block: those that rasterising on it passes over. O(n).
    #[must_use]
    pub fn count_outside(&self, points: Positions<'_>) -> u64 {
        let is_outside = |i: &usize| {
            let [x, y, _] = points.absolute_ticks(*i);
            self.locate_ticks([x, y]).is_none()
        };
        (0..points.len())
            .into_par_iter()
            .with_min_len(1 << 14)
            .filter(is_outside)
            .count() as u64
    }

    /// Absolute metres of the centre of a cell given by row (0 is the north) and column.
    #[must_use]
    pub fn centre(&self, row: usize, column: usize) -> [f64; 2] {
        let row = self.rows as i64 - 1 - row as i64;
        [self.first[0] + column as i64, self.first[1] + row]
            .map(|i| (i as f64 + 0.5) * self.cell_size)
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
        let values = Array2::from_shape_vec(shape, values).map_err(|_| {
            Error::InvalidInput(format!(
                "{count} values for {} rows of {} cells",
                shape.0, shape.1
            ))
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
            // And no more than that: each outer row and column has a point.
            let rows: Vec<[usize; 2]> = points.iter().filter_map(|[x, y, _]| grid.locate(*x, *y)).collect();
            for (axis, last) in [(0, grid.rows - 1), (1, grid.columns - 1)] {
                prop_assert!(rows.iter().any(|cell| cell[axis] == 0) && rows.iter().any(|cell| cell[axis] == last));
            }
        }
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
