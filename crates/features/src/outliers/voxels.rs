//! Points of sparsely filled voxels.

use isopach_cloud::{Positions, cell_of_tick};
use rayon::prelude::*;

/// Which queries, points of the cloud, have fewer than `fewest` other points in the 27 voxels of the
/// absolute grid around and with their own. O((points + queries) · log points).
pub(super) fn find_isolated(
    points: Positions<'_>,
    queries: Positions<'_>,
    side: f64,
    fewest: usize,
) -> Vec<bool> {
    let mut voxels = voxels_of(points, side);
    voxels.par_sort_unstable();
    voxels_of(queries, side)
        .into_par_iter()
        .map(|voxel| count_around(&voxels, voxel) <= fewest)
        .collect()
}

fn voxels_of(points: Positions<'_>, side: f64) -> Vec<[i64; 3]> {
    (0..points.len())
        .into_par_iter()
        .map(|i| {
            points
                .absolute_ticks(i)
                .map(|tick| cell_of_tick(tick, side))
        })
        .collect()
}

/// Points in the 27 voxels around one. Voxels are sorted by x, y and z, so the three above each
/// other are a range.
fn count_around(sorted: &[[i64; 3]], [x, y, z]: [i64; 3]) -> usize {
    let mut count = 0;
    for [along, across] in [-1, 0, 1].map(|a| [-1, 0, 1].map(|b| [a, b])).concat() {
        let [column, row] = [x + along, y + across];
        let start = sorted.partition_point(|voxel| *voxel < [column, row, z - 1]);
        let rest = &sorted[start..];
        count += rest.partition_point(|voxel| *voxel <= [column, row, z + 1]);
    }
    count
}
