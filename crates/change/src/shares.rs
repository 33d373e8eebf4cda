//! The ratio of the variances of two epochs that makes their shares of the sum of squares those of
//! their degrees of freedom.

/// Units of a share: 2⁻³².
const UNITS: f64 = 4_294_967_296.0;

/// Places whose shares fit an `i64` together, if none has more than [`FEW`] degrees of freedom.
const TOGETHER: usize = 1 << 10;

/// Largest logarithm of a ratio that is looked for.
const FARTHEST: f64 = 30.0;

/// See [`TOGETHER`].
const FEW: f64 = (1 << 20) as f64;

/// Sums of squares and degrees of freedom of one place.
#[derive(Clone, Copy, Debug)]
struct Squares {
    /// Sum of squares of the reference epoch: degrees of freedom times variance.
    first: f64,
    /// Of the compared epoch.
    second: f64,
    /// Degrees of freedom of both.
    freedom: f64,
    /// Of the compared epoch.
    second_freedom: f64,
}

impl Squares {
    /// The compared epoch's share of the sum of squares less that of the degrees of freedom, times
    /// the latter, in units of 2⁻³².
    #[inline]
    fn excess_share(&self, ratio: f64) -> f64 {
        let second = self.second / ratio;
        (self.freedom * second / (self.first + second) - self.second_freedom) * UNITS
    }
}

/// Sums of squares of many places.
#[derive(Debug)]
pub(crate) struct SharesOfSquares {
    places: Vec<Squares>,
    /// Whether every place has few degrees of freedom.
    are_few: bool,
}

impl SharesOfSquares {
    /// Of places with the variance and the degrees of freedom of both epochs.
    pub(crate) fn new(places: impl Iterator<Item = ([f64; 2], [f64; 2])>) -> Self {
        let places: Vec<Squares> = places
            .map(|(variance, freedom)| Squares {
                first: freedom[0] * variance[0],
                second: freedom[1] * variance[1],
                freedom: freedom[0] + freedom[1],
                second_freedom: freedom[1],
            })
            .collect();
        let are_few = places.iter().all(|place| place.freedom < FEW);
        Self { places, are_few }
    }

    /// The root of the sum of excesses, which falls as the ratio grows, by bisection of its
    /// logarithm. `near` is where it is looked for first; the result does not depend on it.
    pub(crate) fn likeliest_ratio(&self, near: f64) -> f64 {
        let signs = KnownSigns::new(self, near.ln());
        let mut low = -FARTHEST;
        let mut high = FARTHEST;
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if signs.is_positive(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        (0.5 * (low + high)).exp()
    }

    /// The sum of the excesses: whole, so that no order shows.
    fn excess(&self, ratio: f64) -> i128 {
        if !self.are_few {
            let excess = |place: &Squares| place.excess_share(ratio).round() as i128;
            return self.places.iter().map(excess).sum();
        }
        let sum_together = |places: &[Squares]| {
            let excess = |place: &Squares| round_to_whole(place.excess_share(ratio));
            i128::from(places.iter().map(excess).sum::<i64>())
        };
        self.places.chunks(TOGETHER).map(sum_together).sum()
    }

    /// How fast the sum of the excesses falls with the logarithm of the ratio: Σ ν q (1 − q), with
    /// the share q.
    fn slope(&self, ratio: f64) -> f64 {
        let slope = |place: &Squares| {
            let second = place.second / ratio;
            let share = second / (place.first + second);
            let slope = place.freedom * share * (1.0 - share);
            if slope.is_nan() { 0.0 } else { slope }
        };
        self.places.iter().map(slope).sum::<f64>() * UNITS
    }
}

/// Where the sum of excesses is known to be positive, and where negative.
///
/// But for rounding, the sum falls as the ratio grows. Each place is rounded to half a unit, and
/// what it is computed from by as much; so where the sum is more than four units a place above
/// zero, it is positive for all lower ratios as well.
struct KnownSigns<'a> {
    shares: &'a SharesOfSquares,
    positive_upto: f64,
    negative_from: f64,
    /// The sum that rounding could reach, and some more.
    noise: f64,
}

