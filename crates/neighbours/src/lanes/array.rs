//! Lanes as plain arrays.

use super::{LANES, Lanes, OCTET};
use std::{
    array::from_fn,
    ops::{Add, Div, Mul, Sub},
};

/// [`LANES`] doubles in an array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array([f64; LANES]);

macro_rules! operator {
    ($operator:ident, $name:ident, $symbol:tt) => {
        impl $operator for Array {
            type Output = Self;
            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                Self(from_fn(|lane| self.0[lane] $symbol other.0[lane]))
            }
        }
    };
}

operator!(Add, add, +);
operator!(Sub, sub, -);
operator!(Mul, mul, *);
operator!(Div, div, /);

impl Lanes for Array {
    type Mask = [bool; LANES];
    type Counts = [u64; LANES];

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self([x; LANES])
    }
    #[inline(always)]
    fn from_array(from: [f64; LANES]) -> Self {
        Self(from)
    }
    #[inline(always)]
    fn to_array(self) -> [f64; LANES] {
        self.0
    }
    #[inline(always)]
    fn from_ticks(ticks: &[i32; LANES]) -> Self {
        Self(ticks.map(f64::from))
    }
    #[inline(always)]
    fn square_root(self) -> Self {
        Self(self.0.map(f64::sqrt))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(f64::abs))
    }
    #[inline(always)]
    fn negate(self) -> Self {
        Self(self.0.map(|x| -x))
    }
    #[inline(always)]
    fn copy_sign(self, sign: Self) -> Self {
        Self(from_fn(|lane| self.0[lane].copysign(sign.0[lane])))
    }
    #[inline(always)]
    fn add_exact_product(self, a: Self, b: Self) -> Self {
        self + a * b
    }
    #[inline(always)]
    fn less_than(self, than: Self) -> Self::Mask {
        from_fn(|lane| self.0[lane] < than.0[lane])
    }
    #[inline(always)]
    fn at_most(self, other: Self) -> Self::Mask {
        from_fn(|lane| self.0[lane] <= other.0[lane])
    }
    #[inline(always)]
    fn both_masks(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        from_fn(|lane| a[lane] & b[lane])
    }
    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Self(from_fn(
            |lane| {
                if mask[lane] { yes.0[lane] } else { no.0[lane] }
            },
        ))
    }
    #[inline(always)]
    fn keep_where(self, mask: Self::Mask) -> Self {
        Self::select(mask, self, Self::zero())
    }
    #[inline(always)]
    fn no_counts() -> Self::Counts {
        [0; LANES]
    }
    #[inline(always)]
    fn count_where(counts: Self::Counts, mask: Self::Mask) -> Self::Counts {
        from_fn(|lane| counts[lane] + u64::from(mask[lane]))
    }
    #[inline(always)]
    fn sum_counts(counts: Self::Counts) -> u64 {
        counts.iter().sum()
    }
    #[inline(always)]
    fn sum_each(four: [Self; LANES]) -> [i64; LANES] {
        four.map(|Self([a, b, c, d])| ((a + b) + (c + d)) as i64)
    }
    #[inline(always)]
    fn store_where(self, mask: Self::Mask, to: &mut [f64; LANES]) -> usize {
        let mut count = 0;
        for (value, keep) in self.0.into_iter().zip(mask) {
            to[count.min(LANES - 1)] = value;
            count += usize::from(keep);
        }
        count
    }

    #[inline(always)]
    fn pack_near(
        runs: [[&[i32; LANES]; 3]; 2],
        query: [i32; 3],
        largest: f32,
        looked_at: u32,
        mut to: [&mut [i32; OCTET]; 3],
    ) -> usize {
        let mut count = 0;
        for i in 0..OCTET {
            let run = runs[i / LANES];
            let offset: [i32; 3] = from_fn(|axis| run[axis][i % LANES].wrapping_sub(query[axis]));
            let [x, y, z] = offset.map(|ticks| ticks as f32);
            for (to, offset) in to.iter_mut().zip(offset) {
                to[count] = offset;
            }
            let is_near = x * x + (y * y + z * z) <= largest;
            count += usize::from(is_near && looked_at >> i & 1 == 1);
        }
        count
    }
}
