//! Which way a surface faces.

use crate::{AxialStatistic, AxialStatistics, Covariance, Cylinder, symmetric_eigen};

/// The normal of the neighbourhood that was the most planar of those that were looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// Unit vector; zeros where no neighbourhood has a plane.
    pub axis: [f64; 3],
    /// Radius of the neighbourhood, metres; NaN where there is none.
    pub radius: f64,
    /// (λ₁ − λ₀)/λ₂ of its covariance, λ ascending: 1 for a disc, 0 for a line or a ball, and where
    /// there is none.
    pub planarity: f64,
}

impl Default for Normal {
    fn default() -> Self {
        Self {
            axis: [0.0; 3],
            radius: f64::NAN,
            planarity: 0.0,
        }
    }
}

/// Where normals are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalQuery<'a> {
    /// Radii of the neighbourhoods, metres, of which the most planar is taken.
    pub radii: &'a [f64],
    /// The side that normals point to: a direction, of any length but zero.
    pub towards: [f64; 3],
}

/// What is looked at along normals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlongNormalsQuery<'a> {
    /// Where the normals come from.
    pub surface: NormalQuery<'a>,
    /// What is looked into, along the normal.
    pub cylinder: Cylinder,
    /// What is told of the points in it.
    pub statistic: AxialStatistic,
}

/// Normals, and what lies along them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlongNormals {
    /// One a query.
    pub normals: Vec<Normal>,
    /// Of each of two clouds, one a query.
    pub statistics: [Vec<AxialStatistics>; 2],
}

/// A planarity this small is that of points on a line: zero but for round-off, and the direction
/// across it an accident.
const ROUND_OFF: f64 = 1e-12;

impl Normal {
    /// Takes a neighbourhood if it has three points and is more planar than what there is: the
    /// eigenvector of λ₀, turned to the side of `towards` (of any length but zero).
    #[inline]
    pub fn take_if_more_planar(&mut self, covariance: &Covariance, radius: f64, towards: [f64; 3]) {
        if covariance.count < 3 {
            return;
        }
        let found = symmetric_eigen(covariance.upper);
        let [l0, l1, l2] = found.values;
        let planarity = (l1 - l0) / l2;
        if planarity > self.planarity.max(ROUND_OFF) {
            let axis = found.vectors[0];
            let along: f64 = (0..3).map(|a| axis[a] * towards[a]).sum();
            *self = Self {
                planarity,
                axis: if along < 0.0 { axis.map(|x| -x) } else { axis },
                radius,
            };
        }
    }
}
