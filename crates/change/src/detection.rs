//! How large a difference must be to be a change.

use crate::{
    ChangeStatus, PointErrors, SurveyStatistics,
    distributions::{NORMAL_975, student_975, student_two_sided},
    scale::{Location, Scale},
    survey_statistics::contradicts_ratio,
};
use isopach_compute::{Error, Result};

/// How the 95 % level of detection is found.
///
/// ```text
/// LoD₉₅ = max(minimum, factor · t √(se² + correlated²) + 1.96 σ_reg)
/// ```
///
/// with the standard error se of the difference of two means by an [`ErrorModel`], Student's t of
/// its degrees of freedom, and the registration error σ_reg added linearly (Lague et al. 2013, eq.
/// 1).
///
/// ```
/// use isopach_change::{Detection, ErrorModel, M3c2};
/// // At least 5 points in each epoch, and nothing below 3 cm.
/// let detection = Detection { minimum: 0.03, minimum_count: 5, ..Detection::default() };
/// // As py4dgeo computes it.
/// let py4dgeo = M3c2 { detection: ErrorModel::Normal.into(), ..M3c2::default() };
/// assert_eq!(detection.errors, ErrorModel::Student);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Where the standard error comes from.
    pub errors: ErrorModel,
    /// What the whole survey says of its scatter. In memory it is estimated from the run's own
    /// places where it is not given; tile by tile it must be given for [`ErrorModel::Student`].
    pub survey: Option<SurveyStatistics>,
    /// Smallest level of detection, metres.
    pub minimum: f64,
    /// Fewest points of each epoch for a level of detection.
    pub minimum_count: u32,
    /// Standard deviation of the part of a difference's error that neighbouring points share,
    /// metres: from a variogram of the differences over stable ground. It does not shrink with the
    /// number of points.
    pub correlated: f64,
    /// Multiplies the random part of the level of detection: from [`exceedance_factor`] over stable
    /// ground, or 1.
    pub factor: f64,
}

/// Where the standard error of a difference comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ErrorModel {
    /// Student's t with the variances v of both epochs pooled in the place, after scaling by their
    /// ratio r over the survey: ν = ν₁ + ν₂, s² = (ν₁ v₁ + ν₂ v₂/r)/ν, se = s √(1/n₁ + r/n₂), with
    /// νᵢ = nᵢ − 1. Where an F test at 0.1 % contradicts the ratio, or no ratio is known, Welch's:
    /// se² = v₁/n₁ + v₂/n₂ and ν = se⁴ / Σ (vᵢ/nᵢ)²/νᵢ.
    ///
    /// A variance is not below that of rounding ([`SurveyStatistics::rounding_variance`]). A median
    /// has an IQR in the place of a standard deviation, with the degrees of freedom of that, and
    /// [`SurveyStatistics::median_factor`] times the standard error.
    #[default]
    Student,
    /// 1.96 (√(s₁²/n₁ + s₂²/n₂) + σ_reg), as Lague et al. 2013 and py4dgeo compute it: too small at
    /// few points (18 % of unchanged places are called changed at two points each). Medians have
    /// their IQR in the place of s, as in py4dgeo.
    Normal,
    /// M3C2-EP: errors of single points from the scanner's, in the place of the scatter.
    Points([PointErrors; 2]),
}

impl From<ErrorModel> for Detection {
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
    fn default() -> Self {
        ErrorModel::Student.into()
    }
}

/// Both epochs in one place, and what is known beside them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Compared minus reference, metres.
    pub(crate) difference: f64,
    pub(crate) count: [u32; 2],
    /// Of the kind that the location has, metres.
    pub(crate) spread: [f64; 2],
    /// Where, absolute metres, and the unit vector that the difference is along.
    pub(crate) point: [f64; 3],
    pub(crate) axis: [f64; 3],
    /// 1 σ of the alignment there, metres; NaN where it is free.
    pub(crate) registration: f64,
}

/// What is said of a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) standard_error: f64,
    pub(crate) level_of_detection: f64,
    pub(crate) p_value: f64,
    pub(crate) status: ChangeStatus,
}

/// A standard error and its degrees of freedom.
#[derive(Clone, Copy, Debug)]
struct ErrorEstimate {
    standard_error: f64,
    freedom: f64,
}

impl Detection {
    /// Refuses parameters that make no sense.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names the parameter, its value, and what it must be.
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

