//! Eigenvalues and eigenvectors of a symmetric 3 × 3 matrix.

use nalgebra::Matrix3;

/// Eigenvalues in ascending order and the unit eigenvectors that belong to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eigen {
    /// λ₀ ≤ λ₁ ≤ λ₂.
    pub values: [f64; 3],
    /// One unit vector a value, mutually orthogonal.
    pub vectors: [[f64; 3]; 3],
}

/// Eigen-decomposition of the symmetric matrix with upper triangle xx, xy, xz, yy, yz, zz.
#[must_use]
pub fn eigen(upper: [f64; 6]) -> Eigen {
    let [xx, xy, xz, yy, yz, zz] = upper;
    let found = Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz).symmetric_eigen();
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| found.eigenvalues[a].total_cmp(&found.eigenvalues[b]));
    Eigen {
        values: order.map(|i| found.eigenvalues[i]),
        vectors: order.map(|i| found.eigenvectors.column(i).into_owned().into()),
    }
}
