//! One point a cube, with cubes that grow until they are few enough.

use super::hash;
use isopach_cloud::{cell_of, from_ticks};
use std::collections::{HashMap, hash_map::Entry};

/// The representatives of occupied cubes of side finest · 2^level.
///
/// A set of points has more than `at_most` occupied cubes at a level if any part of it has. So
/// whoever sees a part never grows beyond the level that all points end at, and merged parts end
/// where the whole set would.
#[derive(Debug)]
pub(crate) struct Cubes {
    finest: f64,
    at_most: usize,
    pub(crate) level: u32,
    /// Position (ticks) of the representative of each cube: the one with the smallest hash.
    kept: HashMap<[i64; 3], [i64; 3]>,
}

impl Cubes {
    /// Bytes that a cube takes at most, while a table grows or is made anew: two entries of 49
    /// bytes at the lowest load.
    pub(crate) const BYTES: u64 = 224;

    pub(crate) fn new(finest: f64, at_most: usize) -> Self {
        Self {
            finest,
            at_most,
            level: 0,
            kept: HashMap::new(),
        }
    }

    /// Adds a point, absolute ticks.
    pub(crate) fn add_point(&mut self, ticks: [i64; 3]) {
        let cube = ticks.map(|tick| cell_of(from_ticks(tick), self.finest) >> self.level);
        self.put_point(cube, ticks);
        self.coarsen_to_fit();
    }

    /// Adds all representatives of another set.
    pub(crate) fn merge_cubes(&mut self, mut other: Self) {
        let level = self.level.max(other.level);
        self.raise_to(level);
        other.raise_to(level);
        for (cube, ticks) in other.kept {
            self.put_point(cube, ticks);
        }
        self.coarsen_to_fit();
    }

    /// The representatives, ordered by coordinates.
    pub(crate) fn into_sorted(self) -> Vec<[i64; 3]> {
        let mut points: Vec<[i64; 3]> = self.kept.into_values().collect();
        points.sort_unstable();
        points
    }

    fn put_point(&mut self, cube: [i64; 3], ticks: [i64; 3]) {
        match self.kept.entry(cube) {
            Entry::Vacant(place) => {
                place.insert(ticks);
            }
            Entry::Occupied(mut place) => {
                if hash_rank(ticks) < hash_rank(*place.get()) {
                    place.insert(ticks);
                }
            }
        }
    }

    fn coarsen_to_fit(&mut self) {
        while self.kept.len() > self.at_most {
            self.raise_to(self.level + 1);
        }
    }

    fn raise_to(&mut self, level: u32) {
        let by = level - self.level;
        self.level = level;
        if by > 0 {
            for (cube, ticks) in std::mem::take(&mut self.kept) {
                self.put_point(cube.map(|index| index >> by), ticks);
            }
        }
    }
}

fn hash_rank(ticks: [i64; 3]) -> (u64, [i64; 3]) {
    (hash::of_position(ticks), ticks)
}
