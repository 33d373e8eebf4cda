//! Robust kernels: pairs that disagree count less. Iteratively reweighted least squares (Huber 1964; Beaton & Tukey 1974).

use crate::{Factor, NormalEquations};

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
    fn linearize(&self, source: [f64; 3], target: [f64; 3], normal: [f64; 3]) -> NormalEquations {
        let plain = self.factor.linearize(source, target, normal);
        let residual = plain.error.sqrt();
        if residual <= self.width { plain } else { plain.weighted(self.width / residual) }
    }

    fn needs_normals(&self) -> bool {
        self.factor.needs_normals()
    }
}

impl<F: Factor> Factor for Tukey<F> {
    #[inline]
    fn linearize(&self, source: [f64; 3], target: [f64; 3], normal: [f64; 3]) -> NormalEquations {
        let plain = self.factor.linearize(source, target, normal);
        let share = plain.error / (self.width * self.width);
        if share >= 1.0 {
            return NormalEquations::default();
        }
        plain.weighted((1.0 - share) * (1.0 - share))
    }

    fn needs_normals(&self) -> bool {
        self.factor.needs_normals()
    }
}
