//! One picture of a TIFF file: its layout, and the values of a band.

use super::{
    fault::{ReadResult, damaged, unsupported},
    jpeg::JpegStreams,
    limits::{check_limit, filled_vec},
    samples::{Compression, Kind, NoData, Predictor, Sample, Samples},
    tags::{Directory, Tiff, Values},
};
use ndarray::Array2;
use std::{io::Seek, ops::Range};

/// Bytes of a block that is not compressed that are read at once; a row at least.
const PIECE_BYTES: usize = 1 << 18;
/// Bytes that a compressed block may have beyond twice its expanded size: heads and code tables.
const FREE_BYTES: u64 = 1024;
/// The same of JPEG, whose segments before the pixels have any length below this.
const FREE_JPEG_BYTES: u64 = 1 << 16;

/// Photometric interpretation of luma and two differences of colour.
const YCBCR: u64 = 6;

/// Storage layout of a picture.
pub(super) struct Image {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) bands: usize,
    pub(super) sample: Sample,
    /// The photometric interpretation (tag 262).
    pub(super) photometric: u64,
    compression: Compression,
    jpeg: JpegStreams,
    predictor: Predictor,
    /// Bands one after the other, not cell by cell.
    pub(super) is_planar: bool,
    /// The least significant bit of each byte comes first.
    is_reversed: bool,
    /// Columns and rows of a block.
    pub(super) block: [usize; 2],
    is_tiled: bool,
    offsets: Values,
    counts: Values,
}

/// Columns, rows and bands, within the limits.
fn read_shape<R: std::io::Read + Seek>(
    tiff: &mut Tiff<R>,
    directory: &Directory,
) -> ReadResult<[u64; 3]> {
    let columns = tiff.number_or(directory, 256, 0)?;
    let rows = tiff.number_or(directory, 257, 0)?;
    let bands = tiff.number_or(directory, 277, 1)?;
    let is_empty = columns == 0 || rows == 0 || bands == 0;
    if is_empty || columns.max(rows) > u64::from(u32::MAX) || bands > 65_535 {
        return damaged(format!(
            "it has {columns} columns, {rows} rows, and {bands} bands"
        ));
    }
    tiff.limits
        .check_cells("cells", columns * rows, tiff.length)?;
    Ok([columns, rows, bands])
}

/// The number type, which all bands share.
fn read_sample<R: std::io::Read + Seek>(
    tiff: &mut Tiff<R>,
    directory: &Directory,
    bands: u64,
) -> ReadResult<Sample> {
    let bits = tiff.read_numbers(directory, 258, bands)?;
    let format = tiff.read_numbers(directory, 339, bands)?;
    Sample::from_tags(shared_by_bands(format)?, shared_by_bands(bits)?)
}

/// The value of a tag, which all bands share; 1 if it is missing.
fn shared_by_bands(values: Option<Values>) -> ReadResult<u64> {
    let mut values = values.iter().flat_map(Values::iter);
    let first = values.next().unwrap_or(1);
    if values.all(|value| value == first) {
        Ok(first)
    } else {
        unsupported("bands of different types")
    }
}

/// Refuses blocks without cells, and blocks above the limit. `pixel_bits`: bits of a cell.
fn check_block<R: std::io::Read + Seek>(
    tiff: &Tiff<R>,
    block: [u64; 2],
    pixel_bits: u64,
) -> ReadResult<()> {
    let [columns, rows] = block;
    if columns == 0 || rows == 0 {
        return damaged(format!("a block has {columns} × {rows} cells"));
    }
    let bytes = columns
        .checked_mul(pixel_bits)
        .and_then(|bits| bits.div_ceil(8).checked_mul(rows));
    check_limit(
        "bytes of a block",
        bytes.unwrap_or(u64::MAX),
        tiff.limits.block_bytes,
        "block_bytes",
    )
}

/// Offsets and byte counts of all blocks.
fn read_places<R: std::io::Read + Seek>(
    tiff: &mut Tiff<R>,
    directory: &Directory,
    is_tiled: bool,
    blocks: u64,
) -> ReadResult<[Values; 2]> {
    let [at, count] = if is_tiled { [324, 325] } else { [273, 279] };
    let offsets = tiff.read_numbers(directory, at, blocks)?;
    let counts = tiff.read_numbers(directory, count, blocks)?;
    let stated =
        [&offsets, &counts].map(|values| values.as_ref().map_or(0, |values| values.len() as u64));
    match (offsets, counts) {
        (Some(offsets), Some(counts)) if stated.iter().all(|stated| *stated >= blocks) => {
            Ok([offsets, counts])
        }
        _ => damaged(format!(
            "{blocks} blocks are needed, but {} are stated",
            stated[0].min(stated[1])
        )),
    }
}

