//! Horizontal errors: half of the time of an inversion, O(bins²) a pixel.

use super::{shared::Shared, vectors::Matrix};
use crate::lanes::Lanes;

/// Standard deviation of each column of the averaging kernel `l[t] R[t] · N R[k]`, handed to
/// `write` bin by bin.
#[inline(always)]
pub(crate) fn fill_resolution<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    l: &[V],
    n: &Matrix<V, NF>,
    column: &mut [V],
    found: &mut [V],
) {
    let bins = l.len();
    for k in 0..bins {
        let largest = averaging_column(shared, l, n, k, column);
        found[k] = column_width(shared, k, column, largest * V::constant(0.5));
    }
}

/// Column k of the averaging kernel; returns its largest value.
#[inline(always)]
pub(crate) fn averaging_column<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    l: &[V],
    n: &Matrix<V, NF>,
    k: usize,
    column: &mut [V],
) -> V {
    let seen = &shared.response[k];
    let mut p = [V::constant(0.0); NF];
    for f in 0..NF {
        for h in 0..NF {
            p[f] = p[f] + n[f][h] * V::splat(seen[h]);
        }
    }
    let mut largest = V::constant(f64::NEG_INFINITY);
    for t in 0..l.len() {
        let row = &shared.response[t];
        let mut sum = V::splat(row[0]) * p[0];
        for f in 1..NF {
            sum = sum + V::splat(row[f]) * p[f];
        }
        let value = l[t] * sum;
        largest = value.max(largest);
        column[t] = value;
    }
    largest
}

/// Distance between the first and the last sample that reach `half`, halved, as a standard
/// deviation.
#[inline(always)]
pub(super) fn column_width<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    k: usize,
    column: &[V],
    half: V,
) -> V {
    let none = V::constant(1e9);
    let one = V::constant(1.0);
    let mut first = none;
    let mut last = V::constant(0.0);
    let mut here = V::constant(0.0);
    for &(bin, share) in &shared.resolution {
        let below = column[bin];
        let sample = below + (column[bin + 1] - below) * V::splat(share);
        let reaches = half.at_most(sample);
        first = V::select(reaches, here.min(first), first);
        last = V::select(reaches, here, last);
        here = here + one;
    }
    let width = (last - first) * V::splat(shared.resolution_unit);
    V::select(
        first.less_than(none),
        width,
        V::splat(shared.resolution_widths[k]),
    )
}
