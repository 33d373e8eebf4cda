//! Features tile by tile.

use crate::{Feature, FeatureColumn, Features, Gaps, PointFeatures};
use isopach_cloud::{Attributes, Cloud, Columns};
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Encode, ResultReader, ResultWriter, Tile, TileOperation, TileStats};

/// [`Features`] as an operation of the tile loop, and the columns of the points that its results
/// keep.
///
/// The results are the same bits for any tiles. A neighbourhood of the k nearest needs a largest
/// distance: the halo has it.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureTiles {
    /// The features.
    pub features: Features,
    /// Columns of the points that stand beside them in the results.
    pub kept: Columns,
}

/// Features of the points that a tile owns.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureTile {
    /// The points in the core, with the kept columns.
    pub points: Cloud,
    /// Their features.
    pub features: PointFeatures,
}

impl FeatureTiles {
    /// Features of a survey's points.
    ///
    /// # Errors
    /// As [`Features::run`]; [`Error::InvalidParameter`] for an infinite maximum distance.
    pub fn new(features: Features, kept: Columns) -> Result<Self> {
        features.check()?;
        let reach = features.neighbourhood.reach();
        Error::check(
            "maximum distance",
            reach,
            reach.is_finite(),
            "be finite for a survey that is cut into tiles",
        )?;
        Ok(Self { features, kept })
    }
}

/// Bytes of lists of neighbours that are in memory at a time, and of their results.
const LIST_BYTES: u64 = 48 << 20;

impl<B: NeighbourSearch + ?Sized> TileOperation<1, B> for FeatureTiles {
    type Output = FeatureTile;

    fn halo(&self) -> f64 {
        self.features.neighbourhood.reach()
    }

    fn columns(&self) -> Columns {
        self.kept
    }

    /// An index of the points, a copy of those in the core, and their features.
    fn working_bytes(&self, load: &TileStats) -> u64 {
        let radii = self.features.neighbourhood.scales().len() as u64;
        let columns = self.features.wanted.features().len() as u64 * radii;
        let lists = if self.features.needs_neighbours() {
            LIST_BYTES
        } else {
            0
        };
        let row = 12 + Attributes::bytes_per_point(self.kept) + 4 * columns;
        load.points().saturating_mul(24 + row).saturating_add(lists)
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<FeatureTile> {
        let [cloud] = &tile.epochs;
        let owned = tile.owned(0);
        let features = self.features.run_selected(on, cloud.positions(), &owned)?;
        Ok(FeatureTile {
            points: cloud.select(&owned),
            features,
        })
    }
}

impl Encode for FeatureTile {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.points.encode_into(to);
        self.features.encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (points, features): (Cloud, PointFeatures) = Encode::decode_from(from)?;
        let is_whole = features
            .columns
            .iter()
            .all(|column| column.values.len() == points.len());
        is_whole.then_some(Self { points, features })
    }
}

impl Encode for PointFeatures {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.columns.encode_into(to);
        let Gaps {
            too_few,
            out_of_reach,
            no_plane,
        } = self.gaps;
        [too_few, out_of_reach, no_plane].encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (columns, [too_few, out_of_reach, no_plane]): (Vec<FeatureColumn>, [u64; 3]) =
            Encode::decode_from(from)?;
        Some(Self {
            columns,
            gaps: Gaps {
                too_few,
                out_of_reach,
                no_plane,
            },
        })
    }
}

impl Encode for FeatureColumn {
    fn encode_into(&self, to: &mut ResultWriter<'_>) {
        self.feature.name().as_bytes().to_vec().encode_into(to);
        self.name.as_bytes().to_vec().encode_into(to);
        self.values.encode_into(to);
    }

    fn decode_from(from: &mut ResultReader<'_>) -> Option<Self> {
        let (feature, name, values): (Vec<u8>, Vec<u8>, Vec<f32>) = Encode::decode_from(from)?;
        Some(Self {
            feature: Feature::named(std::str::from_utf8(&feature).ok()?)?,
            name: String::from_utf8(name).ok()?,
            values,
        })
    }
}
