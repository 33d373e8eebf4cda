//! Lanes as a plain array.

use super::Lanes;
use crate::Real;
use std::ops::{Add, Div, Mul, Sub};

#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub(crate) struct Array<T, const N: usize>([T; N]);

macro_rules! lanewise {
    ($trait:ident, $name:ident, $operator:tt) => {
        impl<T: Real, const N: usize> $trait for Array<T, N> {
            type Output = Self;
            #[inline(always)]
            fn $name(mut self, other: Self) -> Self {
                for i in 0..N {
                    self.0[i] = self.0[i] $operator other.0[i];
                }
                self
            }
        }
    };
}
lanewise!(Add, add, +);
lanewise!(Sub, sub, -);
lanewise!(Mul, mul, *);
lanewise!(Div, div, /);

impl<T: Real, const N: usize> Lanes for Array<T, N> {
    type Scalar = T;
    type Mask = [bool; N];
    const COUNT: usize = N;

    #[inline(always)]
    fn splat(x: T) -> Self {
        Self([x; N])
    }
    #[inline(always)]
    fn load(from: &[T]) -> Self {
        let mut lanes = [T::default(); N];
        lanes.copy_from_slice(&from[..N]);
        Self(lanes)
    }
    #[inline(always)]
    fn store(self, to: &mut [T]) {
        to[..N].copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn square_root(mut self) -> Self {
        for i in 0..N {
            self.0[i] = self.0[i].square_root();
        }
        self
    }
    #[inline(always)]
    fn abs(mut self) -> Self {
        for i in 0..N {
            if self.0[i] < T::default() {
                self.0[i] = -self.0[i];
            }
        }
        self
    }
    #[inline(always)]
    fn max(mut self, other: Self) -> Self {
        for i in 0..N {
            self.0[i] = if self.0[i] > other.0[i] {
                self.0[i]
            } else {
                other.0[i]
            };
        }
        self
    }
    #[inline(always)]
    fn min(mut self, other: Self) -> Self {
        for i in 0..N {
            self.0[i] = if self.0[i] < other.0[i] {
                self.0[i]
            } else {
                other.0[i]
            };
        }
        self
    }
    #[inline(always)]
    fn less_than(self, than: Self) -> [bool; N] {
        let mut mask = [false; N];
        for i in 0..N {
            mask[i] = self.0[i] < than.0[i];
        }
        mask
    }
    #[inline(always)]
    fn at_most(self, other: Self) -> [bool; N] {
        let mut mask = [false; N];
        for i in 0..N {
            mask[i] = self.0[i] <= other.0[i];
        }
        mask
    }
    #[inline(always)]
    fn both_masks(mut a: [bool; N], b: [bool; N]) -> [bool; N] {
        for i in 0..N {
            a[i] &= b[i];
        }
        a
    }
    #[inline(always)]
    fn select(mask: [bool; N], yes: Self, mut no: Self) -> Self {
        for i in 0..N {
            no.0[i] = if mask[i] { yes.0[i] } else { no.0[i] };
        }
        no
    }
    #[inline(always)]
    fn any_lane(mask: [bool; N]) -> bool {
        let mut any = false;
        for i in 0..N {
            any |= mask[i];
        }
        any
    }
}

impl Array<f64, 1> {
    /// A single lane.
    pub(crate) fn one(x: f64) -> Self {
        Self([x])
    }

    /// Its number.
    pub(crate) fn only(self) -> f64 {
        self.0[0]
    }
}
