//! Factors with a built-in robust kernel (Huber 1964; Beaton & Tukey 1974).
//!
//! Use [`Robust`](crate::Robust) for any other [`RobustKernel`](crate::RobustKernel).

use crate::{Factor, NormalEquations, PairShapes, kernel};

/// Factor with Huber's kernel: quadratic up to `width` metres, linear beyond.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HuberFactor<F> {
    /// Factor that computes the residual.
    pub factor: F,
    /// Width of the kernel, metres.
    pub width: f64,
}

/// Factor with Tukey's kernel: weight (1 − (r/width)²)², and 0 beyond `width` metres.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TukeyFactor<F> {
    /// Factor that computes the residual.
    pub factor: F,
    /// Width of the kernel, metres.
    pub width: f64,
}

impl<F: Factor> Factor for HuberFactor<F> {
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

    fn linearize_pair_with_shapes(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        shapes: &PairShapes,
    ) -> NormalEquations {
        let plain = self
            .factor
            .linearize_pair_with_shapes(source, target, shapes);
        kernel::apply_kernel(&kernel::Huber { width: self.width }, plain)
    }

    fn needs_normals(&self) -> bool {
        self.factor.needs_normals()
    }

    fn needs_covariances(&self) -> bool {
        self.factor.needs_covariances()
    }
}

impl<F: Factor> Factor for TukeyFactor<F> {
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

    fn linearize_pair_with_shapes(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        shapes: &PairShapes,
    ) -> NormalEquations {
        let plain = self
            .factor
            .linearize_pair_with_shapes(source, target, shapes);
        kernel::apply_kernel(&kernel::Tukey { width: self.width }, plain)
    }

    fn needs_normals(&self) -> bool {
        self.factor.needs_normals()
    }

    fn needs_covariances(&self) -> bool {
        self.factor.needs_covariances()
    }
}