impl Image {
    /// Reads the layout that a directory states.
    pub(super) fn from_directory<R: std::io::Read + Seek>(
        tiff: &mut Tiff<R>,
        directory: &Directory,
    ) -> ReadResult<Self> {
        let [columns, rows, bands] = read_shape(tiff, directory)?;
        let sample = read_sample(tiff, directory, bands)?;
        let predictor = Predictor::from_code(tiff.number_or(directory, 317, 1)?)?;
        if predictor != Predictor::None && sample.bytes().is_none() {
            return unsupported(format!(
                "predictor {predictor:?} of {}-bit samples",
                sample.bits
            ));
        }
        let is_planar = tiff.number_or(directory, 284, 1)? == 2;
        let tile = [
            tiff.number_or(directory, 322, 0)?,
            tiff.number_or(directory, 323, 0)?,
        ];
        let is_tiled = tile[0] > 0;
        let rows_per_strip = tiff.number_or(directory, 278, rows)?.min(rows);
        let block = if is_tiled {
            tile
        } else {
            [columns, rows_per_strip]
        };
        let samples_of_block = if is_planar { 1 } else { bands };
        check_block(tiff, block, samples_of_block * sample.bits as u64)?;
        let blocks = columns.div_ceil(block[0]) * rows.div_ceil(block[1]);
        let blocks = blocks.saturating_mul(if is_planar { bands } else { 1 });
        let [offsets, counts] = read_places(tiff, directory, is_tiled, blocks)?;
        let compression = Compression::from_code(tiff.number_or(directory, 259, 1)?)?;
        let photometric = tiff.number_or(directory, 262, 1)?;
        if compression == Compression::Jpeg && (sample.kind, sample.bits) != (Kind::Unsigned, 8) {
            return unsupported(format!("JPEG compression of {}-bit samples", sample.bits));
        }
        if photometric == YCBCR && compression != Compression::Jpeg {
            return unsupported("colours as YCbCr without JPEG");
        }
        Ok(Self {
            columns: columns as usize,
            rows: rows as usize,
            bands: bands as usize,
            sample,
            photometric,
            compression,
            jpeg: match compression {
                Compression::Jpeg => {
                    JpegStreams::from_directory(tiff, directory, photometric == YCBCR)?
                }
                _ => JpegStreams::default(),
            },
            predictor,
            is_planar,
            is_reversed: tiff.number_or(directory, 266, 1)? == 2,
            block: block.map(|side| side as usize),
            is_tiled,
            offsets,
            counts,
        })
    }

    /// Values of a band (the first is 0), row by row from the north; NaN for no data.
    /// `is_south_up`: the southernmost row is stored first.
    ///
    /// A block that was never written has no data, or zeros if the file has no no-data value, as in
    /// GDAL.
    pub(super) fn read_band<R: std::io::Read + Seek>(
        &self,
        tiff: &mut Tiff<R>,
        band: usize,
        is_south_up: bool,
        no_data: Option<NoData>,
        has_no_data: bool,
    ) -> ReadResult<Array2<f64>> {
        let bytes =
            (self.columns as u64 * self.rows as u64).saturating_mul(size_of::<f64>() as u64);
        check_limit(
            "bytes of values",
            bytes,
            tiff.limits.memory_bytes,
            "memory_bytes",
        )?;
        let missing = if has_no_data { f64::NAN } else { 0.0 };
        let values = filled_vec("values", self.columns * self.rows, missing)?;
        let mut values = Array2::from_shape_vec((self.rows, self.columns), values)
            .or_else(|e| damaged(e.to_string()))?;
        self.each_stored_row(tiff, band, |row, columns, samples| {
            let mut row = values.row_mut(self.output_row(row, is_south_up));
            // rows were just made, each whole
            let to = &mut row.as_slice_mut().unwrap_or_default()[columns];
            self.sample.append_values(samples, no_data, to)
        })?;
        Ok(values)
    }