    /// As [`Self::check`], and refuses what a tile cannot know.
    pub(crate) fn check_for_tiles(&self) -> Result<()> {
        self.check()?;
        if self.errors == ErrorModel::Student && self.survey.is_none() {
            return Err(Error::InvalidInput(
                "the level of detection has no statistics of the survey, and a tile cannot know them: set detection.survey from a \
                 sample of the survey (SurveySample), or use ErrorModel::Normal"
                    .into(),
            ));
        }
        Ok(())
    }

    /// Whether the run must estimate the survey's statistics.
    pub(crate) fn lacks_survey(&self) -> bool {
        self.errors == ErrorModel::Student && self.survey.is_none()
    }

    pub(crate) fn judge_place(
        &self,
        location: Location,
        survey: Option<&SurveyStatistics>,
        place: &Place,
    ) -> Judgement {
        let [before, after] = place.count;
        let missing = |status| Judgement {
            standard_error: f64::NAN,
            level_of_detection: f64::NAN,
            p_value: f64::NAN,
            status,
        };
        match (before, after) {
            _ if place.axis == [0.0; 3] => return missing(ChangeStatus::NoNormal),
            (0, 0) => return missing(ChangeStatus::Empty),
            (0, _) => return missing(ChangeStatus::NoReference),
            (_, 0) => return missing(ChangeStatus::NoCompared),
            _ => {}
        }
        let unknown = SurveyStatistics {
            pooled_spread: [f64::NAN; 2],
            variance_ratio: None,
            ..SurveyStatistics::equal_epochs()
        };
        let survey = survey.unwrap_or(&unknown);
        let standard_error = self.error_of_single_points(location, survey, place);
        let known = match self.standard_error_to_test(location, survey, place) {
            Ok(known) => known,
            Err(status) => {
                return Judgement {
                    standard_error,
                    ..missing(status)
                };
            }
        };
        let ErrorEstimate {
            standard_error,
            freedom,
        } = known;
        if place.registration.is_nan() {
            return Judgement {
                standard_error,
                ..missing(ChangeStatus::FreeDirection)
            };
        }
        if before.min(after) < self.minimum_count {
            return Judgement {
                standard_error,
                ..missing(ChangeStatus::BelowMinimumCount)
            };
        }
        let random = standard_error.hypot(self.correlated);
        // Satterthwaite: the correlated part is taken for known.
        let freedom = if self.correlated > 0.0 {
            freedom * (random / standard_error).powi(4)
        } else {
            freedom
        };
        let quantile = if self.errors == ErrorModel::Student {
            student_975(freedom)
        } else {
            NORMAL_975
        };
        let fixed = NORMAL_975 * place.registration;
        let level_of_detection = (self.factor * quantile * random + fixed).max(self.minimum);
        let beyond = ((place.difference.abs() - fixed) / (self.factor * random)).max(0.0);
        let p_value = student_two_sided(beyond, freedom);
        Judgement {
            standard_error,
            level_of_detection,
            p_value,
            status: ChangeStatus::Valid,
        }
    }

    /// The standard error that scatter or point errors explain; or why there is none to test with.
    fn standard_error_to_test(
        &self,
        location: Location,
        survey: &SurveyStatistics,
        place: &Place,
    ) -> std::result::Result<ErrorEstimate, ChangeStatus> {
        if let ErrorModel::Points(errors) = &self.errors {
            let variance = |epoch: usize| {
                errors[epoch].variance_along(place.point, place.axis)
                    / f64::from(place.count[epoch])
            };
            return Ok(ErrorEstimate {
                standard_error: (variance(0) + variance(1)).sqrt(),
                freedom: f64::INFINITY,
            });
        }
        if place.count.iter().any(|&count| count < 2) {
            return Err(ChangeStatus::NoSpread);
        }
        if location == Location::Extreme {
            return Err(ChangeStatus::NoStandardError);
        }
        if self.errors == ErrorModel::Normal {
            let variance =
                |epoch: usize| place.spread[epoch].powi(2) / f64::from(place.count[epoch]);
            return Ok(ErrorEstimate {
                standard_error: (variance(0) + variance(1)).sqrt(),
                freedom: f64::INFINITY,
            });
        }
        let factor = match location {
            Location::Median(_) => survey.median_factor.ok_or(ChangeStatus::NoMedianFactor)?,
            Location::Mean | Location::Extreme => 1.0,
        };
        let scales = [0, 1].map(|epoch| location.scale_of(place.spread[epoch], place.count[epoch]));
        let known = pooled_standard_error(scales, place.count, survey);
        let shared = (0..2)
            .map(|epoch| survey.shared_rounding_variance(epoch, scales[epoch].variance))
            .sum::<f64>();
        Ok(ErrorEstimate {
            standard_error: (factor * known.standard_error).hypot(shared.sqrt()),
            freedom: known.freedom,
        })
    }

