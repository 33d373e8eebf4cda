//! GeoTIFF out: north-up, tiled, compressed, with overviews, written block by block as results
//! arrive.
//!
//! The file is laid out as a cloud-optimised GeoTIFF: head, a directory for the raster and one for
//! each overview (half as many cells a side, means of what has data, down to one block), then the
//! compressed blocks, the smallest overview first, row by row. Blocks wait, compressed, in a file
//! beside until all are there, so that the bytes do not depend on the tiles. (The `tiff` crate
//! writes strips in order, which would need the whole raster.) Samples are `f32`, no data is NaN.
//! What is held in memory does not grow with the raster ([`unfinished`]) but for the tables of
//! where its blocks are: 16 bytes for each of them while they are written, up to 64 while the
//! directories are. TIFF 6.0, BigTIFF where it may grow beyond 3 GiB; OGC GeoTIFF 1.1; block size
//! 256 × 256; Deflate (compression 8).

mod directory;
mod pyramid;
mod read;
mod unfinished;

pub use read::{GeoTiff, GeoTiffBlocks, GeoTiffError, GeoTiffFault, GeoTiffLimits, read};

use crate::{Grid, Raster, RasterError};
use directory::{Entry, directory_bytes};
use isopach_cloud::{Crs, Rect};
use isopach_compute::{Error, Result, UnfinishedFile};
use isopach_crs::to_geokeys;
use isopach_tiling::TileSink;
use pyramid::{Level, Pyramid};
use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

const BLOCK: usize = 256;
/// Cells of a block.
const CELLS: usize = BLOCK * BLOCK;
/// Files that might grow beyond this are BigTIFF from the start.
const CLASSIC_LIMIT: u64 = 3 << 30;
/// Cells of a mosaic at most: 2²⁴ blocks, whose table has 256 MiB.
const MOST_CELLS: f64 = 1_099_511_627_776.0;

/// Writer of a GeoTIFF assembled from tiles. It appears under its name when finished; dropped
/// before, nothing is left.
#[derive(Debug)]
pub struct GeoTiffMosaic {
    path: PathBuf,
    cell_size: f64,
    crs: Crs,
    description: String,
    most_blocks: usize,
    open: Option<Open>,
}

/// State that exists once the extent is known.
#[derive(Debug)]
struct Open {
    grid: Grid,
    big: bool,
    file: BufWriter<fs::File>,
    /// Bytes of the head.
    head: u64,
    pyramid: Pyramid,
    part: UnfinishedFile,
}

/// Writes a raster as a GeoTIFF: whole, or not at all.
///
/// ```
/// use isopach_raster::{Crs, Grid, Raster, read_geotiff, write_geotiff};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("heights.tif");
/// let grid = Grid { cell_size: 2.0, first: [250_000, 2_500_000], columns: 2, rows: 1 };
/// write_geotiff(&path, &Raster::from_rows(grid, vec![180.5, f64::NAN])?, &Crs::from_epsg(25833))?;
/// assert_eq!(read_geotiff(&path)?.grid, grid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Source`] with the path, if the file cannot be written.
pub fn write(path: impl AsRef<Path>, raster: &Raster, crs: &Crs) -> Result<()> {
    let mut mosaic = GeoTiffMosaic::create(path, raster.grid.cell_size)?.crs(crs.clone());
    let whole = raster.grid.extent();
    mosaic.begin(whole)?;
    mosaic.put_tile(raster)?;
    mosaic.finish()
}

impl GeoTiffMosaic {
    /// Creates a mosaic of cells of `cell_size` metres; the file is begun when the run is.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a cell size that is not above zero; [`Error::Source`] for a
    /// path without a file name.
    pub fn create(path: impl AsRef<Path>, cell_size: f64) -> Result<Self> {
        Error::positive("cell size", cell_size)?;
        let path = path.as_ref();
        UnfinishedFile::beside(path, "part").map_err(|error| Error::of_file(path, error))?;
        let crs = Crs::default();
        let description = String::new();
        Ok(Self {
            path: path.to_owned(),
            cell_size,
            crs,
            description,
            most_blocks: unfinished::MOST,
            open: None,
        })
    }

    /// Sets the coordinate reference system.
    #[must_use]
    pub fn crs(mut self, crs: Crs) -> Self {
        self.crs = crs;
        self
    }

    /// Sets the description of the values (tag 270).
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Bytes of a block of the file in memory.
    pub const BLOCK_BYTES: usize = unfinished::BLOCK_BYTES;

    /// Keeps at most so many unfinished blocks in memory (96 if nothing is said), and compresses at
    /// most as many together; the others wait in a file beside.
    #[must_use]
    pub fn blocks_in_memory(mut self, most: usize) -> Self {
        self.most_blocks = most.max(1);
        self
    }

