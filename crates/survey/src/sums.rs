//! Sums over the tiles of a change run: one part a method, so that the parts of a tile can be added
//! at the same time.

use crate::distribution::Distribution;
use isopach::change::{C2cTile, ChangeStatus, DodRasters, FalseDiscoveries, M3c2Tile};

/// Everything that the report says of the results.
#[derive(Default)]
pub(crate) struct Sums {
    pub(crate) cells: CellSums,
    pub(crate) core_points: CorePointSums,
    /// Distances of the later points to the earlier ones, metres.
    pub(crate) c2c: Distribution,
}

/// Sums over the cells of the difference of heights.
#[derive(Default)]
pub(crate) struct CellSums {
    /// Height differences, metres.
    pub(crate) difference: Distribution,
    /// Cells that have points of one epoch only.
    pub(crate) one_epoch: u64,
}

/// Sums over the core points of M3C2.
#[derive(Default)]
pub(crate) struct CorePointSums {
    /// Distances along the normal, metres.
    pub(crate) distance: Distribution,
    /// Levels of detection, metres.
    pub(crate) level_of_detection: Distribution,
    pub(crate) significant: u64,
    /// Core points of each status.
    pub(crate) status: [u64; ChangeStatus::ALL.len()],
    pub(crate) flat_normals: u64,
    /// Probabilities of the distances, for a limit on false discoveries.
    pub(crate) false_discoveries: FalseDiscoveries,
}

impl CellSums {
    /// Adds the cells with data; empty ones depend on the tiles and are not counted.
    pub(crate) fn add_tile(&mut self, dod: &DodRasters) {
        let [before, after] = &dod.heights;
        let heights = before.values.iter().zip(&after.values);
        for (difference, (before, after)) in dod.difference.values.iter().zip(heights) {
            if difference.is_finite() {
                self.difference.add(*difference);
            }
            self.one_epoch += u64::from(before.is_finite() != after.is_finite());
        }
    }
}

impl CorePointSums {
    /// Adds the core points of a tile.
    pub(crate) fn add_tile(&mut self, tile: &M3c2Tile) {
        let found = &tile.differences;
        found.distance.iter().for_each(|d| self.distance.add(*d));
        found
            .level_of_detection
            .iter()
            .for_each(|d| self.level_of_detection.add(*d));
        self.significant += found.significant.iter().filter(|s| **s).count() as u64;
        self.flat_normals += found.flat_normals as u64;
        self.false_discoveries.add_p_values(&found.p_value);
        for (count, status) in self.status.iter_mut().zip(ChangeStatus::ALL) {
            *count += found.count_of(status) as u64;
        }
    }

    /// All core points.
    pub(crate) fn count(&self) -> u64 {
        self.status.iter().sum()
    }
}

/// Adds the distances of a tile.
pub(crate) fn add_distances(sums: &mut Distribution, tile: &C2cTile) {
    tile.distances.distance.iter().for_each(|d| sums.add(*d));
}
