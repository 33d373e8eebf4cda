//! Shares of the pairs that agree on each of two poses.

use super::{observe::Observation, system::scaled_jacobian};
use nalgebra::Vector6;

/// Steps of expectation and maximisation.
const STEPS: usize = 30;
/// A pair that agrees on neither is equally likely within this many standard deviations to both
/// sides.
const ANYWHERE: f64 = 10.0;

/// Shares of the pairs that agree on the pose they were found at, and on the pose after a `step`
/// (scaled unknowns), 0 to 1: the likeliest mixture of two Gaussian groups with the standard
/// deviation `noise` (metres, along the smoothest planes) and of pairs anywhere (Dempster, Laird &
/// Rubin 1977). Right also if the groups overlap.
pub(super) fn shares_of_pairs<'a>(
    pairs: impl Iterator<Item = &'a Observation>,
    step: &Vector6<f64>,
    noise: f64,
    arm: f64,
) -> [f64; 2] {
    let density = |residual: f64, precision: f64| {
        let off = residual * precision / noise;
        (-0.5 * off * off).exp()
    };
    let densities: Vec<[f64; 2]> = pairs
        .map(|pair| {
            let there = scaled_jacobian(pair.lever, pair.plane.normal, arm).dot(step);
            [pair.residual, pair.residual + there].map(|r| density(r, pair.plane.precision))
        })
        .collect();
    let anywhere = (2.0 * std::f64::consts::PI).sqrt() / (2.0 * ANYWHERE);
    let count = densities.len().max(1) as f64;
    let mut shares = [0.4, 0.4];
    for _ in 0..STEPS {
        let neither = (1.0 - shares[0] - shares[1]) * anywhere;
        let mut sums = [0.0; 2];
        for density in &densities {
            let parts = [shares[0] * density[0], shares[1] * density[1]];
            let whole = (parts[0] + parts[1] + neither).max(f64::MIN_POSITIVE);
            sums[0] += parts[0] / whole;
            sums[1] += parts[1] / whole;
        }
        shares = sums.map(|sum| sum / count);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::robust_icp::surface::Plane;

    /// Residuals of so many pairs: `share` of them about −`shift`, the others about 0.
    fn pairs(count: usize, share: f64, shift: f64) -> Vec<Observation> {
        let plane = Plane {
            normal: [0.0, 0.0, 1.0],
            along: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
            tilt: [0.0; 2],
            roughness: 0.1,
            precision: 1.0,
        };
        // Quantiles of a logistic distribution, nearly Gaussian with a standard deviation of 0.1.
        let quantile = |u: f64| 0.1 / 1.7 * (u / (1.0 - u)).ln();
        let changed = (share * count as f64) as usize;
        let group = |n: usize, about: f64| {
            (0..n).map(move |i| about + quantile((i as f64 + 0.5) / n as f64))
        };
        group(changed, -shift)
            .chain(group(count - changed, 0.0))
            .map(|residual| Observation {
                residual,
                lever: [0.0; 3],
                plane,
                patch: 0,
            })
            .collect()
    }

    #[test]
    fn shares_are_found_though_groups_overlap() {
        for (shift, tolerance) in [(2.0, 0.02), (0.3, 0.05)] {
            let pairs = pairs(10_000, 0.3, shift);
            let step = Vector6::ith(5, shift);
            let [first, second] = shares_of_pairs(pairs.iter(), &step, 0.1, 50.0);
            assert!(
                (first - 0.7).abs() < tolerance && (second - 0.3).abs() < tolerance,
                "{shift}: {first} {second}"
            );
        }
    }

    #[test]
    fn no_pairs_agree_on_nothing() {
        let none: [Observation; 0] = [];
        assert_eq!(
            shares_of_pairs(none.iter(), &Vector6::zeros(), 0.1, 50.0),
            [0.0; 2]
        );
    }
}
