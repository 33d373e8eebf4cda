//! Eigenvalues and eigenvectors of a symmetric 3 × 3 matrix, directly.
//!
//! With m = tr A / 3, p² = ‖A − m I‖² / 6 and h = det((A − m I)/p) / 2, the eigenvalues of A are
//! m + p x with x³ − 3x = 2h and |h| ≤ 1 (Smith 1961). One root of the three is always at least √3
//! away from the others: the largest for h ≥ 0, the smallest for h < 0. It is found by Newton's
//! method from 2, where the cubic is convex, in at most five steps and without trigonometry. Its
//! eigenvector is the longest cross product of two rows of A − λ I, which has rank two and no worse
//! condition than that gap (Eberly 2014). The rest is a 2 × 2 problem in the plane across it,
//! which one rotation solves, however close its eigenvalues are.
//!
//! Errors are some 10⁻¹⁵ of the largest eigenvalue, as with iterative methods, at a fifth of the
//! time.

/// Eigenvalues of a symmetric 3 × 3 matrix in ascending order, with their unit eigenvectors.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Eigen {
    /// Eigenvalues λ₀ ≤ λ₁ ≤ λ₂.
    pub values: [f64; 3],
    /// Unit eigenvector of each value, mutually orthogonal.
    pub vectors: [[f64; 3]; 3],
}

/// Share of the largest eigenvalue that the middle one must exceed: below it, points lie on a line.
pub(crate) const COLLINEAR: f64 = 1e-9;

impl Eigen {
    /// Surface normal of a neighbourhood with this covariance: the eigenvector of the smallest
    /// eigenvalue, of either sign. `None` if the points lie on a line or in one place.
    ///
    /// ```
    /// use isopach_neighbours::symmetric_eigen;
    /// // A disc in the plane of x and y, then a line along x.
    /// let disc = symmetric_eigen([2.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    /// assert_eq!(disc.normal().map(|n| n[2].abs()), Some(1.0));
    /// assert_eq!(symmetric_eigen([2.0, 0.0, 0.0, 0.0, 0.0, 0.0]).normal(), None);
    /// ```
    #[must_use]
    pub fn normal(&self) -> Option<[f64; 3]> {
        let [_, middle, largest] = self.values;
        let spans_plane = middle > COLLINEAR * largest && largest > 0.0;
        spans_plane.then_some(self.vectors[0])
    }

    /// Linearity (λ₂ − λ₁)/λ₂: 1 for a line, 0 for a disc or a ball; NaN for equal points.
    #[must_use]
    pub fn linearity(&self) -> f64 {
        let [_, middle, largest] = self.values;
        (largest - middle) / largest
    }

    /// Planarity (λ₁ − λ₀)/λ₂: 1 for a disc, 0 for a line or a ball; NaN for equal points.
    #[must_use]
    pub fn planarity(&self) -> f64 {
        let [smallest, middle, largest] = self.values;
        (middle - smallest) / largest
    }

    /// Sphericity λ₀/λ₂: 1 for a ball, 0 for a plane or a line; NaN for equal points.
    #[must_use]
    pub fn sphericity(&self) -> f64 {
        let [smallest, _, largest] = self.values;
        smallest / largest
    }
}

