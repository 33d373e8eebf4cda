//! GeoTIFF in.

use crate::{Grid, Raster};
use isopach_compute::{Error, Result};
use std::{fs::File, io, path::Path};

/// Reads a single-band GeoTIFF of `f32` or `f64` samples, north-up: the cells, and where they are.
///
/// # Errors
/// [`Error::Source`] with the file and what is wrong with it.
pub fn read(path: impl AsRef<Path>) -> Result<Raster> {
    let path = path.as_ref();
    let named = |what: &dyn std::fmt::Display| Error::source(format!("{}: {what}", path.display()));
    let file = File::open(path).map_err(|e| named(&e))?;
    let mut decoder = tiff::decoder::Decoder::new(io::BufReader::new(file)).map_err(|e| named(&e))?;
    let (columns, rows) = decoder.dimensions().map_err(|e| named(&e))?;
    let scale = decoder.get_tag_f64_vec(tiff::tags::Tag::ModelPixelScaleTag).map_err(|e| named(&e))?;
    let tie = decoder.get_tag_f64_vec(tiff::tags::Tag::ModelTiepointTag).map_err(|e| named(&e))?;
    let values: Vec<f64> = match decoder.read_image().map_err(|e| named(&e))? {
        tiff::decoder::DecodingResult::F32(values) => values.into_iter().map(f64::from).collect(),
        tiff::decoder::DecodingResult::F64(values) => values,
        _ => return Err(named(&"samples must be f32 or f64")),
    };
    let (&[cell_size, height, ..], &[column, row, _, west, north, ..]) = (&scale[..], &tie[..]) else {
        return Err(named(&"no pixel scale and tie point"));
    };
    if cell_size != height || cell_size.is_nan() || cell_size <= 0.0 || [column, row] != [0.0; 2] {
        return Err(named(&"cells must be square and tied at their north-west corner"));
    }
    let bottom = (north / cell_size).round() as i64 - i64::from(rows);
    let first = [(west / cell_size).round() as i64, bottom];
    let grid = Grid { cell_size, first, columns: columns as usize, rows: rows as usize };
    let values = ndarray::Array2::from_shape_vec((grid.rows, grid.columns), values).map_err(|e| named(&e))?;
    Ok(Raster { grid, values })
}
