//! How far a pair is apart, and how that changes with the pose.

use crate::NormalEquations;

/// What a factor measures, for backends that know how to sum it up themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// As [`PointToPoint`].
    PointToPoint,
    /// As [`PointToPlane`].
    PointToPlane,
}

/// One pair's contribution to the normal equations. Anyone may write one; it runs on every backend.
///
/// Coordinates are metres from the pivot, the source already at the current pose. With a rotation vector ω and a translation τ on the left, the
/// source moves by ω × s + τ.
pub trait Factor: Sync {
    /// Residual and Jacobian of a pair, as normal equations. `target_normal` is zero where normals are not needed.
    fn linearize(&self, source: [f64; 3], target: [f64; 3], target_normal: [f64; 3]) -> NormalEquations;

    /// Whether it looks at the target's normals.
    fn needs_normals(&self) -> bool {
        false
    }

    /// What it measures, if that is one of these and nothing else: a backend may then sum it up without asking. `None` is always right.
    fn measure(&self) -> Option<Measure> {
        None
    }
}

/// Distance between the points (Besl & McKay 1992).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointToPoint;

/// Distance of the source from the plane through the target: slides along surfaces, converges in a few steps (Chen & Medioni 1991).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointToPlane;

#[inline]
fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

impl Factor for PointToPoint {
    #[inline]
    fn linearize(&self, source: [f64; 3], target: [f64; 3], _normal: [f64; 3]) -> NormalEquations {
        let mut sums = NormalEquations::default();
        for axis in 0..3 {
            let mut unit = [0.0; 3];
            unit[axis] = 1.0;
            let [rx, ry, rz] = cross(source, unit);
            sums.add(&NormalEquations::of_residual(
                source[axis] - target[axis],
                [rx, ry, rz, unit[0], unit[1], unit[2]],
            ));
        }
        sums.inliers = 1;
        sums
    }

    fn measure(&self) -> Option<Measure> {
        Some(Measure::PointToPoint)
    }
}

impl Factor for PointToPlane {
    #[inline]
    fn linearize(&self, source: [f64; 3], target: [f64; 3], normal: [f64; 3]) -> NormalEquations {
        let residual: f64 = (0..3).map(|axis| (source[axis] - target[axis]) * normal[axis]).sum();
        let [rx, ry, rz] = cross(source, normal);
        NormalEquations::of_residual(residual, [rx, ry, rz, normal[0], normal[1], normal[2]])
    }

    fn needs_normals(&self) -> bool {
        true
    }

    fn measure(&self) -> Option<Measure> {
        Some(Measure::PointToPlane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Huber, Tukey};
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
            let factors: [&dyn Factor; 2] = [&PointToPoint, &PointToPlane];
            for factor in factors {
                let found = factor.linearize(s, t, n);
                for i in 0..6 {
                    let error = |by: f64| {
                        let mut x = [0.0; 6];
                        x[i] = by;
                        let moved = Rigid::from_vectors([x[0], x[1], x[2]], [x[3], x[4], x[5]], [0.0; 3]).apply(s);
                        factor.linearize(moved, t, n).error
                    };
                    let slope = (error(1e-5) - error(-1e-5)) / 2e-5;
                    prop_assert!((2.0 * found.b[i] - slope).abs() < 1e-4 * (1.0 + slope.abs()), "{} {}", 2.0 * found.b[i], slope);
                }
            }
        }

        #[test]
        fn kernels_leave_small_residuals_alone_and_bound_large_ones(off in 0.0..10.0f64) {
            let pair = ([0.0, 0.0, off], [0.0; 3], [0.0, 0.0, 1.0]);
            let plain = PointToPlane.linearize(pair.0, pair.1, pair.2);
            let huber = Huber { factor: PointToPlane, width: 0.5 }.linearize(pair.0, pair.1, pair.2);
            let tukey = Tukey { factor: PointToPlane, width: 0.5 }.linearize(pair.0, pair.1, pair.2);
            if off < 0.5 { prop_assert_eq!(huber, plain); } else { prop_assert!(huber.b[5] <= 0.5 + 1e-12); }
            if off > 0.5 { prop_assert_eq!(tukey.b[5], 0.0); }
        }
    }
}
