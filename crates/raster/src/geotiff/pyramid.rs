//! The raster and its overviews, block by block.

use super::{
    BLOCK, CELLS,
    unfinished::{Key, Unfinished},
};
use crate::{Grid, Raster};
use isopach_compute::UnfinishedFile;
use rayon::prelude::*;
use std::{
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Complete blocks that wait to be compressed at most: 16 MiB, and enough for every core.
const MOST_COMPLETE: usize = 64;

/// One size of the raster: cells, and where its blocks are in the file.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Offset and bytes of each written block; no bytes: not written, all no data.
    pub(super) blocks: Vec<[u64; 2]>,
}

impl Level {
    fn new(columns: usize, rows: usize) -> Self {
        Self {
            columns,
            rows,
            blocks: vec![[0; 2]; columns.div_ceil(BLOCK) * rows.div_ceil(BLOCK)],
        }
    }

    /// Blocks from west to east.
    fn blocks_across(&self) -> usize {
        self.columns.div_ceil(BLOCK)
    }

    /// Cells of a block that lie on the raster.
    fn cells_in(&self, block: usize) -> usize {
        let [row, column] = [
            block / self.blocks_across() * BLOCK,
            block % self.blocks_across() * BLOCK,
        ];
        (self.rows - row).min(BLOCK) * (self.columns - column).min(BLOCK)
    }
}

/// Blocks of all levels. They are compressed as they are completed, into a file of their own, whose
/// order depends on the tiles; that of the GeoTIFF does not ([`Pyramid::finish`]).
#[derive(Debug)]
pub(super) struct Pyramid {
    written: BufWriter<File>,
    /// Bytes of `written`.
    end: u64,
    /// Removes the file of `written`, after that is closed.
    _removed_when_dropped: UnfinishedFile,
    /// The raster, then each overview with half as many cells a side.
    levels: Vec<Level>,
    unfinished: Unfinished,
    /// Complete blocks that are compressed together at most.
    most_complete: usize,
}

impl Pyramid {
    /// Creates the pyramid of a raster of `rows` × `columns` cells, with its temporary files beside
    /// that of the raster, and at most so many unfinished blocks in memory.
    pub(super) fn new(
        grid: &Grid,
        path: &Path,
        beside: PathBuf,
        most_blocks: usize,
    ) -> io::Result<Self> {
        let (removed, written) = UnfinishedFile::create(&UnfinishedFile::beside(path, "written")?)?;
        let mut levels = vec![Level::new(grid.columns, grid.rows)];
        let mut columns = grid.columns;
        let mut rows = grid.rows;
        while columns.max(rows) > BLOCK {
            (columns, rows) = (columns.div_ceil(2), rows.div_ceil(2));
            levels.push(Level::new(columns, rows));
        }
        let written = BufWriter::new(written);
        let unfinished = Unfinished::beside(beside, most_blocks);
        Ok(Self {
            written,
            end: 0,
            _removed_when_dropped: removed,
            levels,
            unfinished,
            most_complete: most_blocks.min(MOST_COMPLETE),
        })
    }

    /// Appends a compressed block to the temporary file; returns its offset and length.
    fn append_block(&mut self, bytes: &[u8]) -> io::Result<[u64; 2]> {
        self.written.write_all(bytes)?;
        let block = [self.end, bytes.len() as u64];
        self.end += bytes.len() as u64;
        Ok(block)
    }

    /// Puts a tile's cells in their place, its upper left one at (`top`, `left`), and writes the
    /// blocks that this completes.
    pub(super) fn place_cells(&mut self, tile: &Raster, top: usize, left: usize) -> io::Result<()> {
        let (rows, columns) = tile.values.dim();
        let mut complete = Vec::new();
        for block_row in top / BLOCK..(top + rows).div_ceil(BLOCK) {
            for block_column in left / BLOCK..(left + columns).div_ceil(BLOCK) {
                let block = block_row * self.levels[0].blocks_across() + block_column;
                let of = &self.levels[0];
                let unfinished = self
                    .unfinished
                    .block_mut((0, block), || of.cells_in(block))?;
                for row in top.max(block_row * BLOCK)..(top + rows).min((block_row + 1) * BLOCK) {
                    let range = left.max(block_column * BLOCK)
                        ..(left + columns).min((block_column + 1) * BLOCK);
                    unfinished.missing = unfinished.missing.saturating_sub(range.len());
                    for column in range {
                        let to = row % BLOCK * BLOCK + column % BLOCK;
                        unfinished.cells[to] = to_sample(tile.values[[row - top, column - left]]);
                    }
                }
                complete.extend(
                    self.unfinished
                        .take_complete((0, block))
                        .map(|cells| ((0, block), cells)),
                );
                if complete.len() >= self.most_complete {
                    self.write(std::mem::take(&mut complete))?;
                }
            }
        }
        self.write(complete)
    }

    /// Writes complete blocks, and those of the overviews that are complete by them.
    fn write(&mut self, mut complete: Vec<(Key, Vec<f32>)>) -> io::Result<()> {
        while !complete.is_empty() {
            let bytes: Vec<Option<Vec<u8>>> = complete
                .par_iter()
                .map(|(_, cells)| compressed_unless_empty(cells))
                .collect::<io::Result<_>>()?;
            let mut above = Vec::new();
            for (((level, block), cells), bytes) in complete.into_iter().zip(bytes) {
                if let Some(bytes) = bytes {
                    self.levels[level].blocks[block] = self.append_block(&bytes)?;
                }
                above.extend(self.reduce_block((level, block), &cells)?);
            }
            complete = above;
        }
        Ok(())
    }

