//! Colours of LiDAR points from orthophotos: any number of overlapping images, any size of survey.
//!
//! ```
//! use isopach_colour::{Colour, Cpu, ImageCatalogue, Outcome, Precedence};
//! use isopach_raster::{Crs, GeoTiffBlocks, Grid, Raster, write_geotiff};
//! use std::sync::Arc;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("ortho.tif");
//! # let grid = Grid { cell_size: 0.5, first: [1_000_000, 10_000_000], columns: 2, rows: 1 };
//! # write_geotiff(&path, &Raster::from_rows(grid, vec![0.25, 0.75])?, &Crs::from_epsg(32631))?;
//! let ortho = GeoTiffBlocks::open(&path)?;
//! let images = ImageCatalogue::new(vec![Arc::new(ortho)], Precedence::First, 256 << 20)?;
//! let colour = Colour { range: Some([0.0, 1.0]), ..Colour::default() };
//! let found = colour.values_at(&Cpu, &images, &[[500_000.25, 5_000_000.25]])?;
//! assert_eq!((found.outcome(0), found.samples[0][0]), (Outcome::Coloured, 0.25));
//! assert_eq!(colour.colour_of(&images.images()[0], 0.25), 16_384); // of 65,535
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Images
//!
//! An image is anything that gives its blocks ([`isopach_raster::ImageSource`]): a GeoTIFF
//! ([`isopach_raster::GeoTiffBlocks`]), ranges of an object in a store, a map service. An
//! [`ImageCatalogue`] has several, says which of them wins where they overlap ([`Precedence`]), and
//! keeps their blocks in a budget of bytes ([`BlockCache`]) with true counts. Overviews are used
//! where points are farther apart than pixels ([`LevelChoice`]).
//!
//! # Values
//!
//! [`Colour`] states the interpolation, the rule beside pixels without a value, and the range of
//! samples. [`Colour::values_at`] has the numbers of the images in `f64`, and the vegetation index
//! ([`vegetation_index`]); a place without a value has a reason ([`Outcome`]).
//!
//! # Any size
//!
//! [`ColourTiles`] is an operation of the tile loop of `isopach-tiling`: a survey of any size, with
//! the same bits for any tiles. Pixels are looked up with the capability
//! [`isopach_raster::gather::Gather`] of a backend, window by window.

mod bands;
mod cache;
mod catalogue;
mod colour;
mod error;
mod gps_time;
mod level;
mod precedence;
mod tile;
mod window;

pub use bands::ColourBands;
pub use cache::{BlockCache, BlockKey, CacheCounters, ReadLimits};
pub use catalogue::{CataloguedImage, ImageCatalogue};
pub use colour::{Colour, Outcome, PlaceValues, vegetation_index};
pub use error::ColourError;
pub use gps_time::utc_seconds;
pub use isopach_compute::{Cpu, Error, Result};
pub use level::LevelChoice;
pub use precedence::Precedence;
pub use tile::{ColourCounts, ColourTile, ColourTiles};

/// The program of the crate's page, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeProgram;
