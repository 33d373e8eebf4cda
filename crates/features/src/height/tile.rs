//! Height above ground, tile by tile.

use super::{GroundHeights, HeightAboveGround};
use crate::GroundFilter;
use isopach_cloud::{Cloud, Columns, Positions};
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};

/// Ground points of a survey: those of some classes, or those that a filter finds.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum GroundSource {
    /// Points of these ASPRS classes; 2 is ground.
    Classes(Vec<u8>),
    /// Points that the filter finds among all points.
    Filter(GroundFilter),
}

/// [`HeightAboveGround`] as an operation of the tile loop: of the points of a tile above the ground
/// among them. Combine it with [`FeatureTiles`](crate::FeatureTiles) as a pair: both then use one
/// decode of the points. The results are the same bits for any tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct HeightTiles {
    above: HeightAboveGround,
    ground: GroundSource,
}

/// Heights of the points that a tile owns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeightTile {
    /// Their heights.
    pub heights: GroundHeights,
    /// Which of them are ground, one entry a point, if a filter found them; else empty.
    pub is_ground: Vec<bool>,
}

impl HeightTiles {
    /// Heights above ground points.
    ///
    /// # Errors
    /// As [`HeightAboveGround::run`] and [`GroundFilter::run`]; [`Error::InvalidParameter`] for an
    /// infinite maximum distance and for no class.
    pub fn new(above: HeightAboveGround, ground: GroundSource) -> Result<Self> {
        above.check()?;
        let distance = above.max_distance;
        let must = "be finite for a survey that is cut into tiles";
        Error::check("maximum distance", distance, distance.is_finite(), must)?;
        match &ground {
            GroundSource::Classes(classes) => {
                let count = classes.len() as f64;
                let must = "be at least 1";
                Error::check("number of ground classes", count, !classes.is_empty(), must)?;
            }
            GroundSource::Filter(filter) => filter.check()?,
        }
        Ok(Self { above, ground })
    }

    /// Heights above the points that the filter finds in a tile and its halo. Labels near the edge
    /// of the halo lack surroundings and may be wrong, but are out of the reach of the core.
    fn by_filter<B: NeighbourSearch + ?Sized>(
        &self,
        on: &B,
        cloud: &Cloud,
        owned: &[u32],
        filter: &GroundFilter,
    ) -> Result<HeightTile> {
        let all = filter.run(cloud.positions())?;
        let labelled = cloud.positions().ticks().iter().zip(&all.is_ground);
        let ground: Vec<[i32; 3]> = labelled
            .filter(|(_, is_ground)| **is_ground)
            .map(|(ticks, _)| *ticks)
            .collect();
        let ground = Positions::new(cloud.positions().origin(), &ground);
        let points = cloud.select(owned);
        Ok(HeightTile {
            heights: self.above.run(on, ground, points.positions())?,
            is_ground: owned.iter().map(|&i| all.is_ground[i as usize]).collect(),
        })
    }
}

impl<B: NeighbourSearch + ?Sized> TileOperation<1, B> for HeightTiles {
    type Output = HeightTile;

    fn halo(&self) -> f64 {
        match &self.ground {
            GroundSource::Classes(_) => self.above.max_distance,
            GroundSource::Filter(filter) => self.above.max_distance + filter.reach(),
        }
    }

    fn columns(&self) -> Columns {
        match self.ground {
            GroundSource::Classes(_) => Columns::CLASSIFICATION,
            GroundSource::Filter(_) => Columns::XYZ,
        }
    }

    /// The ground sorted, its triangulation, and the points without their heights; the grids of a
    /// filter.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let heights = 200 * load.points();
        match &self.ground {
            GroundSource::Classes(_) => heights,
            GroundSource::Filter(filter) => heights.saturating_add(filter.grid_bytes(load)),
        }
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<HeightTile> {
        let [cloud] = &tile.epochs;
        let owned = tile.owned(0);
        match &self.ground {
            GroundSource::Classes(classes) => {
                let points = cloud.select(&owned);
                let ground = cloud.filter_classes(classes)?;
                let heights = self.above.run(on, ground.positions(), points.positions())?;
                Ok(HeightTile {
                    heights,
                    is_ground: Vec::new(),
                })
            }
            GroundSource::Filter(filter) => self.by_filter(on, cloud, &owned, filter),
        }
    }
}

impl Encode for HeightTile {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.heights.encode_into(to);
        self.is_ground.encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (heights, is_ground): (GroundHeights, Vec<bool>) = Encode::decode_from(from)?;
        let is_whole = is_ground.is_empty() || is_ground.len() == heights.height.len();
        is_whole.then_some(Self { heights, is_ground })
    }
}

impl Encode for GroundHeights {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.height.encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let height: Vec<f64> = Encode::decode_from(from)?;
        let unknown = height.iter().filter(|height| height.is_nan()).count() as u64;
        Some(Self { height, unknown })
    }
}
