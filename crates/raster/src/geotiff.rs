//! GeoTIFF out: north-up, tiled, compressed, written block by block as results arrive.
//!
//! The file is laid out as: head, compressed blocks in the order in which they were completed, then one directory. (The `tiff` crate
//! writes strips in order, which would need the whole raster; a directory of fifteen entries does not.) Samples are `f32`, no data is NaN.
//! TIFF 6.0; OGC GeoTIFF 1.1; block size 256 × 256; Deflate (compression 8).

use crate::{Grid, Raster};
use isopach_cloud::{Crs, LengthUnit, Rect};
use isopach_compute::{Error, Result};
use isopach_tiling::TileSink;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

const BLOCK: usize = 256;
/// Files that might grow beyond this are BigTIFF from the start.
const CLASSIC_LIMIT: u64 = 3 << 30;

/// A GeoTIFF that is put together from the results of tiles. It appears under its name when finished; dropped before, nothing is left.
#[derive(Debug)]
pub struct GeoTiffMosaic {
    path: PathBuf,
    part: PathBuf,
    cell_size: f64,
    crs: Crs,
    description: String,
    open: Option<Open>,
}

/// What is known once the extent is.
#[derive(Debug)]
struct Open {
    file: BufWriter<File>,
    grid: Grid,
    big: bool,
    at: u64,
    /// Offset and length of each written block; zero: not written, all no data.
    blocks: Vec<[u64; 2]>,
    /// Blocks that are not complete yet, and how many of their cells are missing.
    pending: BTreeMap<usize, (Vec<f32>, usize)>,
}

impl GeoTiffMosaic {
    /// A mosaic of cells of `cell_size` metres; the file is begun when the run is.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a cell size that is not above zero; [`Error::Source`] for a path without a file name.
    pub fn create(path: impl AsRef<Path>, cell_size: f64) -> Result<Self> {
        Error::positive("cell size", cell_size)?;
        let path = path.as_ref();
        let name = path.file_name().ok_or_else(|| Error::source(format!("{}: no file name", path.display())))?;
        let part = path.with_file_name(format!(".{}.part", name.to_string_lossy()));
        let (crs, description) = (Crs::default(), String::new());
        Ok(Self { path: path.to_owned(), part, cell_size, crs, description, open: None })
    }

    /// States the coordinate reference system.
    #[must_use]
    pub fn crs(mut self, crs: Crs) -> Self {
        self.crs = crs;
        self
    }

    /// Says what the values are.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    fn named(&self, error: &io::Error) -> Error {
        Error::source(format!("{}: {error}", self.path.display()))
    }

    fn start(&mut self, grid: Grid) -> io::Result<()> {
        let blocks = grid.columns.div_ceil(BLOCK) * grid.rows.div_ceil(BLOCK);
        let big = (grid.columns * grid.rows) as u64 * 4 > CLASSIC_LIMIT;
        let mut file = BufWriter::new(File::create(&self.part)?);
        let head: &[u8] = if big { b"II\x2B\0\x08\0\0\0\0\0\0\0\0\0\0\0" } else { b"II\x2A\0\0\0\0\0" };
        file.write_all(head)?;
        let at = head.len() as u64;
        self.open = Some(Open { file, grid, big, at, blocks: vec![[0; 2]; blocks], pending: BTreeMap::new() });
        Ok(())
    }

    fn complete(&mut self) -> io::Result<()> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        for (block, (cells, _)) in std::mem::take(&mut open.pending) {
            open.write_block(block, &cells)?;
        }
        if open.blocks.iter().any(|[at, _]| *at == 0) {
            let empty = open.append(&compressed(&[f32::NAN; BLOCK * BLOCK])?)?;
            open.blocks.iter_mut().filter(|[at, _]| *at == 0).for_each(|block| *block = empty);
        }
        let directory = self.directory(&open);
        open.write_directory(&directory)?;
        let file = open.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&self.part, &self.path)
    }

    /// The entries of the directory, by tag.
    fn directory(&self, open: &Open) -> Vec<Entry> {
        let Grid { cell_size, columns, rows, .. } = open.grid;
        let extent = open.grid.extent();
        let mut entries = vec![
            Entry::long(256, columns as u32),
            Entry::long(257, rows as u32),
            Entry::short(258, &[32]),
            Entry::short(259, &[8]), // Deflate
            Entry::short(262, &[1]), // black is zero
            Entry::short(277, &[1]),
            Entry::long(322, BLOCK as u32),
            Entry::long(323, BLOCK as u32),
            Entry::offsets(324, open.blocks.iter().map(|block| block[0]), open.big),
            Entry::offsets(325, open.blocks.iter().map(|block| block[1]), open.big),
            Entry::short(339, &[3]), // IEEE floating point
            Entry::double(33550, &[cell_size, cell_size, 0.0]),
            Entry::double(33922, &[0.0, 0.0, 0.0, extent.min[0], extent.max[1], 0.0]),
        ];
        let (keys, citation) = geokeys(&self.crs);
        entries.push(Entry::short(34735, &keys));
        if !citation.is_empty() {
            entries.push(Entry::ascii(34737, &citation));
        }
        if !self.description.is_empty() {
            entries.push(Entry::ascii(270, &self.description));
        }
        entries.push(Entry::ascii(42113, "nan"));
        entries.sort_by_key(|entry| entry.tag);
        entries
    }
}

