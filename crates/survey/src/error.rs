//! Errors about the epochs of a run: each names the file, the value and the remedy.

use isopach::{
    compute::Error,
    las::{CrsNameError, GpsTime},
};
use std::path::PathBuf;

/// Reason why epochs cannot be compared; [`Error::find_cause`] returns it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurveyError {
    /// An epoch is missing.
    #[error("two epochs are needed")]
    MissingEpoch,
    /// The declared coordinate system is not known.
    #[error("--crs {0}")]
    UnknownSystem(#[from] CrsNameError),
    /// The program cannot open addresses.
    #[error(
        "{address}: this program was built without object stores: build it with --features remote, or copy the file to a disk first"
    )]
    NoObjectStores {
        /// The address.
        address: String,
    },
    /// An epoch is empty.
    #[error("{name} has no points")]
    NoPoints {
        /// Name of the epoch.
        name: String,
    },
    /// An epoch has no point of the chosen classes.
    #[error("{name} has no point of class {classes:?}")]
    NoPointsOfClasses {
        /// Name of the epoch.
        name: String,
        /// The classes.
        classes: Vec<u8>,
    },
    /// The coordinate systems of the epochs contradict each other.
    #[error("{a} and {b} differ in {difference} (--ignore-crs compares them nevertheless)")]
    OtherSystem {
        /// Name of an epoch.
        a: String,
        /// Name of the other.
        b: String,
        /// The part that differs, with both values.
        difference: String,
    },
    /// Files of an epoch count GPS times differently.
    #[error(
        "--attributes time: GPS times of {} count {time:?}, those of other files {first:?}",
        file.display()
    )]
    OtherGpsTime {
        /// The file.
        file: PathBuf,
        /// How its times count.
        time: GpsTime,
        /// How those of other files count.
        first: GpsTime,
    },
    /// The epochs share no ground.
    #[error("the epochs share no ground: there is nothing to compare")]
    NoCommonGround,
    /// No parameters can be suggested.
    #[error(
        "{earlier} against {later}: {source}: check --classes, --keep-noise, --keep-withheld, and whether they show the same place"
    )]
    NoSuggestion {
        /// Name of the earlier epoch.
        earlier: String,
        /// Name of the later epoch.
        later: String,
        /// The reason.
        source: Error,
    },
    /// No point lies on stable ground.
    #[error(
        "no point lies on the stable ground that was given (--stable, --stable-classes): nothing can be aligned"
    )]
    NoStableGround,
    /// The epochs are too far apart for ICP.
    #[error(
        "{source}: --align coarse+icp finds a shift in the plan first; --icp-start-translation says how far the start may be off"
    )]
    TooFarApart {
        /// The reason.
        source: Error,
    },
    /// The cells are far smaller than the spacing of the points.
    #[error(
        "--cell is {cell} m: {cells:.2e} cells over {name}, which has {points} points: must be at least {least:.2e} m"
    )]
    CellTooSmall {
        /// The cell size, metres.
        cell: f64,
        /// Cells over the epoch.
        cells: f64,
        /// Name of the epoch.
        name: String,
        /// Its points.
        points: u64,
        /// The smallest cell size, metres.
        least: f64,
    },
    /// A file of core points is empty.
    #[error("--core-points {file}: the file has no points")]
    NoCorePoints {
        /// The file.
        file: String,
    },
    /// No core point of a file has a normal.
    #[error(
        "--normal-columns {columns}: no point of {file} has a normal in them: all are zero or no numbers"
    )]
    NoNormals {
        /// The file.
        file: String,
        /// The columns.
        columns: String,
    },
    /// The files state different units, so that a place in their coordinates is ambiguous.
    #[error(
        "{option} is in the coordinates of the files, but {} is in other units than {}: convert one of them",
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
    /// Results would be read as inputs the next time.
    #[error(
        "results in {} would lie among the inputs, and be read with them the next time: name another folder (--out)",
        folder.display()
    )]
    ResultsAmongInputs {
        /// The folder of results.
        folder: PathBuf,
    },
    /// An input is a result of an earlier run.
    #[error(
        "{} is a result of terrain_change ({reason}), not an epoch: name the files of the epoch, or move the results out of its folder",
        file.display()
    )]
    InputIsResult {
        /// The file.
        file: PathBuf,
        /// How it is known.
        reason: String,
    },
    /// An input is not the one that the run was begun with.
    #[error(
        "an input has changed since {} was begun: finish that run with the inputs that it was begun with, or remove {} to begin a new one",
        folder.display(),
        folder.display()
    )]
    InputChanged {
        /// The folder of the run.
        folder: PathBuf,
    },
    /// The run was begun without findings from the data.
    #[error("{} has no findings from the data: remove it, and begin with --plan", folder.display())]
    NoFindings {
        /// The folder of the run.
        folder: PathBuf,
    },
    /// A chunk was requested a second time while the parts of a run were profiled.
    #[error("chunk {chunk} is wanted twice")]
    ChunkTwice {
        /// Number of the chunk.
        chunk: usize,
    },
    /// The tile loop ended without a report while the parts of a run were profiled.
    #[error("the tile loop gave no report of the run")]
    NoReport,
}

impl From<SurveyError> for Error {
    fn from(error: SurveyError) -> Self {
        Self::invalid_input(error)
    }
}