/// Computes eigenvalues and eigenvectors of the symmetric matrix with the upper triangle xx, xy,
/// xz, yy, yz, zz. All are NaN if an entry is not finite.
///
/// ```
/// use isopach_neighbours::symmetric_eigen;
/// let found = symmetric_eigen([3.0, 0.0, 0.0, 1.0, 0.0, 2.0]);
/// assert_eq!(found.values, [1.0, 2.0, 3.0]);
/// assert_eq!(found.vectors[0].map(f64::abs), [0.0, 1.0, 0.0]);
/// ```
#[must_use]
pub fn symmetric_eigen(upper: [f64; 6]) -> Eigen {
    if upper.iter().any(|x| !x.is_finite()) {
        return Eigen {
            values: [f64::NAN; 3],
            vectors: [[f64::NAN; 3]; 3],
        };
    }
    // Scale, so that no product overflows or underflows.
    let scale = upper
        .iter()
        .fold(0.0_f64, |largest, x| largest.max(x.abs()));
    if scale == 0.0 {
        return Eigen {
            values: [0.0; 3],
            vectors: IDENTITY,
        };
    }
    let a = upper.map(|x| x / scale);
    let mean = (a[0] + a[3] + a[5]) / 3.0;
    let centred = [a[0] - mean, a[1], a[2], a[3] - mean, a[4], a[5] - mean];
    let [xx, xy, xz, yy, yz, zz] = centred;
    let p = ((xx * xx + yy * yy + zz * zz + 2.0 * (xy * xy + xz * xz + yz * yz)) / 6.0).sqrt();
    if p < f64::MIN_POSITIVE {
        return Eigen {
            values: [mean * scale; 3],
            vectors: IDENTITY,
        };
    }
    // In units of p, so that products of four entries do not underflow either.
    let unit = [xx, xy, xz, yy, yz, zz].map(|x| x / p);
    let [xx, xy, xz, yy, yz, zz] = unit;
    let determinant =
        xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz);
    let h = (0.5 * determinant).clamp(-1.0, 1.0);
    let alone = distinct_root(h.abs()).copysign(h);
    let axis = null_vector(unit, alone);
    let [(low, low_axis), (high, high_axis)] = eigen_in_plane_across(unit, axis);
    let value = |x: f64| (p * x + mean) * scale;
    if h >= 0.0 {
        Eigen {
            values: [value(low), value(high), value(alone)],
            vectors: [low_axis, high_axis, axis],
        }
    } else {
        Eigen {
            values: [value(alone), value(low), value(high)],
            vectors: [axis, low_axis, high_axis],
        }
    }
}

const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// The root of x³ − 3x = 2h in [√3, 2], for h in [0, 1].
fn distinct_root(h: f64) -> f64 {
    let mut x = 2.0_f64;
    for _ in 0..5 {
        x -= (x * (x * x - 3.0) - 2.0 * h) / (3.0 * (x * x - 1.0));
    }
    x
}

/// The unit vector that A − λ I, a matrix of rank two, maps to zero.
fn null_vector([xx, xy, xz, yy, yz, zz]: [f64; 6], lambda: f64) -> [f64; 3] {
    let rows = [
        [xx - lambda, xy, xz],
        [xy, yy - lambda, yz],
        [xz, yz, zz - lambda],
    ];
    let candidates = [
        cross(rows[0], rows[1]),
        cross(rows[0], rows[2]),
        cross(rows[1], rows[2]),
    ];
    let squares = candidates.map(|c| dot(c, c));
    let mut longest = 0;
    for i in 1..3 {
        if squares[i] > squares[longest] {
            longest = i;
        }
    }
    candidates[longest].map(|x| x / squares[longest].sqrt())
}

