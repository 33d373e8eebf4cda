//! A bi-temporal scene whose true change and misalignment are known.
//!
//! Terrain: a slope, hills and ripples, with 3 cm of roughness. Change, smooth functions of (x, y):
//! a landslide scarp (−4 m) with its deposit (+2.5 m) below, a filled pit (+1 m), and a river that
//! cut in by 0.4 m along a sine. Each epoch has its own random positions, some of them on trees.
//! The later epoch is misaligned by a known rigid motion.

mod epochs;
mod files;
mod schema;

use isopach::cloud::Rigid;
pub use schema::schema;
use std::f64::consts::TAU;

/// Easting, northing and height of the scene's south-west corner, metres.
pub const CORNER: [f64; 3] = [596_000.0, 6_653_000.0, 180.0];
/// Points a square metre, trees included.
pub const DENSITY: f64 = 5.0;
/// Standard deviation of a height, metres.
pub const ROUGHNESS: f64 = 0.03;

/// Half the width of the river, metres.
pub const RIVER_HALF_WIDTH: f64 = 8.0;

/// The truth of a synthetic scene.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// Points an epoch.
    pub points: usize,
    /// Seed of its random numbers.
    pub seed: u64,
    /// Motion applied to the later epoch: an alignment has to undo it.
    pub misalignment: Rigid,
}

impl Scene {
    /// A scene of `points` an epoch, without a misalignment.
    pub fn new(points: usize, seed: u64) -> Self {
        Self {
            points,
            seed,
            misalignment: Rigid::identity(CORNER),
        }
    }

    /// Length of the square's side, metres.
    pub fn side(&self) -> f64 {
        (self.points as f64 / DENSITY).sqrt()
    }

    /// True height above the corner before the change at (x, y) metres from the corner.
    pub fn terrain_height(&self, x: f64, y: f64) -> f64 {
        0.08 * x
            + 12.0 * (TAU * x / 310.0).sin() * (TAU * y / 270.0).cos()
            + 1.5 * (TAU * (x + 2.0 * y) / 83.0).sin()
    }

    /// True vertical change at (x, y) metres from the corner.
    pub fn height_change(&self, x: f64, y: f64) -> f64 {
        let side = self.side();
        let bump = |[cx, cy]: [f64; 2], [rx, ry]: [f64; 2]| {
            let q = ((x / side - cx) / rx).powi(2) + ((y / side - cy) / ry).powi(2);
            (1.0 - q).max(0.0).powi(2)
        };
        let river = {
            let centre = 0.80 * side + 0.03 * side * (TAU * x / (0.5 * side)).sin();
            (1.0 - ((y - centre) / RIVER_HALF_WIDTH).powi(2))
                .max(0.0)
                .powi(2)
        };
        -4.0 * bump([0.30, 0.62], [0.09, 0.06])
            + 2.5 * bump([0.30, 0.48], [0.10, 0.07])
            + 1.0 * bump([0.72, 0.30], [0.05, 0.05])
            - 0.4 * river
    }

    /// The middle of the square at the height of its corner, absolute metres.
    pub fn centre(&self) -> [f64; 3] {
        [
            CORNER[0] + self.side() / 2.0,
            CORNER[1] + self.side() / 2.0,
            CORNER[2],
        ]
    }
}

impl Scene {
    /// The point that stands at (x, y) metres from the corner, and its class; seed and index name
    /// its random numbers.
    pub fn point(&self, [seed, i]: [u64; 2], [x, y]: [f64; 2], changed: f64) -> ([f64; 3], u8) {
        let random = |stream: u64| uniform_random(seed, i * 8 + stream);
        let noise = (-2.0 * random(2).max(1e-300).ln()).sqrt() * (TAU * random(3)).cos();
        let ground =
            self.terrain_height(x, y) + changed * self.height_change(x, y) + ROUGHNESS * noise;
        let wooded = (x / 37.0).sin() * (y / 53.0).sin() > 0.55 && random(4) < 0.3;
        let (up, class) = if wooded {
            (random(5).sqrt() * 14.0, 5)
        } else {
            (0.0, 2)
        };
        (
            [x + CORNER[0], y + CORNER[1], ground + up + CORNER[2]],
            class,
        )
    }
}

/// The `i`-th of a sequence of numbers in [0, 1): a hash of seed and index (splitmix64), so that
/// any may be had alone.
pub fn uniform_random(seed: u64, i: u64) -> f64 {
    let mut z = (seed ^ 0x5DEE_CE66_D123_4567).wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    for multiplier in [0xBF58_476D_1CE4_E5B9_u64, 0x94D0_49BB_1331_11EB] {
        z = (z ^ (z >> 29)).wrapping_mul(multiplier);
    }
    ((z ^ (z >> 32)) >> 11) as f64 / (1u64 << 53) as f64
}
