//! GeoTIFF in: any samples, tiles or strips, of the lossless compressions, north-up. GDAL is the
//! judge: `tests/rasterio.rs`.
//!
//! The directories are read here, not by the `tiff` crate: that multiplies sizes of hostile files
//! unchecked, refuses directories beyond a megabyte and blocks that were never written, and turns
//! samples over where white is zero.

mod bands;
mod blocks;
mod fault;
mod georeference;
mod image;
mod jpeg;
mod keys;
mod levels;
mod limits;
mod pixels;
mod places;
mod samples;
mod scale;
mod source;
mod tags;

pub use blocks::GeoTiffBlocks;
pub use fault::{GeoTiffError, GeoTiffFault};
pub use limits::GeoTiffLimits;

use crate::{Grid, Raster};
use fault::{ReadResult, damaged};
use georeference::Georeference;
use image::Image;
use isopach_cloud::{Crs, CrsKind, LengthUnit, TICK};
use isopach_compute::{Error, Result};
use keys::Keys;
use ndarray::Array2;
use samples::NoData;
use std::{
    fs::File,
    io::Seek,
    path::{Path, PathBuf},
};
use tags::Tiff;

/// Reads a single-band GeoTIFF onto the absolute grid, cell by cell; NaN for no data.
///
/// [`GeoTiff::read`] also returns the coordinate system, and reads rasters that are off that grid
/// or in another unit.
///
/// ```
/// use isopach_cloud::Crs;
/// use isopach_raster::{Grid, Raster, read_geotiff, write_geotiff};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("heights.tif");
/// let grid = Grid { cell_size: 2.0, first: [250_000, 2_500_000], columns: 2, rows: 1 };
/// write_geotiff(&path, &Raster::from_rows(grid, vec![180.5, 181.0])?, &Crs::from_epsg(25833))?;
/// assert_eq!(read_geotiff(&path)?.grid, grid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Source`] with a [`GeoTiffError`]: the file, the reason, and a remedy.
pub fn read(path: impl AsRef<Path>) -> Result<Raster> {
    GeoTiff::read(path)?.into_raster()
}

/// One band of a GeoTIFF as stored: its georeference in the unit of its coordinate system, on any
/// north-up grid.
#[derive(Clone, Debug, PartialEq)]
pub struct GeoTiff {
    /// Values, `[row, column]`, row 0 in the north; NaN is "no data". Scale and offset (GDAL's
    /// metadata) are applied.
    pub values: Array2<f64>,
    /// Outer corner of the north-western cell, in the unit of the coordinate system: easting and
    /// northing, in the unit of the coordinate system.
    pub north_west: [f64; 2],
    /// Sides of a cell from west to east and from north to south, likewise.
    pub cell_size: [f64; 2],
    /// The coordinate reference system, as far as stated.
    pub crs: Crs,
    path: PathBuf,
}

