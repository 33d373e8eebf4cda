//! Errors of images and their use.

use isopach_compute::Error;

/// Reason why points cannot be coloured from images; [`Error::find_cause`] returns it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ColourError {
    /// There is no image.
    #[error("no image is given: give a GeoTIFF, or a folder of them")]
    NoImages,
    /// An image is in degrees, or in no stated plane.
    #[error(
        "{image}: its pixels are in {unit}, but must be in a plane: bring it into the system of the points with gdalwarp -t_srs"
    )]
    NoPlane {
        /// The image.
        image: String,
        /// Its unit.
        unit: String,
    },
    /// Coordinate systems contradict each other.
    #[error(
        "{image}: its coordinate system contradicts that of {other} ({contradiction}): bring it there with gdalwarp -t_srs"
    )]
    OtherSystem {
        /// The image.
        image: String,
        /// The points, or another image.
        other: String,
        /// How they differ.
        contradiction: String,
    },
    /// Bands have no known quantity.
    #[error(
        "{image}: its {bands} bands do not say which is red, green and blue: name them, 1,2,3 or 1,2,3,4 with near infrared"
    )]
    UnknownBands {
        /// The image.
        image: String,
        /// Number of its bands.
        bands: usize,
    },
    /// NDVI was asked for, and an image has no near infrared.
    #[error("{image}: NDVI needs near infrared, but it has none: leave NDVI out, or name the band")]
    NoInfrared {
        /// The image.
        image: String,
    },
    /// The samples have no largest value.
    #[error(
        "{image}: its samples are floating point or signed, without a largest value: give the samples of black and white as a range"
    )]
    NoFullScale {
        /// The image.
        image: String,
    },
    /// A block alone is larger than the cache.
    #[error(
        "{image}: a block of it takes {bytes} bytes, but the cache has {budget}: give the cache more, or rewrite the image with gdal_translate -co TILED=YES"
    )]
    BlockLargerThanCache {
        /// The image.
        image: String,
        /// Bytes of the block.
        bytes: u64,
        /// Bytes of the cache.
        budget: u64,
    },
    /// A block has another size or type than its image.
    #[error("{image}: a block has {found}, but the image says {expected}")]
    OtherBlock {
        /// The image.
        image: String,
        /// Of the block.
        found: String,
        /// Of the image.
        expected: String,
    },
    /// A source gives another number of blocks than it was asked for.
    #[error("{image}: {found} blocks were read, but {expected} were asked for")]
    OtherNumberOfBlocks {
        /// The image.
        image: String,
        /// Blocks that came.
        found: usize,
        /// Blocks that were asked for.
        expected: usize,
    },
    /// The nearest image in time is wanted for each point, but points have no times.
    #[error(
        "the points have no GPS times, so the image nearest in time cannot be found for each: give one date for all"
    )]
    NoTimes,
    /// A point has a time that is no number.
    #[error(
        "a point has the GPS time {time}, so the image nearest in time cannot be found: give one date for all"
    )]
    NoTime {
        /// The time.
        time: f64,
    },
    /// A result has no returns, by which points are left out.
    #[error("the points have no return numbers, so returns beyond the first cannot be left out")]
    NoReturns,
}

impl From<ColourError> for Error {
    fn from(error: ColourError) -> Self {
        Self::invalid_input(error)
    }
}
