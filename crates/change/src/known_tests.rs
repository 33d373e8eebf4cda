//! Tests of significance that many places share.

use crate::{
    distributions::{Fisher, Student},
    scale::Location,
};
use std::collections::HashMap;

/// Probability below which an F test denies that two variances have a common ratio.
const CONTRADICTION: f64 = 1e-3;

/// Places with the same degrees of freedom from which on their test is computed once.
const OFTEN: usize = 2;

/// Normal deviation of Wilson and Hilferty from which on the F test contradicts: that at its limit is
/// smaller for one degree of freedom and more.
const CONTRADICTS: f64 = 3.35;

/// Degrees of freedom of both epochs, and the deviation up to which the F test agrees with any that
/// are no fewer.
const AGREES: [[f64; 2]; 5] = [
    [10.0, 3.15],
    [5.0, 3.0],
    [3.0, 2.7],
    [2.0, 2.35],
    [1.0, 1.55],
];

/// A ratio of variances that places may have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommonRatio {
    ratio: f64,
    cube_root: f64,
}

impl CommonRatio {
    pub(crate) fn new(ratio: f64) -> Self {
        Self {
            ratio,
            cube_root: ratio.cbrt(),
        }
    }
}

/// The F test at 0.1 % of whether the variances of one place have a certain ratio.
///
/// The cube root of F is nearly normal (Wilson & Hilferty 1931; Paulson 1942,
/// doi:10.1214/aoms/1177731608). That decides where it is far from the limit; else the distribution
/// itself does, so that every answer is that of the test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RatioTest {
    variance: [f64; 2],
    freedom: [f64; 2],
    /// Of the compared epoch's variance over the reference epoch's.
    cube_root: f64,
    /// 2 / 9ν, the variance of the cube root of χ²/ν.
    scatter: [f64; 2],
    /// Squares of the deviations up to which it agrees, and from which on it contradicts.
    limits: [f64; 2],
}

impl RatioTest {
    pub(crate) fn new(variance: [f64; 2], freedom: [f64; 2]) -> Self {
        let fewest = freedom[0].min(freedom[1]);
        let is_known = |[least, _]: &&[f64; 2]| fewest >= *least;
        let limits = match AGREES.iter().find(is_known) {
            Some([_, agrees]) => [agrees * agrees, CONTRADICTS * CONTRADICTS],
            None => [f64::NEG_INFINITY, f64::INFINITY],
        };
        Self {
            variance,
            freedom,
            cube_root: (variance[1] / variance[0]).cbrt(),
            scatter: freedom.map(|freedom| 2.0 / (9.0 * freedom)),
            limits,
        }
    }

    pub(crate) fn contradicts(&self, common: CommonRatio) -> bool {
        let square = self.squared_deviation(common);
        let [agrees, contradicts] = self.limits;
        if square <= agrees {
            return false;
        }
        if contradicts <= square && square.is_finite() {
            return true;
        }
        self.is_improbable(common.ratio)
    }

    /// Square of the normal deviation of the cube root.
    fn squared_deviation(&self, common: CommonRatio) -> f64 {
        let [below, above] = self.scatter;
        let root = self.cube_root / common.cube_root;
        let distance = (1.0 - below) * root - (1.0 - above);
        distance * distance / (below * root * root + above)
    }

    /// The test itself.
    fn is_improbable(&self, ratio: f64) -> bool {
        let [below, above] = self.freedom;
        let found = self.variance[1] / self.variance[0] / ratio;
        Fisher::new([above, below]).two_sided(found) < CONTRADICTION
    }
}

/// Student's t with some degrees of freedom, and its quantile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StudentTest {
    pub(crate) student: Student,
    pub(crate) quantile_975: f64,
}

impl StudentTest {
    fn new(freedom: f64) -> Self {
        let student = Student::new(freedom);
        Self {
            student,
            quantile_975: student.quantile_975(),
        }
    }
}

/// Tests that the places of a run share: degrees of freedom follow from counts of points, so that
/// thousands of places share a few hundred.
#[derive(Debug, Default)]
pub(crate) struct KnownTests {
    students: HashMap<u64, StudentTest>,
}

