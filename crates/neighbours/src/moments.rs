//! Exact first and second moments of offsets in ticks.
//!
//! Offsets are ticks, so Σd and Σ d dᵀ are whole numbers: they are summed exactly and rounded once
//! at the end. Nothing cancels, and the result does not depend on the order of the points. A
//! product of two offsets below 2²⁴ ticks (64 m) stays under 2⁴⁸, so 2¹⁴ of them fit an `i64`
//! before they are carried over into an `i128`.

use crate::Covariance;
use isopach_cloud::TICK;

/// Number of points whose products fit an `i64` if their offsets are within ±2²⁴ ticks.
const CARRY_EVERY: u32 = 1 << 14;

/// Exact sums of offsets and of their products, from which mean and covariance follow.
///
/// ```
/// use isopach_neighbours::Moments;
/// let mut moments = Moments::default();
/// for x in [1 << 18, 3 << 18] {
///     moments.add_offset([x, 0, 0]); // ticks: 1 m and 3 m
/// }
/// let covariance = moments.covariance();
/// assert_eq!((covariance.mean[0], covariance.upper[0]), (2.0, 2.0));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    count: u32,
    since_carry: u32,
    sum: [i64; 3],
    products: [i64; 6],
    carried: [i128; 6],
}

impl Moments {
    /// Adds a point at the offset `d` from the centre, ticks.
    #[inline]
    pub fn add_offset(&mut self, d: [i32; 3]) {
        let [x, y, z] = d.map(i64::from);
        self.count += 1;
        for (sum, value) in self.sum.iter_mut().zip([x, y, z]) {
            *sum += value;
        }
        let products = [x * x, x * y, x * z, y * y, y * z, z * z];
        if d.iter().any(|tick| tick.unsigned_abs() >> 24 != 0) {
            for (carried, product) in self.carried.iter_mut().zip(products) {
                *carried += i128::from(product);
            }
            return;
        }
        for (sum, product) in self.products.iter_mut().zip(products) {
            *sum += product;
        }
        self.since_carry += 1;
        if self.since_carry == CARRY_EVERY {
            self.carry_products();
        }
    }

    fn carry_products(&mut self) {
        for (carried, product) in self.carried.iter_mut().zip(&mut self.products) {
            *carried += i128::from(std::mem::take(product));
        }
        self.since_carry = 0;
    }

    /// Number of points added.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Mean and covariance (divisor n − 1), each entry rounded once from its exact value.
    #[must_use]
    pub fn covariance(self) -> Covariance {
        self.into_sums().covariance()
    }

    pub(crate) fn into_sums(mut self) -> ExactSums {
        self.carry_products();
        ExactSums {
            count: self.count,
            sum: self.sum,
            products: self.carried,
        }
    }
}

/// Count, sum and products xx, xy, xz, yy, yz, zz of offsets in ticks, exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExactSums {
    pub(crate) count: u32,
    pub(crate) sum: [i64; 3],
    pub(crate) products: [i128; 6],
}

impl ExactSums {
    /// Adds those of other points.
    #[inline]
    pub(crate) fn add_sums(&mut self, count: u32, sum: [i64; 3], products: [i64; 6]) {
        self.count += count;
        for (total, part) in self.sum.iter_mut().zip(sum) {
            *total += part;
        }
        for (total, part) in self.products.iter_mut().zip(products) {
            *total += i128::from(part);
        }
    }

    /// Mean and covariance (divisor n − 1), each entry rounded once from its exact value.
    #[inline]
    pub(crate) fn covariance(&self) -> Covariance {
        let n = i128::from(self.count);
        if n == 0 {
            return Covariance::default();
        }
        let mean = self
            .sum
            .map(|sum| sum as f64 / f64::from(self.count) * TICK);
        let divisor = self.divisor();
        Covariance {
            count: self.count,
            mean,
            upper: self
                .scatter()
                .map(|scatter| scatter / divisor * (TICK * TICK)),
        }
    }

