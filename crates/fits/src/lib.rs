//! FITS images in, cubes out.
//!
//! [`Image`] reads the first image of a file with two axes: plain or tile-compressed (RICE, GZIP, PLIO, HCOMPRESS), whole numbers scaled by BSCALE and
//! BZERO, blanks as NaN. [`CubeFile`] writes cubes of any size a few rows at a time. The format is read and compressed by `fitskit`; nothing else here
//! names it.

mod cube;
mod image;

pub use cube::{Cube, CubeFile, Value};
pub use image::Image;
