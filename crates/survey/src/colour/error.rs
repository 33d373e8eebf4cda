//! Errors about the options and inputs of a run of colours: each names the option, the value and
//! the remedy.

use isopach::{compute::Error, raster::ImageDateError};
use std::path::PathBuf;

/// Reason why points cannot be coloured; [`Error::find_cause`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColourOptionError {
    /// A folder has no images.
    #[error("{}: the folder has no .tif or .tiff file: --images needs a GeoTIFF", path.display())]
    NoImagesIn {
        /// The folder.
        path: PathBuf,
    },
    /// A date is none.
    #[error("{option}: {error}")]
    NoDate {
        /// The option.
        option: &'static str,
        /// The fault.
        error: ImageDateError,
    },
    /// There are not as many dates as images.
    #[error("--image-dates has {dates} dates, but there are {images} images: give one each")]
    OtherNumberOfDates {
        /// Given dates.
        dates: usize,
        /// Given images.
        images: usize,
    },
    /// Points have no times.
    #[error(
        "{}: its points have no GPS times, which --date point needs: give one date for all points, as --date 2021-06-15",
        path.display()
    )]
    NoTimes {
        /// The file.
        path: PathBuf,
    },
    /// Times of points have no date.
    #[error(
        "{}: its GPS times are seconds of a week, which say no date, as --date point needs: give one date for all points, as --date 2021-06-15",
        path.display()
    )]
    WeekTimes {
        /// The file.
        path: PathBuf,
    },
    /// Times of files count from different moments.
    #[error(
        "{}: its GPS times count from another moment than those of other files: colour it alone, or give one date for all points, as --date 2021-06-15",
        path.display()
    )]
    OtherTimes {
        /// The file.
        path: PathBuf,
    },
    /// A level is neither a number nor `auto`.
    #[error(
        "--level is `{given}`, but must be auto, or the number of a level: 0 is the image itself"
    )]
    UnknownLevel {
        /// The text that was given.
        given: String,
    },
    /// A range has not two samples.
    #[error("--range has {given} numbers, but must have 2: the samples of black and white")]
    RangeOfOtherLength {
        /// How many it has.
        given: usize,
    },
    /// The cache takes the memory.
    #[error(
        "--cache takes {cache} of the {memory} bytes of --memory, but must leave at least half of them"
    )]
    CacheTakesMemory {
        /// Bytes of the cache.
        cache: u64,
        /// Bytes of everything.
        memory: u64,
    },
}

impl From<ColourOptionError> for Error {
    fn from(error: ColourOptionError) -> Self {
        Self::invalid_input(error)
    }
}
