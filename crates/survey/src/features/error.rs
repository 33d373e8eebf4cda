//! Errors about the options and inputs of a run of features: each names the option, the value and
//! the remedy.

use isopach::{
    compute::Error,
    features::{Convention, OutlierConvention, UnknownFeature},
};
use std::path::PathBuf;

/// Reason why features cannot be computed; [`Error::find_cause`] returns it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureOptionError {
    /// A name is neither a feature nor a set.
    #[error("--features: {0}")]
    UnknownFeature(#[from] UnknownFeature),
    /// A convention is not known.
    #[error(
        "--convention is `{given}`, but must be one of {}",
        Convention::ALL.map(|convention| convention.name).join(", ")
    )]
    UnknownConvention {
        /// The name that was given.
        given: String,
    },
    /// A convention of outlier filters is not known.
    #[error(
        "--outlier-convention is `{given}`, but must be one of {}",
        OutlierConvention::ALL.map(|convention| convention.name).join(", ")
    )]
    UnknownOutlierConvention {
        /// The name that was given.
        given: String,
    },
    /// A place has not three coordinates.
    #[error("--towards has {given} numbers, but must have 3")]
    PlaceOfOtherLength {
        /// How many it has.
        given: usize,
    },
    /// An attribute is not known.
    #[error("--columns has `{given}`, but must be all, none, or some of {known}")]
    UnknownColumn {
        /// The name that was given.
        given: String,
        /// All names.
        known: String,
    },
    /// A new column has the name of an extra column of the input.
    #[error(
        "the files have an extra column `{name}`, and so has the result: leave that of the files out with --columns {columns}"
    )]
    ColumnTwice {
        /// The name.
        name: String,
        /// The value of --columns without it.
        columns: String,
    },
    /// The files store an extra column differently.
    #[error(
        "the files store the extra column `{name}` with different types, scales, offsets or no-data values: leave it out with --columns {columns}"
    )]
    ExtraStoredDifferently {
        /// The name.
        name: String,
        /// The value of --columns without it.
        columns: String,
    },
    /// All extra columns together are more, or longer, than a file can have.
    #[error(
        "the extra bytes of a point do not fit a file beside the new columns: leave them out with --columns {columns}"
    )]
    ExtraTooWide {
        /// The value of --columns without extra bytes.
        columns: String,
    },
    /// The output is a finished result of other inputs or parameters.
    #[error(
        "{}: it was made of {difference}: give another name, or --force to write over it",
        out.display()
    )]
    OtherResults {
        /// The output.
        out: PathBuf,
        /// The first difference.
        difference: String,
    },
    /// The files state different units, so that a place in their coordinates is ambiguous.
    #[error(
        "{option} is in the coordinates of the files, but {} states other units than {}: run over files of one unit",
        other.display(), first.display()
    )]
    PlaceInOtherUnits {
        /// The option.
        option: &'static str,
        /// A file.
        first: PathBuf,
        /// A file with another unit.
        other: PathBuf,
    },
    /// No neighbourhood is given.
    #[error("no neighbourhood is given: --radius METRES or --nearest POINTS")]
    NoNeighbourhood,
    /// Several numbers of points are given.
    #[error("--nearest has {given} numbers: give one, or --optimal to choose for each point")]
    SeveralNearest {
        /// How many.
        given: usize,
    },
    /// Radius and number of points do not go together.
    #[error("--radius and --nearest together are one number each, without --optimal")]
    MixedNeighbourhood,
    /// The ground points are not read.
    #[error(
        "--classes {classes:?} leaves out the ground points of --height, classes {ground:?}: add them"
    )]
    GroundLeftOut {
        /// The classes that are read.
        classes: Vec<u8>,
        /// The classes of ground.
        ground: Vec<u8>,
    },
    /// A line of the trajectory is no row.
    #[error("{}: line {line} is no row: write time, x, y and z, separated by commas or spaces", path.display())]
    NoTrajectoryRow {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// The terrain model has another coordinate system than the points.
    #[error(
        "{}: its coordinate system contradicts that of the points ({contradiction}): bring it there with gdalwarp -t_srs",
        path.display()
    )]
    TerrainOfOtherSystem {
        /// The terrain model.
        path: PathBuf,
        /// The difference.
        contradiction: String,
    },
    /// GPS times cannot be written to one file.
    #[error(
        "GPS times of the files count differently: leave them out (--columns intensity,returns,class)"
    )]
    OtherGpsTimes,
}

impl From<FeatureOptionError> for Error {
    fn from(error: FeatureOptionError) -> Self {
        Self::invalid_input(error)
    }
}
