//! Weights, and the constraint that they make.

use super::{shared::Shared, vectors::Vector};
use crate::{Constraint, lanes::Lanes};

/// Above 10⁻⁴ of its largest the first solution is the weight; elsewhere 1 (`filler`, in the units
/// of the solution).
#[inline(always)]
pub(crate) fn from_first_solution<V: Lanes>(w: &mut [V], filler: V) {
    let mut largest = w[0];
    for &x in w.iter() {
        largest = x.max(largest);
    }
    let least = largest * V::constant(1e-4);
    for x in w.iter_mut() {
        *x = V::select(least.less_than(*x), *x, filler);
    }
}

/// The lowest of the EM loci `counts / R` in each bin; a count that is not above zero says no more
/// than that there was less than about its error.
#[inline(always)]
pub(crate) fn fill_loci<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    counts: &Vector<V, NF>,
    inverse_sigma: &Vector<V, NF>,
    w: &mut [V],
) {
    let zero = V::constant(0.0);
    let infinity = V::constant(f64::INFINITY);
    let mut limits = *counts;
    if shared.upper_limits {
        for f in 0..NF {
            limits[f] = V::select(
                zero.less_than(counts[f]),
                counts[f],
                V::constant(1.0) / inverse_sigma[f],
            );
        }
    }
    for (t, to) in w.iter_mut().enumerate() {
        let mut lowest = infinity;
        for f in 0..NF {
            if shared.loci[f] {
                let used = zero.less_than(inverse_sigma[f].abs());
                let locus = limits[f] / V::splat(shared.response[t][f]);
                let counts_here = V::both_masks(used, zero.less_than(locus.abs()));
                lowest = V::select(counts_here, locus.min(lowest), lowest);
            }
        }
        *to = lowest;
    }
}

/// Mean over five bins, with zero for the two end bins and beyond, in units of the largest weight;
/// at least 10⁻⁸.
#[inline(always)]
pub(crate) fn smooth_weights<V: Lanes>(w: &[V], smoothed: &mut [V]) {
    let fifth = V::constant(0.2);
    let floor = V::constant(1e-8);
    let mut largest = w[0];
    for &x in w {
        largest = x.max(largest);
    }
    for t in 0..w.len() {
        let mut sum = V::constant(0.0);
        for j in t.saturating_sub(2).max(1)..(t + 3).min(w.len() - 1) {
            sum = sum + w[j] * fifth;
        }
        let mean = sum / largest;
        smoothed[t] = V::select(mean.at_most(floor), floor, mean);
    }
}

/// `l = |w| / Δ log T` or `w²`.
#[inline(always)]
pub(crate) fn fill_constraint<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    w: &[V],
    l: &mut [V],
) {
    for t in 0..w.len() {
        l[t] = match shared.constraint {
            Constraint::PerLogT => w[t].abs() * V::splat(shared.densities[t]),
            Constraint::PerBin => w[t] * w[t],
        };
    }
}
