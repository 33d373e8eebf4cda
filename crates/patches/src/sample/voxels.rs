//! Points spread over the cubes of a lattice.

use super::{Choice, keyed};
use isopach_cloud::cell_of_tick;
use std::collections::HashMap;

/// At most `n` points: in the order of their numbers one of each cube, then a second of each, and
/// so on.
pub(super) fn stratified(choice: &Choice<'_>, n: usize, voxel: f64) -> Vec<u32> {
    let mut ranked = ranked(choice, voxel);
    // Stable: within a round, points stay in the order of their numbers.
    ranked.sort_by_key(|(_, rank)| *rank);
    ranked.into_iter().map(|(point, _)| point).take(n).collect()
}

/// One point of each cube, in the order of their numbers.
pub(super) fn one_each(choice: &Choice<'_>, voxel: f64) -> Vec<u32> {
    let ranked = ranked(choice, voxel);
    let firsts = ranked.into_iter().filter(|(_, rank)| *rank == 0);
    firsts.map(|(point, _)| point).collect()
}

/// The points in the order of their numbers, each with the number of points before it in its cube.
fn ranked(choice: &Choice<'_>, voxel: f64) -> Vec<(u32, usize)> {
    let mut numbered = keyed::numbered(choice, 0);
    numbered.sort_unstable_by(|a, b| keyed::compare(choice, a, b));
    let positions = choice.order.positions();
    let mut counts: HashMap<[i64; 3], usize> = HashMap::new();
    let mut rank = |point: u32| {
        let ticks = positions.absolute_ticks(point as usize);
        let count = counts
            .entry(ticks.map(|tick| cell_of_tick(tick, voxel)))
            .or_default();
        *count += 1;
        *count - 1
    };
    let ranks = numbered.into_iter().map(|(_, point)| (point, rank(point)));
    ranks.collect()
}
