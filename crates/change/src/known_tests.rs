//! Tests of significance that many places share.
//!
//! Degrees of freedom follow from counts of points, so that thousands of places share a few hundred
//! pairs of them. Values that depend on these alone are computed once: the quantile of Student's t, and
//! the ratios of variances between which the F test is known to agree and beyond which it is known
//! to contradict. A ratio in between is tested itself, so that no answer differs from the test's.

use crate::{
    distributions::{Fisher, Student, fisher_two_sided},
    scale::Location,
};
use std::collections::HashMap;

/// Probability below which an F test denies that two variances have a common ratio.
const CONTRADICTION: f64 = 1e-3;

/// How far, relatively, a probability must be from [`CONTRADICTION`] to tell the side of it that
/// its neighbours are on: a hundred times the error of the computation.
const CLEAR: f64 = 1e-8;

/// Places with the same degrees of freedom from which on it pays to learn their bounds.
const OFTEN: usize = 16;

/// Ratios beyond these are tested themselves.
const LEARNED: [f64; 2] = [1e-12, 1e12];

/// Ratios of two variances whose F test is known, for one pair of degrees of freedom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RatioBounds {
    /// All between the two agree.
    agree: [f64; 2],
    /// All below the first and above the second contradict.
    contradict: [f64; 2],
}

impl RatioBounds {
    /// Every ratio is tested.
    pub(crate) const UNKNOWN: Self = Self {
        agree: [f64::INFINITY, f64::NEG_INFINITY],
        contradict: [f64::NEG_INFINITY, f64::INFINITY],
    };

    /// Whether an F test at 0.1 % denies that two variances have that ratio.
    pub(crate) fn contradicts(&self, variance: [f64; 2], freedom: [f64; 2], ratio: f64) -> bool {
        let found = variance[1] / variance[0] / ratio;
        if self.agree[0] <= found && found <= self.agree[1] {
            return false;
        }
        let [least, most] = LEARNED;
        let is_beyond = found <= self.contradict[0] || self.contradict[1] <= found;
        if is_beyond && least <= found && found <= most {
            return true;
        }
        let [below, above] = freedom;
        fisher_two_sided(found, [above, below]) < CONTRADICTION
    }

    /// Looks for the bounds: the test has one range of ratios that agree, about 1.
    fn learn([below, above]: [f64; 2]) -> Self {
        let test = Fisher::new([above, below]);
        if agrees_clearly(&test, 1.0) != Some(true) {
            return Self::UNKNOWN;
        }
        let lower = bounds_towards(&test, 0.25);
        let upper = bounds_towards(&test, 4.0);
        Self {
            agree: [lower.agrees, upper.agrees],
            contradict: [lower.contradicts, upper.contradicts],
        }
    }
}

/// Ratios on one side of 1.
struct SideBounds {
    agrees: f64,
    contradicts: f64,
}

/// Whether the test agrees with a ratio and with all between it and 1 (`true`), or contradicts it
/// and all beyond (`false`); `None` where it is too near the limit to tell.
fn agrees_clearly(test: &Fisher, ratio: f64) -> Option<bool> {
    let probability = test.two_sided(ratio);
    if probability > CONTRADICTION * (1.0 + CLEAR) {
        Some(true)
    } else if probability < CONTRADICTION * (1.0 - CLEAR) {
        Some(false)
    } else {
        None
    }
}

/// Steps away from 1 by a factor until the test contradicts, then halves the step until it is small.
fn bounds_towards(test: &Fisher, factor: f64) -> SideBounds {
    const HALVINGS: usize = 20;
    // Nearness of the logarithms of the ratios that agree and that contradict.
    const NEAR: f64 = 0.95;
    let mut agrees = 1.0;
    let mut contradicts = if factor > 1.0 {
        f64::INFINITY
    } else {
        f64::NEG_INFINITY
    };
    let mut ratio = factor;
    while LEARNED[0] < ratio && ratio < LEARNED[1] {
        match agrees_clearly(test, ratio) {
            Some(true) => agrees = ratio,
            Some(false) => {
                contradicts = ratio;
                break;
            }
            None => break,
        }
        ratio *= factor;
    }
    for _ in 0..HALVINGS {
        if contradicts.is_infinite() || agrees.ln() / contradicts.ln() > NEAR {
            break;
        }
        let middle = (agrees * contradicts).sqrt();
        match agrees_clearly(test, middle) {
            Some(true) => agrees = middle,
            Some(false) => contradicts = middle,
            None => break,
        }
    }
    SideBounds {
        agrees,
        contradicts,
    }
}