    /// The standard error where an epoch may have a single point: the survey's scatter stands for
    /// that of the place.
    fn error_of_single_points(
        &self,
        location: Location,
        survey: &SurveyStatistics,
        place: &Place,
    ) -> f64 {
        let factor = match location {
            Location::Mean => 1.0,
            Location::Median(_) => survey.median_factor.unwrap_or(f64::NAN),
            Location::Extreme => f64::NAN,
        };
        let variance = |epoch: usize| {
            let own = location.scale_of(place.spread[epoch], place.count[epoch]);
            let known = if own.freedom > 0.0 {
                own.variance
            } else {
                survey.pooled_spread[epoch].powi(2)
            };
            // The median of one or two points is their mean.
            let factor = if place.count[epoch] < 3 { 1.0 } else { factor };
            factor * factor * known.max(survey.rounding_variance(epoch))
                / f64::from(place.count[epoch])
        };
        (variance(0) + variance(1)).sqrt()
    }
}

/// Student's pooled standard error, or Welch's where the ratio is unknown or contradicted.
fn pooled_standard_error(
    scales: [Scale; 2],
    count: [u32; 2],
    survey: &SurveyStatistics,
) -> ErrorEstimate {
    let freedom = scales.map(|scale| scale.freedom);
    let variance: [f64; 2] =
        std::array::from_fn(|epoch| scales[epoch].variance.max(survey.rounding_variance(epoch)));
    let [first_count, second_count] = count.map(f64::from);
    match survey.variance_ratio {
        Some(ratio) if !contradicts_ratio(variance, freedom, ratio) => {
            let all = freedom[0] + freedom[1];
            let in_common = (freedom[0] * variance[0] + freedom[1] * variance[1] / ratio) / all;
            let standard_error = (in_common * (1.0 / first_count + ratio / second_count)).sqrt();
            ErrorEstimate {
                standard_error,
                freedom: all,
            }
        }
        _ => {
            let [first, second] = [variance[0] / first_count, variance[1] / second_count];
            let both = first + second;
            let freedom = both * both / (first * first / freedom[0] + second * second / freedom[1]);
            ErrorEstimate {
                standard_error: both.sqrt(),
                freedom,
            }
        }
    }
}

/// 95 % level of detection, metres: 1.96 (√(s₁²/n₁ + s₂²/n₂) + registration error), eq. 1 of Lague
/// et al. 2013.
///
/// It is what [`ErrorModel::Normal`] gives. At few points it is too small: see
/// [`ErrorModel::Student`].
///
/// ```
/// let lod = isopach_change::level_of_detection([0.03, 0.04], [9, 16], 0.01);
/// assert!((lod - 1.96 * ((1e-4_f64 + 1e-4).sqrt() + 0.01)).abs() < 1e-15);
/// ```
#[must_use]
pub fn level_of_detection(spread: [f64; 2], count: [u32; 2], registration_error: f64) -> f64 {
    let variance = |epoch: usize| spread[epoch] * spread[epoch] / f64::from(count[epoch]);
    NORMAL_975 * ((variance(0) + variance(1)).sqrt() + registration_error)
}

