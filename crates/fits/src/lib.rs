//! FITS images in, cubes out.
//!
//! [`Image`] reads the first image of a file with two axes: plain, in a `.fits.gz`, or
//! tile-compressed (RICE, GZIP, PLIO, HCOMPRESS); whole numbers are scaled by BSCALE and BZERO,
//! blanks are NaN. [`ImageFile`] reads it some rows at a time, [`FitsLimits`] bounds what a file
//! may ask for. [`CubeFile`] writes cubes of any size a few rows at a time.
//!
//! `fitskit` reads keywords and decodes RICE, PLIO and HCOMPRESS; nothing else in the workspace
//! names it.
//!
//! ```
//! use isopach_fits::{Cube, CubeFile, ImageFile, Precision};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("counts.fits");
//! let shape = [1, 20, 30]; // planes, rows, columns
//! let cube = Cube { name: "COUNTS".into(), unit: "DN".into(), shape, precision: Precision::Single, keywords: vec![] };
//! let mut file = CubeFile::create(&path, &[cube])?;
//! file.write_rows(0, 0, ndarray::Array3::from_elem(shape, 7.0_f32).view())?;
//! file.finish()?;
//!
//! let mut image = ImageFile::open(&path)?; // or a .fits.gz
//! assert_eq!(image.shape(), [20, 30]);
//! assert_eq!(image.read_rows(4..6)?[[1, 29]], 7.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod codec;
mod compressed;
mod compressed_cube;
mod cube;
mod cube_file;
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
pub use header::FitsHeader;
pub use image::Image;
pub use image_file::ImageFile;
pub use limits::FitsLimits;
