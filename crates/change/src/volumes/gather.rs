//! Blocks of the absolute grid, from the rasters of a tile.

use super::{
    Parameters,
    block::{Cell, SIDE},
};
use crate::{ChangeStatus, DodRasters, RegistrationError};
use isopach_raster::Grid;

/// A cell of a raster in its block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Row of the raster, from the north.
    pub(crate) row: usize,
    /// Column of the raster.
    pub(crate) column: usize,
    /// Row in the block, from the south.
    pub(crate) inner_row: usize,
    /// Column in the block.
    pub(crate) inner_column: usize,
}

/// Blocks that a grid touches.
pub(crate) fn blocks_of(grid: &Grid) -> impl Iterator<Item = [i64; 2]> + use<> {
    let side = SIDE as i64;
    let [west, south] = grid.first.map(|first| first.div_euclid(side));
    let east = (grid.first[0] + grid.columns as i64 - 1).div_euclid(side);
    let north = (grid.first[1] + grid.rows as i64 - 1).div_euclid(side);
    (south..=north).flat_map(move |y| (west..=east).map(move |x| [x, y]))
}

/// The block of a cell of a grid.
pub(crate) fn block_of(grid: &Grid, row: usize, column: usize) -> [i64; 2] {
    let x = grid.first[0] + column as i64;
    let y = grid.first[1] + (grid.rows - 1 - row) as i64;
    [x, y].map(|index| index.div_euclid(SIDE as i64))
}

/// Cells of a grid in a block.
pub(crate) fn cells_of(grid: &Grid, block: [i64; 2]) -> impl Iterator<Item = Place> + use<> {
    let Grid {
        first,
        columns,
        rows,
        ..
    } = *grid;
    let [x, y] = block.map(|index| index * SIDE as i64);
    (0..SIDE * SIDE).filter_map(move |i| {
        let inner_row = i / SIDE;
        let inner_column = i % SIDE;
        let column = usize::try_from(x + inner_column as i64 - first[0]).ok()?;
        let from_south = usize::try_from(y + inner_row as i64 - first[1]).ok()?;
        let is_inside = column < columns && from_south < rows;
        is_inside.then(|| Place {
            row: rows - 1 - from_south,
            column,
            inner_row,
            inner_column,
        })
    })
}

/// Reads a cell of the rasters; `None` if it has no difference.
pub(crate) fn read_cell(parameters: &Parameters, tile: &DodRasters, place: &Place) -> Option<Cell> {
    let at = [place.row, place.column];
    let difference = tile.difference.values[at];
    if difference.is_nan() {
        return None;
    }
    let standard_error = tile.standard_error.values[at];
    let variance = if standard_error.is_nan() {
        0.0
    } else {
        standard_error * standard_error
    };
    let factor = tile
        .counts
        .iter()
        .map(|count| 1.0 / count.values[at].max(1.0))
        .sum();
    let is_equal = difference == 0.0 && tile.counts[0].values[at] == tile.counts[1].values[at];
    let is_borrowed = tile.status.values[at] == f64::from(ChangeStatus::NoSpread as u8);
    let points: f64 = tile.counts.iter().map(|count| count.values[at]).sum();
    let freedom = if is_borrowed {
        0.0
    } else {
        (points - 2.0).max(1.0)
    };
    let RegistrationError::Covariance(pose) = &parameters.registration_error else {
        return Some(Cell {
            difference,
            variance,
            factor,
            freedom,
            is_equal,
            lever: [0.0; 6],
            tilt: 0.0,
        });
    };
    // A surface z(x, y) that is displaced along its unit normal n rises by the displacement / n_z.
    let [east, north] = [0, 1]
        .map(|axis: usize| tile.slope[axis].values[at])
        .map(zero_if_missing);
    let length = (1.0 + east * east + north * north).sqrt();
    let normal = [-east, -north, 1.0].map(|part| part / length);
    let [x, y] = tile.difference.grid.centre(place.row, place.column);
    let point = [x, y, zero_if_missing(tile.heights[0].values[at])];
    let lever = pose.jacobian(point, normal).map(|part| part * length);
    Some(Cell {
        difference,
        variance,
        factor,
        freedom,
        is_equal,
        lever,
        tilt: pose.tilt(point) * length,
    })
}

/// A slope or a height; 0 where it is missing.
fn zero_if_missing(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value }
}
