//! Quantiles and tails of Student's t and Fisher's F.
//!
//! Both rest on the regularised incomplete beta function I_x(a, b), by its continued fraction
//! (Press et al. 2007, Numerical Recipes, 6.4). Relative accuracy 10⁻¹⁰ from one to ten thousand
//! degrees of freedom, 10⁻⁸ to a million: logarithms of large gamma functions cancel.

use std::f64::consts::PI;

/// The 97.5 % quantile of the normal distribution as Lague et al. 2013 round it.
pub const NORMAL_975: f64 = 1.96;

/// Degrees of freedom are counted up to here: beyond it t is the normal distribution to 10⁻⁶.
const LARGEST: f64 = 1e6;

/// From here on the expansion of the quantile in 1/ν is exact to 10⁻⁹.
const EXPANSION: f64 = 100.0;

/// Stirling's series for ln Γ(x) is exact to the last bits from here on.
const STIRLING: f64 = 12.0;

/// ½ ln 2π.
const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;

/// ln Γ(x) for x > 0: the recurrence up to where Stirling's series is exact.
fn ln_gamma(x: f64) -> f64 {
    let mut shift = 1.0;
    let mut at = x;
    while at < STIRLING {
        shift *= at;
        at += 1.0;
    }
    let inverse = 1.0 / at;
    let square = inverse * inverse;
    let terms = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    let series = terms
        .iter()
        .rev()
        .fold(0.0, |sum, term| sum * square + term)
        * inverse;
    (at - 0.5) * at.ln() - at + HALF_LN_TAU + series - shift.ln()
}

/// I_x(a, b), the regularised incomplete beta function, 0 ≤ x ≤ 1.
#[cfg(test)]
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    IncompleteBeta::new(a, b).at(x)
}

/// The regularised incomplete beta function of x, for one pair of parameters.
#[derive(Clone, Copy, Debug)]
struct IncompleteBeta {
    a: f64,
    b: f64,
    /// ln Γ of a + b, a, b.
    gammas: [f64; 3],
}

impl IncompleteBeta {
    fn new(a: f64, b: f64) -> Self {
        Self {
            a,
            b,
            gammas: [ln_gamma(a + b), ln_gamma(a), ln_gamma(b)],
        }
    }

    /// I_x(a, b), 0 ≤ x ≤ 1.
    fn at(&self, x: f64) -> f64 {
        self.around(x).below
    }

    /// Both sides of x.
    fn around(&self, x: f64) -> Sides {
        if x <= 0.0 || x >= 1.0 || x.is_nan() {
            let below = if x.is_nan() { x } else { x.clamp(0.0, 1.0) };
            let above = 1.0 - below;
            let slope = 0.0;
            return Sides {
                below,
                above,
                slope,
            };
        }
        let Self { a, b, gammas } = *self;
        let [both, first, second] = gammas;
        let slope = (both - first - second + a * x.ln() + b * (-x).ln_1p()).exp();
        // The fraction converges fast on this side of the mean.
        if x > (a + 1.0) / (a + b + 2.0) {
            let above = slope * continued_fraction(b, a, 1.0 - x) / b;
            Sides {
                below: 1.0 - above,
                above,
                slope,
            }
        } else {
            let below = slope * continued_fraction(a, b, x) / a;
            Sides {
                below,
                above: 1.0 - below,
                slope,
            }
        }
    }
}

/// The beta distribution on both sides of a value; the smaller side has its own relative accuracy.
#[derive(Clone, Copy, Debug)]
struct Sides {
    /// I_x(a, b).
    below: f64,
    /// 1 − I_x(a, b).
    above: f64,
    /// xᵃ (1 − x)ᵇ / B(a, b): the derivative of `below` in the logarithm of x / (1 − x).
    slope: f64,
}

