//! Medians, samples and patches: chosen by coordinates, never by random state.

use isopach_cloud::Positions;
use isopach_compute::{fnv1a, splitmix64};

/// The value below which `share` of the values lie; infinite for none. Reorders them. O(n).
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::INFINITY;
    }
    let at = ((values.len() as f64 * share) as usize).min(values.len() - 1);
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

/// 1.4826 times the median of |v|: the standard deviation of Gaussian values about 0 of which some
/// are not.
pub(super) fn robust_scale(values: impl Iterator<Item = f64>) -> f64 {
    let mut sizes: Vec<f64> = values.map(f64::abs).collect();
    1.4826 * quantile(&mut sizes, 0.5)
}

/// A hash of a point's place.
pub(super) fn hash_position(points: Positions<'_>, i: usize) -> u64 {
    splitmix64(fnv1a(
        points
            .absolute_ticks(i)
            .into_iter()
            .flat_map(i64::to_le_bytes),
    ))
}

/// Cuts points into `leaves` patches (a power of two) of equal numbers, each cut across the longest
/// side at the median. Says the patch of each point.
pub(super) fn split_into_patches(points: &[[f64; 3]], leaves: usize) -> Vec<u32> {
    let mut patch = vec![0; points.len()];
    let mut next = 0;
    let mut open: Vec<(Vec<u32>, usize)> = vec![((0..points.len() as u32).collect(), leaves)];
    while let Some((mut members, leaves)) = open.pop() {
        if leaves < 2 || members.len() < 2 {
            members.iter().for_each(|&i| patch[i as usize] = next);
            next += 1;
            continue;
        }
        let axis = longest_side(points, &members);
        let middle = members.len() / 2;
        let place = |i: &u32| points[*i as usize][axis];
        members.select_nth_unstable_by(middle, |a, b| place(a).total_cmp(&place(b)).then(a.cmp(b)));
        let upper = members.split_off(middle);
        open.push((members, leaves / 2));
        open.push((upper, leaves / 2));
    }
    patch
}

/// The axis along which nine tenths of the members spread farthest: a far point must not choose it.
fn longest_side(points: &[[f64; 3]], members: &[u32]) -> usize {
    let side = |axis: usize| {
        let some = members.iter().step_by((members.len() / 512).max(1));
        let mut places: Vec<f64> = some.map(|&i| points[i as usize][axis]).collect();
        let high = quantile(&mut places, 0.95);
        high - quantile(&mut places, 0.05)
    };
    let sides = [side(0), side(1), side(2)];
    if sides[0] >= sides[1] && sides[0] >= sides[2] {
        0
    } else if sides[1] >= sides[2] {
        1
    } else {
        2
    }
}
