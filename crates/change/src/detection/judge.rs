//! Judgement of a difference at one place.

use super::{Detection, ErrorModel};
use crate::{
    ChangeStatus, GAUSSIAN_MEDIAN_FACTOR, PointErrors, SurveyStatistics,
    distributions::NORMAL_975,
    known_tests::{CommonRatio, KnownTests, RatioTest},
    scale::{Location, Scale},
};

/// Measurements of both epochs at one place, before it is judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Compared minus reference, metres.
    pub(crate) difference: f64,
    /// Number of points of each epoch.
    pub(crate) count: [u32; 2],
    /// Spread that belongs to the location (standard deviation, inter-quartile range), metres.
    pub(crate) spread: [f64; 2],
    /// Position, absolute metres.
    pub(crate) point: [f64; 3],
    /// Unit vector that the difference is measured along; zeros if there is none.
    pub(crate) axis: [f64; 3],
    /// 1 σ of the alignment there, metres; NaN if it is free.
    pub(crate) registration: f64,
}

/// Standard error, level of detection and status of a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Judgement {
    pub(crate) standard_error: f64,
    pub(crate) level_of_detection: f64,
    pub(crate) p_value: f64,
    pub(crate) status: ChangeStatus,
}

impl Judgement {
    /// A difference that cannot be tested, and why.
    fn untested(standard_error: f64, status: ChangeStatus) -> Self {
        Self {
            standard_error,
            level_of_detection: f64::NAN,
            p_value: f64::NAN,
            status,
        }
    }
}

impl Place {
    /// Why there is no difference; `None` if there is one.
    fn missing(&self) -> Option<ChangeStatus> {
        let [before, after] = self.count;
        if self.axis == [0.0; 3] {
            return Some(ChangeStatus::NoNormal);
        }
        match (before, after) {
            (0, 0) => Some(ChangeStatus::Empty),
            (0, _) => Some(ChangeStatus::NoReference),
            (_, 0) => Some(ChangeStatus::NoCompared),
            _ => None,
        }
    }
}

/// A standard error and its degrees of freedom.
#[derive(Clone, Copy, Debug)]
struct ErrorEstimate {
    standard_error: f64,
    freedom: f64,
}

impl Detection {
    pub(crate) fn judge_place(
        &self,
        location: Location,
        survey: Option<&SurveyStatistics>,
        known: &KnownTests,
        place: &Place,
    ) -> Judgement {
        if let Some(status) = place.missing() {
            return Judgement::untested(f64::NAN, status);
        }
        let survey = survey.copied().unwrap_or(SurveyStatistics {
            pooled_spread: [f64::NAN; 2],
            variance_ratio: None,
            ..SurveyStatistics::equal_epochs()
        });
        match self.standard_error_to_test(location, &survey, place) {
            Err(status) => {
                let error = self.error_of_single_points(location, &survey, place);
                Judgement::untested(error, status)
            }
            Ok(error) if place.registration.is_nan() => {
                Judgement::untested(error.standard_error, ChangeStatus::FreeDirection)
            }
            Ok(error) if place.count[0].min(place.count[1]) < self.minimum_count => {
                Judgement::untested(error.standard_error, ChangeStatus::BelowMinimumCount)
            }
            Ok(error) => self.test_difference(error, known, place),
        }
    }

    /// Tests a difference whose standard error is known.
    fn test_difference(
        &self,
        ErrorEstimate {
            standard_error,
            freedom,
        }: ErrorEstimate,
        known: &KnownTests,
        place: &Place,
    ) -> Judgement {
        let random = standard_error.hypot(self.correlated);
        // Satterthwaite: the correlated part counts as known.
        let freedom = if self.correlated > 0.0 {
            freedom * (random / standard_error).powi(4)
        } else {
            freedom
        };
        let test = known.student(freedom);
        let quantile = match self.errors {
            ErrorModel::Student => test.quantile_975,
            ErrorModel::Normal | ErrorModel::Points(_) => NORMAL_975,
        };
        let fixed = NORMAL_975 * place.registration;
        let beyond = ((place.difference.abs() - fixed) / (self.factor * random)).max(0.0);
        Judgement {
            standard_error,
            level_of_detection: (self.factor * quantile * random + fixed).max(self.minimum),
            p_value: test.student.two_sided(beyond),
            status: ChangeStatus::Valid,
        }
    }

    /// Standard error from the scatter or from point errors; or the reason that there is none to
    /// test with.
    fn standard_error_to_test(
        &self,
        location: Location,
        survey: &SurveyStatistics,
        place: &Place,
    ) -> std::result::Result<ErrorEstimate, ChangeStatus> {
        if let ErrorModel::Points(errors) = &self.errors {
            return point_error(location, errors, place);
        }
        if place.count.iter().any(|&count| count < 2) {
            return Err(ChangeStatus::NoSpread);
        }
        let factor = match location {
            #[cfg(feature = "dod")]
            Location::Extreme => return Err(ChangeStatus::NoStandardError),
            Location::Mean => Some(1.0),
            Location::Median(_) => survey.median_factor,
        };
        match &self.errors {
            ErrorModel::Normal | ErrorModel::Points(_) => {
                Ok(normal_error([0, 1].map(|epoch| {
                    place.spread[epoch].powi(2) / f64::from(place.count[epoch])
                })))
            }
            ErrorModel::Student => {
                let factor = factor.ok_or(ChangeStatus::NoMedianFactor)?;
                Ok(student_error(location, factor, survey, place))
            }
        }
    }

