//! Slope of a raster of heights.

use isopach_raster::{Grid, Raster};

/// Grows a grid by a number of cells on each side.
pub(crate) fn grow_grid(grid: &Grid, cells: usize) -> Grid {
    let more = cells as i64;
    Grid {
        cell_size: grid.cell_size,
        first: [grid.first[0] - more, grid.first[1] - more],
        columns: grid.columns + 2 * cells,
        rows: grid.rows + 2 * cells,
    }
}

/// Crops a raster by a number of cells on each side.
pub(crate) fn crop_raster(wide: &Raster, cells: usize) -> Raster {
    let Grid {
        cell_size,
        first,
        columns,
        rows,
    } = wide.grid;
    let less = cells as i64;
    let grid = Grid {
        cell_size,
        first: [first[0] + less, first[1] + less],
        columns: columns - 2 * cells,
        rows: rows - 2 * cells,
    };
    let values = wide
        .values
        .slice(ndarray::s![cells..rows - cells, cells..columns - cells])
        .to_owned();
    Raster { grid, values }
}

/// dz/dx and dz/dy of heights that reach one cell beyond the result: central differences of the
/// neighbours, one-sided where one of them is empty, 0 where both are. O(cells).
pub(crate) fn slope_of_heights(wide: &Raster) -> [Raster; 2] {
    let mut east = crop_raster(wide, 1);
    let mut north = east.clone();
    let size = wide.grid.cell_size;
    for row in 0..east.grid.rows {
        for column in 0..east.grid.columns {
            let height = |r: usize, c: usize| wide.values[[r, c]];
            let here = height(row + 1, column + 1);
            // Row 0 is the north.
            east.values[[row, column]] = difference_quotient(
                height(row + 1, column),
                here,
                height(row + 1, column + 2),
                size,
            );
            north.values[[row, column]] = difference_quotient(
                height(row + 2, column + 1),
                here,
                height(row, column + 1),
                size,
            );
        }
    }
    [east, north]
}

/// The derivative at the middle one of three heights that are `size` apart.
fn difference_quotient(before: f64, here: f64, after: f64, size: f64) -> f64 {
    let candidates = [
        (after - before) / (2.0 * size),
        (after - here) / size,
        (here - before) / size,
    ];
    candidates
        .into_iter()
        .find(|slope| !slope.is_nan())
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(heights: impl Fn(usize, usize) -> f64) -> Raster {
        let grid = Grid {
            cell_size: 2.0,
            first: [-1, -1],
            columns: 5,
            rows: 4,
        };
        let rows = (0..20).map(|i| heights(i / 5, i % 5)).collect();
        Raster::from_rows(grid, rows).unwrap()
    }

    #[test]
    fn a_plane_has_its_own_slope_and_rows_run_south() {
        let [east, north] = slope_of_heights(&wide(|row, column| {
            0.5 * 2.0 * column as f64 - 0.25 * 2.0 * row as f64
        }));
        assert!(east.values.iter().all(|s| (s - 0.5).abs() < 1e-12));
        assert!(north.values.iter().all(|s| (s - 0.25).abs() < 1e-12));
        assert_eq!(
            east.grid,
            Grid {
                cell_size: 2.0,
                first: [0, 0],
                columns: 3,
                rows: 2
            }
        );
    }

    #[test]
    fn what_is_missing_is_made_up_for_by_one_side_and_then_is_flat() {
        let plane = |column: usize| column as f64;
        let [east, _] = slope_of_heights(&wide(
            |_, column| if column == 0 { f64::NAN } else { plane(column) },
        ));
        assert!(
            (east.values[[0, 0]] - 0.5).abs() < 1e-12,
            "towards the east alone"
        );
        let [east, north] = slope_of_heights(&wide(|row, column| {
            if row == 1 && column == 1 {
                3.0
            } else {
                f64::NAN
            }
        }));
        assert_eq!((east.values[[0, 0]], north.values[[0, 0]]), (0.0, 0.0));
    }
}
