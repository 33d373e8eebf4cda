//! North-up grids on an absolute integer grid: what cells hold, GeoTIFF, pictures.

mod cpu;
mod geotiff;
mod grid;
pub mod picture;
mod rasterise;

pub use geotiff::{GeoTiffMosaic, read as read_geotiff};
pub use grid::{Grid, Raster};
pub use rasterise::{CellStatistic, Rasterise};
