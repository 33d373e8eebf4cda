//! Cloud to cloud distance.

use isopach_cloud::{Cloud, Positions};
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};

/// Exact, unsigned distance from each compared point to its nearest reference point. O(n log n) in
/// practice.
///
/// It mixes change with roughness and sampling (a still surface has a distance of about half the
/// point spacing): for a quick look, not for volumes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct C2c {
    /// How far to search, metres; may be infinite, but not tile by tile.
    pub max_distance: f64,
}

/// Distances from compared to reference points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CloudDistances {
    /// One a compared point, metres; NaN where no reference point is within the maximum distance.
    pub distance: Vec<f64>,
    /// Number of compared points without a reference point in reach.
    pub out_of_reach: usize,
}

/// C2C over a tile's core.
#[derive(Clone, Debug, PartialEq)]
pub struct C2cTile {
    /// Compared points that the core owns.
    pub points: Cloud,
    /// Their distances.
    pub distances: CloudDistances,
}

impl Encode for C2cTile {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.points.encode_into(to);
        self.distances.distance.encode_into(to);
    }
    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (points, distance): (Cloud, Vec<f64>) = Encode::decode_from(from)?;
        let out_of_reach = distance.iter().filter(|distance| distance.is_nan()).count();
        Some(Self {
            points,
            distances: CloudDistances {
                distance,
                out_of_reach,
            },
        })
    }
}

impl C2c {
    /// Distances of all compared points.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a maximum distance that is not above zero; whatever the
    /// backend declines with.
    pub fn run(
        &self,
        on: &(impl NeighbourSearch + ?Sized),
        reference: Positions<'_>,
        compared: Positions<'_>,
    ) -> Result<CloudDistances> {
        Error::check(
            "maximum distance",
            self.max_distance,
            self.max_distance > 0.0,
            "be above zero",
        )?;
        let nearest = on.index(reference)?.nearest(compared, self.max_distance)?;
        let distance: Vec<f64> = nearest
            .iter()
            .map(|found| found.map_or(f64::NAN, |n| f64::from(n.squared_distance).sqrt()))
            .collect();
        let out_of_reach = nearest.iter().filter(|found| found.is_none()).count();
        Ok(CloudDistances {
            distance,
            out_of_reach,
        })
    }
}

impl<B: NeighbourSearch + ?Sized> TileOperation<2, B> for C2c {
    type Output = C2cTile;

    fn halo(&self) -> f64 {
        self.max_distance
    }

    /// An index of the reference, and of each compared point a copy, its neighbour and its
    /// distance.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        40 * load.points()
    }

    fn run_tile(&self, on: &B, tile: &Tile<2>) -> Result<C2cTile> {
        let points = tile.epochs[1].select(&tile.owned(1));
        let distances = self.run(on, tile.epochs[0].positions(), points.positions())?;
        Ok(C2cTile { points, distances })
    }
}
