//! Factors: the residual of a pair, and its derivative with respect to the pose.

use crate::NormalEquations;
use isopach_neighbours::symmetric_eigen;
use nalgebra::{Matrix3, Matrix3x6, Vector3};

/// Kind of a factor, for backends that can sum it up themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FactorKind {
    /// The residual of [`PointToPoint`].
    PointToPoint,
    /// The residual of [`PointToPlane`].
    PointToPlane,
}

/// Residual of a pair of points, as its contribution to the normal equations.
///
/// Any type may implement it; it runs on every backend. Coordinates are metres from the pivot, the
/// source already at the current pose. With a rotation vector ω and a translation τ on the left,
/// the source point s moves by ω × s + τ.
///
/// ```
/// use isopach_registration::{Factor, NormalEquations};
///
/// /// Height difference alone.
/// struct Vertical;
///
/// impl Factor for Vertical {
///     fn linearize_pair(&self, s: [f64; 3], t: [f64; 3], _normal: [f64; 3]) -> NormalEquations {
///         // (ω × s + τ)_z = ω_x s_y − ω_y s_x + τ_z
///         NormalEquations::from_residual(s[2] - t[2], [s[1], -s[0], 0.0, 0.0, 0.0, 1.0])
///     }
/// }
///
/// let pair = Vertical.linearize_pair([1.0, 2.0, 0.5], [1.0, 2.0, 0.0], [0.0; 3]);
/// assert_eq!((pair.error, pair.h[0][0]), (0.25, 4.0));
/// ```
pub trait Factor: Sync {
    /// Normal equations of a pair. `target_normal` is zeros if there is none.
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        target_normal: [f64; 3],
    ) -> NormalEquations;

    /// Normal equations of a pair, given the local shape of both clouds; called if
    /// [`Self::needs_covariances`].
    fn linearize_pair_with_shapes(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        shapes: &PairShapes,
    ) -> NormalEquations {
        self.linearize_pair(source, target, shapes.target_normal)
    }

    /// Adds the normal equations of a pair to `sums`: [`Self::linearize_pair`] with
    /// [`NormalEquations::add_equations`]. An override gives the same bits.
    fn add_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        target_normal: [f64; 3],
        sums: &mut NormalEquations,
    ) {
        sums.add_equations(&self.linearize_pair(source, target, target_normal));
    }

    /// Whether the factor needs the target's normals. Pairs without one are then passed over.
    fn needs_normals(&self) -> bool {
        false
    }

    /// Whether the factor needs the covariances of both neighbourhoods.
    fn needs_covariances(&self) -> bool {
        false
    }

    /// Kind of the factor, if its residual is exactly one of these: a backend may then sum it up
    /// without calling it. `None` is always right.
    fn kind(&self) -> Option<FactorKind> {
        None
    }
}

/// Local shapes of both clouds at a pair of points, at the current pose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairShapes {
    /// Unit normal at the target point; zeros if there is none.
    pub target_normal: [f64; 3],
    /// Covariance of the source's neighbourhood, rotated with the pose, m².
    pub source: [[f64; 3]; 3],
    /// Covariance of the target's neighbourhood, m².
    pub target: [[f64; 3]; 3],
}

/// Plane-to-plane factor: the offset of the points in the metric of both neighbourhoods (Segal,
/// Haehnel & Thrun 2009).
///
/// Covariances get the eigenvalues ([`GeneralizedIcp::FLATNESS`], 1, 1), as in the paper, so
/// residuals are metres along the common normal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GeneralizedIcp;

/// Point-to-point factor: the distance between the points (Besl & McKay 1992).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PointToPoint;

/// Point-to-plane factor: the distance of the source point from the plane through the target point
/// (Chen & Medioni 1991). It lets surfaces slide along each other and converges in a few steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PointToPlane;

#[inline]
fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

impl GeneralizedIcp {
    /// Variance along the normal, as a share of the variance along the surface.
    pub const FLATNESS: f64 = 1e-3;

    /// Covariance with the same directions and the eigenvalues of a flat disc; `None` if it has no
    /// normal ([`isopach_neighbours::Eigen::normal`]).
    #[must_use]
    pub fn flatten_covariance(covariance: [[f64; 3]; 3]) -> Option<[[f64; 3]; 3]> {
        let [[xx, xy, xz], [_, yy, yz], [_, _, zz]] = covariance;
        let n = symmetric_eigen([xx, xy, xz, yy, yz, zz]).normal()?;
        let entry = |i: usize, j: usize| f64::from(i == j) - (1.0 - Self::FLATNESS) * n[i] * n[j];
        Some(std::array::from_fn(|i| {
            std::array::from_fn(|j| entry(i, j))
        }))
    }
}

impl Factor for GeneralizedIcp {
    /// Without shapes, both neighbourhoods are discs across the target's normal.
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
    ) -> NormalEquations {
        let disc = std::array::from_fn(|i| {
            std::array::from_fn(|j| f64::from(i == j) - normal[i] * normal[j])
        });
        self.linearize_pair_with_shapes(
            source,
            target,
            &PairShapes {
                target_normal: normal,
                source: disc,
                target: disc,
            },
        )
    }

    fn linearize_pair_with_shapes(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        shapes: &PairShapes,
    ) -> NormalEquations {
        let (Some(a), Some(b)) = (
            Self::flatten_covariance(shapes.source),
            Self::flatten_covariance(shapes.target),
        ) else {
            return NormalEquations::default();
        };
        let sum = Matrix3::from_fn(|i, j| a[i][j] + b[i][j]);
        // The residual along a normal that both share is then in metres.
        let Some(inverse) = sum.try_inverse() else {
            return NormalEquations::default();
        };
        let metric = inverse * (2.0 * Self::FLATNESS);
        let offset = Vector3::from_fn(|i, _| source[i] - target[i]);
        let [x, y, z] = source;
        let lever = Matrix3::new(0.0, z, -y, -z, 0.0, x, y, -x, 0.0);
        let columns = Matrix3x6::from_fn(|i, j| {
            if j < 3 {
                lever[(i, j)]
            } else {
                f64::from(i == j - 3)
            }
        });
        let h = columns.transpose() * metric * columns;
        let b = columns.transpose() * metric * offset;
        NormalEquations {
            h: std::array::from_fn(|i| std::array::from_fn(|j| 0.5 * (h[(i, j)] + h[(j, i)]))),
            b: std::array::from_fn(|i| b[i]),
            error: (offset.transpose() * metric * offset)[0],
            inliers: 1,
        }
    }

    fn needs_normals(&self) -> bool {
        true
    }

    fn needs_covariances(&self) -> bool {
        true
    }
}