    /// Standard error of a place that cannot be tested; an epoch with a single point has the
    /// scatter of the survey.
    fn error_of_single_points(
        &self,
        location: Location,
        survey: &SurveyStatistics,
        place: &Place,
    ) -> f64 {
        let factor = match location {
            Location::Mean => 1.0,
            Location::Median(_) => survey.median_factor.unwrap_or(f64::NAN),
            #[cfg(feature = "dod")]
            Location::Extreme => f64::NAN,
        };
        let variances = [0, 1].map(|epoch| {
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
        });
        (variances[0] + variances[1]).sqrt()
    }
}

/// Standard error of [`ErrorModel::Points`]. Errors of single points are Gaussian, so that the
/// median of three or more has at most [`GAUSSIAN_MEDIAN_FACTOR`] times the error of their mean.
fn point_error(
    location: Location,
    errors: &[PointErrors; 2],
    place: &Place,
) -> std::result::Result<ErrorEstimate, ChangeStatus> {
    let factor = match location {
        Location::Mean => 1.0,
        Location::Median(_) => GAUSSIAN_MEDIAN_FACTOR,
        #[cfg(feature = "dod")]
        Location::Extreme => return Err(ChangeStatus::NoStandardError),
    };
    Ok(normal_error([0, 1].map(|epoch| {
        // The median of one or two points is their mean.
        let factor: f64 = if place.count[epoch] < 3 { 1.0 } else { factor };
        let variance = errors[epoch].variance_along(place.point, place.axis);
        factor * factor * variance / f64::from(place.count[epoch])
    })))
}

/// Standard error of the difference of two means with known variances.
fn normal_error([first, second]: [f64; 2]) -> ErrorEstimate {
    ErrorEstimate {
        standard_error: (first + second).sqrt(),
        freedom: f64::INFINITY,
    }
}

/// Standard error of [`ErrorModel::Student`], with the rounding that all points of a place share.
fn student_error(
    location: Location,
    factor: f64,
    survey: &SurveyStatistics,
    place: &Place,
) -> ErrorEstimate {
    let scales = [0, 1].map(|epoch| location.scale_of(place.spread[epoch], place.count[epoch]));
    let known = pooled_standard_error(scales, place.count, survey);
    let shared = (0..2)
        .map(|epoch| survey.shared_rounding_variance(epoch, scales[epoch].variance))
        .sum::<f64>();
    ErrorEstimate {
        standard_error: (factor * known.standard_error).hypot(shared.sqrt()),
        freedom: known.freedom,
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
        Some(ratio) if !RatioTest::new(variance, freedom).contradicts(CommonRatio::new(ratio)) => {
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

#[cfg(all(test, feature = "dod"))]
mod tests {
    use super::*;
    use crate::{PointErrors, distributions::student_975};

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
        let found = Detection::default().judge_place(
            Location::Mean,
            Some(&known(Some(2.0))),
            &KnownTests::default(),
            &at,
        );
        let in_common = (3.0 * 0.0009 + 8.0 * 0.0025 / 2.0) / 11.0_f64;
        let error = (in_common * (0.25 + 2.0 / 9.0)).sqrt();
        assert!((found.standard_error - error).abs() < 1e-12);
        assert!(
            (found.level_of_detection - (2.200_985_160_082_949 * error + 1.96 * 0.01)).abs() < 1e-9
        );
        assert_eq!(found.status, ChangeStatus::Valid);
        assert!(found.p_value < 0.05);

        let found = Detection::default().judge_place(
            Location::Mean,
            Some(&known(None)),
            &KnownTests::default(),
            &at,
        );
        let parts = [0.0009 / 4.0, 0.0025 / 9.0_f64];
        let both = parts[0] + parts[1];
        let freedom = both * both / (parts[0] * parts[0] / 3.0 + parts[1] * parts[1] / 8.0);
        assert!((found.standard_error - both.sqrt()).abs() < 1e-12);
        assert!(
            (found.level_of_detection - (student_975(freedom) * both.sqrt() + 0.0196)).abs() < 1e-9
        );
        // A hundredfold ratio contradicts the survey's: Welch again.
        let rough = place(0.2, [20, 20], [0.03, 0.3]);
        let contradicted = Detection::default().judge_place(
            Location::Mean,
            Some(&known(Some(1.0))),
            &KnownTests::default(),
            &rough,
        );
        let welch = Detection::default().judge_place(
            Location::Mean,
            Some(&known(None)),
            &KnownTests::default(),
            &rough,
        );
        assert_eq!(contradicted, welch);
    }

    #[test]
    fn a_p_value_of_five_percent_is_the_level_of_detection() {
        for survey in [known(Some(1.0)), known(None)] {
            let level = Detection::default().judge_place(
                Location::Mean,
                Some(&survey),
                &KnownTests::default(),
                &place(0.0, [3, 6], [0.02, 0.03]),
            );
            let at = place(level.level_of_detection, [3, 6], [0.02, 0.03]);
            let found = Detection::default().judge_place(
                Location::Mean,
                Some(&survey),
                &KnownTests::default(),
                &at,
            );
            assert!((found.p_value - 0.05).abs() < 1e-7, "{}", found.p_value);
        }
    }

    #[test]
    fn what_cannot_be_tested_says_why_and_keeps_its_standard_error() {
        let survey = known(Some(1.0));
        let judge = |detection: &Detection, location, place: &Place| {
            detection.judge_place(location, Some(&survey), &KnownTests::default(), place)
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
        let judge = |detection: Detection| {
            detection.judge_place(Location::Mean, Some(&survey), &KnownTests::default(), &at)
        };
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
            &KnownTests::default(),
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
        let found = detection.judge_place(
            Location::Mean,
            None,
            &KnownTests::default(),
            &place(0.5, [1, 4], [f64::NAN, 9.0]),
        );
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
