//! North-up grids on an absolute integer grid: what cells hold, GeoTIFF, pictures.
//!
//! The capability [`Rasterise`] turns points into cells. [`mod@reference`] is the definition, in
//! plain loops; every faster way is held to it by the suite in [`conformance`], which a stranger's
//! backend can be put through as well.

mod cell;
pub mod conformance;
mod cpu;
mod geotiff;
mod grid;
pub mod picture;
mod rasterise;
pub mod reference;
mod sample;

pub use cell::{CellSums, Rank};
pub use geotiff::{
    GeoTiff, GeoTiffError, GeoTiffFault, GeoTiffLimits, GeoTiffMosaic, read as read_geotiff,
    write as write_geotiff,
};
pub use grid::{Grid, Raster};
pub use rasterise::{CellStatistic, Rasterise};
pub use sample::{Sampling, Shift, sample, shift_between};
