//! Small vectors and matrices with a pixel per lane.

use crate::lanes::Lanes;

/// Largest number of lanes of any kind, for numbers that are handled one by one.
pub(crate) const MAX_LANES: usize = 8;

/// A vector of channels, in lanes.
pub(crate) type Vector<V, const NF: usize> = [V; NF];

/// A matrix of channels by rows, in lanes.
pub(crate) type Matrix<V, const NF: usize> = [[V; NF]; NF];

/// `a · b`.
#[inline(always)]
pub(super) fn dot_lanes<V: Lanes, const NF: usize>(a: &Vector<V, NF>, b: &Vector<V, NF>) -> V {
    let mut sum = a[0] * b[0];
    for i in 1..NF {
        sum = sum + a[i] * b[i];
    }
    sum
}

/// `row · z`, with a row of the response that all lanes share.
#[inline(always)]
pub(super) fn dot_response<V: Lanes, const NF: usize>(
    row: &[V::Scalar; NF],
    z: &Vector<V, NF>,
) -> V {
    let mut sum = V::splat(row[0]) * z[0];
    for f in 1..NF {
        sum = sum + V::splat(row[f]) * z[f];
    }
    sum
}
