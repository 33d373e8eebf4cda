//! North-up grids on an absolute integer grid: what cells hold, GeoTIFF, pictures.

mod cell;
mod cpu;
mod geotiff;
mod grid;
pub mod picture;
mod rasterise;

pub use cell::{CellSums, Rank};
pub use geotiff::{GeoTiffMosaic, read as read_geotiff};
pub use grid::{Grid, Raster};
pub use rasterise::{CellStatistic, Rasterise};