/// The continued fraction of I_x(a, b). It converges in O(√max(a, b)) steps.
///
/// Numerators and denominators follow from those of the two steps before without a division; both
/// are scaled by a power of two where they grow or shrink.
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    /// Two to the 100th.
    const LARGE: f64 = (1_u128 << 100) as f64;
    let most = 200 + 10 * (a.max(b).sqrt() as u32);
    let [mut odd_over, mut odd_under] = [1.0, 1.0];
    let first = -(a + b) * x / (a + 1.0);
    let [mut over, mut under] = [1.0, 1.0 + first];
    for step in 1..=most {
        let m = f64::from(step);
        let end = a + 2.0 * m;
        let even = m * (b - m) * x / ((end - 1.0) * end);
        let odd = -(a + m) * (a + b + m) * x / (end * (end + 1.0));
        odd_over = over + even * odd_over;
        odd_under = under + even * odd_under;
        let [before_over, before_under] = [over, under];
        over = odd_over + odd * over;
        under = odd_under + odd * under;
        let change = over * before_under - before_over * under;
        if change.abs() <= 1e-15 * (over * before_under).abs() {
            break;
        }
        let scale = if under.abs() > LARGE {
            1.0 / LARGE
        } else if under.abs() < 1.0 / LARGE {
            LARGE
        } else {
            continue;
        };
        for value in [&mut over, &mut under, &mut odd_over, &mut odd_under] {
            *value *= scale;
        }
    }
    over / under
}

/// Student's t with some degrees of freedom above zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Student {
    freedom: f64,
    tail: IncompleteBeta,
}

impl Student {
    pub(crate) fn new(freedom: f64) -> Self {
        let freedom = if freedom.is_nan() {
            freedom
        } else {
            freedom.min(LARGEST)
        };
        Self {
            freedom,
            tail: IncompleteBeta::new(0.5 * freedom, 0.5),
        }
    }

    /// Probability that |t| exceeds `t` ≥ 0.
    pub(crate) fn two_sided(&self, t: f64) -> f64 {
        if t.is_nan() || self.freedom.is_nan() {
            return f64::NAN;
        }
        if t.is_infinite() {
            return 0.0;
        }
        self.tail.at(self.freedom / (self.freedom + t * t))
    }

    /// The t that |t| exceeds with a probability of 5 %.
    pub(crate) fn quantile_975(&self) -> f64 {
        if self.freedom.is_nan() {
            return f64::NAN;
        }
        let expanded = expand_quantile(self.freedom);
        if self.freedom >= EXPANSION {
            expanded
        } else {
            self.refine_quantile(expanded)
        }
    }

    /// Newton's steps on ln P(|t|) in ln t, in which the tail is nearly a straight line for any
    /// degrees of freedom.
    fn refine_quantile(&self, start: f64) -> f64 {
        let freedom = self.freedom;
        let [both, half, _] = self.tail.gammas;
        let normalisation = both - half - 0.5 * (freedom * PI).ln();
        let mut t = start;
        for _ in 0..50 {
            let tail = self.two_sided(t);
            let density = (normalisation - 0.5 * (freedom + 1.0) * (t * t / freedom).ln_1p()).exp();
            let step = ((tail / 0.05).ln() * tail / (2.0 * density * t)).clamp(-1.0, 1.0);
            t *= step.exp();
            if step.abs() < 1e-14 {
                break;
            }
        }
        t
    }
}

/// Probability that |t| exceeds `t` ≥ 0, for `freedom` > 0 degrees of freedom.
#[cfg(test)]
fn student_two_sided(t: f64, freedom: f64) -> f64 {
    Student::new(freedom).two_sided(t)
}

/// The t that |t| exceeds with a probability of 5 %, for `freedom` > 0 degrees of freedom.
pub(crate) fn student_975(freedom: f64) -> f64 {
    Student::new(freedom).quantile_975()
}

