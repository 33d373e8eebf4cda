//! Logarithms and cube roots of many numbers, for results that are rounded to `f32`.
//!
//! The library's functions take one number at a time. Those here are plain arithmetic on arrays, so
//! that the compiler uses the lanes of the processor, and are right to 10⁻¹⁴. The result has the
//! bits that the library's functions give all the same: where a number 2⁻⁴⁰ below and one 2⁻⁴⁰ above
//! it round to the same `f32`, so does every number in between. Where they do not, which happens
//! once in thirty thousand times, the caller computes it by the library's functions.

/// Numbers at once.
pub(crate) const WIDTH: usize = 256;

/// One number a query.
pub(crate) type Numbers = [f64; WIDTH];

/// Share of a result by which it is off at most.
const GUARD: f64 = 1.0 / (1_u64 << 40) as f64;

/// The nearest `f32` of a number that is known to ± `uncertainty`; `None` where two are near.
#[inline]
pub(crate) fn round_known(value: f64, uncertainty: f64) -> Option<f32> {
    let low = (value - uncertainty) as f32;
    let high = (value + uncertainty) as f32;
    // NaN is none: it is not equal to itself.
    (low == high).then_some(value as f32)
}

/// A sum of products with logarithms, and the bound of its error.
#[derive(Clone, Debug)]
pub(crate) struct KnownSums {
    pub(crate) value: Numbers,
    pub(crate) uncertainty: Numbers,
}

impl KnownSums {
    pub(crate) fn new() -> Self {
        Self {
            // As sums of floats begin, so that zeros keep their sign.
            value: [-0.0; WIDTH],
            uncertainty: [0.0; WIDTH],
        }
    }

    /// Adds factor · ln x to each sum. What has no logarithm is infinitely uncertain.
    pub(crate) fn add_logarithms(&mut self, factors: &Numbers, of: &Numbers) {
        let sums = self.value.iter_mut().zip(&mut self.uncertainty);
        for ((sum, uncertainty), (factor, &x)) in sums.zip(factors.iter().zip(of)) {
            let term = factor * logarithm(x);
            *sum += term;
            *uncertainty += if x >= f64::MIN_POSITIVE {
                term.abs() * GUARD
            } else {
                f64::INFINITY
            };
        }
    }

    /// Adds x ln x to each sum; 0 for 0.
    pub(crate) fn add_entropies(&mut self, of: &Numbers) {
        let sums = self.value.iter_mut().zip(&mut self.uncertainty);
        for ((sum, uncertainty), &x) in sums.zip(of) {
            let term = if x == 0.0 { 0.0 } else { x * logarithm(x) };
            *sum += term;
            *uncertainty += if x >= f64::MIN_POSITIVE || x == 0.0 {
                term.abs() * GUARD
            } else {
                f64::INFINITY
            };
        }
    }
}

/// ln x of a normal number above zero, to 10⁻¹⁵ of it.
///
/// x = m 2ᵏ with m between √½ and √2, and ln m = 2 artanh s with s = (m − 1)/(m + 1), |s| < 0.172:
/// nine terms of its series leave 10⁻¹⁵.
#[inline(always)]
fn logarithm(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    // 2⁵² + e, of which the lowest bits are e.
    const COUNT: u64 = 0x4330_0000_0000_0000;
    let bits = x.to_bits();
    let exponent = f64::from_bits(COUNT | bits >> 52) - (f64::from_bits(COUNT) + 1023.0);
    let mantissa = f64::from_bits(bits & MANTISSA | 1.0_f64.to_bits());
    let is_upper = mantissa > std::f64::consts::SQRT_2;
    let m = if is_upper { 0.5 * mantissa } else { mantissa };
    let exponent = if is_upper { exponent + 1.0 } else { exponent };
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut series = 1.0 / 17.0;
    for odd in [15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        series = series * square + 1.0 / odd;
    }
    exponent * std::f64::consts::LN_2 + 2.0 * s * series
}

