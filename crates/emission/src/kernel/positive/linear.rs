//! Small symmetric systems, one a lane.

use super::super::vectors::{Matrix, Vector};
use crate::lanes::Lanes;

/// Cholesky's triangle of a symmetric matrix, in place of its own lower triangle; the diagonal
/// inverted.
#[inline(always)]
pub(super) fn cholesky_triangle<V: Lanes<Scalar = f64>, const NF: usize>(
    a: &Matrix<V, NF>,
) -> Matrix<V, NF> {
    let mut t = *a;
    for i in 0..NF {
        for j in 0..=i {
            let mut rest = a[i][j];
            for k in 0..j {
                rest = rest - t[i][k] * t[j][k];
            }
            t[i][j] = if i == j {
                V::constant(1.0) / rest.square_root()
            } else {
                rest * t[j][j]
            };
        }
    }
    t
}

/// Solves with [`triangle`].
#[inline(always)]
pub(super) fn solve_triangles<V: Lanes<Scalar = f64>, const NF: usize>(
    t: &Matrix<V, NF>,
    b: &Vector<V, NF>,
) -> Vector<V, NF> {
    let mut x = *b;
    for i in 0..NF {
        for k in 0..i {
            x[i] = x[i] - t[i][k] * x[k];
        }
        x[i] = x[i] * t[i][i];
    }
    for back in 0..NF {
        let i = NF - 1 - back;
        for k in i + 1..NF {
            x[i] = x[i] - t[k][i] * x[k];
        }
        x[i] = x[i] * t[i][i];
    }
    x
}

/// Solves a symmetric system whose lower triangle is given.
#[inline(always)]
pub(super) fn solve_symmetric<V: Lanes<Scalar = f64>, const NF: usize>(
    a: &Matrix<V, NF>,
    b: &Vector<V, NF>,
) -> Vector<V, NF> {
    solve_triangles(&cholesky_triangle(a), b)
}