impl KnownTests {
    /// The tests of places with these counts of both epochs.
    pub(crate) fn learn(location: Location, counts: impl Iterator<Item = [u32; 2]>) -> Self {
        let freedom = |count: u32| location.scale_of(1.0, count).freedom;
        let mut times: HashMap<u64, usize> = HashMap::new();
        for [before, after] in counts.filter(|count| count.iter().all(|&count| count > 1)) {
            let both = freedom(before) + freedom(after);
            *times.entry(both.to_bits()).or_default() += 1;
        }
        let frequent = times.into_iter().filter(|(_, times)| *times >= OFTEN);
        Self {
            students: frequent
                .map(|(freedom, _)| (freedom, StudentTest::new(f64::from_bits(freedom))))
                .collect(),
        }
    }

    /// The tests of places whose errors are known: of normal errors.
    pub(crate) fn of_known_errors() -> Self {
        let freedom = f64::INFINITY;
        Self {
            students: HashMap::from([(freedom.to_bits(), StudentTest::new(freedom))]),
        }
    }

    /// Student's t, computed anew where it is not known.
    pub(crate) fn student(&self, freedom: f64) -> StudentTest {
        let known = self.students.get(&freedom.to_bits());
        known.copied().unwrap_or_else(|| StudentTest::new(freedom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_decided_as_by_the_test() {
        let freedoms = [
            1.0, 1.5, 1.96, 2.0, 2.65, 3.0, 4.0, 5.0, 7.0, 10.0, 14.0, 30.0, 99.0, 1e3, 1e5, 4e6,
        ];
        for first in freedoms {
            for second in freedoms {
                let freedom = [first, second];
                let mut decided = [0, 0];
                for step in -300..300 {
                    let ratio = (f64::from(step) * 0.031).sinh().exp();
                    let test = RatioTest::new([1.0, ratio], freedom);
                    let found = test.contradicts(CommonRatio::new(1.0));
                    assert_eq!(found, test.is_improbable(1.0), "{freedom:?} {ratio}");
                    decided[usize::from(found)] += 1;
                }
                assert!(decided.iter().all(|&times| times > 0), "{decided:?}");
            }
        }
    }

    /// Deviations at the limit of the test, to either side, are between those that decide.
    #[test]
    fn limits_of_the_test_are_between_the_deviations_that_decide() {
        for [least, agrees] in AGREES {
            for more in [1.0, 1.01, 1.4, 2.0, 7.0, 100.0, 1e5] {
                for freedom in [[least, least * more], [least * more, least]] {
                    for factor in [1e-3, 1e3] {
                        let square = deviation_at_limit(freedom, factor);
                        assert!(
                            agrees * agrees < square && square < CONTRADICTS * CONTRADICTS,
                            "{freedom:?}: {}",
                            square.sqrt()
                        );
                    }
                }
            }
        }
    }

    /// The square of the deviation where the test changes its mind between a ratio of 1 and one of
    /// `factor` to some power.
    fn deviation_at_limit(freedom: [f64; 2], factor: f64) -> f64 {
        let common = CommonRatio::new(1.0);
        let test = |power: f64| RatioTest::new([1.0, factor.powf(power)], freedom);
        let [mut agrees, mut contradicts] = [0.0, 40.0];
        for _ in 0..60 {
            let middle = 0.5 * (agrees + contradicts);
            if test(middle).is_improbable(common.ratio) {
                contradicts = middle;
            } else {
                agrees = middle;
            }
        }
        test(agrees).squared_deviation(common)
    }

    #[test]
    fn ratios_that_are_no_number_are_tested_themselves() {
        for odd in [0.0, f64::NAN, f64::INFINITY, 1e300, 1e-300] {
            let test = RatioTest::new([1.0, odd], [3.0, 4.0]);
            let found = test.contradicts(CommonRatio::new(1.0));
            assert_eq!(found, test.is_improbable(1.0), "{odd}");
        }
    }

    #[test]
    fn known_students_are_those_that_are_computed() {
        let counts = (0..100).map(|i| [2 + i % 3, 5]);
        let known = KnownTests::learn(Location::Mean, counts);
        assert_eq!(known.students.len(), 3);
        for freedom in [5.0, 6.0, 7.0, 8.0, f64::NAN] {
            let found = known.student(freedom);
            let anew = StudentTest::new(freedom);
            assert_eq!(found.quantile_975.to_bits(), anew.quantile_975.to_bits());
            let tail = |test: &StudentTest| test.student.two_sided(1.3).to_bits();
            assert_eq!(tail(&found), tail(&anew));
        }
    }
}