    /// Takes the values away where this image, a mask, is zero, or was never written.
    pub(super) fn apply_mask<R: std::io::Read + Seek>(
        &self,
        tiff: &mut Tiff<R>,
        is_south_up: bool,
        values: &mut Array2<f64>,
    ) -> ReadResult<()> {
        let (across, is_stored) = self.stored_blocks(0);
        for number in is_stored
            .enumerate()
            .filter_map(|(number, is_stored)| (!is_stored).then_some(number))
        {
            let [left, top] = [
                number % across * self.block[0],
                number / across * self.block[1],
            ];
            for row in top..(top + self.block[1]).min(self.rows) {
                for column in left..(left + self.block[0]).min(self.columns) {
                    values[[self.output_row(row, is_south_up), column]] = f64::NAN;
                }
            }
        }
        let mut inside = Vec::new();
        self.each_stored_row(tiff, 0, |row, columns, samples| {
            inside.resize(columns.len(), 0.0);
            self.sample.append_values(samples, None, &mut inside)?;
            let row = self.output_row(row, is_south_up);
            for (column, _) in columns.zip(&inside).filter(|(_, inside)| **inside == 0.0) {
                values[[row, column]] = f64::NAN;
            }
            Ok(())
        })
    }

    /// The row from the north of one that is stored.
    fn output_row(&self, stored: usize, is_south_up: bool) -> usize {
        if is_south_up {
            self.rows - 1 - stored
        } else {
            stored
        }
    }

    /// Blocks from west to east, and of each block of a band whether it was ever written.
    fn stored_blocks(&self, band: usize) -> (usize, impl Iterator<Item = bool>) {
        let across = self.columns.div_ceil(self.block[0]);
        let blocks = across * self.rows.div_ceil(self.block[1]);
        let first = if self.is_planar { band * blocks } else { 0 };
        (
            across,
            (first..first + blocks).map(|block| self.counts.value_at(block) > 0),
        )
    }