    /// Divisor of [`Self::scatter`] for the covariance in square ticks: n (n − 1).
    #[inline]
    pub(crate) fn divisor(&self) -> f64 {
        f64::from(self.count) * (f64::from(self.count) - 1.0)
    }

    /// n Σab − Σa Σb of the axes a and b, each rounded once: xx, xy, xz, yy, yz, zz.
    #[inline]
    pub(crate) fn scatter(&self) -> [f64; 6] {
        let [x, y, z] = self.sum;
        let crossed = [(x, x), (x, y), (x, z), (y, y), (y, z), (z, z)];
        let mut sizes = 0;
        for product in self.products {
            sizes |= product ^ product >> 127;
        }
        if sizes >> FEW_BITS != 0 || self.count > FEW {
            return self.scatter_of_many();
        }
        // n Σab is below 2⁶³, and so is Σa Σb ≤ n √(Σaa Σbb) and their difference.
        let n = i64::from(self.count);
        std::array::from_fn(|i| {
            let (a, b) = crossed[i];
            (n * self.products[i] as i64 - a * b) as f64
        })
    }

    #[cold]
    #[inline(never)]
    fn scatter_of_many(&self) -> [f64; 6] {
        let [x, y, z] = self.sum.map(i128::from);
        let crossed = [(x, x), (x, y), (x, z), (y, y), (y, z), (z, z)];
        let n = i128::from(self.count);
        std::array::from_fn(|i| {
            let (a, b) = crossed[i];
            nearest_double(n * self.products[i] - a * b)
        })
    }
}

/// Points up to which sums of products of fewer than [`FEW_BITS`] bits stay whole numbers of 64
/// bits when they are multiplied by the number of points.
const FEW: u32 = 1 << 11;
/// See [`FEW`].
const FEW_BITS: u32 = 52;

/// Nearest double.
#[inline]
fn nearest_double(whole: i128) -> f64 {
    match i64::try_from(whole) {
        Ok(small) => small as f64,
        Err(_) => nearest_double_of_large(whole),
    }
}

/// Conversion from 128 bits is slow and hardly ever needed: a call, so that it is not done ahead of
/// the decision.
#[cold]
#[inline(never)]
fn nearest_double_of_large(whole: i128) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_the_two_pass_definition_in_any_order(points in prop::collection::vec(prop::array::uniform3(-3_000_000..3_000_000i32), 2..300)) {
            let sum = |points: &[[i32; 3]]| {
                let mut moments = Moments::default();
                points.iter().for_each(|&d| moments.add_offset(d));
                moments.covariance()
            };
            let found = sum(&points);
            let mut reversed = points.clone();
            reversed.reverse();
            prop_assert_eq!(found, sum(&reversed));

            let metres: Vec<[f64; 3]> = points.iter().map(|p| p.map(|t| f64::from(t) * TICK)).collect();
            let n = metres.len() as f64;
            let mean: [f64; 3] = std::array::from_fn(|a| metres.iter().map(|p| p[a]).sum::<f64>() / n);
            for (entry, (a, b)) in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)].into_iter().enumerate() {
                let expected = metres.iter().map(|p| (p[a] - mean[a]) * (p[b] - mean[b])).sum::<f64>() / (n - 1.0);
                prop_assert!((found.upper[entry] - expected).abs() < 1e-9, "{} {}", found.upper[entry], expected);
            }
        }
    }

    #[test]
    fn the_largest_offsets_there_are_do_not_overflow() {
        let mut moments = Moments::default();
        for i in 0..100_000 {
            moments.add_offset(if i % 2 == 0 {
                [i32::MAX; 3]
            } else {
                [i32::MIN; 3]
            });
        }
        let covariance = moments.covariance();
        let expected = (f64::from(i32::MAX) * TICK).powi(2) * 100_000.0 / 99_999.0;
        assert!((covariance.upper[0] / expected - 1.0).abs() < 1e-9);
        assert_eq!(covariance.upper[0], covariance.upper[4]);
    }
}
