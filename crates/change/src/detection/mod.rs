//! Level of detection: how large a difference must be to be a change.

mod error_model;
mod judge;
mod thresholds;

pub use error_model::ErrorModel;
pub(crate) use judge::{Judgement, Place};
pub use thresholds::{exceedance_factor, level_of_detection};

use crate::{ChangeError, PointErrors, SurveyStatistics};
use isopach_compute::{Error, Result};

/// Parameters of the 95 % level of detection.
///
/// ```text
/// LoD₉₅ = max(minimum, factor · t √(se² + correlated²) + 1.96 σ_reg)
/// ```
///
/// Here se is the standard error of the difference of two means by an [`ErrorModel`], t is the
/// quantile of Student's t for its degrees of freedom, and the registration error σ_reg is added
/// linearly (Lague et al. 2013, eq. 1).
///
/// ```
/// use isopach_change::{Detection, ErrorModel, M3c2};
/// // At least 5 points in each epoch, and nothing below 3 cm.
/// let detection = Detection { minimum: 0.03, minimum_count: 5, ..Detection::default() };
/// // The formula of py4dgeo.
/// let py4dgeo = M3c2 { detection: ErrorModel::Normal.into(), ..M3c2::default() };
/// assert_eq!(detection.errors, ErrorModel::Student);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Detection {
    /// Source of the standard error.
    pub errors: ErrorModel,
    /// Scatter of the whole survey. `None` estimates it from the places of an in-memory run; a
    /// tiled run with [`ErrorModel::Student`] needs it.
    pub survey: Option<SurveyStatistics>,
    /// Smallest level of detection, metres.
    pub minimum: f64,
    /// Least number of points of each epoch for a level of detection.
    pub minimum_count: u32,
    /// Standard deviation of the part of the error that neighbouring points share, metres: from a
    /// variogram of the differences over stable ground. It does not shrink with the number of
    /// points.
    pub correlated: f64,
    /// Factor of the random part of the level of detection: from [`exceedance_factor`] over stable
    /// ground, or 1.
    pub factor: f64,
}

impl From<ErrorModel> for Detection {
    /// The error model alone: no minimum, no correlated error, factor 1.
    fn from(errors: ErrorModel) -> Self {
        Self {
            errors,
            survey: None,
            minimum: 0.0,
            minimum_count: 0,
            correlated: 0.0,
            factor: 1.0,
        }
    }
}

impl Default for Detection {
    /// Student's t.
    fn default() -> Self {
        ErrorModel::Student.into()
    }
}

impl Detection {
    /// Checks all parameters.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names the parameter, its value and its range.
    pub fn check(&self) -> Result<()> {
        Error::not_negative("minimum level of detection", self.minimum)?;
        Error::not_negative("correlated error", self.correlated)?;
        Error::positive("factor of the level of detection", self.factor)?;
        if let Some(survey) = &self.survey {
            survey.check()?;
        }
        match &self.errors {
            ErrorModel::Student | ErrorModel::Normal => Ok(()),
            ErrorModel::Points(errors) => errors.iter().try_for_each(PointErrors::check),
        }
    }

    /// Checks as [`Self::check`], and refuses a survey that a tile would have to guess.
    #[cfg(feature = "tiling")]
    pub(crate) fn check_for_tiles(&self) -> Result<()> {
        self.check()?;
        if self.lacks_survey() {
            return Err(ChangeError::NoSurveyStatistics.into());
        }
        Ok(())
    }

    /// Whether the statistics of the survey are needed and not given.
    pub(crate) fn lacks_survey(&self) -> bool {
        match self.errors {
            ErrorModel::Student => self.survey.is_none(),
            ErrorModel::Normal | ErrorModel::Points(_) => false,
        }
    }
}
