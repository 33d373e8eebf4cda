//! Least squares in the columns in use: an orthogonal basis, and the triangle that makes the
//! columns of it.

use super::super::vectors::{MAX_LANES, Matrix, Vector, dot_lanes};
use crate::lanes::Lanes;

/// A column that is this much shorter without the directions of others depends on them.
const DEPENDENT: f64 = 1e-10;

/// Numbers of all lanes, `[channel or slot][lane]`.
pub(super) type Numbers<const NF: usize> = [[f64; MAX_LANES]; NF];

/// Columns in use, `[slot][channel][lane]`; zero if a slot is empty.
pub(super) type Columns<const NF: usize> = [Numbers<NF>; NF];

/// The columns in use of every lane, decomposed.
pub(super) struct Triangle<V, const NF: usize> {
    /// Orthogonal directions; zero if a slot is empty or its column did not come in.
    pub(super) q: Matrix<V, NF>,
    /// `r[j][i]`: share of direction i in column j; the inverse of the diagonal.
    pub(super) r: Matrix<V, NF>,
    /// Counts along the directions.
    pub(super) c: Vector<V, NF>,
    /// Counts that are left.
    pub(super) left: Vector<V, NF>,
}

impl<V: Lanes<Scalar = f64>, const NF: usize> Triangle<V, NF> {
    /// Of no columns and no counts.
    #[inline(always)]
    pub(super) fn new() -> Self {
        let zero = V::constant(0.0);
        Self {
            q: [[zero; NF]; NF],
            r: [[zero; NF]; NF],
            c: [zero; NF],
            left: [zero; NF],
        }
    }

    /// Takes the columns in, in the order of their slots, but for those that are sums of others;
    /// earlier columns are overwritten.
    ///
    /// Modified Gram & Schmidt, with the counts as the last column: the solution is as good as from
    /// reflections (Björck 1967). A direction is taken out of all columns that follow at once, and
    /// these do not wait for each other. O(channels³).
    #[inline(always)]
    pub(super) fn decompose_columns(&mut self, columns: &Columns<NF>, g: &Numbers<NF>) {
        let zero = V::constant(0.0);
        let mut lengths = [zero; NF];
        for f in 0..NF {
            self.left[f] = V::load(&g[f]);
            for j in 0..NF {
                let entry = V::load(&columns[j][f]);
                self.q[j][f] = entry;
                lengths[j] = lengths[j] + entry * entry;
            }
        }
        for i in 0..NF {
            let least = V::constant(DEPENDENT * DEPENDENT) * lengths[i];
            self.normalise_column(i, least);
            for j in i + 1..NF {
                let share = dot_lanes(&self.q[i], &self.q[j]);
                self.r[j][i] = share;
                for f in 0..NF {
                    self.q[j][f] = self.q[j][f] - share * self.q[i][f];
                }
            }
        }
    }

    /// Makes a direction of the rest of column i, and takes it out of the counts; no direction if
    /// the square of its length is not above `least`.
    #[inline(always)]
    fn normalise_column(&mut self, i: usize, least: V) {
        let squared = dot_lanes(&self.q[i], &self.q[i]);
        let inverse = V::select(
            squared.at_most(least),
            V::constant(0.0),
            V::constant(1.0) / squared.square_root(),
        );
        for f in 0..NF {
            self.q[i][f] = self.q[i][f] * inverse;
        }
        let c = dot_lanes(&self.q[i], &self.left);
        for f in 0..NF {
            self.left[f] = self.left[f] - c * self.q[i][f];
        }
        self.r[i][i] = inverse;
        self.c[i] = c;
    }

    /// Least squares in the columns, by slots.
    #[inline(always)]
    pub(super) fn solve_columns(&self) -> Vector<V, NF> {
        let mut x = self.c;
        for back in 0..NF {
            let j = NF - 1 - back;
            x[j] = x[j] * self.r[j][j];
            for i in 0..j {
                x[i] = x[i] - self.r[j][i] * x[j];
            }
        }
        x
    }
}