    /// Puts a tile's raster in its place.
    fn put_tile(&mut self, tile: &Raster) -> Result<()> {
        let Some(open) = &mut self.open else {
            return Err(RasterError::MosaicNotBegun.into());
        };
        open.place_tile(tile).map_err(|error| match error {
            Error::Source(source) => Error::of_file(&self.path, source),
            other => other,
        })
    }

    /// Creates the file, BigTIFF if it may grow large, and the pyramid of its blocks.
    fn start_file(&mut self, grid: Grid) -> io::Result<()> {
        // A third more for the overviews.
        let big = (grid.columns as u64 * grid.rows as u64).saturating_mul(16) / 3 > CLASSIC_LIMIT;
        let (part, file) = UnfinishedFile::create(&self.path)?;
        let mut file = BufWriter::new(file);
        // The first directory follows.
        let head: &[u8] = if big {
            b"II\x2B\0\x08\0\0\0\x10\0\0\0\0\0\0\0"
        } else {
            b"II\x2A\0\x08\0\0\0"
        };
        file.write_all(head)?;
        let blocks = UnfinishedFile::beside(&self.path, "blocks")?;
        let pyramid = Pyramid::new(&grid, &self.path, blocks, self.most_blocks)?;
        self.open = Some(Open {
            grid,
            big,
            file,
            head: head.len() as u64,
            pyramid,
            part,
        });
        Ok(())
    }

    /// Writes the directories and all blocks, and gives the file its name.
    fn complete_file(&mut self) -> io::Result<()> {
        let Some(Open {
            grid,
            big,
            mut file,
            head,
            pyramid,
            part,
        }) = self.open.take()
        else {
            return Ok(());
        };
        let mut blocks = pyramid.finish()?;
        // A directory is as long wherever blocks are.
        let last = blocks.level_list().len() - 1;
        let of_level = |number: usize, level: &Level, at: u64| {
            directory_bytes(
                &self.level_entries(&grid, number, level, big),
                big,
                at,
                |end: u64| if number == last { 0 } else { end },
            )
        };
        let lengths = blocks
            .level_list()
            .iter()
            .enumerate()
            .map(|(number, level)| of_level(number, level, 0).len() as u64);
        let placed = blocks.placed_levels(head + lengths.sum::<u64>());
        let mut at = head;
        for (number, level) in placed.iter().enumerate() {
            let bytes = of_level(number, level, at);
            file.write_all(&bytes)?;
            at += bytes.len() as u64;
        }
        blocks.write(&mut file)?;
        file.flush()?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        part.complete(&file)
    }

    /// The entries of a level's directory, by tag.
    fn level_entries(&self, grid: &Grid, level: usize, of: &Level, big: bool) -> Vec<Entry> {
        let mut entries = vec![
            Entry::long(254, u32::from(level > 0)), // 1: a picture in lower resolution
            Entry::long(256, of.columns as u32),
            Entry::long(257, of.rows as u32),
            Entry::short(258, &[32]),
            Entry::short(259, &[8]), // Deflate
            Entry::short(262, &[1]), // black is zero
            Entry::short(277, &[1]),
            Entry::long(322, BLOCK as u32),
            Entry::long(323, BLOCK as u32),
            Entry::offsets(324, of.blocks.iter().map(|block| block[0]), big),
            Entry::offsets(325, of.blocks.iter().map(|block| block[1]), big),
            Entry::short(339, &[3]), // IEEE floating point
            Entry::ascii(42113, "nan"),
        ];
        if level == 0 {
            let cell_size = grid.cell_size;
            let extent = grid.extent();
            entries.push(Entry::double(33550, &[cell_size, cell_size, 0.0]));
            entries.push(Entry::double(
                33922,
                &[0.0, 0.0, 0.0, extent.min[0], extent.max[1], 0.0],
            ));
            let (keys, citation) = to_geokeys(&self.crs);
            entries.push(Entry::short(34735, &keys));
            entries.extend((!citation.is_empty()).then(|| Entry::ascii(34737, &citation)));
            entries.extend(
                (!self.description.is_empty()).then(|| Entry::ascii(270, &self.description)),
            );
        }
        entries.sort_by_key(|entry| entry.tag);
        entries
    }
}

impl Open {
    /// Puts a tile's raster in its place and writes the blocks that this completes.
    fn place_tile(&mut self, tile: &Raster) -> Result<()> {
        let left = tile.grid.first[0] - self.grid.first[0];
        let top = (self.grid.first[1] + self.grid.rows as i64)
            - (tile.grid.first[1] + tile.grid.rows as i64);
        let fits = left >= 0
            && top >= 0
            && left as usize + tile.grid.columns <= self.grid.columns
            && top as usize + tile.grid.rows <= self.grid.rows;
        if !fits || tile.grid.cell_size != self.grid.cell_size {
            return Err(RasterError::TileOffGrid {
                tile: tile.grid,
                mosaic: self.grid,
            }
            .into());
        }
        self.pyramid
            .place_cells(tile, top as usize, left as usize)
            .map_err(Error::source)
    }
}

