//! Georeference of a GeoTIFF: OGC GeoTIFF 1.1, requirement class "GeoTIFF raster to model".

use super::{
    fault::{GeoTiffFault, ReadResult},
    tags::{Directory, Tiff},
};
use std::io::Seek;

/// A north-up place: the outer corner of the first column and the northernmost row, and the sides
/// of a cell.
pub(super) struct Georeference {
    pub(super) north_west: [f64; 2],
    pub(super) cell_size: [f64; 2],
    /// Northing of the outer edge of the first stored row.
    pub(super) first_northing: f64,
    /// The first stored row is the southernmost.
    pub(super) is_south_up: bool,
}

impl Georeference {
    /// Reads the georeference of a directory. `is_point`: tie points refer to cell centres
    /// (PixelIsPoint).
    pub(super) fn from_directory<R: std::io::Read + Seek>(
        tiff: &mut Tiff<R>,
        directory: &Directory,
        rows: usize,
        is_point: bool,
    ) -> ReadResult<Self> {
        let scale = tiff.read_doubles(directory, 33550, 3)?;
        let ties = tiff.read_doubles(directory, 33922, 18)?;
        let matrix = tiff.read_doubles(directory, 34264, 16)?;
        let ([mut west, mut first], [east_step, south_step]) = match (
            &scale[..],
            &ties[..],
            &matrix[..],
        ) {
            (&[x, y, ..], &[column, row, _, east, north, _, ..], _) if x != 0.0 && y != 0.0 => {
                let [x, y] = [x, y].map(f64::abs);
                ([east - column * x, north + row * y], [x, -y])
            }
            (_, _, &[x, shear, _, east, other_shear, y, _, north, ..]) => {
                if shear != 0.0 || other_shear != 0.0 {
                    return misplaced("its grid is rotated: turn it north-up with gdalwarp");
                }
                ([east, north], [x, y])
            }
            (_, ties, _) if ties.len() >= 18 => {
                return misplaced(
                    "it is placed by ground control points: rectify it with gdalwarp",
                );
            }
            _ => {
                return misplaced(
                    "it has no georeference: neither pixel scale and tie point nor a transformation (world files are not read)",
                );
            }
        };
        if is_point {
            // GeoTIFF 1.1, 7.1.2: the tie is at the centre of the cell.
            west -= 0.5 * east_step;
            first -= 0.5 * south_step;
        }
        if ![west, first, east_step, south_step]
            .iter()
            .all(|x| x.is_finite())
            || east_step <= 0.0
            || south_step == 0.0
        {
            return misplaced(format!(
                "its cells are {east_step} by {south_step}, from {west}, {first}"
            ));
        }
        let is_south_up = south_step > 0.0;
        let north = if is_south_up {
            first + rows as f64 * south_step
        } else {
            first
        };
        Ok(Self {
            north_west: [west, north],
            cell_size: [east_step, south_step.abs()],
            first_northing: first,
            is_south_up,
        })
    }
}

/// The error of a missing or unsupported georeference.
fn misplaced<T>(what: impl Into<String>) -> ReadResult<T> {
    Err(GeoTiffFault::Place(what.into()))
}
