//! One-sided Jacobi on a small matrix.

use super::{Matrix, Vector};
use crate::{Real, lanes::Lanes};

/// Left singular vectors and squares of singular values.
pub(crate) struct Decomposed<V, const NF: usize> {
    /// Row k is the k-th left vector.
    pub(crate) u: Matrix<V, NF>,
    pub(crate) squared: Vector<V, NF>,
}

const SWEEPS: usize = 40;

/// Turns pairs of rows until all are orthogonal. Pairs go round as in a tournament: the three turns of a round are independent of each other.
#[inline(always)]
pub(crate) fn decompose<V: Lanes, const NF: usize>(mut rows: Matrix<V, NF>) -> Decomposed<V, NF> {
    let (zero, one) = (V::constant(0.0), V::constant(1.0));
    let negligible = V::constant((8.0 * V::Scalar::EPSILON) * (8.0 * V::Scalar::EPSILON));
    let mut u = [[zero; NF]; NF];
    for k in 0..NF {
        u[k][k] = one;
    }
    for _ in 0..SWEEPS {
        let mut turned = false;
        for round in 0..NF - 1 {
            for table in 0..NF / 2 {
                let p = if table == 0 { NF - 1 } else { (round + table) % (NF - 1) };
                let q = (round + NF - 1 - table) % (NF - 1);
                let (a, b) = (rows[p], rows[q]);
                let (mut alpha, mut beta, mut gamma) = (a[0] * a[0], b[0] * b[0], a[0] * b[0]);
                for i in 1..NF {
                    alpha = alpha + a[i] * a[i];
                    beta = beta + b[i] * b[i];
                    gamma = gamma + a[i] * b[i];
                }
                let needed = (negligible * alpha * beta).less(gamma * gamma);
                if !V::any(needed) {
                    continue;
                }
                turned = true;
                let zeta = (beta - alpha) / (gamma + gamma);
                let size = one / (zeta.abs() + (one + zeta * zeta).root());
                let tangent = V::select(zeta.less(zero), zero - size, size);
                let cosine = V::select(needed, one / (one + tangent * tangent).root(), one);
                let sine = V::select(needed, cosine * tangent, zero);
                let (ua, ub) = (u[p], u[q]);
                for i in 0..NF {
                    rows[p][i] = cosine * a[i] - sine * b[i];
                    rows[q][i] = sine * a[i] + cosine * b[i];
                    u[p][i] = cosine * ua[i] - sine * ub[i];
                    u[q][i] = sine * ua[i] + cosine * ub[i];
                }
            }
        }
        if !turned {
            break;
        }
    }
    let mut squared = [zero; NF];
    for k in 0..NF {
        for i in 0..NF {
            squared[k] = squared[k] + rows[k][i] * rows[k][i];
        }
    }
    Decomposed { u, squared }
}