/// The 97.5 % quantile in powers of 1/ν (Abramowitz & Stegun 26.7.5).
fn expand_quantile(freedom: f64) -> f64 {
    let z: f64 = 1.959_963_984_540_054;
    let polynomials = [
        (z.powi(3) + z) / 4.0,
        (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
        (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
        (79.0 * z.powi(9) + 776.0 * z.powi(7) + 1482.0 * z.powi(5)
            - 1920.0 * z.powi(3)
            - 945.0 * z)
            / 92_160.0,
    ];
    z + polynomials
        .iter()
        .rev()
        .fold(0.0, |sum, term| (sum + term) / freedom)
}

/// Ratios of two variances, with degrees of freedom above and below the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fisher {
    freedom: [f64; 2],
    lower: IncompleteBeta,
}

impl Fisher {
    pub(crate) fn new(freedom: [f64; 2]) -> Self {
        let [above, below] = freedom.map(|freedom| freedom.min(LARGEST));
        Self {
            freedom: [above, below],
            lower: IncompleteBeta::new(0.5 * above, 0.5 * below),
        }
    }

    /// Probability that a ratio of variances is as far from 1, to either side, as `ratio`.
    pub(crate) fn two_sided(&self, ratio: f64) -> f64 {
        let [above, below] = self.freedom;
        let share = 1.0 / (1.0 + below / (above * ratio));
        let Sides { below, above, .. } = self.lower.around(share);
        (2.0 * below.min(above)).min(1.0)
    }

    /// The middle of the distribution: half of the ratios of equal variances lie below it.
    ///
    /// Newton's steps in the logarithm of the odds, in which the distribution rises evenly about
    /// its middle; a step that leaves the bracket is a halving of it.
    pub(crate) fn median(&self) -> f64 {
        const STEPS: usize = 100;
        let IncompleteBeta { a, b, .. } = self.lower;
        let [mut low, mut high] = [-FARTHEST_ODDS, FARTHEST_ODDS];
        let mut odds = cubed_median(a, b).ln();
        for _ in 0..STEPS {
            let share = 1.0 / (1.0 + (-odds).exp());
            let Sides {
                below,
                above,
                slope,
            } = self.lower.around(share);
            let excess = 0.5 * (below - above);
            if excess > 0.0 {
                high = odds;
            } else {
                low = odds;
            }
            let next = odds - excess / slope;
            let is_inside = low < next && next < high;
            let next = if is_inside { next } else { 0.5 * (low + high) };
            let step = (next - odds).abs();
            odds = next;
            if step < 1e-14 {
                break;
            }
        }
        odds.exp() * b / a
    }
}

/// Largest logarithm of the odds of a median: a and b are half a million at most.
const FARTHEST_ODDS: f64 = 40.0;

/// About the odds x / (1 − x) of the median x of the beta distribution: cubes of chi-squared
/// variables are nearly normal (Wilson & Hilferty 1931).
fn cubed_median(a: f64, b: f64) -> f64 {
    let root = |shape: f64| (1.0 - 1.0 / (9.0 * shape)).max(0.5);
    a / b * (root(a) / root(b)).powi(3)
}

/// Probability that a ratio of variances is as far from 1, to either side, as `ratio`; degrees of
/// freedom above and below the line.
#[cfg(test)]
fn fisher_two_sided(ratio: f64, freedom: [f64; 2]) -> f64 {
    Fisher::new(freedom).two_sided(ratio)
}

/// The middle of the distribution of F: half of the ratios of equal variances lie below it.
pub(crate) fn fisher_median(freedom: [f64; 2]) -> f64 {
    Fisher::new(freedom).median()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Computed with mpmath 1.4 at 40 digits.
    #[test]
    fn the_incomplete_beta_function_as_tabulated() {
        for (a, b, x, expected) in [
            (0.5, 0.5, 0.3, 0.369_010_119_565_554_5),
            (1.0, 1.0, 0.25, 0.25),
            (2.5, 0.5, 0.9, 0.489_589_744_564_427_5),
            (50.0, 0.5, 0.99, 0.317_304_397_874_197_6),
            (30.0, 70.0, 0.25, 0.135_814_904_283_427_4),
            (0.5, 200.0, 0.001, 0.472_755_892_974_664_5),
            (5000.0, 5000.0, 0.495, 0.158_655_253_628_963_4),
            (0.5, 0.5, 1e-10, 6.366_197_723_781_917e-6),
            (100.0, 0.5, 0.5, 6.255_662_994_307_412e-32),
        ] {
            let found = incomplete_beta(a, b, x);
            assert!(
                (found / expected - 1.0).abs() < 1e-10,
                "I_{x}({a}, {b}) = {found}, not {expected}"
            );
        }
    }

    /// Closed forms: I_½(a, a) = ½ and I_x(a, 1) = xᵃ.
    #[test]
    fn a_million_degrees_of_freedom_lose_two_digits() {
        let half = incomplete_beta(5e5, 5e5, 0.5);
        assert!((half / 0.5 - 1.0).abs() < 1e-8, "{half}");
        for x in [1.0 - 3e-6, 1.0 - 2e-5] {
            let found = incomplete_beta(5e5, 1.0, x);
            let expected = (5e5 * x.ln()).exp();
            assert!((found / expected - 1.0).abs() < 1e-8, "{found} {expected}");
        }
    }

    /// Computed with mpmath 1.4 at 40 digits.
    #[test]
    fn quantiles_of_student_as_tabulated() {
        for (freedom, expected) in [
            (1.0, 12.706_204_736_174_7),
            (1.5, 6.016_663_104_427_932),
            (2.0, 4.302_652_729_749_464),
            (3.0, 3.182_446_305_283_71),
            (4.7, 2.620_726_075_353_17),
            (8.0, 2.306_004_135_204_167),
            (29.0, 2.045_229_642_132_704),
            (60.0, 2.000_297_822_014_261),
            (99.5, 1.984_093_610_990_624),
            (100.0, 1.983_971_518_523_552),
            (1000.0, 1.962_339_080_826_408),
            (100_000.0, 1.959_987_707_534_61),
        ] {
            let found = student_975(freedom);
            assert!(
                (found / expected - 1.0).abs() < 1e-9,
                "t({freedom}) = {found}, not {expected}"
            );
        }
        assert!(student_975(f64::NAN).is_nan());
        assert!((student_975(f64::INFINITY) - 1.959_964).abs() < 1e-5);
    }

    /// Computed with scipy 1.17.
    #[test]
    fn tails_and_medians_of_f_as_tabulated() {
        for (ratio, above, below, expected) in [
            (2.0, 4.0, 7.0, 0.398_043_856_716_742_6),
            (0.1, 1.0, 1.0, 0.389_964_458_084_273_3),
            (5.0, 99.0, 3.0, 0.207_683_009_211_174_7),
            (1.0, 10.0, 10.0, 1.0),
            (1.5, 999.0, 999.0, 1.720_467_689_370_140_8e-10),
        ] {
            let found = fisher_two_sided(ratio, [above, below]);
            assert!(
                (found / expected - 1.0).abs() < 1e-8,
                "{ratio} {above} {below}: {found}, not {expected}"
            );
        }
        for (above, below, expected) in [
            (1.0, 1.0, 1.0),
            (4.0, 7.0, 0.926_193_099_510_032_7),
            (1.0, 49.0, 0.461_760_538_790_784_1),
            (99.0, 4.0, 1.183_502_700_404_294_4),
        ] {
            assert!((fisher_median([above, below]) / expected - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn what_is_no_number_gives_none_and_ends() {
        assert!(
            student_two_sided(f64::NAN, 3.0).is_nan() && student_two_sided(1.0, f64::NAN).is_nan()
        );
        assert_eq!(student_two_sided(f64::INFINITY, 3.0), 0.0);
        assert_eq!(student_two_sided(0.0, 3.0), 1.0);
        assert_eq!(fisher_two_sided(0.0, [3.0, 4.0]), 0.0);
        assert!(fisher_two_sided(1.0, [4e9, 4e9]) > 0.99);
    }

    proptest! {
        #[test]
        fn a_quantile_has_its_tail(freedom in 0.3..5e5f64) {
            let tail = student_two_sided(student_975(freedom), freedom);
            prop_assert!((tail / 0.05 - 1.0).abs() < 1e-7, "{freedom}: {tail}");
        }
    }
}
