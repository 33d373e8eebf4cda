//! Plain definitions, which faster versions are compared with.

use isopach_cloud::Positions;

/// Farthest-point sampling by its definition, O(n · N): the indices of `n` points, at most as many
/// as there are.
///
/// The first is horizontally nearest to `centre` (absolute ticks); each further one is the point
/// whose distance to the nearest chosen point is largest. Of equal distances the first by
/// coordinates counts, then by index.
#[must_use]
pub fn farthest_points(points: Positions<'_>, centre: [i64; 2], n: usize) -> Vec<usize> {
    let count = points.len();
    let place = |i: usize| points.absolute_ticks(i);
    let from_centre = |i: usize| {
        let [x, y, _] = place(i);
        let squares = [x - centre[0], y - centre[1]].map(|d| i128::from(d) * i128::from(d));
        squares.iter().sum::<i128>()
    };
    let first = (0..count).min_by_key(|&i| (from_centre(i), place(i), i));
    let mut nearest = vec![i128::MAX; count];
    let mut chosen = Vec::new();
    let mut next = first;
    while let Some(taken) = next.filter(|_| chosen.len() < n) {
        chosen.push(taken);
        for (i, distance) in nearest.iter_mut().enumerate() {
            *distance = (*distance).min(squared_distance(place(i), place(taken)));
        }
        let left = (0..count).filter(|i| !chosen.contains(i));
        next = left.min_by_key(|&i| (-nearest[i], place(i), i));
    }
    chosen
}

fn squared_distance(a: [i64; 3], b: [i64; 3]) -> i128 {
    let squares = (0..3).map(|axis| i128::from(a[axis] - b[axis]).pow(2));
    squares.sum()
}
