//! North-up grids on an absolute integer grid, and what cells hold.

mod grid;
mod rasterise;

pub use grid::{Grid, Raster};
pub use rasterise::{CellStatistic, Rasterise};