impl TileSink<Raster> for GeoTiffMosaic {
    fn begin(&mut self, whole: Rect) -> Result<()> {
        let grid = Grid::covering(&whole, self.cell_size)?;
        let cells = grid.columns as f64 * grid.rows as f64;
        Error::check(
            "cell size",
            self.cell_size,
            cells < MOST_CELLS,
            "give fewer than 2^40 cells over the extent",
        )?;
        self.start_file(grid)
            .map_err(|error| Error::of_file(&self.path, error))
    }

    fn accept(&mut self, _core: Rect, output: Raster) -> Result<()> {
        self.put_tile(&output)
    }

    fn finish(&mut self) -> Result<()> {
        self.complete_file()
            .map_err(|error| Error::of_file(&self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn part(grid: Grid) -> Raster {
        let values = Array2::from_shape_fn((grid.rows, grid.columns), |(row, column)| {
            let [x, y] = grid.centre(row, column);
            if (x + y) as i64 % 7 == 0 {
                f64::NAN
            } else {
                x * 1000.0 + y
            }
        });
        Raster { grid, values }
    }

    fn mosaic(path: &Path, whole: Rect, side: i64) -> Result<()> {
        let mut mosaic = GeoTiffMosaic::create(path, 2.0)?
            .crs(Crs::from_epsg(25833))
            .description("test");
        mosaic.begin(whole)?;
        let grid = Grid::covering(&whole, 2.0)?;
        for row in (0..grid.rows as i64).step_by(side as usize) {
            for column in (0..grid.columns as i64).step_by(side as usize) {
                let size = [
                    (grid.columns as i64 - column).min(side),
                    (grid.rows as i64 - row).min(side),
                ];
                let first = [grid.first[0] + column, grid.first[1] + row];
                let tile = part(Grid {
                    cell_size: 2.0,
                    first,
                    columns: size[0] as usize,
                    rows: size[1] as usize,
                });
                mosaic.accept(tile.grid.extent(), tile)?;
            }
        }
        mosaic.finish()
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let [taken, absent] = ["taken", "absent/dod.tif"].map(|name| dir.path().join(name));
        fs::create_dir(&taken).unwrap();
        for path in [taken, absent] {
            let error = mosaic(
                &path,
                Rect {
                    min: [0.0; 2],
                    max: [10.0; 2],
                },
                10,
            )
            .unwrap_err()
            .to_string();
            assert!(
                error.starts_with(&format!("{}: ", path.display())),
                "{error}"
            );
        }
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[test]
    fn any_tiles_give_the_same_cells_with_exact_georeference() {
        let dir = tempfile::tempdir().unwrap();
        let whole = Rect {
            min: [-30.0, 1000.0],
            max: [1200.0, 1700.0],
        };
        let expected = part(Grid::covering(&whole, 2.0).unwrap());
        let mut files = Vec::new();
        for side in [1_000_000, 100, 33] {
            let path = dir.path().join(format!("{side}.tif"));
            mosaic(&path, whole, side).unwrap();
            files.push(fs::read(&path).unwrap());
            let found = read(&path).unwrap();
            assert_eq!(found.grid, expected.grid);
            for (a, b) in found.values.iter().zip(&expected.values) {
                assert_eq!((*a as f32).to_bits(), (*b as f32).to_bits());
            }
        }
        assert!(
            files[1..].iter().all(|file| *file == files[0]),
            "and the same bytes"
        );
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            3,
            "no part may be left"
        );
    }

    /// Width, height and cells of each picture of a file: the raster, then its overviews.
    fn pictures(path: &Path) -> Vec<(u32, u32, Vec<f32>)> {
        let mut decoder = tiff::decoder::Decoder::new(std::io::BufReader::new(
            std::fs::File::open(path).unwrap(),
        ))
        .unwrap();
        let mut all = Vec::new();
        loop {
            let (width, height) = decoder.dimensions().unwrap();
            let tiff::decoder::DecodingResult::F32(cells) = decoder.read_image().unwrap() else {
                panic!("not f32")
            };
            all.push((width, height, cells));
            if !decoder.more_images() {
                return all;
            }
            decoder.next_image().unwrap();
        }
    }

    #[test]
    fn overviews_are_means_of_what_has_data() {
        let dir = tempfile::tempdir().unwrap();
        let whole = Rect {
            min: [-30.0, 1000.0],
            max: [1500.0, 2100.0],
        };
        let mut files = Vec::new();
        for side in [1_000_000, 100, 33] {
            let path = dir.path().join(format!("{side}.tif"));
            mosaic(&path, whole, side).unwrap();
            files.push(pictures(&path));
        }
        let sizes: Vec<(u32, u32)> = files[0]
            .iter()
            .map(|(width, height, _)| (*width, *height))
            .collect();
        assert_eq!(sizes, [(765, 550), (383, 275), (192, 138)]);
        for pair in files[0].windows(2) {
            let [(width, height, fine), (above, _, coarse)] = pair else {
                panic!()
            };
            for (i, found) in coarse.iter().enumerate() {
                let (row, column) = (2 * (i as u32 / above), 2 * (i as u32 % above));
                let four = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(r, c)| (row + r, column + c));
                let there: Vec<f64> = four
                    .into_iter()
                    .filter(|(r, c)| r < height && c < width)
                    .map(|(r, c)| f64::from(fine[(r * width + c) as usize]))
                    .filter(|cell| !cell.is_nan())
                    .collect();
                let mean = (there.iter().sum::<f64>() / there.len() as f64) as f32;
                assert_eq!(found.to_bits(), mean.to_bits());
            }
        }
        for other in &files[1..] {
            for ((_, _, a), (_, _, b)) in files[0].iter().zip(other) {
                assert!(
                    a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()),
                    "the same from any tiles"
                );
            }
        }
    }

    /// A tile without data is the same as none: which tiles of a survey are run depends on their
    /// size.
    #[test]
    fn cells_without_data_are_the_same_bytes_given_or_not() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, with_empty: bool| {
            let path = dir.path().join(name);
            let mut mosaic = GeoTiffMosaic::create(&path, 1.0).unwrap();
            mosaic
                .begin(Rect {
                    min: [0.0; 2],
                    max: [1500.0, 700.0],
                })
                .unwrap();
            let tile = part(Grid {
                cell_size: 1.0,
                first: [700, 300],
                columns: 300,
                rows: 200,
            });
            let mut empty = part(Grid {
                cell_size: 1.0,
                first: [0, 0],
                columns: 600,
                rows: 300,
            });
            empty.values.fill(f64::NAN);
            for raster in with_empty.then_some(empty).into_iter().chain([tile]) {
                mosaic.accept(raster.grid.extent(), raster).unwrap();
            }
            mosaic.finish().unwrap();
            fs::read(path).unwrap()
        };
        assert!(write("a.tif", false) == write("b.tif", true));
    }

