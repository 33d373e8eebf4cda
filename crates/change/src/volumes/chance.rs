//! Correction for chance: an estimate of |change| that noise does not inflate.
//!
//! A difference d = δ + e has E|d| > |δ|: noise makes gain and loss where nothing changed. No
//! function of d has the mean |δ| for every δ (Cai & Low 2011, doi:10.1214/10-AOS849), but one can
//! have it where it counts. With t = d/σ,
//!
//! ```text
//! h(t) = |t| − (a + b t²) e^(−t²/2)        a = 4/√π − 1/√(2π),  b = 2/√(2π) − 4/√π
//! ```
//!
//! satisfies (1) E h(Z) = 0: unchanged ground gives nothing, and (2) ∫ (E h(θ + Z) − |θ|) dθ = 0:
//! where change fades out smoothly through the noise, what is too much at one place is too little
//! at another. Far from zero h(t) = |t|. The two conditions determine a and b. Between them the
//! bias stays within ±0.45 σ.

use std::f64::consts::PI;

/// Beyond this |t| the sign of the change is taken as known: h(t) and |t| differ by less than 0.13.
pub(crate) const CERTAIN: f64 = 3.0;

/// E h(Z)²: the variance of h on unchanged ground.
pub(crate) const VARIANCE: f64 = 2.040_794_956_8;

/// Even orders k of the Hermite expansion of h, with the squares of its coefficients E[h(Z)
/// He_k(Z)]/√k!. Two standard normal numbers with the correlation ρ have Cov(h, h) = Σ c² ρᵏ.
pub(crate) const HERMITE: [(i32, f64); 4] = [
    (2, 1.466_527_827),
    (4, 0.361_049_046),
    (6, 0.130_473_762),
    (8, 0.048_636_284),
];

/// h(t), an estimate of |θ| from t = θ + Z.
pub(crate) fn unbiased_magnitude(t: f64) -> f64 {
    let root = (2.0 * PI).sqrt();
    let a = 4.0 / PI.sqrt() - 1.0 / root;
    let b = 2.0 / root - 4.0 / PI.sqrt();
    t.abs() - (a + b * t * t) * (-t * t / 2.0).exp()
}

/// Share of the noise at t that goes into the gain: 1 where the ground certainly rose, 0 where it
/// certainly fell.
pub(crate) fn rising_share(t: f64) -> f64 {
    if t.abs() >= CERTAIN {
        return if t > 0.0 { 1.0 } else { 0.0 };
    }
    // The logistic function that is nearest to the normal distribution (Bowling et al. 2009).
    1.0 / (1.0 + (-1.702 * t).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: f64 = 1e-3;

    /// E f(θ + Z) by the midpoint rule.
    fn mean(theta: f64, f: impl Fn(f64) -> f64) -> f64 {
        let density = |z: f64| (-z * z / 2.0).exp() / (2.0 * PI).sqrt();
        let at = |i: i32| (f64::from(i) + 0.5) * STEP;
        (-9000..9000)
            .map(|i| f(theta + at(i)) * density(at(i)) * STEP)
            .sum()
    }

    /// Hermite polynomial He_k, by its recurrence.
    fn hermite(order: i32, z: f64) -> f64 {
        let mut last = [0.0, 1.0];
        for k in 0..order {
            last = [last[1], z * last[1] - f64::from(k) * last[0]];
        }
        last[1]
    }

    #[test]
    fn unchanged_ground_gives_nothing() {
        assert!(mean(0.0, unbiased_magnitude).abs() < 1e-6);
    }

    #[test]
    fn change_that_fades_out_smoothly_is_not_biased() {
        let total: f64 = (-80..80)
            .map(|i| (f64::from(i) + 0.5) * 0.1)
            .map(|x| (mean(x, unbiased_magnitude) - x.abs()) * 0.1)
            .sum();
        assert!(total.abs() < 2e-3, "{total}");
    }

    #[test]
    fn the_bias_is_bounded_and_vanishes_far_out() {
        for i in 0..80 {
            let theta = 0.1 * f64::from(i);
            assert!(
                (mean(theta, unbiased_magnitude) - theta).abs() < 0.45,
                "{theta}"
            );
        }
        assert!((mean(8.0, unbiased_magnitude) - 8.0).abs() < 1e-3);
    }

    #[test]
    fn the_constants_are_those_of_the_function() {
        assert!((mean(0.0, |t| unbiased_magnitude(t).powi(2)) - VARIANCE).abs() < 1e-6);
        for (order, square) in HERMITE {
            let factorial: f64 = (1..=order).map(f64::from).product();
            let coefficient =
                mean(0.0, |t| unbiased_magnitude(t) * hermite(order, t)) / factorial.sqrt();
            assert!(
                (coefficient.powi(2) - square).abs() < 1e-5,
                "{order}: {}",
                coefficient.powi(2)
            );
        }
    }
}
