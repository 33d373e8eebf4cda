//! One-sided Jacobi on a small matrix.
//!
//! Rows are turned, and the left vectors kept beside them. Turning the columns of a triangle needs
//! no second matrix, but rows are in units of the errors of their channels: a column's round-off is
//! that of its largest entry, and single precision does not have the digits for that.

use super::vectors::{Matrix, Vector, dot_lanes};
use crate::{Real, lanes::Lanes};

/// Left singular vectors and squares of singular values.
pub(crate) struct Decomposed<V, const NF: usize> {
    /// Row k is the k-th left vector.
    pub(crate) u: Matrix<V, NF>,
    pub(crate) squared: Vector<V, NF>,
}

const SWEEPS: usize = 40;

/// Turns pairs of rows until all are orthogonal. Pairs go round as in a tournament: the turns of a
/// round are independent of each other, and none waits for the divisions and roots of another.
///
/// Turns get small quadratically: after a sweep of turns by less than the root of the negligible
/// size nothing is left, and no sweep has to show it. A lane that is done is not turned any more
/// while others go on: a pixel has the same bits in any company.
#[inline(always)]
pub(crate) fn decompose_rows<V: Lanes, const NF: usize>(
    mut rows: Matrix<V, NF>,
) -> Decomposed<V, NF> {
    let zero = V::constant(0.0);
    let one = V::constant(1.0);
    let mut u = [[zero; NF]; NF];
    for k in 0..NF {
        u[k][k] = one;
    }
    let mut running = one;
    for _ in 0..SWEEPS {
        let mut squared = squared_lengths(&rows);
        let mut rest = zero;
        for round in 0..NF - 1 {
            rest = rest.max(turn_round(&mut rows, &mut u, &mut squared, running, round));
        }
        running = V::select(zero.less_than(rest), running, zero);
        if !V::any_lane(zero.less_than(running)) {
            break;
        }
    }
    Decomposed {
        u,
        squared: squared_lengths(&rows),
    }
}

#[inline(always)]
fn squared_lengths<V: Lanes, const NF: usize>(rows: &Matrix<V, NF>) -> Vector<V, NF> {
    let mut squared = [V::constant(0.0); NF];
    for k in 0..NF {
        squared[k] = dot_lanes(&rows[k], &rows[k]);
    }
    squared
}

/// The turns of a round in the lanes that are `running` (1, else 0); above 0 if one of them was
/// large.
#[inline(always)]
fn turn_round<V: Lanes, const NF: usize>(
    rows: &mut Matrix<V, NF>,
    u: &mut Matrix<V, NF>,
    squared: &mut Vector<V, NF>,
    running: V,
    round: usize,
) -> V {
    let zero = V::constant(0.0);
    let one = V::constant(1.0);
    let negligible = V::constant((8.0 * V::Scalar::EPSILON) * (8.0 * V::Scalar::EPSILON));
    let nearly = V::constant(V::Scalar::EPSILON);
    let tables = NF / 2;
    let mut gamma = [zero; NF];
    let mut excess = [zero; NF];
    let mut rest = zero;
    let mut most = zero;
    for table in 0..tables {
        let (p, q) = pair_at_table::<NF>(round, table);
        gamma[table] = dot_lanes(&rows[p], &rows[q]);
        let product = gamma[table] * gamma[table];
        let both = squared[p] * squared[q];
        excess[table] = running * (product - negligible * both);
        most = most.max(excess[table]);
        rest = rest.max(product - nearly * both);
    }
    if !V::any_lane(zero.less_than(most)) {
        return zero;
    }
    let mut tangent = [zero; NF];
    let mut cosine = [zero; NF];
    for table in 0..tables {
        let (p, q) = pair_at_table::<NF>(round, table);
        let double = gamma[table] + gamma[table];
        let apart = squared[q] - squared[p];
        let size = double / (apart.abs() + (apart * apart + double * double).square_root());
        let signed = V::select(apart.less_than(zero), zero - size, size);
        tangent[table] = V::select(zero.less_than(excess[table]), signed, zero);
        let steep = tangent[table] * tangent[table];
        // Small cosines are not enough: vectors of nearly equal lengths are turned by much for
        // them.
        rest = rest.max(steep - nearly);
        cosine[table] = one / (one + steep).square_root();
    }
    for table in 0..tables {
        let (p, q) = pair_at_table::<NF>(round, table);
        let sine = cosine[table] * tangent[table];
        for i in 0..NF {
            let a = rows[p][i];
            let b = rows[q][i];
            rows[p][i] = cosine[table] * a - sine * b;
            rows[q][i] = sine * a + cosine[table] * b;
            let a = u[p][i];
            let b = u[q][i];
            u[p][i] = cosine[table] * a - sine * b;
            u[q][i] = sine * a + cosine[table] * b;
        }
        let moved = tangent[table] * gamma[table];
        squared[p] = squared[p] - moved;
        squared[q] = squared[q] + moved;
    }
    rest
}

/// Who meets at a table in a round of a tournament.
#[inline(always)]
fn pair_at_table<const NF: usize>(round: usize, table: usize) -> (usize, usize) {
    let around = |seat: usize| if seat < NF - 1 { seat } else { seat - (NF - 1) };
    (
        if table == 0 {
            NF - 1
        } else {
            around(round + table)
        },
        around(round + NF - 1 - table),
    )
}
