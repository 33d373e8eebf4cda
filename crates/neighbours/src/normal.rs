//! Surface normals.

use crate::{AxialStatistics, Covariance, symmetric_eigen};

/// Surface normal at a query point, with the neighbourhood that it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Normal {
    /// Unit vector; zeros if no neighbourhood spans a plane.
    pub axis: [f64; 3],
    /// Radius of the chosen neighbourhood, metres; NaN if none.
    pub radius: f64,
    /// Planarity (λ₁ − λ₀)/λ₂ of the chosen neighbourhood, eigenvalues ascending: 1 for a disc, 0
    /// for a line or a ball; 0 if none.
    pub planarity: f64,
}

impl Default for Normal {
    /// No normal.
    fn default() -> Self {
        Self {
            axis: [0.0; 3],
            radius: f64::NAN,
            planarity: 0.0,
        }
    }
}

/// Result of [`crate::NeighbourIndex::along_normals`]: normals, and cylinder statistics of two
/// clouds along them.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AlongNormals {
    /// One normal per query.
    pub normals: Vec<Normal>,
    /// Statistics of the first and the second cloud, one entry per query.
    pub statistics: [Vec<AxialStatistics>; 2],
}

/// Planarity below which points count as collinear: any larger value is more than rounding error.
const LEAST_PLANARITY: f64 = 1e-12;

impl Normal {
    /// Replaces this normal by that of a neighbourhood if the neighbourhood has at least three
    /// points and a higher planarity.
    ///
    /// The new normal is the eigenvector of the smallest eigenvalue, turned so that its scalar
    /// product with `towards` (any length above zero) is not negative. `radius` is in metres.
    ///
    /// ```
    /// use isopach_neighbours::{Covariance, Normal};
    /// let mut normal = Normal::default();
    /// let disc = Covariance { count: 9, mean: [0.0; 3], upper: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0] };
    /// normal.take_if_more_planar(&disc, 2.0, [0.0, 0.0, -1.0]);
    /// assert_eq!((normal.axis, normal.planarity), ([0.0, 0.0, -1.0], 1.0));
    /// ```
    #[inline]
    pub fn take_if_more_planar(&mut self, covariance: &Covariance, radius: f64, towards: [f64; 3]) {
        if covariance.count < 3 {
            return;
        }
        let found = symmetric_eigen(covariance.upper);
        self.take_if_larger(found.planarity(), found.vectors[0], radius, towards);
    }

    /// As [`Self::take_if_more_planar`], of a neighbourhood of at least three points with this
    /// planarity and this eigenvector of the smallest eigenvalue.
    #[inline]
    pub(crate) fn take_if_larger(
        &mut self,
        planarity: f64,
        axis: [f64; 3],
        radius: f64,
        towards: [f64; 3],
    ) {
        if planarity > self.planarity.max(LEAST_PLANARITY) {
            let along: f64 = (0..3).map(|a| axis[a] * towards[a]).sum();
            *self = Self {
                planarity,
                axis: if along < 0.0 { axis.map(|x| -x) } else { axis },
                radius,
            };
        }
    }
}
