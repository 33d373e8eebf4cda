//! Models of the standard error of a difference.

use crate::PointErrors;

/// Source of the standard error of a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ErrorModel {
    /// Student's t with pooled variances.
    ///
    /// The variances v of both epochs are pooled within a place, after scaling by their ratio r
    /// over the survey: ν = ν₁ + ν₂, s² = (ν₁ v₁ + ν₂ v₂/r)/ν, se = s √(1/n₁ + r/n₂), with νᵢ = nᵢ
    /// − 1. If an F test at 0.1 % contradicts the ratio, or no ratio is known, Welch's formula
    /// applies: se² = v₁/n₁ + v₂/n₂ and ν = se⁴ / Σ (vᵢ/nᵢ)²/νᵢ.
    ///
    /// A variance is at least that of rounding
    /// ([`crate::SurveyStatistics::rounding_variance`]). A median uses the inter-quartile range
    /// instead of the standard deviation, with its degrees of freedom, and
    /// [`crate::SurveyStatistics::median_factor`] times the standard error.
    #[default]
    Student,
    /// Normal distribution: 1.96 (√(s₁²/n₁ + s₂²/n₂) + σ_reg), the formula of Lague et al. 2013 and
    /// py4dgeo.
    ///
    /// Too small at few points: with two points in each epoch, 18 % of unchanged places are called
    /// changed. Medians use their inter-quartile range instead of s, as py4dgeo does.
    Normal,
    /// Errors of single points from the scanner (M3C2-EP), instead of the scatter: reference,
    /// compared.
    ///
    /// Medians of three and more points have 1.2533 times the error of their mean: that of many
    /// Gaussian values, and too wide for few. Extreme heights of cells have none.
    Points([PointErrors; 2]),
}
