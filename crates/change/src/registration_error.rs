//! Uncertainty of the alignment of two epochs.

use isopach_cloud::PoseCovariance;
use isopach_compute::{Error, Result};

/// Uncertainty (1 σ) of the alignment of two epochs: one number, or a covariance.
///
/// ```
/// use isopach_change::{M3c2, PoseCovariance, RegistrationError};
/// let one_centimetre = M3c2 { registration_error: 0.01.into(), ..M3c2::default() };
/// // From `isopach_registration::RobustIcp`: its `covariance`.
/// let exact = RegistrationError::from(PoseCovariance::exact([0.0; 3]));
/// assert_eq!(exact.standard_error_along([5.0, 0.0, 0.0], [0.0, 0.0, 1.0]), 0.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::large_enum_variant, reason = "there is one per run")]
pub enum RegistrationError {
    /// The same everywhere and in every direction, metres.
    Given(f64),
    /// Covariance of the alignment, propagated to each place and direction.
    Covariance(PoseCovariance),
}

impl From<f64> for RegistrationError {
    fn from(metres: f64) -> Self {
        Self::Given(metres)
    }
}

impl From<PoseCovariance> for RegistrationError {
    fn from(pose: PoseCovariance) -> Self {
        Self::Covariance(pose)
    }
}

impl Default for RegistrationError {
    fn default() -> Self {
        Self::Given(0.0)
    }
}

impl RegistrationError {
    /// Standard error of the displacement of `point` (absolute metres) along the unit vector
    /// `axis`, metres; NaN if the alignment does not determine that displacement.
    #[must_use]
    pub fn standard_error_along(&self, point: [f64; 3], axis: [f64; 3]) -> f64 {
        match self {
            Self::Given(metres) => *metres,
            Self::Covariance(pose) => pose.standard_error(point, axis),
        }
    }

    /// Checks that the error is a number that is not negative.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names the parameter and its value.
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
