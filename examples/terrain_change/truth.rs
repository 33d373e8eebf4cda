//! How far the results are from the truth of a made scene.

use crate::{
    distribution::Distribution,
    scene::{CORNER, Scene},
};
use isopach::{change::M3c2Tile, cloud::Rigid, raster::Raster};

/// Metres from any change that stable ground keeps: what a cylinder or a cell could touch.
const MARGIN: f64 = 8.0;

/// Accumulates deviations from the truth, tile by tile.
pub(crate) struct Truth {
    /// What is true.
    pub(crate) scene: Scene,
    /// Found minus true cell differences, metres.
    pub(crate) dod: Distribution,
    /// Found minus true M3C2 distances, metres.
    pub(crate) m3c2: Distribution,
    /// Core points on stable ground with a level of detection, and those found significant.
    pub(crate) stable: [u64; 2],
}

impl Truth {
    pub(crate) fn new(scene: Scene) -> Self {
        Self { scene, dod: Distribution::default(), m3c2: Distribution::default(), stable: [0; 2] }
    }

    /// Compares cells with the true change at their centres.
    pub(crate) fn add_dod(&mut self, difference: &Raster) {
        for ((row, column), value) in difference.values.indexed_iter() {
            let [x, y] = difference.grid.centre(row, column);
            self.dod.add(value - self.scene.change(x - CORNER[0], y - CORNER[1]));
        }
    }

    /// Compares core points with the true distance along their normals.
    pub(crate) fn add_m3c2(&mut self, tile: &M3c2Tile) {
        let (positions, found) = (tile.core_points.positions(), &tile.differences);
        for i in 0..positions.len() {
            let point = positions.absolute(i);
            if found.distance[i].is_finite() {
                self.m3c2.add(found.distance[i] - self.scene.distance_along(point, found.normal[i]));
            }
            if found.level_of_detection[i].is_finite() && self.is_stable(point) {
                self.stable[0] += 1;
                self.stable[1] += u64::from(found.significant[i]);
            }
        }
    }

    fn is_stable(&self, point: [f64; 3]) -> bool {
        (-1..=1).all(|i| {
            (-1..=1).all(|j| {
                let [x, y] = [point[0] + f64::from(i) * MARGIN, point[1] + f64::from(j) * MARGIN];
                self.scene.change(x - CORNER[0], y - CORNER[1]) == 0.0
            })
        })
    }

    /// What is left of the misalignment after `found`: millimetres at the middle of the scene, and milliradians.
    pub(crate) fn alignment_error(&self, found: &Rigid) -> [f64; 2] {
        let left = self.scene.misalignment.then(found).about(self.scene.misalignment.pivot);
        let shift = left.translation.iter().map(|t| t * t).sum::<f64>().sqrt();
        [shift * 1e3, left.angle() * 1e3]
    }
}
