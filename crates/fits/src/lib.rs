//! FITS images in, cubes out.
//!
//! [`Image`] reads the first image of a file with two axes: plain or tile-compressed (RICE, GZIP, PLIO, HCOMPRESS), whole numbers scaled by BSCALE and
//! BZERO, blanks as NaN; [`ImageFile`] reads it some rows at a time. [`CubeFile`] writes cubes of any size a few rows at a time. The format is read and
//! compressed by `fitskit`; nothing else here names it.

mod compressed;
mod cube;
mod header;
mod image;
mod image_file;
mod physical;

pub use cube::{Cube, CubeFile, Precision, Sample, Value};
pub use header::Header;
pub use image::Image;
pub use image_file::ImageFile;
