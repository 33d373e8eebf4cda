//! C2C tile by tile.

use super::{C2c, CloudDistances};
use isopach_cloud::Cloud;
use isopach_compute::Result;
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};

/// C2C distances of the compared points in a tile's core.
#[derive(Clone, Debug, PartialEq)]
pub struct C2cTile {
    /// Compared points in the core.
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

impl<B: NeighbourSearch + ?Sized> TileOperation<2, B> for C2c {
    type Output = C2cTile;

    fn halo(&self) -> f64 {
        self.max_distance
    }

    /// An index of the reference; a copy, a neighbour and a distance per compared point.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        40 * load.points()
    }

    fn run_tile(&self, on: &B, tile: &Tile<2>) -> Result<C2cTile> {
        let points = tile.epochs[1].select(&tile.owned(1));
        let distances = self.run(on, tile.epochs[0].positions(), points.positions())?;
        Ok(C2cTile { points, distances })
    }
}
