//! The normal equations of a Gauss–Newton step.

/// Normal equations of an alignment step: sums over pairs of residuals r with Jacobians J and
/// weights w.
///
/// The six unknowns are a rotation vector (radians) and a translation (metres), applied on the left
/// about the pivot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NormalEquations {
    /// Σ Jᵀ w J, 6 × 6, symmetric.
    pub h: [[f64; 6]; 6],
    /// Σ Jᵀ w r.
    pub b: [f64; 6],
    /// Σ w r², m².
    pub error: f64,
    /// Number of pairs that took part.
    pub inliers: u32,
}

impl NormalEquations {
    /// Normal equations of one pair with a scalar residual (metres) and its Jacobian.
    ///
    /// ```
    /// use isopach_registration::NormalEquations;
    /// let one = NormalEquations::from_residual(0.5, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    /// assert_eq!((one.b[5], one.error, one.inliers), (0.5, 0.25, 1));
    /// ```
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

    /// Multiplies every sum by `weight`; the number of pairs stays.
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

    /// Adds a pair with a scalar residual (metres) and its Jacobian: the same bits as adding
    /// [`Self::from_residual`].
    #[inline]
    pub fn add_residual(&mut self, residual: f64, jacobian: [f64; 6]) {
        for (sums, row) in self.h.iter_mut().zip(jacobian) {
            for (sum, column) in sums.iter_mut().zip(jacobian) {
                *sum += row * column;
            }
        }
        for (sum, entry) in self.b.iter_mut().zip(jacobian) {
            *sum += entry * residual;
        }
        self.error += residual * residual;
        self.inliers += 1;
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
