//! Height above ground, tile by tile.

use super::{GroundHeights, HeightAboveGround, TerrainModel};
use crate::{ClothTerrain, GroundFilter, GroundMask};
use isopach_cloud::{Cloud, Columns, Positions};
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};
use std::sync::Arc;

/// Ground points of a survey: those of some classes, or those that a filter finds.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum GroundSource {
    /// Points of these ASPRS classes; 2 is ground.
    Classes(Vec<u8>),
    /// Points that the filter finds among all points.
    Filter(GroundFilter),
    /// Points beside the terrain that a cloth found below the whole survey.
    #[cfg_attr(feature = "serde", serde(skip))]
    Cloth(Arc<ClothTerrain>),
}

/// [`HeightAboveGround`] as an operation of the tile loop: of the points of a tile above the ground
/// among them, or above a [`TerrainModel`]. Combine it with [`FeatureTiles`](crate::FeatureTiles) as a pair: both then use one
/// decode of the points. The results are the same bits for any tiles.
#[derive(Clone, Debug, PartialEq)]
pub struct HeightTiles {
    surface: Surface,
}

/// A surface that heights are above.
#[derive(Clone, Debug, PartialEq)]
enum Surface {
    Points {
        above: HeightAboveGround,
        ground: GroundSource,
    },
    Terrain(Arc<TerrainModel>),
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
            GroundSource::Cloth(_) => {}
        }
        Ok(Self {
            surface: Surface::Points { above, ground },
        })
    }

    /// Heights above a terrain model.
    #[must_use]
    pub fn above_terrain(terrain: Arc<TerrainModel>) -> Self {
        Self {
            surface: Surface::Terrain(terrain),
        }
    }
}

impl HeightAboveGround {
    /// Heights above the points of a tile and its halo that are labelled as ground.
    fn by_labels<B: NeighbourSearch + ?Sized>(
        &self,
        on: &B,
        cloud: &Cloud,
        owned: &[u32],
        all: &GroundMask,
    ) -> Result<HeightTile> {
        let labelled = cloud.positions().ticks().iter().zip(&all.is_ground);
        let ground: Vec<[i32; 3]> = labelled
            .filter(|(_, is_ground)| **is_ground)
            .map(|(ticks, _)| *ticks)
            .collect();
        let ground = Positions::new(cloud.positions().origin(), &ground);
        let points = cloud.select(owned);
        Ok(HeightTile {
            heights: self.run(on, ground, points.positions())?,
            is_ground: owned.iter().map(|&i| all.is_ground[i as usize]).collect(),
        })
    }
}

impl<B: NeighbourSearch + ?Sized> TileOperation<1, B> for HeightTiles {
    type Output = HeightTile;

    fn halo(&self) -> f64 {
        match &self.surface {
            Surface::Terrain(_) => 0.0,
            Surface::Points { above, ground } => match ground {
                GroundSource::Classes(_) | GroundSource::Cloth(_) => above.max_distance,
                GroundSource::Filter(filter) => above.max_distance + filter.reach(),
            },
        }
    }

    fn columns(&self) -> Columns {
        match &self.surface {
            Surface::Points {
                ground: GroundSource::Classes(_),
                ..
            } => Columns::CLASSIFICATION,
            Surface::Points { .. } | Surface::Terrain(_) => Columns::XYZ,
        }
    }

    /// The ground sorted, its triangulation, and the points without their heights; the grids of a
    /// filter.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let heights = 200 * load.points();
        match &self.surface {
            Surface::Terrain(_) => 32 * load.points(),
            Surface::Points { ground, .. } => match ground {
                GroundSource::Classes(_) | GroundSource::Cloth(_) => heights,
                GroundSource::Filter(filter) => heights.saturating_add(filter.grid_bytes(load)),
            },
        }
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<HeightTile> {
        let [cloud] = &tile.epochs;
        let owned = tile.owned(0);
        let (above, ground) = match &self.surface {
            Surface::Points { above, ground } => (above, ground),
            Surface::Terrain(terrain) => {
                return Ok(HeightTile {
                    heights: terrain.heights_above(cloud.select(&owned).positions()),
                    is_ground: Vec::new(),
                });
            }
        };
        match ground {
            GroundSource::Classes(classes) => {
                let points = cloud.select(&owned);
                let ground = cloud.filter_classes(classes)?;
                let heights = above.run(on, ground.positions(), points.positions())?;
                Ok(HeightTile {
                    heights,
                    is_ground: Vec::new(),
                })
            }
            // Labels near the edge of the halo lack surroundings and may be wrong, but are out of
            // the reach of the core.
            GroundSource::Filter(filter) => {
                let labels = filter.run(cloud.positions())?;
                above.by_labels(on, cloud, &owned, &labels)
            }
            GroundSource::Cloth(terrain) => {
                let labels = terrain.label(cloud.positions());
                above.by_labels(on, cloud, &owned, &labels)
            }
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
        Some(Self::of_heights(Encode::decode_from(from)?))
    }
}