/// The key directory, and the text that its citation points into.
fn geokeys(crs: &Crs) -> (Vec<u16>, String) {
    let geographic = crs.unit == LengthUnit::Degree;
    let mut keys: Vec<[u16; 4]> = vec![[1024, 0, 1, if geographic { 2 } else { 1 }], [1025, 0, 1, 1]];
    let mut citation = String::new();
    if let Some(code) = crs.horizontal {
        keys.push([if geographic { 2048 } else { 3072 }, 0, 1, code]);
    } else if let Some(name) = &crs.name {
        citation = format!("{name}|");
        keys.push([1026, 34737, citation.len() as u16, 0]);
    }
    keys.extend(crs.vertical.map(|code| [4096, 0, 1, code]));
    let head = [1, 1, 0, keys.len() as u16];
    (std::iter::once(head).chain(keys).flatten().collect(), citation)
}

fn compressed(cells: &[f32]) -> io::Result<Vec<u8>> {
    let bytes: Vec<u8> = cells.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(5));
    encoder.write_all(&bytes)?;
    encoder.finish()
}

impl Open {
    fn append(&mut self, bytes: &[u8]) -> io::Result<[u64; 2]> {
        self.file.write_all(bytes)?;
        let block = [self.at, bytes.len() as u64];
        self.at += bytes.len() as u64;
        Ok(block)
    }

    fn write_block(&mut self, block: usize, cells: &[f32]) -> io::Result<()> {
        self.blocks[block] = self.append(&compressed(cells)?)?;
        Ok(())
    }

    /// Cells of a block that lie on the raster.
    fn cells_in(&self, block: usize) -> usize {
        let across = self.grid.columns.div_ceil(BLOCK);
        let [row, column] = [block / across * BLOCK, block % across * BLOCK];
        (self.grid.rows - row).min(BLOCK) * (self.grid.columns - column).min(BLOCK)
    }

    /// Puts a tile's raster in its place and writes the blocks that this completes.
    fn place(&mut self, tile: &Raster) -> Result<()> {
        let across = self.grid.columns.div_ceil(BLOCK);
        let left = tile.grid.first[0] - self.grid.first[0];
        let top = (self.grid.first[1] + self.grid.rows as i64) - (tile.grid.first[1] + tile.grid.rows as i64);
        let fits = left >= 0
            && top >= 0
            && left as usize + tile.grid.columns <= self.grid.columns
            && top as usize + tile.grid.rows <= self.grid.rows;
        if !fits || tile.grid.cell_size != self.grid.cell_size {
            return Err(Error::InvalidInput("a tile's raster does not lie on the mosaic's grid".into()));
        }
        let mut touched: BTreeMap<usize, ()> = BTreeMap::new();
        for ((row, column), value) in tile.values.indexed_iter() {
            let [row, column] = [row + top as usize, column + left as usize];
            let block = row / BLOCK * across + column / BLOCK;
            if !self.pending.contains_key(&block) {
                let missing = self.cells_in(block);
                self.pending.insert(block, (vec![f32::NAN; BLOCK * BLOCK], missing));
            }
            touched.insert(block, ());
            if let Some((cells, missing)) = self.pending.get_mut(&block) {
                cells[row % BLOCK * BLOCK + column % BLOCK] = *value as f32;
                *missing = missing.saturating_sub(1);
            }
        }
        for block in touched.into_keys() {
            if self.pending.get(&block).is_some_and(|(_, missing)| *missing == 0)
                && let Some((cells, _)) = self.pending.remove(&block)
            {
                self.write_block(block, &cells).map_err(Error::source)?;
            }
        }
        Ok(())
    }

    /// Writes the directory and points the head at it.
    fn write_directory(&mut self, entries: &[Entry]) -> io::Result<()> {
        if self.at % 2 == 1 {
            self.append(&[0])?;
        }
        let at = self.at;
        let (entry_bytes, inline) = if self.big { (20, 8) } else { (12, 4) };
        let mut directory = Vec::new();
        let mut values = Vec::new();
        let head = if self.big { 8 } else { 2 };
        let end = at + head + entries.len() as u64 * entry_bytes + inline;
        let word = |value: u64, bytes: &mut Vec<u8>| bytes.extend(&value.to_le_bytes()[..inline as usize]);
        directory.extend(&(entries.len() as u64).to_le_bytes()[..head as usize]);
        for entry in entries {
            directory.extend(entry.tag.to_le_bytes());
            directory.extend(entry.kind.to_le_bytes());
            word(entry.count, &mut directory);
            if entry.bytes.len() as u64 <= inline {
                let mut padded = entry.bytes.clone();
                padded.resize(inline as usize, 0);
                directory.extend(padded);
            } else {
                word(end + values.len() as u64, &mut directory);
                values.extend(&entry.bytes);
                values.resize(values.len().next_multiple_of(2), 0);
            }
        }
        word(0, &mut directory); // no further directory
        self.append(&directory)?;
        self.append(&values)?;
        let (place, address) =
            if self.big { (8, at.to_le_bytes().to_vec()) } else { (4, (at as u32).to_le_bytes().to_vec()) };
        self.file.seek(SeekFrom::Start(place))?;
        self.file.write_all(&address)
    }
}

