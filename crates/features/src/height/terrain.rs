//! Height above a terrain model.

use super::GroundHeights;
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_raster::{GeoTiff, Sampling};
use rayon::prelude::*;

/// A terrain model: a raster of ground heights, in metres. Between the centres of pixels heights are
/// bilinear; outside the raster, and where one of the contributing pixels is no data, there are
/// none.
///
/// ```
/// use isopach_features::{Cloud, TerrainModel};
/// use isopach_raster::{Crs, GeoTiff, Grid, Raster, write_geotiff};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("terrain.tif");
/// // Ground that rises by 1 in 8 towards the east.
/// let grid = Grid { cell_size: 1.0, first: [500, 700], columns: 10, rows: 10 };
/// let heights = (0..100).map(|i| f64::from(i % 10) / 8.0 + 300.0).collect();
/// write_geotiff(&path, &Raster::from_rows(grid, heights)?, &Crs::from_epsg(25833))?;
///
/// let terrain = TerrainModel::from_geotiff(GeoTiff::read(&path)?)?;
/// let points = Cloud::from_points(&[[504.0, 706.0, 312.0], [499.0, 706.0, 312.0]])?;
/// let found = terrain.heights_above(points.positions());
/// assert_eq!((found.height[0], found.unknown), (11.5625, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TerrainModel {
    raster: GeoTiff,
}

impl TerrainModel {
    /// A terrain model from a raster, which is converted to metres.
    ///
    /// # Errors
    /// [`Error::Source`] with an [`isopach_raster::GeoTiffError`] if its coordinates are no lengths;
    /// [`Error::InvalidParameter`] if no pixel has a height.
    pub fn from_geotiff(raster: GeoTiff) -> Result<Self> {
        let raster = raster.in_metres()?;
        let heights = raster.values.iter().filter(|height| height.is_finite());
        let count = heights.count();
        let must = "be at least 1: every pixel is no data";
        Error::check(
            "heights of the terrain model",
            count as f64,
            count > 0,
            must,
        )?;
        Ok(Self { raster })
    }

    /// The raster, in metres.
    #[must_use]
    pub fn raster(&self) -> &GeoTiff {
        &self.raster
    }

    /// Height of the terrain at a place, metres; NaN where there is none.
    #[must_use]
    pub fn height_at(&self, place: [f64; 2]) -> f64 {
        let height = self.raster.value_at(place, Sampling::Bilinear);
        if height.is_finite() { height } else { f64::NAN }
    }

    /// Heights of points above the terrain.
    #[must_use]
    pub fn heights_above(&self, points: Positions<'_>) -> GroundHeights {
        let height: Vec<f64> = (0..points.len())
            .into_par_iter()
            .map(|i| {
                let [east, north, up] = points.absolute(i);
                up - self.height_at([east, north])
            })
            .collect();
        GroundHeights::of_heights(height)
    }
}
