//! FITS images in, plain or tile-compressed, and cubes out, a few rows at a time.
//!
//! ```
//! use isopach_fits::{Cube, CubeFile, ImageFile, Precision};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("counts.fits");
//! let shape = [1, 20, 30]; // planes, rows, columns
//! let cube = Cube { name: "COUNTS".into(), unit: "DN".into(), shape, precision: Precision::Single, keywords: vec![] };
//! let mut file = CubeFile::create(&path, &[cube])?;
//! file.write_rows(0, 0, ndarray::Array3::from_elem(shape, 7.0_f32).view())?;
//! file.finish()?; // the file appears under its name
//!
//! let mut image = ImageFile::open(&path)?; // or a .fits.gz
//! assert_eq!(image.shape(), [20, 30]);
//! assert_eq!(image.read_rows(4..6)?[[1, 29]], 7.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reading
//!
//! [`Image`] reads the first image of a file with two axes: plain, in a `.fits.gz`, or
//! tile-compressed (RICE, GZIP, PLIO, HCOMPRESS). Integers are scaled by BSCALE and BZERO, blanks
//! are NaN. [`ImageFile`] reads some rows at a time. [`FitsHeader`] has the keywords.
//!
//! ```
//! use isopach_fits::Image;
//! # use isopach_fits::{Cube, CubeFile, KeywordValue, Precision};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("aia.fits");
//! # let keywords = vec![("WAVELNTH".into(), KeywordValue::Whole(171), "Angstrom".into())];
//! # let cube = Cube { name: "AIA".into(), unit: "DN/s".into(), shape: [1, 2, 3], precision: Precision::Single, keywords };
//! # let mut file = CubeFile::create(&path, &[cube])?;
//! # file.write_rows(0, 0, ndarray::Array3::from_elem([1, 2, 3], 1.5_f32).view())?;
//! # file.finish()?;
//! let image = Image::open(&path)?;
//! assert_eq!(image.values.dim(), (2, 3)); // rows, columns; row 0 is the lowest
//! assert_eq!(image.header().number("WAVELNTH"), Some(171.0));
//! assert_eq!(image.header().text("BUNIT"), Some("DN/s"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Writing
//!
//! [`CubeFile`] writes cubes of any size, a few rows at a time in any order, plain or compressed
//! ([`Packing`]).
//!
//! ```
//! use isopach_fits::{Cube, CubeFile, Packing, Precision};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("em.fits");
//! let shape = [2, 4, 256];
//! let cube = Cube { name: "EM".into(), unit: "cm-5".into(), shape, precision: Precision::Single, keywords: vec![] };
//! let mut file = CubeFile::create_packed(&path, &[(cube, Packing::Rounded)])?;
//! file.write_rows(0, 0, ndarray::Array3::from_elem(shape, 1e26_f32).view())?;
//! assert!(file.largest_error(0) < 1e26 / 65_000.0);
//! file.finish()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Untrusted files
//!
//! [`FitsLimits`] bounds the memory that a file may ask for. `fitskit` reads keywords and decodes
//! RICE, PLIO and HCOMPRESS; no other crate of the workspace depends on it.

mod codec;
mod compressed;
mod compressed_cube;
mod cube;
mod cube_file;
mod error;
mod gunzip;
mod header;
mod image;
mod image_file;
mod limits;
mod quantised;
mod scaling;
mod table;
mod tile_encoder;

pub use compressed_cube::Packing;
pub use cube::{Cube, CubeSample, KeywordValue, Precision};
pub use cube_file::CubeFile;
pub use error::FitsError;
pub use header::FitsHeader;
pub use image::Image;
pub use image_file::ImageFile;
pub use isopach_compute::{Error, Result};
pub use limits::FitsLimits;

/// The program of the crate's page, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeProgram;