impl<'a> KnownSigns<'a> {
    /// Closes in on the root from a logarithm by Newton's steps.
    fn new(shares: &'a SharesOfSquares, near: f64) -> Self {
        const STEPS: usize = 6;
        let mut signs = Self {
            shares,
            positive_upto: f64::NEG_INFINITY,
            negative_from: f64::INFINITY,
            noise: 4.0 * shares.places.len() as f64,
        };
        if !shares.are_few {
            // Excesses of billions are rounded by more.
            return signs;
        }
        let mut at = near;
        for _ in 0..STEPS {
            if at.is_nan() || at.abs() > FARTHEST {
                break;
            }
            let excess = signs.note_excess(at) as f64;
            let slope = shares.slope(at.exp());
            let step = excess / slope;
            if !step.is_finite() {
                break;
            }
            at += step.clamp(-1.0, 1.0);
            let margin = 2.0 * signs.noise / slope;
            if step.abs() < 0.1 * margin.max(1e-12) || step.abs() < 1e-6 {
                signs.note_excess(at - margin);
                signs.note_excess(at + margin);
                break;
            }
        }
        signs
    }

    fn note_excess(&mut self, logarithm: f64) -> i128 {
        let excess = self.shares.excess(logarithm.exp());
        if excess as f64 > self.noise {
            self.positive_upto = self.positive_upto.max(logarithm);
        } else if (excess as f64) < -self.noise {
            self.negative_from = self.negative_from.min(logarithm);
        }
        excess
    }

    fn is_positive(&self, logarithm: f64) -> bool {
        if logarithm <= self.positive_upto {
            return true;
        }
        if logarithm >= self.negative_from {
            return false;
        }
        self.shares.excess(logarithm.exp()) > 0
    }
}

/// A value in whole units, ties away from zero.
pub(crate) fn to_whole_units(value: f64, units: f64) -> i128 {
    let scaled = value * units;
    if scaled.abs() < (1_u64 << 62) as f64 {
        i128::from(round_to_whole(scaled))
    } else {
        scaled.round() as i128
    }
}

/// [`f64::round`] below 2⁶², where it is no call: ties away from zero. Adding the number before a
/// half never reaches the next whole number from below, and does from the half.
#[inline]
pub(crate) fn round_to_whole(x: f64) -> i64 {
    const BELOW_HALF: f64 = 0.499_999_999_999_999_94;
    (x + BELOW_HALF.copysign(x)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_compute::conformance::random;

    #[test]
    fn rounding_is_that_of_the_library() {
        let mut values = vec![
            0.0,
            -0.0,
            0.5,
            -0.5,
            1.5,
            -2.5,
            4_503_599_627_370_495.5,
            1e18,
        ];
        values.extend((0..20_000).map(|i| (random(i) - 0.5) * 10_f64.powi((i % 19) as i32)));
        values.extend((0..1000).map(|i| f64::from(i) + 0.5));
        for value in values {
            for near in [value, value.next_up(), value.next_down()] {
                assert_eq!(round_to_whole(near), near.round() as i64, "{near:e}");
            }
        }
        assert_eq!(to_whole_units(f64::NAN, 1.0), 0);
        assert_eq!(to_whole_units(1e30, 2.0), 2e30_f64.round() as i128);
    }

    /// The bisection without anything that is known.
    fn bisect_plainly(shares: &SharesOfSquares) -> f64 {
        let mut low = -FARTHEST;
        let mut high = FARTHEST;
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if shares.excess(middle.exp()) > 0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        (0.5 * (low + high)).exp()
    }

    #[test]
    fn the_ratio_has_the_bits_of_the_plain_bisection() {
        for seed in 0..60 {
            let count = [1, 3, 50, 2000][seed as usize % 4];
            let place = |i: u64| {
                let at = |k: u64| random(seed * 100_000 + 8 * i + k);
                let freedom = [1.0 + (at(0) * 30.0).floor(), 1.0 + (at(1) * 9.0).floor()];
                let rough = (6.0 * at(2) - 9.0).exp();
                let ratio = (3.0 * (at(3) - 0.5) + (seed % 7) as f64 - 3.0).exp();
                match i % 50 {
                    49 => ([0.0, 0.0], freedom),
                    48 => ([0.0, rough], freedom),
                    _ => ([rough, rough * ratio], freedom),
                }
            };
            let shares = SharesOfSquares::new((0..count).map(place));
            let plain = bisect_plainly(&shares);
            for near in [plain, 1.0, 1e-9, 1e9, f64::NAN, 0.0] {
                assert_eq!(shares.likeliest_ratio(near).to_bits(), plain.to_bits());
            }
        }
    }
}
