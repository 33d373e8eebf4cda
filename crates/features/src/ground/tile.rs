//! The ground filter, tile by tile.

use super::{GroundFilter, GroundMask};
use isopach_cloud::{Attributes, Cloud, Columns};
use isopach_compute::Result;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};

/// [`GroundFilter`] as an operation of the tile loop, and the columns of the points that its results
/// keep. The results are the same bits for any tiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroundTiles {
    filter: GroundFilter,
    kept: Columns,
}

/// Points of a tile, and which of them are ground.
#[derive(Clone, Debug, PartialEq)]
pub struct GroundTile {
    /// The points in the core, with the kept columns.
    pub points: Cloud,
    /// Which are ground.
    pub mask: GroundMask,
}

impl GroundTiles {
    /// The filter over a survey.
    ///
    /// # Errors
    /// As [`GroundFilter::run`].
    pub fn new(filter: GroundFilter, kept: Columns) -> Result<Self> {
        filter.check()?;
        Ok(Self { filter, kept })
    }
}

impl GroundFilter {
    /// Grids of heights at a time, at most: the lowest points, their surface, the last opening, the
    /// next with what it is made of, masks.
    const GRIDS: f64 = 12.0;

    /// Bytes of the grids over a tile and its halo.
    pub(crate) fn grid_bytes(&self, load: &TileStats) -> u64 {
        let area = load.core_area / load.core_share.max(f64::MIN_POSITIVE);
        let cells = area / (self.cell_size * self.cell_size);
        (cells * Self::GRIDS * 8.0) as u64
    }
}

impl<B: ?Sized> TileOperation<1, B> for GroundTiles {
    type Output = GroundTile;

    fn halo(&self) -> f64 {
        self.filter.reach()
    }

    fn columns(&self) -> Columns {
        self.kept
    }

    /// Grids of the cells; the points and their mask.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let row = 16 + Attributes::bytes_per_point(self.kept);
        let points = load.points().saturating_mul(row);
        points.saturating_add(self.filter.grid_bytes(load))
    }

    fn run_tile(&self, _: &B, tile: &Tile<1>) -> Result<GroundTile> {
        let [cloud] = &tile.epochs;
        let owned = tile.owned(0);
        let points = cloud.select(&owned);
        let mask = self.filter.answer(cloud.positions(), points.positions())?;
        Ok(GroundTile { points, mask })
    }
}

impl Encode for GroundTile {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.points.encode_into(to);
        self.mask.is_ground.encode_into(to);
        self.mask.unknown.encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (points, is_ground, unknown): (Cloud, Vec<bool>, u64) = Encode::decode_from(from)?;
        (is_ground.len() == points.len()).then_some(Self {
            points,
            mask: GroundMask { is_ground, unknown },
        })
    }
}
