//! One suite that every backend is put through.
//!
//! Each case is inverted and compared with its definition ([`crate::reference`]): all kinds of
//! weights, constraints and quirks, three to seven channels, few and many bins, unequal bins,
//! channels that are the same or saturated, and pixels that are not numbers.
//!
//! | operation | must agree |
//! |---|---|
//! | `invert` | status, iterations, dropped and saturated channels exactly; λ, emission, vertical error and counts to 10⁻⁸ (of a pixel's largest) |
//! | `invert`, positive | as that, but for iterations, to 10⁻⁶: λ is at least 10⁻⁷ of the eigenvalues there |
//! | `invert`, non-negative | statuses, channels, and counts of the channels in use: many solutions may have the same counts |
//! | `invert_single` | λ in 99.9 % of a case's pixels and emission to 10⁻⁵ at the 99th percentile, which is one pixel here |
//!
//! A backend that lacks an operation (`Unsupported`) does not fail; the suite says so.

mod cases;
mod compare;

use crate::{EmissionMap, Inversion, InvertPixels, Method, Observation, reference};
use cases::{conformance_cases, observed_pixels};
use compare::Comparison;
pub use isopach_compute::conformance::Finding;
use isopach_compute::{Error, Result};
use ndarray::ArrayD;

/// Runs every operation of `on` against its definition. An empty list: it conforms, and has every
/// operation.
///
/// # Errors
/// Where a case cannot be made. A backend that fails is a finding, not an error.
pub fn conformance(on: &dyn InvertPixels) -> Result<Vec<Finding>> {
    let mut findings = vec![];
    for (name, inversion) in conformance_cases()? {
        let [counts, sigma] = observed_pixels(&inversion)?;
        let trial = Trial {
            name,
            inversion: &inversion,
            expected: reference::invert(&inversion, observe(&counts, &sigma))?,
        };
        findings.extend(trial.check_double(on, &counts, &sigma));
        findings.extend(trial.check_single(on, &counts, &sigma)?);
    }
    Ok(findings)
}

fn observe<'a, T>(counts: &'a ArrayD<T>, sigma: &'a ArrayD<T>) -> Observation<'a, T> {
    Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    }
}

/// A case with the map of its definition.
struct Trial<'a> {
    name: &'static str,
    inversion: &'a Inversion,
    expected: EmissionMap<f64>,
}

impl Trial<'_> {
    fn check_double(
        &self,
        on: &dyn InvertPixels,
        counts: &ArrayD<f64>,
        sigma: &ArrayD<f64>,
    ) -> Option<Finding> {
        // Where the aim is out of reach the dual is long: ε / 10⁻⁷ of its digits are left.
        let tolerance = match self.inversion.method {
            Method::Positive => 1e-6,
            Method::Regularised | Method::NonNegative => 1e-8,
        };
        let result = on.invert(self.inversion, observe(counts, sigma));
        self.compare("invert", result, &self.expected, tolerance, 0)
    }

    fn check_single(
        &self,
        on: &dyn InvertPixels,
        counts: &ArrayD<f64>,
        sigma: &ArrayD<f64>,
    ) -> Result<Option<Finding>> {
        let [counts, sigma] = [counts, sigma].map(|array| array.mapv(|x| x as f32));
        let result = on
            .invert_single(self.inversion, observe(&counts, &sigma))
            .map(|map| map.to_precision());
        if self.inversion.method == Method::Regularised {
            return Ok(self.compare("invert_single", result, &self.expected, 1e-5, 1));
        }
        // Solutions without a constraint on their size follow the rounding of the counts.
        let [counts, sigma] = [counts, sigma].map(|array| array.mapv(f64::from));
        let expected = reference::invert(self.inversion, observe(&counts, &sigma))?;
        Ok(self.compare("invert_single", result, &expected, 1e-5, 1))
    }

    /// The finding of an operation that gave `result`, `None` if it conforms.
    fn compare(
        &self,
        operation: &'static str,
        result: Result<EmissionMap<f64>>,
        expected: &EmissionMap<f64>,
        tolerance: f64,
        spared: usize,
    ) -> Option<Finding> {
        let what = match result {
            Ok(found) => Comparison {
                method: self.inversion.method,
                found: &found,
                expected,
                tolerance,
                spared,
            }
            .first_difference(),
            Err(Error::Unsupported { operation }) => Some(format!("declined: cannot {operation}")),
            Err(error) => Some(format!("failed: {error}")),
        };
        what.map(|what| Finding {
            operation,
            case: self.name.to_owned(),
            what,
        })
    }
}
