//! Errors about headers: each names the keyword and the value.

use isopach_compute::Error;

/// Reason why a part of a header cannot be used.
///
/// ```
/// use isopach_solar::{CountUnit, SolarError};
/// let error = CountUnit::parse("erg").unwrap_err();
/// assert_eq!(error, SolarError::NotCounts { unit: "erg".into() });
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum SolarError {
    /// A unit is not one of counts: radiances and photons need another response.
    #[error("the unit {unit:?} is not a unit of counts, such as DN, DN/s or ct s-1")]
    NotCounts {
        /// The unit.
        unit: String,
    },
    /// A keyword has an unusable value.
    #[error("{keyword}: {source}")]
    Keyword {
        /// The keyword.
        keyword: String,
        /// The fault of its value.
        source: Box<Self>,
    },
    /// An exposure is not above zero.
    #[error("{keyword} is {value}, but an exposure must be above zero")]
    NoExposure {
        /// The keyword.
        keyword: String,
        /// Its value.
        value: f64,
    },
    /// The unit of exposures is not known.
    #[error("TIMEUNIT is {unit:?}, but exposures are read in s and ms")]
    UnknownTimeUnit {
        /// The unit.
        unit: String,
    },
    /// The coordinates are not helioprojective, or not in the gnomonic projection.
    #[error(
        "{keyword} is {value:?}: only helioprojective coordinates in the projection TAN are read"
    )]
    OtherProjection {
        /// The keyword.
        keyword: String,
        /// Its value.
        value: String,
    },
    /// A parameter of the projection has another value than the usual one.
    #[error("{keyword} is {value}: only {usual} is read")]
    OtherParameter {
        /// The keyword.
        keyword: String,
        /// Its value.
        value: f64,
        /// The value that is read.
        usual: f64,
    },
    /// A number is not finite.
    #[error("{keyword} is {value}")]
    NotFinite {
        /// The keyword.
        keyword: String,
        /// Its value.
        value: f64,
    },
    /// A keyword is missing.
    #[error("{keyword} is missing")]
    Missing {
        /// The keyword.
        keyword: String,
    },
    /// A unit is not one of angle.
    #[error("{keyword} is {unit:?}, which is not a unit of angle")]
    NotAnAngle {
        /// The keyword.
        keyword: String,
        /// The unit.
        unit: String,
    },
    /// The matrix of the coordinates cannot be inverted.
    #[error("its pixels have the area {area:.3e} arcsec²")]
    PixelArea {
        /// Area of a pixel, arcsec².
        area: f64,
    },
}

impl From<SolarError> for Error {
    fn from(error: SolarError) -> Self {
        Self::invalid_input(error)
    }
}
