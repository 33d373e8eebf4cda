//! Errors about clouds that cannot be aligned: each names the value and the remedy.

use isopach_compute::Error;

/// Reason why clouds cannot be aligned; [`Error::find_cause`] returns it.
///
/// ```
/// use isopach_registration::{AlignError, Cloud, Pair, coarse};
/// let empty = Cloud::from_points(&[])?;
/// let pair = Pair { source: empty.positions(), target: empty.positions() };
/// let error = coarse::align_centroids(pair).unwrap_err();
/// let cause = error.find_cause::<AlignError>();
/// assert!(matches!(cause, Some(AlignError::NoPoints { cloud: "source" })));
/// # Ok::<(), isopach_registration::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AlignError {
    /// A cloud is empty.
    #[error("the {cloud} of an alignment has no points")]
    NoPoints {
        /// "source" or "target".
        cloud: &'static str,
    },
    /// A cloud has too few points for planes.
    #[error(
        "the {cloud} of an alignment has {points} points, but planes are made of {neighbours} neighbours"
    )]
    TooFewPoints {
        /// "source" or "target".
        cloud: &'static str,
        /// Its points.
        points: usize,
        /// Neighbours that a plane is made of.
        neighbours: usize,
    },
    /// Normals or covariances are not one per point.
    #[error(
        "the {cloud} has {points} points, {normals} normals and {covariances} covariances: give one of each per point, or none"
    )]
    ShapeCount {
        /// "source" or "target".
        cloud: &'static str,
        /// Its points.
        points: usize,
        /// Its normals.
        normals: usize,
        /// Its covariances.
        covariances: usize,
    },
    /// The flags of stable ground are not one per source point.
    #[error(
        "{flags} flags of stable ground were given for {points} source points: give one per point"
    )]
    FlagCount {
        /// Flags that were given.
        flags: usize,
        /// Points of the source.
        points: usize,
    },
    /// The factor needs covariances that were not prepared.
    #[error(
        "the factor needs covariances of both clouds: prepare them with `Align::prepare_surfaces`"
    )]
    NoCovariances,
    /// The rejector needs normals that were not prepared.
    #[error(
        "the rejector needs normals of the source: prepare them with `Align::prepare_surfaces`"
    )]
    NoSourceNormals,
    /// Too few points have a correspondence.
    #[error(
        "only {pairs} of {points} source points have a target point within {max_distance} m: at least {needed} are needed; raise the maximum distance, or start nearer"
    )]
    TooFewPairs {
        /// Correspondences that were found.
        pairs: usize,
        /// Points of the source.
        points: usize,
        /// Maximum correspondence distance, metres.
        max_distance: f64,
        /// Correspondences that are needed.
        needed: usize,
    },
    /// No neighbourhood is a surface.
    #[error(
        "no neighbourhood of either cloud is a surface: all points lie on lines or in one place"
    )]
    NoSurface,
    /// The clouds are too far apart to choose a start.
    #[error(
        "too few points of the two clouds are within {reach:.1} m of each other: not enough to align; bring them nearer, or say how far the start may be off"
    )]
    TooFarApart {
        /// The distance, metres.
        reach: f64,
    },
    /// The correlation of the clouds has no distinct peak.
    #[error(
        "the clouds have no distinct shift: the highest correlation is {peak:.1} standard deviations, but must be {least}"
    )]
    NoDistinctShift {
        /// The highest correlation, standard deviations.
        peak: f64,
        /// The correlation that is needed.
        least: f64,
    },
    /// The clouds fill no common cell after the shift.
    #[error(
        "the clouds share no cell of {cell_size} m after the shift that was found: use a larger cell size"
    )]
    NoCommonCell {
        /// The cell size, metres.
        cell_size: f64,
    },
}

impl From<AlignError> for Error {
    fn from(error: AlignError) -> Self {
        Self::invalid_input(error)
    }
}
