//! Comparison of sums and pairs with those of the reference implementation.

use crate::{Candidate, Factor, NormalEquations, PointToPoint, Rejector};
use isopach_cloud::{from_ticks, to_ticks};
use isopach_compute::Result;
use std::{
    collections::BTreeMap,
    f64::consts::SQRT_2,
    sync::{Mutex, PoisonError},
};

/// Share of a sum's scale that it may differ by.
const SHARE: f64 = 1e-5;
/// Rounding error of a moved source point, metres.
const FINEST: f64 = 2e-9;

/// First difference between two sums, in words, beyond the tolerance of
/// [`crate::Correspondences::linearize_pairs`]; `None` if they agree.
#[must_use]
pub fn compare_equations(found: &NormalEquations, expected: &NormalEquations) -> Option<String> {
    if found.inliers != expected.inliers {
        return Some(format!("{} pairs, not {}", found.inliers, expected.inliers));
    }
    let tolerance = Tolerance::of(expected);
    for i in 0..6 {
        for j in 0..6 {
            let [a, b] = [found, expected].map(|sums| sums.h[i][j]);
            let far = difference(&format!("h[{i}][{j}]"), a, b, tolerance.of_h(i, j));
            if far.is_some() {
                return far;
            }
            if found.h[i][j].to_bits() != found.h[j][i].to_bits() {
                return Some(format!("h[{i}][{j}] is not h[{j}][{i}]"));
            }
        }
    }
    let far = (0..6).find_map(|i| {
        let [a, b] = [found, expected].map(|sums| sums.b[i]);
        difference(&format!("b[{i}]"), a, b, tolerance.of_b(i))
    });
    far.or_else(|| {
        let off = tolerance.of_error();
        difference("the error", found.error, expected.error, off)
    })
}

/// Two numbers in words, if they are farther apart than the tolerance; NaN is near nothing.
fn difference(name: &str, a: f64, b: f64, tolerance: f64) -> Option<String> {
    let near = (a - b).abs() <= tolerance;
    (!near).then(|| format!("{name} is {a}, not {b}"))
}

/// Tolerances of the entries of normal equations.
struct Tolerance {
    /// Roots of the diagonal of H.
    diagonal: [f64; 6],
    /// Root of the error, metres.
    residual: f64,
    /// Rounding of all residuals together, metres.
    rounding: f64,
}

impl Tolerance {
    fn of(expected: &NormalEquations) -> Self {
        Self {
            diagonal: std::array::from_fn(|i| expected.h[i][i].sqrt()),
            residual: expected.error.sqrt(),
            rounding: f64::from(expected.inliers).sqrt() * FINEST,
        }
    }

    /// Rounding of an unknown's lever arm: a rotation's is made of two coordinates, a translation
    /// has none.
    fn of_arm(&self, i: usize) -> f64 {
        if i < 3 { SQRT_2 * self.rounding } else { 0.0 }
    }

    fn of_h(&self, i: usize, j: usize) -> f64 {
        let [first, second] = [i, j].map(|k| self.diagonal[k]);
        let own = (SHARE * first + self.of_arm(i)) * second;
        own + self.of_arm(j) * (first + self.of_arm(i))
    }

    fn of_b(&self, i: usize) -> f64 {
        self.diagonal[i] * (SHARE * self.residual + self.rounding)
            + self.of_arm(i) * (self.residual + self.rounding)
    }

    fn of_error(&self) -> f64 {
        self.residual * (SHARE * self.residual + 2.0 * self.rounding)
            + self.rounding * self.rounding
    }
}

/// Difference of two outcomes in words; the definition's own error is no difference.
pub(super) fn compare_outcomes<T>(
    found: Result<T>,
    defined: Result<T>,
    difference: impl FnOnce(&T, &T) -> Option<String>,
) -> Result<Option<String>> {
    match (found, defined) {
        (Ok(found), Ok(defined)) => Ok(difference(&found, &defined)),
        (Err(found), Err(defined)) if found.cause() == defined.cause() => Ok(None),
        (Err(found), _) => Err(found),
        (Ok(_), Err(defined)) => Ok(Some(format!("accepted, but {defined}"))),
    }
}

/// How often each point of the target was chosen; ticks from the pivot.
pub(super) type Chosen = BTreeMap<[i64; 3], u32>;

pub(super) fn compare_pairs(found: &Chosen, defined: &Chosen) -> Option<String> {
    let times = |chosen: &Chosen, point: &[i64; 3]| chosen.get(point).copied().unwrap_or(0);
    let point = found
        .keys()
        .chain(defined.keys())
        .find(|point: &&[i64; 3]| times(found, point) != times(defined, point))?;
    let metres = point.map(from_ticks);
    Some(format!(
        "{metres:?} m from the pivot is chosen {} times, not {}",
        times(found, point),
        times(defined, point)
    ))
}

/// Factor that no backend knows: weights pairs by Cauchy's kernel of 1 m, and notes the target
/// points that it is called with.
#[derive(Default)]
pub(super) struct NotingFactor {
    chosen: Mutex<Chosen>,
}

impl NotingFactor {
    pub(super) fn into_chosen(self) -> Chosen {
        self.chosen
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Factor for NotingFactor {
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
    ) -> NormalEquations {
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        *chosen.entry(target.map(to_ticks)).or_default() += 1;
        let plain = PointToPoint.linearize_pair(source, target, normal);
        plain.scaled_by(1.0 / (1.0 + plain.error))
    }
}

/// Rejector that no backend knows: takes pairs whose target is east of the pivot.
pub(super) struct EastOfPivot;

impl Rejector for EastOfPivot {
    fn max_distance(&self) -> f64 {
        3.0
    }

    fn accepts(&self, pair: &Candidate) -> bool {
        pair.target[0] > 0.0
    }
}