    /// Puts the means of two by two cells of a block into the overview above; its block, if that is
    /// complete now.
    fn reduce_block(
        &mut self,
        (level, block): Key,
        cells: &[f32],
    ) -> io::Result<Option<(Key, Vec<f32>)>> {
        let Some(above) = self.levels.get(level + 1) else {
            return Ok(None);
        };
        let here = &self.levels[level];
        let [row, column] = [block / here.blocks_across(), block % here.blocks_across()];
        let key = (level + 1, row / 2 * above.blocks_across() + column / 2);
        let to = self.unfinished.block_mut(key, || {
            let whole = |blocks: usize, at: usize| (blocks - at / 2 * 2).min(2);
            whole(here.rows.div_ceil(BLOCK), row) * whole(here.blocks_across(), column)
        })?;
        to.missing = to.missing.saturating_sub(1);
        let corner = [row % 2 * BLOCK / 2, column % 2 * BLOCK / 2];
        for i in 0..BLOCK / 2 {
            for j in 0..BLOCK / 2 {
                let at = 2 * i * BLOCK + 2 * j;
                let four = [
                    cells[at],
                    cells[at + 1],
                    cells[at + BLOCK],
                    cells[at + BLOCK + 1],
                ];
                to.cells[(corner[0] + i) * BLOCK + corner[1] + j] = mean_of_four(four);
            }
        }
        Ok(self.unfinished.take_complete(key).map(|cells| (key, cells)))
    }

    /// All blocks, compressed. Those that are not complete never will be.
    pub(super) fn finish(mut self) -> io::Result<Blocks> {
        for level in 0..self.levels.len() {
            while let Some((block, cells)) = self.unfinished.take_any(level)? {
                self.write(vec![((level, block), cells)])?;
            }
        }
        let written = self
            .written
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let empty = deflate_block(&[f32::NAN; CELLS])?;
        Ok(Blocks {
            written,
            _removed_when_dropped: self._removed_when_dropped,
            levels: self.levels,
            empty,
        })
    }
}

/// The blocks of all levels, each once; one that has no data stands for all of those.
pub(super) struct Blocks {
    written: File,
    _removed_when_dropped: UnfinishedFile,
    levels: Vec<Level>,
    /// The block without data.
    empty: Vec<u8>,
}

impl Blocks {
    /// The levels, the raster first.
    pub(super) fn level_list(&self) -> &[Level] {
        &self.levels
    }

    /// Offsets of the blocks in a file that stores them from byte `at` on: the smallest overview
    /// first, the raster last, each level row by row from the north. One block without data
    /// represents all empty blocks of its level, at its first occurrence, so levels stay in order.
    pub(super) fn placed_levels(&self, mut at: u64) -> Vec<Level> {
        let mut placed = self.levels.clone();
        for level in placed.iter_mut().rev() {
            let mut empty = None;
            for block in &mut level.blocks {
                let length = block[1];
                if length > 0 {
                    *block = [at, length];
                    at += length;
                    continue;
                }
                *block = *empty.get_or_insert([at, self.empty.len() as u64]);
                if block[0] == at {
                    at += block[1];
                }
            }
        }
        placed
    }

    /// Writes them in that order.
    pub(super) fn write(&mut self, to: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::new();
        for level in self.levels.iter().rev() {
            let mut has_empty = false;
            for [from, length] in &level.blocks {
                if *length == 0 {
                    if !has_empty {
                        to.write_all(&self.empty)?;
                    }
                    has_empty = true;
                    continue;
                }
                bytes.resize(*length as usize, 0);
                self.written.seek(SeekFrom::Start(*from))?;
                self.written.read_exact(&mut bytes)?;
                to.write_all(&bytes)?;
            }
        }
        Ok(())
    }
}

/// The mean of the cells that have data.
fn mean_of_four(cells: [f32; 4]) -> f32 {
    let there = || cells.iter().filter(|cell| !cell.is_nan());
    to_sample(there().map(|cell| f64::from(*cell)).sum::<f64>() / there().count() as f64)
}

/// The value as it is stored. There are many NaN (0/0 is another than `f32::NAN`), and which one is
/// computed may depend on the tiles: one stands for all.
fn to_sample(value: f64) -> f32 {
    if value.is_nan() {
        f32::NAN
    } else {
        value as f32
    }
}

/// The compressed block; `None` if it has no data.
fn compressed_unless_empty(cells: &[f32]) -> io::Result<Option<Vec<u8>>> {
    let is_empty = cells.iter().all(|cell| cell.is_nan());
    if is_empty {
        Ok(None)
    } else {
        deflate_block(cells).map(Some)
    }
}

/// Compresses cells by Deflate.
fn deflate_block(cells: &[f32]) -> io::Result<Vec<u8>> {
    let bytes: Vec<u8> = cells.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(5));
    encoder.write_all(&bytes)?;
    encoder.finish()
}
