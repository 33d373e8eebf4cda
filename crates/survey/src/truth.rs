//! Comparison of the results with the truth of a synthetic scene.

use crate::{
    distribution::Distribution,
    scene::{CORNER, RIVER_HALF_WIDTH, Scene},
};
use isopach::{change::M3c2Tile, cloud::Rigid, raster::Raster};

/// Distance of stable ground from any change, metres: the reach of a cylinder or a cell.
const MARGIN: f64 = 8.0;

impl Scene {
    /// The same scene with the later epoch shifted by decimetres and turned by a fraction of a
    /// milliradian.
    pub(crate) fn misaligned(self) -> Self {
        let misalignment = Rigid::from_vectors(
            [0.1e-3, -0.15e-3, 0.6e-3],
            [0.31, -0.24, 0.12],
            self.centre(),
        );
        Self {
            misalignment,
            ..self
        }
    }

    /// True volumes, m³: gained and lost (both positive).
    ///
    /// A bump (1 − q)² of half axes a, b holds π a b / 3 times its height, the river 16/15 of its
    /// half width a metre.
    pub(crate) fn volumes(&self) -> [f64; 2] {
        let side = self.side();
        let bump = std::f64::consts::PI / 3.0;
        let gain = side * side * bump * (2.5 * 0.10 * 0.07 + 0.05 * 0.05);
        let loss =
            side * side * bump * 4.0 * 0.09 * 0.06 + 0.4 * RIVER_HALF_WIDTH * 16.0 / 15.0 * side;
        [gain, loss]
    }

    /// True distance from the old to the new surface from `point` (absolute metres) along the unit
    /// vector `axis`.
    pub(crate) fn distance_along(&self, point: [f64; 3], axis: [f64; 3]) -> f64 {
        let from = |changed: f64| {
            let mut t = 0.0;
            for _ in 0..30 {
                let [x, y, z]: [f64; 3] =
                    std::array::from_fn(|a| point[a] - CORNER[a] + t * axis[a]);
                t -= z - self.terrain_height(x, y) - changed * self.height_change(x, y);
            }
            t
        };
        from(1.0) - from(0.0)
    }
}

/// Accumulates deviations from the truth, tile by tile.
pub(crate) struct Truth {
    /// The truth.
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
        Self {
            scene,
            dod: Distribution::default(),
            m3c2: Distribution::default(),
            stable: [0; 2],
        }
    }

    /// Compares cells with the true change at their centres.
    pub(crate) fn add_dod(&mut self, difference: &Raster) {
        for ((row, column), value) in difference.values.indexed_iter() {
            let [x, y] = difference.grid.centre(row, column);
            self.dod
                .add(value - self.scene.height_change(x - CORNER[0], y - CORNER[1]));
        }
    }

    /// Compares core points with the true distance along their normals.
    pub(crate) fn add_m3c2(&mut self, tile: &M3c2Tile) {
        let positions = tile.core_points.positions();
        let found = &tile.differences;
        for i in 0..positions.len() {
            let point = positions.absolute(i);
            if found.distance[i].is_finite() {
                self.m3c2
                    .add(found.distance[i] - self.scene.distance_along(point, found.normal[i]));
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
                let [x, y] = [
                    point[0] + f64::from(i) * MARGIN,
                    point[1] + f64::from(j) * MARGIN,
                ];
                self.scene.height_change(x - CORNER[0], y - CORNER[1]) == 0.0
            })
        })
    }

    /// The misalignment that remains after `found`: millimetres at the middle of the scene, and
    /// milliradians.
    pub(crate) fn alignment_error(&self, found: &Rigid) -> [f64; 2] {
        let left = self
            .scene
            .misalignment
            .then(found)
            .about(self.scene.misalignment.pivot);
        let shift = left.translation.iter().map(|t| t * t).sum::<f64>().sqrt();
        [shift * 1e3, left.angle() * 1e3]
    }
}
