//! The two precisions.

use std::{fmt::Debug, ops::{Add, Div, Mul, Neg, Sub}};

/// `f32` or `f64`.
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
    /// How far below zero, in units of the largest value, still counts as round-off: 10⁻¹² or 10⁻⁶.
    const ROUND_OFF: f64;
    /// Rounds once.
    fn of(value: f64) -> Self;
    /// Exact.
    fn wide(self) -> f64;
    /// Square root.
    #[must_use]
    fn root(self) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Real for f64 {
    const EPSILON: f64 = Self::EPSILON;
    const ROUND_OFF: f64 = 1e-12;
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }
}

impl Real for f32 {
    const EPSILON: f64 = Self::EPSILON as f64;
    const ROUND_OFF: f64 = 1e-6;
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        self.into()
    }
    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }
}
