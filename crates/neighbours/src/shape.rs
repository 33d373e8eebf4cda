//! Shape of a neighbourhood: eigenvalues and normal.

use crate::{Covariance, Eigen, symmetric_eigen};

/// Number of points, eigenvalues and normal of a neighbourhood: the inputs of most features.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EigenShape {
    /// Number of points.
    pub count: u32,
    /// Eigenvalues λ₀ ≤ λ₁ ≤ λ₂ of the covariance (divisor n − 1), m²; rounding may leave −10⁻¹⁶ of
    /// the largest for 0. All are 0 for one point, NaN for none.
    pub values: [f64; 3],
    /// Unit eigenvector of λ₀, of either sign; NaN if the points lie on a line or in one place.
    pub normal: [f64; 3],
}

impl Default for EigenShape {
    /// No point.
    fn default() -> Self {
        Self {
            count: 0,
            values: [f64::NAN; 3],
            normal: [f64::NAN; 3],
        }
    }
}

impl EigenShape {
    /// The shape of a neighbourhood with this covariance, by [`symmetric_eigen`] and
    /// [`Eigen::normal`].
    ///
    /// ```
    /// use isopach_neighbours::{Covariance, EigenShape};
    /// let disc = Covariance { count: 9, mean: [0.0; 3], upper: [2.0, 0.0, 0.0, 1.0, 0.0, 0.0] };
    /// let shape = EigenShape::of_covariance(&disc);
    /// assert_eq!((shape.values, shape.normal[2].abs()), ([0.0, 1.0, 2.0], 1.0));
    /// ```
    #[must_use]
    pub fn of_covariance(covariance: &Covariance) -> Self {
        let upper = match covariance.count {
            1 => [0.0; 6],
            _ => covariance.upper,
        };
        let eigen: Eigen = symmetric_eigen(upper);
        Self {
            count: covariance.count,
            values: eigen.values,
            normal: eigen.normal().unwrap_or([f64::NAN; 3]),
        }
    }

    #[cfg(test)]
    pub(crate) fn bits(&self) -> (u32, [u64; 3], [u64; 3]) {
        (
            self.count,
            self.values.map(f64::to_bits),
            self.normal.map(f64::to_bits),
        )
    }
}
