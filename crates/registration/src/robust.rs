//! Factors with a robust kernel built in: iteratively reweighted least squares (Huber 1964; Beaton
//! & Tukey 1974).
//!
//! Any other [`RobustKernel`](crate::Kernel) is put on a factor with [`Robust`](crate::Robust).

use crate::{Factor, NormalEquations, kernel};

/// Quadratic up to `width` metres, linear beyond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Huber<F> {
    /// How a pair is measured.
    pub factor: F,
    /// Metres.
    pub width: f64,
}

/// Nothing beyond `width` metres counts; below, the weight is (1 − (r/width)²)².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tukey<F> {
    /// How a pair is measured.
    pub factor: F,
    /// Metres.
    pub width: f64,
}

impl<F: Factor> Factor for Huber<F> {
    #[inline]
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
    ) -> NormalEquations {
        let plain = self.factor.linearize_pair(source, target, normal);
        kernel::apply_kernel(&kernel::Huber { width: self.width }, plain)
    }

    fn needs_normals(&self) -> bool {
        self.factor.needs_normals()
    }
}

impl<F: Factor> Factor for Tukey<F> {
    #[inline]
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
    ) -> NormalEquations {
        let plain = self.factor.linearize_pair(source, target, normal);
        kernel::apply_kernel(&kernel::Tukey { width: self.width }, plain)
    }

    fn needs_normals(&self) -> bool {
        self.factor.needs_normals()
    }
}