/// One entry of a directory.
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    bytes: Vec<u8>,
}

impl Entry {
    fn short(tag: u16, values: &[u16]) -> Self {
        Self { tag, kind: 3, count: values.len() as u64, bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect() }
    }
    fn long(tag: u16, value: u32) -> Self {
        Self { tag, kind: 4, count: 1, bytes: value.to_le_bytes().to_vec() }
    }
    fn offsets(tag: u16, values: impl ExactSizeIterator<Item = u64>, big: bool) -> Self {
        let (kind, width, count) = if big { (16, 8, values.len()) } else { (4, 4, values.len()) };
        Self { tag, kind, count: count as u64, bytes: values.flat_map(|v| v.to_le_bytes()[..width].to_vec()).collect() }
    }
    fn double(tag: u16, values: &[f64]) -> Self {
        Self { tag, kind: 12, count: values.len() as u64, bytes: values.iter().flat_map(|v| v.to_le_bytes()).collect() }
    }
    fn ascii(tag: u16, text: &str) -> Self {
        let bytes: Vec<u8> = text.bytes().filter(|&b| b != 0).chain([0]).collect();
        Self { tag, kind: 2, count: bytes.len() as u64, bytes }
    }
}

impl TileSink<Raster> for GeoTiffMosaic {
    fn begin(&mut self, whole: Rect) -> Result<()> {
        let grid = Grid::covering(&whole, self.cell_size)?;
        self.start(grid).map_err(|error| self.named(&error))
    }

    fn accept(&mut self, _core: Rect, output: Raster) -> Result<()> {
        match &mut self.open {
            Some(open) => open.place(&output),
            None => Err(Error::InvalidInput("a result came before the run was begun".into())),
        }
    }

    fn finish(&mut self) -> Result<()> {
        self.complete().map_err(|error| self.named(&error))
    }
}

impl Drop for GeoTiffMosaic {
    fn drop(&mut self) {
        if self.open.take().is_some() || self.part.exists() {
            // Nothing more can be done about a file that cannot be removed.
            let _ = fs::remove_file(&self.part);
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn part(grid: Grid) -> Raster {
        let values = Array2::from_shape_fn((grid.rows, grid.columns), |(row, column)| {
            let [x, y] = grid.centre(row, column);
            if (x + y) as i64 % 7 == 0 { f64::NAN } else { x * 1000.0 + y }
        });
        Raster { grid, values }
    }

    fn mosaic(path: &Path, whole: Rect, side: i64) -> Result<()> {
        let mut mosaic = GeoTiffMosaic::create(path, 2.0)?.crs(Crs::epsg(25833)).description("test");
        mosaic.begin(whole)?;
        let grid = Grid::covering(&whole, 2.0)?;
        for row in (0..grid.rows as i64).step_by(side as usize) {
            for column in (0..grid.columns as i64).step_by(side as usize) {
                let size = [(grid.columns as i64 - column).min(side), (grid.rows as i64 - row).min(side)];
                let first = [grid.first[0] + column, grid.first[1] + row];
                let tile = part(Grid { cell_size: 2.0, first, columns: size[0] as usize, rows: size[1] as usize });
                mosaic.accept(tile.grid.extent(), tile)?;
            }
        }
        mosaic.finish()
    }

    #[test]
    fn any_tiles_give_the_same_cells_with_exact_georeference() {
        let dir = tempfile::tempdir().unwrap();
        let whole = Rect { min: [-30.0, 1000.0], max: [1200.0, 1700.0] };
        let expected = part(Grid::covering(&whole, 2.0).unwrap());
        for side in [1_000_000, 100, 33] {
            let path = dir.path().join(format!("{side}.tif"));
            mosaic(&path, whole, side).unwrap();
            let found = read(&path).unwrap();
            assert_eq!(found.grid, expected.grid);
            for (a, b) in found.values.iter().zip(&expected.values) {
                assert_eq!((*a as f32).to_bits(), (*b as f32).to_bits());
            }
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "no part may be left");
    }

    #[test]
    fn an_unfinished_mosaic_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut mosaic = GeoTiffMosaic::create(dir.path().join("a.tif"), 1.0).unwrap();
        mosaic.begin(Rect { min: [0.0; 2], max: [10.0; 2] }).unwrap();
        drop(mosaic);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(GeoTiffMosaic::create("a.tif", f64::NAN).is_err());
    }
}
