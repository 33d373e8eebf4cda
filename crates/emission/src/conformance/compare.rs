//! Comparison of a map with its definition.

use super::cases::PIXELS;
use crate::{EmissionMap, Method};
use ndarray::{ArrayD, Axis};

/// A map, and the one that it must agree with.
pub(super) struct Comparison<'a> {
    pub(super) method: Method,
    pub(super) found: &'a EmissionMap<f64>,
    pub(super) expected: &'a EmissionMap<f64>,
    /// Difference that does not matter, of the largest value of a pixel.
    pub(super) tolerance: f64,
    /// Pixels that may differ, 0 or 1.
    pub(super) spared: usize,
}

/// Pixels in which a quantity differs.
struct Check {
    quantity: &'static str,
    /// Pixels that may differ.
    spared: usize,
    pixels: Vec<usize>,
}

impl Comparison<'_> {
    /// The first quantity that differs in more pixels than may; `None` if the maps agree.
    pub(super) fn first_difference(&self) -> Option<String> {
        let found = self.found.emission.shape();
        let expected = self.expected.emission.shape();
        if found != expected {
            return Some(format!("the shape {found:?} instead of {expected:?}"));
        }
        let mut checks = self.discrete_checks();
        checks.extend(self.numeric_checks());
        let differing = checks
            .into_iter()
            .find(|check| check.pixels.len() > check.spared)?;
        Some(format!(
            "{} differ in {} of {PIXELS} pixels, first {}",
            differing.quantity,
            differing.pixels.len(),
            differing.pixels[0]
        ))
    }

    fn discrete_checks(&self) -> Vec<Check> {
        let found = self.found;
        let expected = self.expected;
        // The last Newton step is a matter of round-off.
        let steps_count = self.method == Method::Regularised;
        vec![
            Check {
                quantity: "statuses",
                spared: self.spared,
                pixels: pixels_where(|i| found.status[[i]] != expected.status[[i]]),
            },
            Check {
                quantity: "dropped channels",
                spared: 0,
                pixels: pixels_where(|i| found.dropped[[i]] != expected.dropped[[i]]),
            },
            Check {
                quantity: "saturated channels",
                spared: 0,
                pixels: pixels_where(|i| found.saturated[[i]] != expected.saturated[[i]]),
            },
            Check {
                quantity: "iterations",
                spared: self.spared,
                pixels: pixels_where(|i| {
                    steps_count && found.iterations[[i]] != expected.iterations[[i]]
                }),
            },
        ]
    }

    fn numeric_checks(&self) -> Vec<Check> {
        let found = self.found;
        let expected = self.expected;
        // Of many solutions with the same counts, round-off chooses one.
        let is_unique = self.method != Method::NonNegative;
        let few = PIXELS / 20 * self.spared;
        vec![
            Check {
                quantity: "λ",
                spared: self.spared,
                pixels: pixels_where(|i| self.lambda_differs(i)),
            },
            Check {
                quantity: "emissions",
                spared: self.spared,
                pixels: pixels_where(|i| {
                    is_unique && self.rows_differ(&found.emission, &expected.emission, i)
                }),
            },
            Check {
                quantity: "vertical errors",
                spared: few,
                pixels: pixels_where(|i| is_unique && self.errors_differ(i)),
            },
            Check {
                quantity: "averaging kernels",
                spared: few,
                pixels: pixels_where(|i| is_unique && self.kernels_differ(i)),
            },
            Check {
                quantity: "counts",
                spared: few,
                pixels: pixels_where(|i| self.counts_differ(i)),
            },
        ]
    }

    /// Whether any value differs by more than the tolerance of the largest. NaN equals NaN, and
    /// nothing else.
    fn values_differ(&self, found: &[f64], expected: &[f64]) -> bool {
        let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        found
            .iter()
            .zip(expected)
            .any(|(a, b)| a.is_nan() != b.is_nan() || (a - b).abs() > self.tolerance * largest)
    }

    fn rows_differ(&self, found: &ArrayD<f64>, expected: &ArrayD<f64>, i: usize) -> bool {
        self.values_differ(&row_of(found, i), &row_of(expected, i))
    }

    fn lambda_differs(&self, i: usize) -> bool {
        let expected = self.expected.lambda[[i]];
        (self.found.lambda[[i]] - expected).abs() > 1e3 * self.tolerance * expected
    }

    fn errors_differ(&self, i: usize) -> bool {
        match (&self.found.uncertainty, &self.expected.uncertainty) {
            (Some(found), Some(expected)) => self.rows_differ(found, expected, i),
            (found, expected) => found.is_some() != expected.is_some(),
        }
    }

    fn kernels_differ(&self, i: usize) -> bool {
        let maps = [self.found, self.expected];
        match maps.map(|map| map.averaging_kernel.as_ref()) {
            [Some(found), Some(expected)] => {
                self.values_differ(&plane_of(found, i), &plane_of(expected, i))
            }
            [found, expected] => found.is_some() != expected.is_some(),
        }
    }

    fn counts_differ(&self, i: usize) -> bool {
        let [found, expected] = [self.found, self.expected].map(|map| self.fixed_counts(map, i));
        self.values_differ(&found, &expected)
    }

    /// Counts of the solution. Where the solution is not unique, the counts of a channel that was
    /// left out are as free as the solution, and 0 here.
    fn fixed_counts(&self, map: &EmissionMap<f64>, i: usize) -> Vec<f64> {
        let dropped = match self.method {
            Method::NonNegative => self.expected.dropped[[i]],
            Method::Regularised | Method::Positive => 0,
        };
        let counts = row_of(&map.synthetic, i).into_iter().enumerate();
        counts
            .map(|(f, count)| if dropped & (1 << f) == 0 { count } else { 0.0 })
            .collect()
    }
}

fn pixels_where(differs: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..PIXELS).filter(|&i| differs(i)).collect()
}

fn row_of(array: &ArrayD<f64>, i: usize) -> Vec<f64> {
    let row = array.rows().into_iter().nth(i);
    row.map(|row| row.to_vec()).unwrap_or_default()
}

fn plane_of(array: &ArrayD<f64>, i: usize) -> Vec<f64> {
    array.index_axis(Axis(0), i).iter().copied().collect()
}
