//! Errors about the inputs of a run: each names the source, the value and the remedy.

use isopach_cloud::Rect;
use isopach_compute::Error;

/// Reason why a run is refused; [`Error::find_cause`] returns it.
///
/// ```
/// use isopach_tiling::{RunScope, TilingError};
/// let error = RunScope::Shard { number: 4, of: 3 }.select_blocks(10).unwrap_err();
/// let cause = error.find_cause::<TilingError>();
/// assert!(matches!(cause, Some(TilingError::NoSuchShard { number: 4, of: 3 })));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TilingError {
    /// There is no source.
    #[error("there is no source to read: give at least one")]
    NoSource,
    /// A source is empty.
    #[error("{name} has no points")]
    NoPoints {
        /// Name of the source.
        name: String,
    },
    /// A source is not in metres.
    #[error("{name} is in {unit}, heights in {height_unit}: convert it to metres")]
    NotMetric {
        /// Name of the source.
        name: String,
        /// Its horizontal unit.
        unit: String,
        /// Its vertical unit.
        height_unit: String,
    },
    /// A source states an extent that is no place.
    #[error("{name} states the extent {extent}, which is no place on Earth")]
    ExtentNoPlace {
        /// Name of the source.
        name: String,
        /// The extent, metres.
        extent: Rect,
    },
    /// A source states heights that are no place.
    #[error("{name} states heights from {low} to {high} m, which are no place on Earth")]
    HeightsNoPlace {
        /// Name of the source.
        name: String,
        /// Lowest height, metres.
        low: f64,
        /// Highest height, metres.
        high: f64,
    },
    /// The coordinate systems of two sources contradict each other.
    #[error("{a} and {b} differ in {difference}")]
    OtherSystem {
        /// Name of a source.
        a: String,
        /// Name of another source.
        b: String,
        /// The part that differs, with both values.
        difference: String,
    },
    /// Two sources share no ground.
    #[error("{a} ({a_extent}) and {b} ({b_extent}) do not overlap")]
    Apart {
        /// Name of a source.
        a: String,
        /// Its extent, metres.
        a_extent: Rect,
        /// Name of another source.
        b: String,
        /// Its extent, metres.
        b_extent: Rect,
    },
    /// The extent of a plan is no rectangle that can be cut into tiles.
    #[error("the extent {extent} is not a rectangle within ±2e9 m")]
    InvalidExtent {
        /// The extent.
        extent: Rect,
    },
    /// A column is missing, or shorter than the points.
    #[error("{name} lacks a column that is asked for, or some of its values")]
    MissingColumn {
        /// Name of the source.
        name: String,
    },
    /// A point is no place.
    #[error("{name}: point {row} of chunk {chunk} has the coordinate {value}, which is no place")]
    PointNoPlace {
        /// Name of the source.
        name: String,
        /// Number of the chunk.
        chunk: usize,
        /// Number of the point in the chunk.
        row: usize,
        /// The coordinate, metres.
        value: f64,
    },
    /// Points lie outside the extent that is stated for their chunk.
    #[error(
        "{name}: {outside} of {points} points of chunk {chunk} lie outside the extent that it states ({extent}), one of them at {} E {} N",
        .first[0],
        .first[1]
    )]
    PointsOutside {
        /// Name of the source.
        name: String,
        /// Number of the chunk.
        chunk: usize,
        /// Points of the chunk that lie outside.
        outside: usize,
        /// Points of the chunk.
        points: usize,
        /// The stated extent, metres.
        extent: Rect,
        /// East and north of the first of them, metres.
        first: [f64; 2],
    },
    /// A height is out of reach of a tile's origin.
    #[error(
        "{name} has a point of height {height} m, more than 8192 m from the middle of the heights that the sources state ({middle} m)"
    )]
    HeightOutOfReach {
        /// Name of the source.
        name: String,
        /// The height, metres.
        height: f64,
        /// The middle of the stated heights, metres.
        middle: f64,
    },
    /// The filters of a source leave nothing.
    #[error("{name}: none of its {points} points is wanted: check the filters")]
    AllFiltered {
        /// Name of the source.
        name: String,
        /// Points that it has.
        points: u64,
    },
    /// A shard or merge needs a folder for results.
    #[error("shards and merges need a folder in which results are kept: set a checkpoint")]
    NoCheckpoint,
    /// A tile that the plan does not have.
    #[error("there is no tile {tile}: the plan has the tiles 0 to {last}")]
    NoSuchTile {
        /// The tile.
        tile: usize,
        /// The last tile of the plan.
        last: usize,
    },
    /// A shard that does not exist.
    #[error("there is no shard {number} of {of}: the first is 1 of {of}")]
    NoSuchShard {
        /// The shard.
        number: usize,
        /// Number of shards.
        of: usize,
    },
    /// The epochs of a sample were thinned differently.
    #[error(
        "the epochs were thinned with finest cubes of {} and {} m: thin them alike",
        .sides[0],
        .sides[1]
    )]
    ThinnedDifferently {
        /// Side of the finest cubes of each epoch, metres.
        sides: [f64; 2],
    },
    /// The folder of results belongs to a run of another program or other parameters.
    #[error(
        "{place} was begun with other {what} ({name}{then}, now {now}): {}",
        advise(place)
    )]
    OtherRun {
        /// The folder.
        place: String,
        /// The part that differs.
        what: String,
        /// The parameter that differs with a colon, or nothing.
        name: String,
        /// Value of the run that was begun.
        then: String,
        /// Value now.
        now: String,
    },
    /// An input is not the one that the run was begun with.
    #[error(
        "an input has changed since {place} was begun ({name}then {then}, now {now}): {}",
        advise(place)
    )]
    InputChanged {
        /// The folder.
        place: String,
        /// Name of the input with a colon, or nothing.
        name: String,
        /// Identity of the input then.
        then: String,
        /// Identity of the input now.
        now: String,
    },
    /// A run was begun with more or fewer inputs.
    #[error(
        "{place} was begun with {then} inputs, now there are {now}: {}",
        advise(place)
    )]
    InputCount {
        /// The folder.
        place: String,
        /// Inputs then.
        then: usize,
        /// Inputs now.
        now: usize,
    },
    /// An input changed while it was read.
    #[error(
        "an input changed during the run ({name} at first {before}, now {after}): nothing was written"
    )]
    ChangedDuringRun {
        /// Name of the input.
        name: String,
        /// Identity at the start.
        before: String,
        /// Identity at the end.
        after: String,
    },
    /// A kept result disappeared during the run.
    #[error("the result of tile {tile} is missing: run that tile again")]
    MissingResult {
        /// The tile.
        tile: usize,
    },
    /// A tile, a chunk or a sink panicked; the panic is passed on when the other work is over.
    #[error("a piece of work panicked")]
    Panicked,
}

fn advise(place: &str) -> String {
    format!("finish that run with what it was begun with, or remove {place} to begin a new one")
}

impl From<TilingError> for Error {
    fn from(error: TilingError) -> Self {
        Self::invalid_input(error)
    }
}
