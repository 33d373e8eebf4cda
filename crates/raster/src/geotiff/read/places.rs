//! Values of a GeoTIFF at places, and its coordinates in metres.

use super::{GeoTiff, GeoTiffError, GeoTiffFault};
use crate::{Sampling, sample};
use isopach_compute::{Error, Result};
use isopach_crs::{in_metres, metre_factors};

impl GeoTiff {
    /// The value at a place: easting and northing, in the unit of the coordinate system. NaN outside
    /// the outer edges of the raster, and where a pixel that contributes is no data.
    ///
    /// The centre of a pixel has its value; within the outer half pixel the outer pixels are
    /// repeated. Files whose tie point is a centre ("point") and those whose tie point is a corner
    /// ("area") are alike here: [`Self::north_west`] is a corner for both.
    ///
    /// ```
    /// # use isopach_raster::{Crs, GeoTiff, Grid, Raster, Sampling, write_geotiff};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("heights.tif");
    /// let grid = Grid { cell_size: 2.0, first: [0, 0], columns: 2, rows: 1 };
    /// write_geotiff(&path, &Raster::from_rows(grid, vec![180.0, 181.0])?, &Crs::from_epsg(25833))?;
    /// let heights = GeoTiff::read(&path)?;
    /// assert_eq!(heights.value_at([1.0, 1.0], Sampling::Bilinear), 180.0);
    /// assert_eq!(heights.value_at([1.5, 1.9], Sampling::Bilinear), 180.25);
    /// assert!(heights.value_at([4.5, 1.0], Sampling::Bilinear).is_nan());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn value_at(&self, [east, north]: [f64; 2], by: Sampling) -> f64 {
        let row = (self.north_west[1] - north) / self.cell_size[1] - 0.5;
        let column = (east - self.north_west[0]) / self.cell_size[0] - 0.5;
        sample(self.values.view(), [row, column], by)
    }

    /// Heights and places in metres; unchanged if they are, or if no coordinate system is stated.
    ///
    /// # Errors
    /// [`Error::Source`] with a [`GeoTiffError`] if the coordinate system is none of lengths in a
    /// plane.
    pub fn in_metres(self) -> Result<Self> {
        let Some([east, north, up]) = metre_factors(&self.crs) else {
            let what = format!(
                "its cells are in {}: bring it into a projected system in metres with gdalwarp -t_srs",
                self.crs.unit
            );
            return Err(Error::source(GeoTiffError {
                path: self.path,
                fault: GeoTiffFault::Place(what),
            }));
        };
        let Self {
            mut values,
            north_west,
            cell_size,
            crs,
            path,
        } = self;
        if up != 1.0 {
            values.mapv_inplace(|height| height * up);
        }
        Ok(Self {
            values,
            north_west: [north_west[0] * east, north_west[1] * north],
            cell_size: [cell_size[0] * east, cell_size[1] * north],
            crs: in_metres(&crs),
            path,
        })
    }
}
