//! Tile-compressed images, some tiles at a time.

use crate::Header;
use fitskit::{BinTable, HeaderValue, PixelData, tile_compress::CompressedImage};
use isopach_compute::{Error, Result};
use std::{mem, ops::Range};

/// Seeds of the dithering go round after this many tiles.
const SEEDS: i64 = 10_000;

/// The table of compressed tiles.
#[derive(Debug)]
pub(crate) struct Compressed {
    table: BinTable,
    /// Rows of the image.
    rows: usize,
    /// Rows of the image that a tile covers, and tiles beside each other.
    tile_rows: usize,
    tiles_across: usize,
}

impl Compressed {
    pub(crate) fn new(header: &Header, data: Vec<u8>) -> Result<Self> {
        let table = BinTable::from_header_and_vec(&header.0, data).map_err(Error::source)?;
        let geometry = CompressedImage::from_bintable(&header.0, &table).map_err(Error::source)?.geometry;
        let ([across, rows], [tile_columns, tile_rows]) = (&geometry.znaxis[..], &geometry.ztile[..]) else {
            return Err(Error::source("a compressed image must have two axes"));
        };
        let (tile_rows, tiles_across) = ((*tile_rows).max(1), across.div_ceil((*tile_columns).max(1)));
        let tiles = tiles_across * rows.div_ceil(tile_rows);
        if table.nrows < tiles {
            return Err(Error::source(format!("a compressed image of {tiles} tiles has only {}", table.nrows)));
        }
        Ok(Self { rows: *rows, tile_rows, tiles_across, table })
    }

    pub(crate) fn bytes(&self) -> u64 {
        (self.table.main_data.len() + self.table.heap.len()) as u64
    }

    /// The stored values of whole tiles about some rows, and which rows they are.
    ///
    /// The tiles go to the codec as an image of their own: fewer rows, and seeds of the dithering that go on where the tiles before ended.
    pub(crate) fn decode(&mut self, header: &Header, rows: Range<usize>) -> Result<(Range<usize>, PixelData)> {
        let down = rows.start / self.tile_rows..rows.end.max(rows.start + 1).div_ceil(self.tile_rows);
        let covered = down.start * self.tile_rows..(down.end * self.tile_rows).min(self.rows);
        if covered.is_empty() {
            return Ok((rows.start..rows.start, PixelData::U8(vec![])));
        }
        let tiles = down.start * self.tiles_across..down.end * self.tiles_across;
        let mut part = header.0.clone();
        part.set("ZNAXIS2", HeaderValue::Integer(covered.len() as i64), None);
        let seed = header.0.get_int("ZDITHER0").unwrap_or(1);
        part.set("ZDITHER0", HeaderValue::Integer((seed - 1 + tiles.start as i64).rem_euclid(SEEDS) + 1), None);
        let bytes = tiles.start * self.table.row_len..tiles.end * self.table.row_len;
        let table = BinTable {
            columns: self.table.columns.clone(),
            nrows: tiles.len(),
            row_len: self.table.row_len,
            main_data: self.table.main_data[bytes].to_vec(),
            heap: mem::take(&mut self.table.heap),
        };
        let decoded = CompressedImage::from_bintable(&part, &table).and_then(|image| image.decompress());
        self.table.heap = table.heap;
        Ok((covered, decoded.map_err(Error::source)?.pixels))
    }
}
