//! Several numbers at once.
//!
//! [`array::Array`] is plain arrays, for any processor; [`avx2::F64x4`] is x86's 256-bit registers,
//! chosen at run time. Both do the same operations of IEEE 754 in the same order, so that a result
//! has the same bits on either; only [`Lanes::add_exact_product`] may be fused, and is used where
//! nothing is rounded. Everything is `#[inline(always)]` down to one function that enables the
//! instructions, and there are no closures in between: these would not inherit them.

pub(crate) mod array;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;

use std::ops::{Add, Div, Mul, Sub};

/// Numbers at once.
pub(crate) const LANES: usize = 4;

/// Whole numbers at once: they have half the bits.
pub(crate) const OCTET: usize = 2 * LANES;

/// [`LANES`] doubles.
pub(crate) trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// A truth a lane.
    type Mask: Copy;
    /// A whole number a lane.
    type Counts: Copy;

    fn splat(x: f64) -> Self;
    fn from_array(from: [f64; LANES]) -> Self;
    fn to_array(self) -> [f64; LANES];
    /// Whole numbers, exactly.
    fn from_ticks(ticks: &[i32; LANES]) -> Self;
    fn square_root(self) -> Self;
    fn abs(self) -> Self;
    fn negate(self) -> Self;
    /// The absolute value of `self` with the sign of `sign`.
    fn copy_sign(self, sign: Self) -> Self;
    /// `self + a · b`, where neither is rounded or where the rounding does not matter.
    fn add_exact_product(self, a: Self, b: Self) -> Self;
    fn less_than(self, than: Self) -> Self::Mask;
    fn at_most(self, other: Self) -> Self::Mask;
    fn both_masks(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// `self`, or 0 where the mask says no.
    fn keep_where(self, mask: Self::Mask) -> Self;
    fn no_counts() -> Self::Counts;
    /// One more where the mask says yes.
    fn count_where(counts: Self::Counts, mask: Self::Mask) -> Self::Counts;
    fn sum_counts(counts: Self::Counts) -> u64;
    /// The sum of the lanes of each: whole numbers below 2⁵³.
    fn sum_each(four: [Self; LANES]) -> [i64; LANES];
    /// Writes the lanes where the mask says yes next to each other, and returns how many they are;
    /// what follows them in `to` is overwritten.
    fn store_where(self, mask: Self::Mask, to: &mut [f64; LANES]) -> usize;
    /// Writes the offsets from `query` of those of two runs of points (x, y, z) next to each other
    /// whose bit in `looked_at` is set and whose square in `f32` is at most `largest`, and returns
    /// how many they are; what follows them in `to` is overwritten. The square may be fused.
    fn pack_near(
        runs: [[&[i32; LANES]; 3]; 2],
        query: [i32; 3],
        largest: f32,
        looked_at: u32,
        to: [&mut [i32; OCTET]; 3],
    ) -> usize;

    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }
}
