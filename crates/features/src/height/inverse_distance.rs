//! The nearest ground points, weighted by their distance.

use super::ground::{Ground, flatten};
use isopach_cloud::{Positions, TICK};
use isopach_compute::Result;
use isopach_neighbours::{NeighbourSearch, squared_distance};
use rayon::prelude::*;

/// Queries that are answered together.
const BLOCK: usize = 1 << 15;

/// Heights of points above the weighted mean of the `k` horizontally nearest ground points.
pub(super) fn heights(
    on: &(impl NeighbourSearch + ?Sized),
    ground: &Ground,
    points: Positions<'_>,
    k: usize,
    power: f64,
    max_distance: f64,
) -> Result<Vec<f64>> {
    let flat_ground = ground.flattened();
    let index = on.index(flat_ground.positions())?;
    let flat_points = flatten(points);
    let surface = Positions::new(ground.origin, &ground.ticks);
    let mut heights = Vec::with_capacity(points.len());
    for start in (0..points.len()).step_by(BLOCK) {
        let block = start..(start + BLOCK).min(points.len());
        let flat = flat_points.positions();
        let queries = Positions::new(flat.origin(), &flat.ticks()[block.clone()]);
        let lists = index.k_nearest(queries, k, max_distance)?;
        let of_block: Vec<f64> = (0..block.len())
            .into_par_iter()
            .map(|i| {
                let point = points.absolute_ticks(block.start + i);
                height_of(surface, point, lists.indices_of(i), power)
            })
            .collect();
        heights.extend(of_block);
    }
    Ok(heights)
}

/// Height of a point (absolute ticks) above the weighted mean of ground points, metres.
fn height_of(surface: Positions<'_>, point: [i64; 3], nearest: &[u32], power: f64) -> f64 {
    let mut weights = 0.0;
    let mut weighted = 0.0;
    for &index in nearest {
        let ground = surface.absolute_ticks(index as usize);
        let below = (point[2] - ground[2]) as f64 * TICK;
        let squared = squared_distance([point[0], point[1], 0], [ground[0], ground[1], 0]);
        if squared == 0 || nearest.len() == 1 {
            return below;
        }
        let weight = (squared as f64).powf(-0.5 * power);
        weights += weight;
        weighted += weight * below;
    }
    weighted / weights // 0/0 is NaN where there is none
}
