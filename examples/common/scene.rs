//! A bi-temporal scene whose true change and misalignment are known.
//!
//! Terrain: a slope, hills and ripples, with 3 cm of roughness. Change, smooth functions of (x, y): a landslide scarp
//! (−4 m) with its deposit (+2.5 m) below, a filled pit (+1 m), and a river that cut in by 0.4 m along a sine. Each epoch
//! has random positions of its own, some of them on trees. The later epoch is misaligned by a known rigid motion.

#![allow(dead_code, reason = "not every program that includes this file asks for everything")]

use isopach::cloud::{Attributes, Cloud, Columns, Crs, Origin, Points, Rigid};
use isopach::las::{LazWriter, Schema};
use std::{f64::consts::TAU, path::Path};

/// Easting, northing and height of the scene's south-west corner, metres.
pub(crate) const CORNER: [f64; 3] = [596_000.0, 6_653_000.0, 180.0];
/// Points a square metre, trees included.
pub(crate) const DENSITY: f64 = 5.0;
/// Standard deviation of a height, metres.
pub(crate) const ROUGHNESS: f64 = 0.03;

/// What is true of a scene.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    /// Points an epoch.
    pub(crate) points: usize,
    /// Seed of its random numbers.
    pub(crate) seed: u64,
    /// Motion that the later epoch was given: what an alignment has to undo.
    pub(crate) misalignment: Rigid,
}

impl Scene {
    /// A scene of `points` an epoch, shifted by decimetres and turned by a fraction of a milliradian.
    pub(crate) fn new(points: usize, seed: u64) -> Self {
        let mut scene = Self { points, seed, misalignment: Rigid::identity([0.0; 3]) };
        let pivot = [CORNER[0] + scene.side() / 2.0, CORNER[1] + scene.side() / 2.0, CORNER[2]];
        scene.misalignment = Rigid::from_vectors([0.1e-3, -0.15e-3, 0.6e-3], [0.31, -0.24, 0.12], pivot);
        scene
    }

    /// The same scene without a misalignment.
    pub(crate) fn aligned(points: usize, seed: u64) -> Self {
        Self { misalignment: Rigid::identity(CORNER), ..Self::new(points, seed) }
    }

    /// Length of the square's side, metres.
    pub(crate) fn side(&self) -> f64 {
        (self.points as f64 / DENSITY).sqrt()
    }

    /// True height above the corner before the change at (x, y) metres from the corner.
    pub(crate) fn terrain(&self, x: f64, y: f64) -> f64 {
        0.08 * x + 12.0 * (TAU * x / 310.0).sin() * (TAU * y / 270.0).cos() + 1.5 * (TAU * (x + 2.0 * y) / 83.0).sin()
    }

    /// True vertical change at (x, y) metres from the corner.
    pub(crate) fn change(&self, x: f64, y: f64) -> f64 {
        let side = self.side();
        let bump = |[cx, cy]: [f64; 2], [rx, ry]: [f64; 2]| {
            let q = ((x / side - cx) / rx).powi(2) + ((y / side - cy) / ry).powi(2);
            (1.0 - q).max(0.0).powi(2)
        };
        let river = {
            let centre = 0.80 * side + 0.03 * side * (TAU * x / (0.5 * side)).sin();
            (1.0 - ((y - centre) / RIVER_HALF_WIDTH).powi(2)).max(0.0).powi(2)
        };
        -4.0 * bump([0.30, 0.62], [0.09, 0.06])
            + 2.5 * bump([0.30, 0.48], [0.10, 0.07])
            + 1.0 * bump([0.72, 0.30], [0.05, 0.05])
            - 0.4 * river
    }

    /// True volumes, m³: gained and lost (both positive).
    ///
    /// A bump (1 − q)² of half axes a, b holds π a b / 3 times its height, the river 16/15 of its half width a metre.
    pub(crate) fn volumes(&self) -> [f64; 2] {
        let (side, bump) = (self.side(), std::f64::consts::PI / 3.0);
        let gain = side * side * bump * (2.5 * 0.10 * 0.07 + 0.05 * 0.05);
        let loss = side * side * bump * 4.0 * 0.09 * 0.06 + 0.4 * RIVER_HALF_WIDTH * 16.0 / 15.0 * side;
        [gain, loss]
    }

