//! FITS images in, cubes out.
//!
//! [`Image`] reads the first image of a file with two axes: plain or tile-compressed (RICE, GZIP, PLIO, HCOMPRESS), whole numbers scaled by BSCALE and
//! BZERO, blanks as NaN, also from a `.fits.gz`; [`ImageFile`] reads it some rows at a time, and [`Limits`] bounds what a file may ask for. [`CubeFile`] writes cubes of any size a few rows at a time. The format is read and
//! compressed by `fitskit`; nothing else here names it.

mod codec;
mod compressed;
mod cube;
mod guard;
mod header;
mod image;
mod image_file;
mod limits;
mod physical;
mod quantised;
mod table;
mod unpacked;

pub use cube::{Cube, CubeFile, Precision, Sample, Value};
pub use header::Header;
pub use image::Image;
pub use image_file::ImageFile;
pub use limits::Limits;
