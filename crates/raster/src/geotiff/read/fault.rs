//! Errors of reading a GeoTIFF.

use std::{io, path::PathBuf};

/// A GeoTIFF that cannot be read, and the reason; found in [`isopach_compute::Error::Source`].
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct GeoTiffError {
    /// The file.
    pub path: PathBuf,
    /// The reason.
    #[source]
    pub fault: GeoTiffFault,
}

/// Reason why a GeoTIFF cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeoTiffFault {
    /// The file cannot be opened or read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file contradicts itself, or ends too early.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The file is valid, but stores its samples in a way that is not read.
    #[error("{what} cannot be read: {remedy}")]
    Unsupported {
        /// The unsupported feature.
        what: String,
        /// A command that rewrites the file in a supported form.
        remedy: &'static str,
    },
    /// The file has several bands, and none was chosen.
    #[error("there are {bands} bands: choose one, 1 to {bands}, with GeoTiff::read_band")]
    SeveralBands {
        /// Bands of the file.
        bands: usize,
    },
    /// The file has no such band.
    #[error("there is no band {band}: the file has bands 1 to {bands}")]
    Band {
        /// Bands of the file.
        bands: usize,
        /// The one that was asked for; the first is 1.
        band: usize,
    },
    /// The file does not say where its cells are, or not as a north-up grid.
    #[error("{0}")]
    Place(String),
    /// The cells are not on the absolute grid of whole multiples of the cell size.
    #[error(
        "the cells are {} m east and {} m north of whole multiples of their size, {cell_size} m: move them there with \
         gdalwarp -tap -tr {cell_size} {cell_size}, or use GeoTiff, which keeps their place",
        offset[0], offset[1]
    )]
    OffGrid {
        /// Side of a cell, metres.
        cell_size: f64,
        /// From the nearest whole multiples of it to the corners of the raster, the largest on each
        /// axis, metres.
        offset: [f64; 2],
    },
    /// The file claims more than is read of it.
    #[error(
        "it claims {claimed} {what}, but at most {most} are read: allow more with GeoTiffLimits::{limit} if it is to be trusted"
    )]
    TooLarge {
        /// Quantity that the file claims.
        what: &'static str,
        /// The claimed number.
        claimed: u64,
        /// The limit.
        most: u64,
        /// The field of [`crate::GeoTiffLimits`] that bounds it.
        limit: &'static str,
    },
    /// The system does not give as much memory as the values take.
    #[error(
        "its {what} take {requested} bytes, which the system does not give: cut it into parts with gdal_translate -srcwin"
    )]
    OutOfMemory {
        /// Data to be held.
        what: &'static str,
        /// Bytes that it takes.
        requested: u64,
    },
}

/// Remedy for samples that are stored in a way that is not read.
pub(super) const TRANSLATE: &str = "rewrite it with gdal_translate -co COMPRESS=DEFLATE";

/// Result of a step of reading.
pub(super) type Read<T> = Result<T, GeoTiffFault>;

/// A fault of the file's making.
pub(super) fn damaged<T>(what: impl Into<String>) -> Read<T> {
    Err(GeoTiffFault::Damaged(what.into()))
}

/// The first 40 characters of a text of the file, for messages.
pub(super) fn shortened(text: &str) -> &str {
    text.char_indices()
        .nth(40)
        .map_or(text, |(end, _)| &text[..end])
}

/// A valid file that is not read.
pub(super) fn unsupported<T>(what: impl Into<String>) -> Read<T> {
    Err(GeoTiffFault::Unsupported {
        what: what.into(),
        remedy: TRANSLATE,
    })
}
