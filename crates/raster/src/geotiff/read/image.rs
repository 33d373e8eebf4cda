//! One picture of a TIFF file: its layout, and the values of a band.

use super::{
    fault::{GeoTiffFault, Read, damaged, unsupported},
    samples::{Compression, NoData, Predictor, Sample},
    tags::{Directory, Tiff},
};
use ndarray::Array2;
use std::io::Seek;

/// Cells that any file may claim.
const FREE_CELLS: u64 = 1 << 22;
/// Cells that each byte of a file may claim beyond those: what the best compression makes of cells that are all equal.
const CELLS_PER_BYTE: u64 = 8192;
/// Bytes of a block at most.
const MOST_BLOCK_BYTES: u64 = 1 << 30;

/// How a picture is stored.
pub(super) struct Image {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) bands: usize,
    sample: Sample,
    compression: Compression,
    predictor: Predictor,
    /// Bands one after the other, not cell by cell.
    is_planar: bool,
    /// The least significant bit of each byte comes first.
    is_reversed: bool,
    /// Columns and rows of a block.
    block: [usize; 2],
    is_tiled: bool,
    offsets: Vec<u64>,
    counts: Vec<u64>,
}

impl Image {
    /// The layout that a directory states.
    pub(super) fn of<R: std::io::Read + Seek>(tiff: &mut Tiff<R>, directory: &Directory) -> Read<Self> {
        let [columns, rows] = [tiff.number_or(directory, 256, 0)?, tiff.number_or(directory, 257, 0)?];
        let bands = tiff.number_or(directory, 277, 1)?;
        if columns == 0 || rows == 0 || bands == 0 || columns.max(rows) > u64::from(u32::MAX) || bands > 65_535 {
            return damaged(format!("it has {columns} columns, {rows} rows, and {bands} bands"));
        }
        let (cells, most) = (columns * rows, FREE_CELLS.saturating_add(tiff.length.saturating_mul(CELLS_PER_BYTE)));
        if cells > most {
            return Err(GeoTiffFault::TooLarge { cells, most });
        }
        let [bits, format] = [tiff.numbers(directory, 258)?, tiff.numbers(directory, 339)?];
        let one = |values: Option<Vec<u64>>, missing: u64| {
            let values = values.unwrap_or_default();
            let first = values.first().copied().unwrap_or(missing);
            if values.iter().all(|value| *value == first) { Ok(first) } else { unsupported("bands of different types") }
        };
        let sample = Sample::of(one(format, 1)?, one(bits, 1)?)?;
        let predictor = Predictor::of(tiff.number_or(directory, 317, 1)?)?;
        if predictor != Predictor::None && sample.bytes().is_none() {
            return unsupported(format!("predictor {predictor:?} of {}-bit samples", sample.bits));
        }
        let is_planar = tiff.number_or(directory, 284, 1)? == 2;
        let tile = [tiff.number_or(directory, 322, 0)?, tiff.number_or(directory, 323, 0)?];
        let is_tiled = tile[0] > 0;
        let rows_per_strip = tiff.number_or(directory, 278, rows)?.min(rows);
        let block = if is_tiled { tile } else { [columns, rows_per_strip] };
        let samples_of_block = if is_planar { 1 } else { bands };
        let row_bits = block[0].checked_mul(samples_of_block * sample.bits as u64);
        let bytes = row_bits.and_then(|bits| bits.div_ceil(8).checked_mul(block[1]));
        if block[0] == 0 || block[1] == 0 || bytes.is_none_or(|bytes| bytes > MOST_BLOCK_BYTES) {
            return damaged(format!("a block has {} × {} cells", block[0], block[1]));
        }
        let [at, count] = if is_tiled { [324, 325] } else { [273, 279] };
        let offsets = tiff.numbers(directory, at)?.unwrap_or_default();
        let counts = tiff.numbers(directory, count)?.unwrap_or_default();
        let blocks = columns.div_ceil(block[0]) * rows.div_ceil(block[1]) * if is_planar { bands } else { 1 };
        if (offsets.len() as u64) < blocks || (counts.len() as u64) < blocks {
            return damaged(format!("{blocks} blocks are needed, but {} are stated", offsets.len().min(counts.len())));
        }
        Ok(Self {
            columns: columns as usize,
            rows: rows as usize,
            bands: bands as usize,
            sample,
            compression: Compression::of(tiff.number_or(directory, 259, 1)?)?,
            predictor,
            is_planar,
            is_reversed: tiff.number_or(directory, 266, 1)? == 2,
            block: block.map(|side| side as usize),
            is_tiled,
            offsets,
            counts,
        })
    }

    /// Values of a band, the first is 0: row by row from the first that is stored; NaN where there is no data.
    ///
    /// A block that was never written has no data, or zeros where no value stands for none, as in GDAL.
    pub(super) fn band<R: std::io::Read + Seek>(
        &self,
        tiff: &mut Tiff<R>,
        band: usize,
        no_data: Option<NoData>,
        has_no_data: bool,
    ) -> Read<Array2<f64>> {
        let missing = if has_no_data { f64::NAN } else { 0.0 };
        let mut values = Array2::from_elem((self.rows, self.columns), missing);
        let across = self.columns.div_ceil(self.block[0]);
        let down = self.rows.div_ceil(self.block[1]);
        for number in 0..across * down {
            let stored = if self.is_planar { band * across * down + number } else { number };
            let [left, top] = [number % across * self.block[0], number / across * self.block[1]];
            let height = self.block[1].min(self.rows - top);
            if self.counts[stored] == 0 {
                continue;
            }
            let rows = if self.is_tiled { self.block[1] } else { height };
            let bytes = self.expanded(tiff, stored, rows)?;
            let row_bytes = bytes.len() / rows;
            let width = self.block[0].min(self.columns - left);
            for (row, bytes) in bytes.chunks_exact(row_bytes).take(height).enumerate() {
                for column in 0..width {
                    let at = if self.is_planar { column } else { column * self.bands + band };
                    let bits = self.sample.bits_at(bytes, at);
                    values[[top + row, left + column]] = self.sample.value(bits, no_data)?;
                }
            }
        }
        Ok(values)
    }

    /// The rows of a block, as samples.
    fn expanded<R: std::io::Read + Seek>(&self, tiff: &mut Tiff<R>, block: usize, rows: usize) -> Read<Vec<u8>> {
        let samples = if self.is_planar { 1 } else { self.bands };
        let row_bytes = (self.block[0] * samples * self.sample.bits).div_ceil(8);
        let mut stored = tiff.bytes(self.offsets[block], self.counts[block])?;
        if self.is_reversed {
            stored.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        let expanded = self.compression.expand(&stored, row_bytes * rows);
        let mut bytes = expanded.or_else(|what| damaged(format!("block {block} does not expand: {what}")))?;
        if let Some(width) = self.sample.bytes() {
            let is_big_endian = tiff.is_big_endian();
            bytes
                .chunks_exact_mut(row_bytes)
                .for_each(|row| self.predictor.restore(row, width, samples, is_big_endian));
        }
        Ok(bytes)
    }
}
