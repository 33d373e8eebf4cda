//! A plan for people and for programs.

use super::Plan;
use crate::format::{group_digits, to_mebibytes};
use serde_json::{Value, json};
use std::fmt;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides =
            || (0..self.len()).map(|i| self.core(i).rect().size().into_iter().fold(0.0, f64::max));
        let small = sides().fold(f64::INFINITY, f64::min);
        let large = sides().fold(0.0, f64::max);
        let [width, height] = self.whole().rect().size();
        writeln!(
            f,
            "{} tiles of {small:.0} to {large:.0} m over {width:.0} × {height:.0} m, cells of {} m, halo {:.2} m",
            group_digits(self.len() as u64),
            self.whole().cell_size,
            self.halo()
        )?;
        let points: u64 = self.estimates.iter().map(|tile| tile.points).sum();
        let most = self
            .estimates
            .iter()
            .map(|tile| tile.bytes)
            .max()
            .unwrap_or_default();
        write!(
            f,
            "about {} points in tiles (those in halos counted again), {:.1} MiB for the heaviest",
            group_digits(points),
            to_mebibytes(most)
        )
    }
}

impl Plan {
    /// The plan as JSON: the grid, the halo, and of each tile its number, its edges in cells (west,
    /// south, east, north) and in metres, and the points and bytes that are expected.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let tiles: Vec<Value> = (0..self.len()).map(|i| self.tile_to_json(i)).collect();
        json!({
            "cell_m": self.whole().cell_size, "halo_m": self.halo(),
            "tiles": tiles,
        })
    }

    fn tile_to_json(&self, i: usize) -> Value {
        let core = self.core(i);
        let rect = core.rect();
        let expected = self.estimate(i);
        json!({
            "tile": i,
            "cells": [core.first[0], core.first[1], core.end[0], core.end[1]],
            "metres": [rect.min[0], rect.min[1], rect.max[0], rect.max[1]],
            "points": expected.points, "bytes": expected.bytes,
        })
    }
}
