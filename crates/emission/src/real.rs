//! The two precisions.

use crate::{Constraint, EmissionMap, Inversion, InvertPixels, Observation};
use isopach_compute::Result;
use std::{
    fmt::Debug,
    ops::{Add, Div, Mul, Neg, Sub},
};

/// A precision of the inversion: `f32` or `f64`.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + sealed::Sealed
    + 'static
{
    /// Distance from 1 to the next number.
    const EPSILON: f64;
    /// Ratio of the smallest to the largest singular value below which the precision is not enough.
    #[doc(hidden)]
    const LEAST_CONDITION: f64;
    /// Counts in units of their errors above which the precision is not enough.
    #[doc(hidden)]
    const MOST_SIGNAL: f64;
    /// Difference of two discrepancies, in units of the target, below which it does not tell which
    /// is the nearer.
    #[doc(hidden)]
    const LEAST_MARGIN: f64;
    /// Whether a weight under the constraint stays well within the range.
    #[doc(hidden)]
    fn has_room_for(weight: f64, constraint: Constraint) -> bool;
    /// Rounds once.
    fn from_f64(value: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// Square root.
    #[must_use]
    fn square_root(self) -> Self;
    /// Inverts in this precision.
    ///
    /// # Errors
    /// As [`InvertPixels::invert`].
    fn invert_on(
        on: &(impl InvertPixels + ?Sized),
        inversion: &Inversion,
        observation: Observation<'_, Self>,
    ) -> Result<EmissionMap<Self>>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Real for f64 {
    const EPSILON: f64 = Self::EPSILON;
    const LEAST_CONDITION: f64 = 3e-4;
    const MOST_SIGNAL: f64 = f64::INFINITY;
    const LEAST_MARGIN: f64 = 0.0;
    #[inline(always)]
    fn has_room_for(_: f64, _: Constraint) -> bool {
        true
    }
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn square_root(self) -> Self {
        self.sqrt()
    }
    fn invert_on(
        on: &(impl InvertPixels + ?Sized),
        inversion: &Inversion,
        observation: Observation<'_, Self>,
    ) -> Result<EmissionMap<Self>> {
        on.invert(inversion, observation)
    }
}

impl Real for f32 {
    const EPSILON: f64 = Self::EPSILON as f64;
    const LEAST_CONDITION: f64 = 2e-4;
    const MOST_SIGNAL: f64 = 1e4;
    const LEAST_MARGIN: f64 = 2e-4;
    #[inline(always)]
    fn has_room_for(weight: f64, constraint: Constraint) -> bool {
        let most = if constraint == Constraint::PerBin {
            1e7
        } else {
            1e14
        };
        let size = weight.abs();
        size == 0.0 || (1.0 / most <= size && size <= most)
    }
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.into()
    }
    #[inline(always)]
    fn square_root(self) -> Self {
        self.sqrt()
    }
    fn invert_on(
        on: &(impl InvertPixels + ?Sized),
        inversion: &Inversion,
        observation: Observation<'_, Self>,
    ) -> Result<EmissionMap<Self>> {
        on.invert_single(inversion, observation)
    }
}
