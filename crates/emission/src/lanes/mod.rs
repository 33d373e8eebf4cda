//! Several numbers at once: one pixel a lane.
//!
//! [`array::Array`] is plain arrays, for any processor; [`avx2`] is x86's 256-bit registers, chosen
//! at run time. Both do the same operations of IEEE 754 in the same order, without fused
//! multiply-add, so that a result has the same bits on either. Everything is `#[inline(always)]`
//! down to one function that enables the instructions, and there are no closures in between: these
//! would not inherit them.

pub(crate) mod array;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
pub(crate) mod pair;

use crate::Real;
use std::ops::{Add, Div, Mul, Sub};

/// Lanes of a scalar.
pub(crate) trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    type Scalar: Real;
    /// A truth a lane.
    type Mask: Copy;
    const COUNT: usize;

    fn splat(x: Self::Scalar) -> Self;
    /// The first [`Self::COUNT`] of `from`, which has as many.
    fn load(from: &[Self::Scalar]) -> Self;
    fn store(self, to: &mut [Self::Scalar]);
    fn square_root(self) -> Self;
    fn abs(self) -> Self;
    /// `self > other ? self : other`: the other one where either is NaN.
    fn max(self, other: Self) -> Self;
    /// `self < other ? self : other`.
    fn min(self, other: Self) -> Self;
    fn less_than(self, than: Self) -> Self::Mask;
    fn at_most(self, other: Self) -> Self::Mask;
    fn both_masks(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    fn any_lane(mask: Self::Mask) -> bool;

    #[inline(always)]
    fn constant(x: f64) -> Self {
        Self::splat(Self::Scalar::from_f64(x))
    }
}
