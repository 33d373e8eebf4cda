//! The normal equations of a Gauss–Newton step.

/// Σ Jᵀ w J, Σ Jᵀ w r and Σ w r² over pairs; the six unknowns are a rotation vector (radians) and a
/// translation (metres) applied on the left about the pivot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NormalEquations {
    /// Σ Jᵀ w J, 6 × 6, symmetric.
    pub h: [[f64; 6]; 6],
    /// Σ Jᵀ w r.
    pub b: [f64; 6],
    /// Σ w r², m².
    pub error: f64,
    /// Pairs that took part.
    pub inliers: u32,
}

impl NormalEquations {
    /// Of one pair with a scalar residual (metres) and its Jacobian.
    #[inline]
    #[must_use]
    pub fn from_residual(residual: f64, jacobian: [f64; 6]) -> Self {
        Self {
            h: jacobian.map(|row| jacobian.map(|column| row * column)),
            b: jacobian.map(|entry| entry * residual),
            error: residual * residual,
            inliers: 1,
        }
    }

    /// Every sum times `weight`.
    #[inline]
    #[must_use]
    pub fn scaled_by(mut self, weight: f64) -> Self {
        self.h
            .as_flattened_mut()
            .iter_mut()
            .chain(&mut self.b)
            .for_each(|entry| *entry *= weight);
        self.error *= weight;
        self
    }

    /// Adds the sums of other pairs.
    #[inline]
    pub fn add_equations(&mut self, other: &Self) {
        for (sum, term) in self
            .h
            .as_flattened_mut()
            .iter_mut()
            .zip(other.h.as_flattened())
        {
            *sum += term;
        }
        for (sum, term) in self.b.iter_mut().zip(other.b) {
            *sum += term;
        }
        self.error += other.error;
        self.inliers += other.inliers;
    }
}
