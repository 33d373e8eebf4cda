//! Errors about inputs of a comparison: each names the value and the remedy.

use isopach_compute::Error;

/// Reason why inputs of a comparison are refused; [`Error::find_cause`] returns it.
///
/// ```
/// use isopach_change::{ChangeError, Variogram, VariogramOptions};
/// let error = Variogram::from_samples(&[], &VariogramOptions::default()).unwrap_err();
/// let cause = error.find_cause::<ChangeError>();
/// assert!(matches!(cause, Some(ChangeError::TooFewSamples { given: 0, .. })));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The level of detection needs statistics of the survey, which a tile cannot know.
    #[error(
        "the level of detection has no statistics of the survey, and a tile cannot know them: set detection.survey from a sample of the survey (SurveySample), or use ErrorModel::Normal"
    )]
    NoSurveyStatistics,
    /// Normals are given one by one, but not the core points that they belong to.
    #[error(
        "normals are given core point by core point, but a tile would choose its core points from the data: give them too (CoreSelection::Given)"
    )]
    NormalsWithoutCorePoints,
    /// A backend broke the contract of [`isopach_raster::Rasterise`].
    #[error("the backend gave {given} rasters for {requested} statistics: report it to its author")]
    MissingRasters {
        /// Rasters that it gave.
        given: usize,
        /// Statistics that were requested.
        requested: usize,
    },
    /// An epoch has too few points to suggest parameters.
    #[error("the {epoch} epoch has {points} points: suggestions need at least {needed}")]
    TooFewPoints {
        /// "reference" or "compared".
        epoch: &'static str,
        /// Its points.
        points: usize,
        /// Points that are needed.
        needed: usize,
    },
    /// There are too few differences over stable ground.
    #[error(
        "{given} differences over stable ground are too few for a variogram: give at least {needed}"
    )]
    TooFewSamples {
        /// Samples that were given.
        given: usize,
        /// Samples that are needed.
        needed: usize,
    },
    /// A sample of a variogram is not finite.
    #[error(
        "sample {index} of a variogram is not finite (position {position:?}, difference {difference}): leave out cells without a difference"
    )]
    SampleNotFinite {
        /// Position in the samples.
        index: usize,
        /// Its position, metres.
        position: [f64; 2],
        /// Its difference, metres.
        difference: f64,
    },
    /// All samples of a variogram are farther apart than its longest lag.
    #[error(
        "no two samples of a variogram are apart by less than its longest lag of {longest_lag} m: give samples that lie closer, or a longer lag"
    )]
    SamplesTooFarApart {
        /// The longest lag, metres.
        longest_lag: f64,
    },
    /// Rasters and volumes have different cells.
    #[error(
        "rasters of {rasters} m cells were added to volumes of {volumes} m cells: make both with the same cell size"
    )]
    OtherCellSize {
        /// Cell size of the rasters, metres.
        rasters: f64,
        /// Cell size of the volumes, metres.
        volumes: f64,
    },
    /// Volumes of different parameters cannot be merged.
    #[error(
        "volumes with other parameters were merged: give both the same cell size, registration error and variogram"
    )]
    OtherVolumeParameters,
    /// A cell was assigned to a zone that does not exist.
    #[error("a cell lies in zone {zone}, but there are {zones} zones: count from 0")]
    NoSuchZone {
        /// The zone.
        zone: usize,
        /// Number of zones.
        zones: usize,
    },
    /// Volumes of different zones cannot be merged.
    #[error("volumes of {these} and of {others} zones were merged: give both the same zones")]
    OtherZones {
        /// Zones of these volumes.
        these: usize,
        /// Zones of the others.
        others: usize,
    },
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        Self::invalid_input(error)
    }
}