impl GeoTiff {
    /// Reads a file of one band, within the default [`GeoTiffLimits`].
    ///
    /// # Errors
    /// [`Error::Source`] with a [`GeoTiffError`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_within(path, GeoTiffLimits::default())
    }

    /// Reads a file of one band: no more of it, and into no more memory, than `limits` allow.
    ///
    /// ```
    /// # use isopach_cloud::Crs;
    /// # use isopach_raster::{GeoTiff, GeoTiffLimits, Grid, Raster, write_geotiff};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("heights.tif");
    /// # let grid = Grid { cell_size: 2.0, first: [250_000, 2_500_000], columns: 20, rows: 10 };
    /// # write_geotiff(&path, &Raster::from_rows(grid, vec![180.5; 200])?, &Crs::from_epsg(25833))?;
    /// let limits = GeoTiffLimits { memory_bytes: 1000, ..GeoTiffLimits::default() };
    /// let error = GeoTiff::read_within(&path, limits).unwrap_err();
    /// assert!(error.to_string().contains("claims 1600 bytes of values"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Source`] with a [`GeoTiffError`].
    pub fn read_within(path: impl AsRef<Path>, limits: GeoTiffLimits) -> Result<Self> {
        Self::open(path.as_ref(), None, limits)
    }

    /// Reads one band of a file; the first is 1, as in GDAL. Within the default [`GeoTiffLimits`].
    ///
    /// # Errors
    /// Errors of [`Self::read`]; [`Error::InvalidParameter`] for band 0.
    pub fn read_band(path: impl AsRef<Path>, band: usize) -> Result<Self> {
        Self::read_band_within(path, band, GeoTiffLimits::default())
    }

    /// Reads one band of a file; the first is 1, as in GDAL.
    ///
    /// # Errors
    /// Errors of [`Self::read_band`].
    pub fn read_band_within(
        path: impl AsRef<Path>,
        band: usize,
        limits: GeoTiffLimits,
    ) -> Result<Self> {
        Error::check(
            "band",
            band as f64,
            band > 0,
            "be at least 1: that is the first band",
        )?;
        Self::open(path.as_ref(), Some(band), limits)
    }

    /// Opens a file and reads a band, naming the file in errors.
    fn open(path: &Path, band: Option<usize>, limits: GeoTiffLimits) -> Result<Self> {
        let read = || Self::from_reader(File::open(path)?, band, limits, path);
        read().map_err(|fault| {
            Error::source(GeoTiffError {
                path: path.to_owned(),
                fault,
            })
        })
    }

    /// Reads a band: the only one, unless one is chosen.
    fn from_reader<R: std::io::Read + Seek>(
        reader: R,
        band: Option<usize>,
        limits: GeoTiffLimits,
        path: &Path,
    ) -> ReadResult<Self> {
        let (mut tiff, first) = Tiff::open(reader, limits)?;
        let directories = tiff.read_directories(first)?;
        let Some(main) = directories.first() else {
            return damaged("it has no image");
        };
        let image = Image::from_directory(&mut tiff, main)?;
        let index = match (band, image.bands) {
            (None, 1) => 0,
            (None, bands) => return Err(GeoTiffFault::SeveralBands { bands }),
            (Some(band), bands) if (1..=bands).contains(&band) => band - 1,
            (Some(band), bands) => return Err(GeoTiffFault::Band { bands, band }),
        };
        let keys = Keys::from_directory(&mut tiff, main)?;
        let place = Georeference::from_directory(&mut tiff, main, image.rows, keys.is_point())?;
        let no_data = tiff.read_text(main, 42113)?;
        let has_no_data = !no_data.trim().is_empty();
        let mut values = image.read_band(
            &mut tiff,
            index,
            place.is_south_up,
            NoData::parse_text(&no_data)?,
            has_no_data,
        )?;
        scale::apply_scale(&mut values, &tiff.read_text(main, 42112)?, index)?;
        for mask in &directories[1..] {
            if tiff.number_or(mask, 254, 0)? & 4 == 0 {
                continue;
            }
            // Overviews have masks of their own; a raster has one.
            let sides = [tiff.number_or(mask, 256, 0)?, tiff.number_or(mask, 257, 0)?];
            if sides == [image.columns as u64, image.rows as u64] {
                Image::from_directory(&mut tiff, mask)?.apply_mask(
                    &mut tiff,
                    place.is_south_up,
                    &mut values,
                )?;
                break;
            }
        }
        let north_west = place.north_west;
        let cell_size = place.cell_size;
        Ok(Self {
            values,
            north_west,
            cell_size,
            crs: keys.crs(),
            path: path.to_owned(),
        })
    }

    /// Converts to a raster on the absolute grid: nothing is resampled, no cell moves by more than
    /// a tick (2⁻¹⁸ m).
    ///
    /// # Errors
    /// [`Error::Source`] with a [`GeoTiffError`] if the coordinate system is not in metres, cells
    /// are not square, or cells do not start at whole multiples of their size.
    pub fn into_raster(self) -> Result<Raster> {
        let grid = self.grid().map_err(|fault| {
            Error::source(GeoTiffError {
                path: self.path,
                fault,
            })
        })?;
        let is_row_by_row = self.values.is_standard_layout();
        let values = if is_row_by_row {
            self.values
        } else {
            self.values.as_standard_layout().into_owned()
        };
        Ok(Raster { grid, values })
    }

    /// The block of the absolute grid on which the cells lie.
    fn grid(&self) -> ReadResult<Grid> {
        let place = |what: String| Err(GeoTiffFault::Place(what));
        let columns = self.values.ncols();
        let rows = self.values.nrows();
        let is_of = match (self.crs.kind, self.crs.unit) {
            (CrsKind::Plane, LengthUnit::Metre) => None,
            (CrsKind::Plane | CrsKind::Geographic, unit) => Some(unit.to_string()),
            (kind, _) => Some(kind.to_string()),
        };
        if let Some(is_of) = is_of {
            return place(format!(
                "its cells are in {is_of}: bring it into a projected system in metres with gdalwarp -t_srs, or use GeoTiff, which keeps the unit"
            ));
        }
        let [cell_size, height] = self.cell_size;
        if (cell_size - height).abs() * rows as f64 > TICK {
            return place(format!(
                "its cells are {cell_size} by {height} m: make them square with gdalwarp -tr {cell_size} {cell_size} -tap"
            ));
        }
        if cell_size < TICK {
            return place(format!(
                "its cells have {cell_size} m, less than a tick, 2^-18 m"
            ));
        }
        let [west, north] = self.north_west;
        let [east, south] = [
            west + columns as f64 * cell_size,
            north - rows as f64 * height,
        ];
        let first = [west, south].map(|edge| (edge / cell_size).round());
        let last = [first[0] + columns as f64, first[1] + rows as f64];
        if first.iter().chain(&last).any(|cell| cell.abs() > 9e15) {
            return place(format!(
                "its corner is at {west}, {north} m, which is not on Earth"
            ));
        }
        let off = |edge: f64, cell: f64| edge - cell * cell_size;
        let larger = |a: f64, b: f64| if a.abs() > b.abs() { a } else { b };
        let offset = [
            larger(off(west, first[0]), off(east, last[0])),
            larger(off(south, first[1]), off(north, last[1])),
        ];
        if offset.iter().any(|offset| offset.abs() > TICK) {
            return Err(GeoTiffFault::OffGrid { cell_size, offset });
        }
        Ok(Grid {
            cell_size,
            first: first.map(|cell| cell as i64),
            columns,
            rows,
        })
    }
}