/// What the levels of detection over stable ground must be multiplied by so that 5 % of the
/// differences there exceed them: the 95th percentile of |difference| / level. `None` for fewer
/// than 100 places that have both. O(n log n).
///
/// Give it levels without a registration error, and put it into [`Detection::factor`].
///
/// ```
/// let differences: Vec<f64> = (0..1000).map(|i| f64::from(i) * 1e-3).collect();
/// let factor = isopach_change::exceedance_factor(differences.iter().map(|d| (*d, 0.5))).unwrap();
/// assert!((factor - 1.9).abs() < 1e-9);
/// assert!(isopach_change::exceedance_factor([(0.1, 0.5)]).is_none());
/// ```
#[must_use]
pub fn exceedance_factor(places: impl IntoIterator<Item = (f64, f64)>) -> Option<f64> {
    let ratios = places
        .into_iter()
        .map(|(difference, level)| difference.abs() / level);
    let mut ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite()).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    if ratios.len() < 100 {
        None
    } else {
        ratios.get((0.95 * ratios.len() as f64) as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(difference: f64, count: [u32; 2], spread: [f64; 2]) -> Place {
        Place {
            difference,
            count,
            spread,
            point: [0.0; 3],
            axis: [0.0, 0.0, 1.0],
            registration: 0.01,
        }
    }

    fn known(ratio: Option<f64>) -> SurveyStatistics {
        SurveyStatistics {
            variance_ratio: ratio,
            pooled_spread: [0.05, 0.07],
            ..SurveyStatistics::equal_epochs()
        }
    }

    #[test]
    fn student_and_welch_by_hand() {
        let at = place(0.2, [4, 9], [0.03, 0.05]);
        let found = Detection::default().judge_place(Location::Mean, Some(&known(Some(2.0))), &at);
        let in_common = (3.0 * 0.0009 + 8.0 * 0.0025 / 2.0) / 11.0_f64;
        let error = (in_common * (0.25 + 2.0 / 9.0)).sqrt();
        assert!((found.standard_error - error).abs() < 1e-12);
        assert!(
            (found.level_of_detection - (2.200_985_160_082_949 * error + 1.96 * 0.01)).abs() < 1e-9
        );
        assert_eq!(found.status, ChangeStatus::Valid);
        assert!(found.p_value < 0.05);

        let found = Detection::default().judge_place(Location::Mean, Some(&known(None)), &at);
        let parts = [0.0009 / 4.0, 0.0025 / 9.0_f64];
        let both = parts[0] + parts[1];
        let freedom = both * both / (parts[0] * parts[0] / 3.0 + parts[1] * parts[1] / 8.0);
        assert!((found.standard_error - both.sqrt()).abs() < 1e-12);
        assert!(
            (found.level_of_detection - (student_975(freedom) * both.sqrt() + 0.0196)).abs() < 1e-9
        );
        // A hundredfold ratio contradicts the survey's: Welch again.
        let rough = place(0.2, [20, 20], [0.03, 0.3]);
        let contradicted =
            Detection::default().judge_place(Location::Mean, Some(&known(Some(1.0))), &rough);
        let welch = Detection::default().judge_place(Location::Mean, Some(&known(None)), &rough);
        assert_eq!(contradicted, welch);
    }

    #[test]
    fn a_p_value_of_five_percent_is_the_level_of_detection() {
        for survey in [known(Some(1.0)), known(None)] {
            let level = Detection::default().judge_place(
                Location::Mean,
                Some(&survey),
                &place(0.0, [3, 6], [0.02, 0.03]),
            );
            let at = place(level.level_of_detection, [3, 6], [0.02, 0.03]);
            let found = Detection::default().judge_place(Location::Mean, Some(&survey), &at);
            assert!((found.p_value - 0.05).abs() < 1e-7, "{}", found.p_value);
        }
    }

    #[test]
    fn what_cannot_be_tested_says_why_and_keeps_its_standard_error() {
        let survey = known(Some(1.0));
        let judge = |detection: &Detection, location, place: &Place| {
            detection.judge_place(location, Some(&survey), place)
        };
        let plain = Detection::default();
        let single = judge(&plain, Location::Mean, &place(0.5, [1, 1], [f64::NAN; 2]));
        assert_eq!(single.status, ChangeStatus::NoSpread);
        assert!(
            (single.standard_error - 0.05_f64.hypot(0.07)).abs() < 1e-12
                && single.level_of_detection.is_nan()
        );
        let one_sided = judge(
            &plain,
            Location::Mean,
            &place(0.5, [1, 4], [f64::NAN, 0.02]),
        );
        assert!((one_sided.standard_error - 0.05_f64.hypot(0.01)).abs() < 1e-12);

        let filled = place(0.5, [4, 9], [0.03, 0.05]);
        let few = judge(
            &Detection {
                minimum_count: 5,
                ..plain.clone()
            },
            Location::Mean,
            &filled,
        );
        assert_eq!(few.status, ChangeStatus::BelowMinimumCount);
        assert!(few.standard_error > 0.0);
        assert_eq!(
            judge(&plain, Location::Extreme, &filled).status,
            ChangeStatus::NoStandardError
        );
        let median = Location::of_axial(isopach_neighbours::AxialStatistic::MedianIqr);
        assert_eq!(
            judge(&plain, median, &filled).status,
            ChangeStatus::NoMedianFactor
        );
        let free = Place {
            registration: f64::NAN,
            ..filled
        };
        assert_eq!(
            judge(&plain, Location::Mean, &free).status,
            ChangeStatus::FreeDirection
        );
        for (count, status) in [
            ([0, 0], ChangeStatus::Empty),
            ([0, 3], ChangeStatus::NoReference),
            ([3, 0], ChangeStatus::NoCompared),
        ] {
            assert_eq!(
                judge(&plain, Location::Mean, &place(f64::NAN, count, [0.1; 2])).status,
                status
            );
        }
    }

    #[test]
    fn a_minimum_a_factor_and_a_correlated_part_add_to_it() {
        let survey = known(Some(1.0));
        let at = place(0.0, [5, 5], [0.02, 0.02]);
        let judge =
            |detection: Detection| detection.judge_place(Location::Mean, Some(&survey), &at);
        let plain = judge(Detection::default());
        assert_eq!(
            judge(Detection {
                minimum: 0.5,
                ..Detection::default()
            })
            .level_of_detection,
            0.5
        );
        let twice = judge(Detection {
            factor: 2.0,
            ..Detection::default()
        });
        assert!(
            (twice.level_of_detection - (2.0 * plain.level_of_detection - 0.0196)).abs() < 1e-12
        );
        let correlated = judge(Detection {
            correlated: 0.1,
            ..Detection::default()
        });
        let random = plain.standard_error.hypot(0.1);
        // Nearly all of it is known, so that the quantile is nearly normal.
        assert!(
            (correlated.level_of_detection - 0.0196) / random < 1.97,
            "{}",
            correlated.level_of_detection / random
        );
        assert_eq!(correlated.standard_error, plain.standard_error);
    }

    #[test]
    fn whole_centimetres_have_a_floor() {
        let survey = SurveyStatistics {
            resolution: [0.01, 0.01],
            ..known(Some(1.0))
        };
        let found = Detection::default().judge_place(
            Location::Mean,
            Some(&survey),
            &place(0.01, [5, 5], [0.0, 0.0]),
        );
        let rounding: f64 = 1e-4 / 12.0;
        let expected = (rounding * 0.4 + 2.0 * rounding).sqrt();
        assert!(
            (found.standard_error - expected).abs() < 1e-9,
            "{}",
            found.standard_error
        );
        assert!(found.level_of_detection > 0.0196 + 2.3 * expected - 1e-6);
    }

    #[test]
    fn errors_of_points_take_the_place_of_the_scatter() {
        let errors = PointErrors {
            scanner: [0.0, 0.0, 100.0],
            range: 0.02,
            angle: 0.0,
        };
        let detection: Detection = ErrorModel::Points([
            errors,
            PointErrors {
                range: 0.04,
                ..errors
            },
        ])
        .into();
        let found =
            detection.judge_place(Location::Mean, None, &place(0.5, [1, 4], [f64::NAN, 9.0]));
        let error = (0.0004_f64 + 0.0016 / 4.0).sqrt();
        assert!((found.level_of_detection - 1.96 * (error + 0.01)).abs() < 1e-12);
        assert_eq!(found.status, ChangeStatus::Valid);
    }

    #[test]
    fn parameters_that_make_no_sense_are_named() {
        let errors = PointErrors {
            scanner: [f64::NAN; 3],
            range: 0.02,
            angle: 0.0,
        };
        let survey = SurveyStatistics {
            variance_ratio: Some(-1.0),
            ..SurveyStatistics::equal_epochs()
        };
        for (detection, name) in [
            (
                Detection {
                    minimum: -1.0,
                    ..Detection::default()
                },
                "minimum level of detection",
            ),
            (
                Detection {
                    correlated: f64::NAN,
                    ..Detection::default()
                },
                "correlated error",
            ),
            (
                Detection {
                    factor: 0.0,
                    ..Detection::default()
                },
                "factor of the level of detection",
            ),
            (
                Detection {
                    survey: Some(survey),
                    ..Detection::default()
                },
                "ratio of the epochs' variances",
            ),
            (
                ErrorModel::Points([errors; 2]).into(),
                "coordinate of the scanner",
            ),
        ] {
            let error = detection.check().unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
        assert!(
            Detection::default()
                .check_for_tiles()
                .unwrap_err()
                .to_string()
                .contains("SurveySample")
        );
    }
}
