//! How far the alignment of two epochs may be off, where a change is measured.

use isopach_cloud::PoseCovariance;
use isopach_compute::{Error, Result};

/// Uncertainty (1 σ) of the alignment of the epochs.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::large_enum_variant, reason = "there is one per run")]
pub enum RegistrationError {
    /// The same everywhere and in every direction, metres.
    Given(f64),
    /// As the alignment found it: propagated to each place and direction.
    Covariance(PoseCovariance),
}

impl From<f64> for RegistrationError {
    fn from(metres: f64) -> Self {
        Self::Given(metres)
    }
}

impl Default for RegistrationError {
    fn default() -> Self {
        Self::Given(0.0)
    }
}

impl RegistrationError {
    /// Standard error of the displacement of `point` (absolute metres) along the unit vector
    /// `axis`, metres; NaN where the alignment leaves that displacement free.
    #[must_use]
    pub fn standard_error_along(&self, point: [f64; 3], axis: [f64; 3]) -> f64 {
        match self {
            Self::Given(metres) => *metres,
            Self::Covariance(pose) => pose.standard_error(point, axis),
        }
    }

    /// Refuses a negative error, and what is no number.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names it.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Given(metres) => Error::not_negative("registration error", *metres).map(drop),
            Self::Covariance(pose) => {
                let trace = (0..6).map(|i| pose.matrix[i][i]).sum::<f64>();
                Error::not_negative("trace of the alignment's covariance", trace).map(drop)
            }
        }
    }
}