/// Bounds of the F test for the pairs of degrees of freedom that are frequent.
#[derive(Debug, Default)]
pub(crate) struct KnownRatios {
    bounds: HashMap<[u64; 2], RatioBounds>,
}

impl KnownRatios {
    pub(crate) fn learn(pairs: impl Iterator<Item = [f64; 2]>) -> Self {
        let mut times: HashMap<[u64; 2], usize> = HashMap::new();
        for pair in pairs {
            *times.entry(pair.map(f64::to_bits)).or_default() += 1;
        }
        let frequent = times.into_iter().filter(|(_, times)| *times >= OFTEN);
        Self {
            bounds: frequent
                .map(|(pair, _)| (pair, RatioBounds::learn(pair.map(f64::from_bits))))
                .collect(),
        }
    }

    pub(crate) fn bounds_of(&self, freedom: [f64; 2]) -> RatioBounds {
        let known = self.bounds.get(&freedom.map(f64::to_bits));
        known.copied().unwrap_or(RatioBounds::UNKNOWN)
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

/// Tests that the places of a run share.
#[derive(Debug, Default)]
pub(crate) struct KnownTests {
    pub(crate) ratios: KnownRatios,
    students: HashMap<u64, StudentTest>,
}

impl KnownTests {
    /// The tests of places with these counts of both epochs.
    pub(crate) fn learn(location: Location, counts: impl Iterator<Item = [u32; 2]>) -> Self {
        let freedom = |count: u32| location.scale_of(1.0, count).freedom;
        let mut times: HashMap<[u32; 2], usize> = HashMap::new();
        for count in counts.filter(|count| count.iter().all(|&count| count > 1)) {
            *times.entry(count).or_default() += 1;
        }
        let frequent: Vec<[f64; 2]> = times
            .into_iter()
            .filter(|(_, times)| *times >= OFTEN)
            .map(|(count, _)| count.map(freedom))
            .collect();
        let pair = |pair: &[f64; 2]| (pair.map(f64::to_bits), RatioBounds::learn(*pair));
        let student = |[a, b]: &[f64; 2]| ((a + b).to_bits(), StudentTest::new(a + b));
        Self {
            ratios: KnownRatios {
                bounds: frequent.iter().map(pair).collect(),
            },
            students: frequent.iter().map(student).collect(),
        }
    }

    /// The tests of places whose errors are known: of normal errors.
    pub(crate) fn of_known_errors() -> Self {
        let freedom = f64::INFINITY;
        Self {
            ratios: KnownRatios::default(),
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
    fn bounds_decide_as_the_test() {
        for freedom in [
            [1.0, 1.0],
            [1.0, 49.0],
            [3.0, 2.0],
            [13.0, 14.0],
            [99.0, 4.0],
            [2.65, 1.6],
            [1e5, 3.0],
            [2e6, 4e6],
        ] {
            let bounds = RatioBounds::learn(freedom);
            assert!(bounds.agree[0] < 1.0 && 1.0 < bounds.agree[1], "{bounds:?}");
            let mut decided = [0, 0];
            for step in -4000..4000 {
                let ratio = (f64::from(step) * 0.01).exp();
                let found = bounds.contradicts([1.0, ratio], freedom, 1.0);
                let defined = fisher_two_sided(ratio, [freedom[1], freedom[0]]) < CONTRADICTION;
                assert_eq!(found, defined, "{freedom:?} {ratio}");
                decided[usize::from(found)] += 1;
            }
            assert!(decided.iter().all(|&times| times > 0), "{decided:?}");
        }
        for odd in [0.0, f64::NAN, f64::INFINITY, 1e300, 1e-300] {
            let bounds = RatioBounds::learn([3.0, 4.0]);
            assert_eq!(
                bounds.contradicts([1.0, odd], [3.0, 4.0], 1.0),
                RatioBounds::UNKNOWN.contradicts([1.0, odd], [3.0, 4.0], 1.0)
            );
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
