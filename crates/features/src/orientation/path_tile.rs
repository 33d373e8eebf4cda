//! Features with normals towards the path of the scanner, tile by tile.

use super::{NormalSide, OrientationError, Trajectory, flip};
use crate::{FeatureTile, FeatureTiles, Features};
use isopach_cloud::Columns;
use isopach_compute::Result;
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};
use std::sync::Arc;

/// [`FeatureTiles`] with normals towards the position of the scanner at the time of each point. The
/// results are the same bits for any tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct PathTiles {
    features: Features,
    /// With normals up, for halo and memory.
    up: FeatureTiles,
    path: Arc<Trajectory>,
}

/// Features of the points that a tile owns, with normals towards the path.
#[derive(Clone, Debug, PartialEq)]
pub struct PathTile {
    /// The points and their features.
    pub tile: FeatureTile,
    /// Points whose time is outside the path: they have no normals.
    pub outside_path: u64,
}

impl PathTiles {
    /// Features of a survey's points, whose normals are [`NormalSide::TowardsPath`].
    ///
    /// # Errors
    /// As [`FeatureTiles::new`]; [`isopach_compute::Error::InvalidInput`] with an
    /// [`OrientationError`] for another side of the normals.
    pub fn new(features: Features, kept: Columns, path: Arc<Trajectory>) -> Result<Self> {
        if features.normals != NormalSide::TowardsPath {
            return Err(OrientationError::NoPathAsked.into());
        }
        let up = FeatureTiles::new(flip::with_normals_up(&features), kept)?;
        Ok(Self { features, up, path })
    }
}

impl<B: NeighbourSearch + ?Sized> TileOperation<1, B> for PathTiles {
    type Output = PathTile;

    fn halo(&self) -> f64 {
        TileOperation::<1, B>::halo(&self.up)
    }

    fn columns(&self) -> Columns {
        self.up.kept | Columns::GPS_TIME
    }

    /// As the features; the time and the position of the scanner of each point.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let up = TileOperation::<1, B>::working_bytes(&self.up, load);
        up.saturating_add(load.points().saturating_mul(48))
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<PathTile> {
        let [cloud] = &tile.epochs;
        let owned = tile.owned(0);
        let mut points = cloud.select(&owned);
        let times = points.attributes.gps_time.take();
        let times = times.ok_or(OrientationError::NoTimes)?;
        let positions = cloud.positions();
        let found = self
            .features
            .run_along(on, positions, &owned, &times, &self.path)?;
        if self.up.kept.contains(Columns::GPS_TIME) {
            points.attributes.gps_time = Some(times);
        }
        Ok(PathTile {
            tile: FeatureTile {
                points,
                features: found.features,
            },
            outside_path: found.outside_path,
        })
    }
}

impl Encode for PathTile {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.tile.encode_into(to);
        self.outside_path.encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (tile, outside_path): (FeatureTile, u64) = Encode::decode_from(from)?;
        Some(Self { tile, outside_path })
    }
}