    /// Hands over, of each row of each block of a band that was ever written, its number, its
    /// columns, and the band's samples in it.
    fn each_stored_row<R: std::io::Read + Seek>(
        &self,
        tiff: &mut Tiff<R>,
        band: usize,
        mut row: impl FnMut(usize, Range<usize>, Samples<'_>) -> ReadResult<()>,
    ) -> ReadResult<()> {
        let (across, is_stored) = self.stored_blocks(band);
        let written = is_stored.filter(|is_stored| *is_stored).count();
        let factors = [
            self.block[0],
            self.block[1],
            self.samples_per_pixel(),
            written,
        ];
        let claimed = factors.into_iter().fold(1, |product: u64, factor| {
            product.saturating_mul(factor as u64)
        });
        tiff.limits
            .check_cells("samples of blocks", claimed, tiff.length)?;
        let blocks = across * self.rows.div_ceil(self.block[1]);
        for number in 0..blocks {
            let stored = if self.is_planar {
                band * blocks + number
            } else {
                number
            };
            let [left, top] = [
                number % across * self.block[0],
                number / across * self.block[1],
            ];
            let height = self.block[1].min(self.rows - top);
            let width = self.block[0].min(self.columns - left);
            if self.counts.value_at(stored) == 0 {
                continue;
            }
            let [first, stride] = if self.is_planar {
                [0, 1]
            } else {
                [band, self.bands]
            };
            self.each_row(tiff, stored, height, |number, bytes| {
                row(
                    top + number,
                    left..left + width,
                    Samples {
                        bytes,
                        first,
                        stride,
                    },
                )
            })?;
        }
        Ok(())
    }

    /// Samples of a cell that are stored together.
    pub(super) fn samples_per_pixel(&self) -> usize {
        if self.is_planar { 1 } else { self.bands }
    }

    /// Hands over the first `height` rows of a block, as samples.
    fn each_row<R: std::io::Read + Seek>(
        &self,
        tiff: &mut Tiff<R>,
        block: usize,
        height: usize,
        mut row: impl FnMut(usize, &[u8]) -> ReadResult<()>,
    ) -> ReadResult<()> {
        let row_bytes = self.row_bytes();
        if self.compression != Compression::None {
            let stored = self.read_stored(tiff, block, 0..height)?;
            let bytes = self.expand_rows(stored, block, height, tiff.is_big_endian())?;
            for (number, bytes) in bytes.chunks_exact(row_bytes).enumerate() {
                row(number, bytes)?;
            }
            return Ok(());
        }
        let rows_of_piece = (PIECE_BYTES / row_bytes).max(1);
        for first in (0..height).step_by(rows_of_piece) {
            let rows = first..(first + rows_of_piece).min(height);
            let stored = self.read_stored(tiff, block, rows.clone())?;
            let bytes = self.expand_rows(stored, block, rows.len(), tiff.is_big_endian())?;
            for (number, bytes) in rows.zip(bytes.chunks_exact(row_bytes)) {
                row(number, bytes)?;
            }
        }
        Ok(())
    }

    /// Bytes of a row of a block, expanded.
    pub(super) fn row_bytes(&self) -> usize {
        (self.block[0] * self.samples_per_pixel() * self.sample.bits).div_ceil(8)
    }

    /// Rows of a block that can be read without the others: all of those that are compressed, or in
    /// tiles; else as many as are read at once, if one strip holds the image.
    pub(super) fn rows_at_once(&self) -> usize {
        let is_one_strip = !self.is_tiled && self.block[1] >= self.rows;
        if self.compression == Compression::None && is_one_strip {
            (PIECE_BYTES / self.row_bytes()).clamp(1, self.block[1])
        } else {
            self.block[1]
        }
    }

    /// The bytes of the tables of places and lengths of its blocks.
    pub(super) fn table_bytes(&self) -> impl Iterator<Item = u8> {
        let tables = [&self.offsets, &self.counts];
        tables.into_iter().flat_map(Values::stored_bytes)
    }

    /// Whether a block was ever written.
    pub(super) fn is_written(&self, block: usize) -> bool {
        self.counts.value_at(block) > 0
    }

    /// Where the bytes of a block are stored: of `rows` of it, where nothing is compressed, else of
    /// all its rows, of which the last is needed.
    pub(super) fn stored_range<R>(
        &self,
        tiff: &Tiff<R>,
        block: usize,
        rows: Range<usize>,
    ) -> ReadResult<Range<u64>> {
        let row_bytes = self.row_bytes();
        let at = self.offsets.value_at(block);
        let count = self.counts.value_at(block);
        let needed = (row_bytes * self.stored_rows(rows.end)) as u64;
        tiff.check_range(at, count)?; // all of it is there
        if self.compression == Compression::None {
            if count < needed {
                return damaged(format!(
                    "block {block} has {count} bytes, but must have {needed}"
                ));
            }
            let [first, end] = [rows.start, rows.end].map(|row| at + (row * row_bytes) as u64);
            return Ok(first..end);
        }
        let free = match self.compression {
            Compression::Jpeg => FREE_JPEG_BYTES,
            _ => FREE_BYTES,
        };
        let most = needed.saturating_mul(2).saturating_add(free);
        Ok(at..at + count.min(most))
    }

    /// The bytes of a block as they are stored, in the order of bits that decoders expect: those of
    /// [`Self::stored_range`].
    fn read_stored<R: std::io::Read + Seek>(
        &self,
        tiff: &mut Tiff<R>,
        block: usize,
        rows: Range<usize>,
    ) -> ReadResult<Vec<u8>> {
        let range = self.stored_range(tiff, block, rows)?;
        let mut stored = tiff.read_bytes(range.start, range.end - range.start)?;
        self.order_bits(&mut stored);
        Ok(stored)
    }

    /// Puts the bits of stored bytes into the order that decoders expect.
    pub(super) fn order_bits(&self, stored: &mut [u8]) {
        if self.is_reversed {
            stored
                .iter_mut()
                .for_each(|byte| *byte = byte.reverse_bits());
        }
    }

    /// Rows that are stored of a block whose first `height` rows lie on the image: tiles are whole.
    fn stored_rows(&self, height: usize) -> usize {
        if self.is_tiled { self.block[1] } else { height }
    }

    /// The first `height` rows of stored bytes as they were before they were made smaller:
    /// little-endian samples, [`Self::row_bytes`] a row.
    pub(super) fn expand_rows(
        &self,
        stored: Vec<u8>,
        block: usize,
        height: usize,
        is_big_endian: bool,
    ) -> ReadResult<Vec<u8>> {
        let row_bytes = self.row_bytes();
        let rows = self.stored_rows(height);
        let expanded = match self.compression {
            Compression::None => Ok(stored),
            Compression::Jpeg => {
                let shape = [self.block[0], rows, self.samples_per_pixel()];
                self.jpeg.expand(&stored, shape, self.block[1])
            }
            _ => self
                .compression
                .expand(&stored, row_bytes * rows, row_bytes * self.block[1]),
        };
        let mut bytes = expanded
            .or_else(|what| damaged(format!("block {block} cannot be decompressed: {what}")))?;
        bytes.truncate(row_bytes * height);
        let Some(width) = self.sample.bytes() else {
            return Ok(bytes);
        };
        let mut planes = Vec::new();
        for row in bytes.chunks_exact_mut(row_bytes) {
            let stride = self.samples_per_pixel();
            self.predictor
                .restore_row(row, width, stride, is_big_endian, &mut planes);
        }
        Ok(bytes)
    }
}
