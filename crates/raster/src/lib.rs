//! North-up rasters on an absolute grid: statistics of points per cell, GeoTIFF, pictures.
//!
//! ```
//! use isopach_raster::{CellStatistic, Cloud, Cpu, Grid, Rasterise};
//! let cloud = Cloud::from_points(&[[0.5, 0.5, 1.0], [0.7, 0.2, 3.0], [1.5, 0.5, 8.0]])?;
//! let grid = Grid::covering(&cloud.positions().extent().expect("three points"), 1.0)?;
//! let rasters = Cpu.rasterise(cloud.positions(), &grid, &[CellStatistic::Mean, CellStatistic::Count])?;
//! assert_eq!(rasters[0].values[[0, 0]], 2.0); // row 0 is the north
//! assert_eq!(rasters[1].values[[0, 1]], 1.0);
//! # Ok::<(), isopach_raster::Error>(())
//! ```
//!
//! # Cells
//!
//! [`Rasterise`] is a capability: the CPU has it, a GPU may. [`mod@reference`] is the definition,
//! in plain loops; every implementation is compared with it by the suite in [`conformance`], to the
//! last bit. [`Grid`] places cells at whole multiples of their size, so that neighbouring runs line
//! up.
//!
//! # GeoTIFF
//!
//! [`write_geotiff`] writes a raster in one call; [`GeoTiffMosaic`] assembles one from the tiles of
//! a run, cloud-optimised with overviews, in constant memory. [`read_geotiff`] reads a raster that
//! lies on the absolute grid; [`GeoTiff`] reads any north-up raster as it is stated, with its
//! coordinate system. Files are not trusted: [`GeoTiffLimits`] bounds memory and time, and a file
//! that cannot be read is a [`GeoTiffError`] with a [`GeoTiffFault`] to match on.
//!
//! ```
//! use isopach_raster::{Crs, GeoTiff, Grid, Raster, write_geotiff};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("dod.tif");
//! let grid = Grid { cell_size: 0.5, first: [1_000_000, 10_000_000], columns: 2, rows: 1 };
//! let raster = Raster::from_rows(grid, vec![0.25, f64::NAN])?; // NaN: no data
//! write_geotiff(&path, &raster, &Crs::from_epsg(32631))?;
//!
//! let read = GeoTiff::read(&path)?;
//! assert_eq!((read.crs.horizontal, read.cell_size), (Some(32631), [0.5, 0.5]));
//! assert_eq!(read.into_raster()?.values[[0, 0]], 0.25);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Images
//!
//! [`ImageSource`] is an image of several bands with its overviews, read block by block: an
//! orthophoto. [`GeoTiffBlocks`] reads those of files, and of objects in stores.
//!
//! # Places
//!
//! [`gather`] has the values of an image at any places, and pictures of them: capability [`Gather`].
//!
//! # Pictures
//!
//! [`picture`] draws change maps over a hillshade as PNG. [`sample()`] interpolates images, and
//! [`shift_between`] measures the shift between two.

mod cell;
pub mod conformance;
mod cpu;
mod error;
pub mod gather;
mod geotiff;
mod grid;
mod image;
pub mod picture;
mod png_image;
mod rasterise;
pub mod reference;
mod sample;

pub use cell::{CellSums, Rank};
pub use error::RasterError;
pub use gather::Gather;
pub use geotiff::{
    GeoTiff, GeoTiffBlocks, GeoTiffError, GeoTiffFault, GeoTiffLimits, GeoTiffMosaic,
    read as read_geotiff, write as write_geotiff,
};
pub use grid::{Grid, Raster};
pub use image::{
    BandRole, BlockSamples, ImageBlock, ImageDate, ImageDateError, ImageDescription,
    ImageGeoreference, ImageLevel, ImageSource, SampleType,
};
pub use isopach_cloud::{Cloud, Crs, Positions, Rect};
pub use isopach_compute::{ByteSource, Compute, Cpu, Error, Result};
pub use png_image::{PngColour, encode_png};
pub use rasterise::{CellStatistic, Rasterise};
pub use sample::{Sampling, Shift, sample, shift_between};

/// The program of the crate's page, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeProgram;