/// Cube roots, and the bounds of their errors: infinite where the number is not normal and above
/// zero.
///
/// A third of the exponent and of the leading digits is right to 5 %, a polynomial to 23 bits, and
/// one step of Newton's method to the last (FreeBSD's `cbrt`).
pub(crate) fn cube_roots(of: &Numbers) -> KnownSums {
    let mut roots = KnownSums::new();
    let to = roots.value.iter_mut().zip(&mut roots.uncertainty);
    for ((root, uncertainty), &x) in to.zip(of) {
        *root = cube_root(x);
        *uncertainty = if x >= f64::MIN_POSITIVE {
            *root * GUARD
        } else {
            f64::INFINITY
        };
    }
    roots
}

#[inline(always)]
fn cube_root(x: f64) -> f64 {
    // (1023 − 1023/3 − 0.0331) 2²⁰
    const BIAS: u64 = 715_094_163;
    // 2³²/3
    const THIRD: u64 = 0x5555_5556;
    let leading = x.to_bits() >> 32;
    let guess = f64::from_bits((((leading * THIRD) >> 32) + BIAS) << 32);
    let ratio = (guess * guess) * (guess / x);
    let near = guess
        * ((1.875_951_824_271_77
            + ratio * (-1.884_979_795_433_771_7 + ratio * 1.621_429_720_105_354_5))
            + ratio * ratio * ratio * (-0.758_397_934_778_766 + ratio * 0.145_996_192_886_612_45));
    let square = near * near;
    let quotient = x / square;
    near + near * ((quotient - near) / (near + near + quotient))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of all sizes.
    fn numbers(first: u64) -> Numbers {
        std::array::from_fn(|i| {
            let at = first + i as u64;
            let random = isopach_compute::conformance::random(at);
            match at % 4 {
                0 => 1.0 + 1e-6 * (random - 0.5),
                1 => random,
                _ => (0.5 + random) * 10_f64.powi((at / 4 % 600) as i32 - 300),
            }
        })
    }

    #[test]
    fn logarithms_and_cube_roots_are_right_to_a_part_in_ten_to_the_fourteen() {
        for first in (0..400).map(|block| block * WIDTH as u64) {
            let numbers = numbers(first);
            let roots = cube_roots(&numbers);
            for (&x, root) in numbers.iter().zip(roots.value) {
                assert!((logarithm(x) - x.ln()).abs() <= 1e-14 * x.ln().abs(), "{x}");
                assert!((root - x.cbrt()).abs() <= 1e-14 * root, "{x}");
            }
        }
    }

    #[test]
    fn what_is_known_has_the_bits_of_the_library_and_is_nearly_all() {
        let mut unknown = 0;
        for first in (0..400).map(|block| block * WIDTH as u64) {
            let numbers = numbers(first);
            let roots = cube_roots(&numbers);
            let mut sums = KnownSums::new();
            sums.add_entropies(&numbers);
            for (i, &x) in numbers.iter().enumerate() {
                for (known, exact) in [(&roots, x.cbrt()), (&sums, x * x.ln())] {
                    match round_known(known.value[i], known.uncertainty[i]) {
                        Some(rounded) => {
                            assert_eq!(rounded.to_bits(), (exact as f32).to_bits(), "{x}")
                        }
                        None => unknown += 1,
                    }
                }
            }
        }
        assert!(unknown < 100, "{unknown}");
    }

    #[test]
    fn what_has_none_is_unknown() {
        for x in [0.0, -1.0, f64::NAN, f64::from_bits(1)] {
            let numbers = [x; WIDTH];
            let roots = cube_roots(&numbers);
            assert_eq!(round_known(roots.value[0], roots.uncertainty[0]), None);
            let mut sums = KnownSums::new();
            sums.add_logarithms(&numbers, &numbers);
            assert_eq!(round_known(sums.value[0], sums.uncertainty[0]), None);
        }
        let mut sums = KnownSums::new();
        sums.add_entropies(&[0.0; WIDTH]);
        assert_eq!(round_known(-sums.value[0], sums.uncertainty[0]), Some(-0.0));
    }
}
