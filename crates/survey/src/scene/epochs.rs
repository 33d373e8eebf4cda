//! The epochs of a synthetic scene, in memory.

use crate::scene::{CORNER, Scene, uniform_random};
use isopach::cloud::{Attributes, Points};

impl Scene {
    /// Both epochs, the later one misaligned.
    pub fn epochs(&self) -> [Points; 2] {
        let first = self.seed.wrapping_mul(2);
        let [before, mut after] =
            [(first, 0.0), (first + 1, 1.0)].map(|(seed, changed)| self.epoch(seed, changed));
        after.transform(&self.misalignment);
        [before, after]
    }

    /// Makes one epoch in strips of 60 m, as a scanner would fly them.
    fn epoch(&self, seed: u64, changed: f64) -> Points {
        let side = self.side();
        let mut rows: Vec<([f64; 3], u8)> = (0..self.points as u64)
            .map(|i| {
                let random = |stream: u64| uniform_random(seed, i * 8 + stream);
                self.point([seed, i], [random(0) * side, random(1) * side], changed)
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
