//! Errors about the side of normals.

use isopach_compute::Error;

/// Reason why normals cannot be given a side; [`Error::find_cause`] returns it.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OrientationError {
    /// The path of the scanner is not given.
    #[error(
        "normals towards the path of the scanner need the path and times: call run_along, or PathTiles by tiles"
    )]
    PathMissing,
    /// The operation has a path, but its normals point elsewhere.
    #[error(
        "a path is given, but the normals do not point towards it: choose NormalSide::TowardsPath"
    )]
    NoPathAsked,
    /// A spanning tree is global.
    #[error(
        "a spanning tree is of all points at once, so tiles, chosen points and other places have none: run it over a whole cloud in memory, or turn normals up or towards the scanner"
    )]
    TreeIsGlobal,
    /// The operation is along a tree, but the normals have another side.
    #[error("the normals do not follow a spanning tree: choose NormalSide::SpanningTree")]
    NoTreeAsked,
    /// Points have no times.
    #[error(
        "the points have no GPS times, which a path of the scanner needs: turn normals up or towards a place"
    )]
    NoTimes,
    /// A path has too few rows.
    #[error("a path has {rows} rows, but must have at least 2")]
    ShortPath {
        /// Its rows.
        rows: usize,
    },
    /// A path has a number that is none.
    #[error("row {row} of the path has {number}, but must have finite numbers", row = row + 1)]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The number.
        number: f64,
    },
    /// Times of a path are not in order.
    #[error("row {row} of the path has the time {time}, but must be later than the one before, {before}: sort the rows, and leave out repeated times", row = row + 1)]
    TimesDoNotRise {
        /// The row, from 0.
        row: usize,
        /// Its time.
        time: f64,
        /// The time before.
        before: f64,
    },
}

impl From<OrientationError> for Error {
    fn from(error: OrientationError) -> Self {
        Self::invalid_input(error)
    }
}