/// Eigenvalues in ascending order and eigenvectors in the plane across `axis`, a unit eigenvector.
fn eigen_in_plane_across(upper: [f64; 6], axis: [f64; 3]) -> [(f64, [f64; 3]); 2] {
    // A vector across the axis: it leaves out the smallest component.
    let [x, y, z] = axis;
    let u = if x.abs() > y.abs() {
        let length = (x * x + z * z).sqrt();
        [-z / length, 0.0, x / length]
    } else {
        let length = (y * y + z * z).sqrt();
        [0.0, z / length, -y / length]
    };
    let w = cross(axis, u);
    let au = multiply_symmetric(upper, u);
    let aw = multiply_symmetric(upper, w);
    let uu = dot(u, au);
    let uw = dot(u, aw);
    let ww = dot(w, aw);
    let mean = 0.5 * (uu + ww);
    let half = 0.5 * (uu - ww);
    let radius = (half * half + uw * uw).sqrt();
    // The eigenvector of mean + radius in the basis u, w; of two ways to write it, the one that
    // does not cancel.
    let (c, s) = if half >= 0.0 {
        (half + radius, uw)
    } else {
        (uw, radius - half)
    };
    let length = (c * c + s * s).sqrt();
    let (c, s) = if length > 0.0 {
        (c / length, s / length)
    } else {
        (1.0, 0.0)
    };
    let high: [f64; 3] = std::array::from_fn(|i| c * u[i] + s * w[i]);
    let low: [f64; 3] = std::array::from_fn(|i| c * w[i] - s * u[i]);
    [(mean - radius, low), (mean + radius, high)]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn multiply_symmetric([xx, xy, xz, yy, yz, zz]: [f64; 6], v: [f64; 3]) -> [f64; 3] {
    [
        dot([xx, xy, xz], v),
        dot([xy, yy, yz], v),
        dot([xz, yz, zz], v),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Matrix3;
    use proptest::prelude::*;

    /// Matrices of all kinds: by entries, and by eigenvalues that are close, equal, or of very
    /// different sizes.
    fn matrices() -> impl Strategy<Value = [f64; 6]> {
        let entries = prop::array::uniform6(-1e3..1e3_f64);
        let value = prop_oneof![
            Just(0.0),
            Just(1.0),
            Just(1.0 + 1e-12),
            Just(1e-9),
            0.0..1.0_f64
        ];
        let nearly_round = (-1e-100..1e-100_f64).prop_map(|off| [1.0, off, 0.0, 1.0, -off, 1.0]);
        let rotated = (
            prop::array::uniform3(value),
            prop::array::uniform3(-4.0..4.0_f64),
            -40..40_i32,
        );
        let rotated = rotated.prop_map(|(values, angles, exponent)| {
            let r =
                *nalgebra::Rotation3::from_euler_angles(angles[0], angles[1], angles[2]).matrix();
            let m =
                r * Matrix3::from_diagonal(&values.into()) * r.transpose() * 10_f64.powi(exponent);
            [
                m[(0, 0)],
                m[(0, 1)],
                m[(0, 2)],
                m[(1, 1)],
                m[(1, 2)],
                m[(2, 2)],
            ]
        });
        prop_oneof![entries, rotated, nearly_round]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn pairs_are_pairs_orthonormal_and_those_of_an_iterative_method(upper in matrices()) {
            let found = symmetric_eigen(upper);
            let scale = upper.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
            for (value, vector) in found.values.into_iter().zip(found.vectors) {
                let image = multiply_symmetric(upper, vector);
                for axis in 0..3 {
                    prop_assert!((image[axis] - value * vector[axis]).abs() <= 1e-14 * scale, "{found:?}");
                }
            }
            for i in 0..3 {
                for j in 0..3 {
                    let expected = if i == j { 1.0 } else { 0.0 };
                    prop_assert!((dot(found.vectors[i], found.vectors[j]) - expected).abs() < 1e-14, "{found:?}");
                }
            }
            let [xx, xy, xz, yy, yz, zz] = upper;
            let iterative = Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz).symmetric_eigen();
            let mut values: [f64; 3] = iterative.eigenvalues.into();
            values.sort_by(f64::total_cmp);
            for (a, b) in found.values.into_iter().zip(values) {
                prop_assert!((a - b).abs() <= 1e-14 * scale, "{a} {b}");
            }
        }
    }

    #[test]
    fn what_has_no_directions_has_the_axes() {
        for x in [0.0, 3.0, -2.0, 1e-300] {
            let found = symmetric_eigen([x, 0.0, 0.0, x, 0.0, x]);
            assert_eq!((found.values, found.vectors), ([x; 3], IDENTITY));
        }
        assert!(symmetric_eigen([f64::NAN; 6]).values[0].is_nan());
    }
}