    #[test]
    fn what_was_never_given_has_no_data() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("holes.tif");
        let whole = Rect {
            min: [0.0; 2],
            max: [3000.0; 2],
        };
        let mut mosaic = GeoTiffMosaic::create(&path, 1.0).unwrap();
        mosaic.begin(whole).unwrap();
        let tile = part(Grid {
            cell_size: 1.0,
            first: [700, 900],
            columns: 300,
            rows: 200,
        });
        mosaic.accept(tile.grid.extent(), tile.clone()).unwrap();
        mosaic.finish().unwrap();
        let found = read(&path).unwrap();
        let there = found.values.iter().filter(|value| !value.is_nan()).count();
        assert_eq!(
            there,
            tile.values.iter().filter(|value| !value.is_nan()).count()
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_may_grow_beyond_four_gigabytes_is_a_bigtiff() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big.tif");
        let mut mosaic = GeoTiffMosaic::create(&path, 1.0).unwrap();
        mosaic
            .begin(Rect {
                min: [0.0; 2],
                max: [60_000.0, 50_000.0],
            })
            .unwrap();
        let tile = part(Grid {
            cell_size: 1.0,
            first: [59_910, 49_900],
            columns: 90,
            rows: 100,
        });
        mosaic.accept(tile.grid.extent(), tile.clone()).unwrap();
        mosaic.finish().unwrap();
        let bytes = fs::read(&path).unwrap();
        assert!(
            bytes[..4] == *b"II\x2B\0" && bytes.len() < 10_000_000,
            "{}",
            bytes.len()
        );
        let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(bytes)).unwrap();
        assert_eq!(decoder.dimensions().unwrap(), (60_000, 50_000));
        let corner = decoder.read_chunk(60_000_u32.div_ceil(256) - 1).unwrap();
        let tiff::decoder::DecodingResult::F32(cells) = corner else {
            panic!("not f32")
        };
        assert_eq!(
            cells.iter().filter(|cell| !cell.is_nan()).count(),
            tile.values.iter().filter(|v| !v.is_nan()).count()
        );
    }

    #[test]
    fn an_unfinished_mosaic_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut mosaic = GeoTiffMosaic::create(dir.path().join("a.tif"), 1.0).unwrap();
        mosaic
            .begin(Rect {
                min: [0.0; 2],
                max: [10.0; 2],
            })
            .unwrap();
        drop(mosaic);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(GeoTiffMosaic::create("a.tif", f64::NAN).is_err());
    }
}