    /// True distance from the old to the new surface from `point` (absolute metres) along the unit vector `axis`.
    pub(crate) fn distance_along(&self, point: [f64; 3], axis: [f64; 3]) -> f64 {
        let from = |changed: f64| {
            let mut t = 0.0;
            for _ in 0..30 {
                let [x, y, z]: [f64; 3] = std::array::from_fn(|a| point[a] - CORNER[a] + t * axis[a]);
                t -= z - self.terrain(x, y) - changed * self.change(x, y);
            }
            t
        };
        from(1.0) - from(0.0)
    }

    /// Writes both epochs.
    pub(crate) fn write(&self, before: &Path, after: &Path) -> Result<(), Box<dyn std::error::Error>> {
        self.write_epoch(before, self.seed.wrapping_mul(2), 0.0, &Rigid::identity(CORNER))?;
        self.write_epoch(after, self.seed.wrapping_mul(2) + 1, 1.0, &self.misalignment)
    }

    fn write_epoch(
        &self,
        path: &Path,
        seed: u64,
        changed: f64,
        moved: &Rigid,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let schema = Schema {
            crs: Some(Crs::epsg(25833)),
            scale: 0.001,
            offset: [CORNER[0], CORNER[1], 0.0],
            columns: Columns::CLASSIFICATION,
            ..Schema::default()
        };
        let origin =
            Origin::near(moved.apply([CORNER[0] + self.side() / 2.0, CORNER[1] + self.side() / 2.0, CORNER[2]]))?;
        let mut writer = LazWriter::create(path, &schema)?;
        let mut points = self.epoch(seed, changed);
        points.transform(moved);
        writer.write(&points.about(origin)?, &[])?;
        Ok(writer.finish()?)
    }

    /// One epoch in strips of 60 m, as a scanner would fly them.
    fn epoch(&self, seed: u64, changed: f64) -> Points {
        let side = self.side();
        let mut rows: Vec<([f64; 3], u8)> = (0..self.points as u64)
            .map(|i| {
                let random = |stream: u64| uniform(seed, i * 8 + stream);
                let (x, y) = (random(0) * side, random(1) * side);
                let noise = (-2.0 * random(2).max(1e-300).ln()).sqrt() * (TAU * random(3)).cos();
                let ground = self.terrain(x, y) + changed * self.change(x, y) + ROUGHNESS * noise;
                let wooded = (x / 37.0).sin() * (y / 53.0).sin() > 0.55 && random(4) < 0.3;
                let (up, class) = if wooded { (random(5).sqrt() * 14.0, 5) } else { (0.0, 2) };
                ([x + CORNER[0], y + CORNER[1], ground + up + CORNER[2]], class)
            })
            .collect();
        rows.sort_by(|(a, _), (b, _)| {
            let strip = |p: &[f64; 3]| ((p[0] - CORNER[0]) / 60.0).floor();
            strip(a).total_cmp(&strip(b)).then(a[1].total_cmp(&b[1]))
        });
        Points {
            xyz: rows.iter().map(|(point, _)| *point).collect(),
            attributes: Attributes {
                classification: Some(rows.iter().map(|(_, class)| *class).collect()),
                ..Attributes::default()
            },
        }
    }
}

const RIVER_HALF_WIDTH: f64 = 8.0;

/// The `i`-th of a sequence of numbers in [0, 1): a hash of seed and index (splitmix64), so that any may be had alone.
fn uniform(seed: u64, i: u64) -> f64 {
    let mut z = (seed ^ 0x5DEE_CE66_D123_4567).wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    for multiplier in [0xBF58_476D_1CE4_E5B9_u64, 0x94D0_49BB_1331_11EB] {
        z = (z ^ (z >> 29)).wrapping_mul(multiplier);
    }
    ((z ^ (z >> 32)) >> 11) as f64 / (1u64 << 53) as f64
}

impl Scene {
    /// Both epochs in memory, as they would be read back, but for the rounding to millimetres.
    pub(crate) fn clouds(&self) -> isopach::compute::Result<[Cloud; 2]> {
        let origin = Origin::near([CORNER[0] + self.side() / 2.0, CORNER[1] + self.side() / 2.0, CORNER[2]])?;
        let before = self.epoch(self.seed.wrapping_mul(2), 0.0);
        let mut after = self.epoch(self.seed.wrapping_mul(2) + 1, 1.0);
        after.transform(&self.misalignment);
        Ok([before.about(origin)?, after.about(origin)?])
    }
}