impl Factor for PointToPoint {
    #[inline]
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        _normal: [f64; 3],
    ) -> NormalEquations {
        let mut sums = NormalEquations::default();
        for axis in 0..3 {
            let mut unit = [0.0; 3];
            unit[axis] = 1.0;
            let [rx, ry, rz] = cross(source, unit);
            sums.add_equations(&NormalEquations::from_residual(
                source[axis] - target[axis],
                [rx, ry, rz, unit[0], unit[1], unit[2]],
            ));
        }
        sums.inliers = 1;
        sums
    }

    fn kind(&self) -> Option<FactorKind> {
        Some(FactorKind::PointToPoint)
    }
}

impl PointToPlane {
    /// Residual of a pair, metres, and its derivative by the pose.
    #[inline]
    fn residual_and_jacobian(
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
    ) -> (f64, [f64; 6]) {
        let residual: f64 = (0..3)
            .map(|axis| (source[axis] - target[axis]) * normal[axis])
            .sum();
        let [rx, ry, rz] = cross(source, normal);
        (residual, [rx, ry, rz, normal[0], normal[1], normal[2]])
    }
}

impl Factor for PointToPlane {
    #[inline]
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
    ) -> NormalEquations {
        let (residual, jacobian) = Self::residual_and_jacobian(source, target, normal);
        NormalEquations::from_residual(residual, jacobian)
    }

    #[inline]
    fn add_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        normal: [f64; 3],
        sums: &mut NormalEquations,
    ) {
        let (residual, jacobian) = Self::residual_and_jacobian(source, target, normal);
        sums.add_residual(residual, jacobian);
    }

    fn needs_normals(&self) -> bool {
        true
    }

    fn kind(&self) -> Option<FactorKind> {
        Some(FactorKind::PointToPlane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Robust,
        kernel::{Huber, Tukey},
    };
    use isopach_cloud::Rigid;
    use proptest::prelude::*;

    fn vector(reach: f64) -> impl Strategy<Value = [f64; 3]> {
        prop::array::uniform3(-reach..reach)
    }

    proptest! {
        /// b is half the gradient of the error, for every factor whose weights are constant.
        #[test]
        fn gradients_are_those_of_finite_differences(s in vector(5.0), t in vector(5.0), n in vector(1.0)) {
            let length = n.iter().map(|x| x * x).sum::<f64>().sqrt().max(0.1);
            let n = n.map(|x| x / length);
            let factors: [&dyn Factor; 3] = [&PointToPoint, &PointToPlane, &GeneralizedIcp];
            for factor in factors {
                let found = factor.linearize_pair(s, t, n);
                for i in 0..6 {
                    let error = |by: f64| {
                        let mut x = [0.0; 6];
                        x[i] = by;
                        let moved = Rigid::from_vectors([x[0], x[1], x[2]], [x[3], x[4], x[5]], [0.0; 3]).apply(s);
                        factor.linearize_pair(moved, t, n).error
                    };
                    let slope = (error(1e-5) - error(-1e-5)) / 2e-5;
                    prop_assert!((2.0 * found.b[i] - slope).abs() < 1e-4 * (1.0 + slope.abs()), "{} {}", 2.0 * found.b[i], slope);
                }
            }
        }

        #[test]
        fn added_pairs_are_sums_of_pairs_to_the_bit(pairs in prop::collection::vec((vector(5.0), vector(5.0), vector(1.0)), 1..20)) {
            let factors: [&dyn Factor; 2] = [&PointToPoint, &PointToPlane];
            for factor in factors {
                let [mut added, mut summed] = [NormalEquations::default(); 2];
                for &(s, t, n) in &pairs {
                    factor.add_pair(s, t, n, &mut added);
                    summed.add_equations(&factor.linearize_pair(s, t, n));
                }
                prop_assert_eq!(added, summed);
            }
        }

        #[test]
        fn kernels_leave_small_residuals_alone_and_bound_large_ones(off in 0.0..10.0f64) {
            let pair = ([0.0, 0.0, off], [0.0; 3], [0.0, 0.0, 1.0]);
            let plain = PointToPlane.linearize_pair(pair.0, pair.1, pair.2);
            let huber = Robust { factor: PointToPlane, kernel: Huber { width: 0.5 } }.linearize_pair(pair.0, pair.1, pair.2);
            let tukey = Robust { factor: PointToPlane, kernel: Tukey { width: 0.5 } }.linearize_pair(pair.0, pair.1, pair.2);
            if off < 0.5 { prop_assert_eq!(huber, plain); } else { prop_assert!(huber.b[5] <= 0.5 + 1e-12); }
            if off > 0.5 { prop_assert_eq!(tukey.b[5], 0.0); }
        }
    }
}
