//! Images of several bands, block by block.

use super::{
    GeoTiffError, GeoTiffFault, GeoTiffLimits,
    bands::read_roles,
    fault::{ReadResult, damaged},
    georeference::Georeference,
    image::Image,
    keys::Keys,
    limits::{check_limit, filled_vec},
    pixels::{Pixels, type_in_memory},
    samples::NoData,
    tags::{Directory, Tiff},
};
use crate::{BandRole, ImageBlock, ImageDescription, ImageGeoreference, ImageLevel, ImageSource};
use isopach_compute::{Error, Result};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// A GeoTIFF that is opened once and read block by block, by any number of threads: all bands of a
/// pixel together, the image or one of its overviews.
///
/// Tiles and strips, of any compression that [`crate::GeoTiff`] reads, and JPEG; samples of up to 16 bits
/// or floating point of two or four bytes. Numbers are as stored: scale and offset are not applied,
/// and colours stored as luma and differences (YCbCr) become red, green and blue. Rows are in the
/// order of the file, which the georeference states.
///
/// A pixel has no value where all bands but the opacity are the no-data number, where the opacity
/// (alpha) is 0, and where the mask of the image or overview is 0. A block that was never written
/// has the no-data number, or zeros if there is none. Files beside it (`.msk`, `.ovr`, `.tfw`) are
/// not read.
///
/// ```
/// use isopach_raster::{Crs, GeoTiffBlocks, Grid, ImageSource, Raster, write_geotiff};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("heights.tif");
/// let grid = Grid { cell_size: 0.5, first: [1_000_000, 10_000_000], columns: 300, rows: 2 };
/// write_geotiff(&path, &Raster::from_rows(grid, vec![0.25; 600])?, &Crs::from_epsg(32631))?;
///
/// let image = GeoTiffBlocks::open(&path)?;
/// assert_eq!(image.description().georeference.step, [0.5, -0.5]);
/// let last = image.read_block(0, [1, 0])?;
/// assert_eq!((last.size(), last.samples().value_at(0)), ([44, 2], 0.25));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GeoTiffBlocks {
    path: PathBuf,
    description: ImageDescription,
    levels: Vec<Level>,
    no_data: Option<NoData>,
    /// Whether a number for no data is stated, which may be NaN.
    has_no_data: bool,
    is_big_endian: bool,
    file: Mutex<Tiff<File>>,
}

/// An image with its mask.
struct Level {
    image: Image,
    mask: Option<Image>,
}

impl std::fmt::Debug for GeoTiffBlocks {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("GeoTiffBlocks")
            .field("path", &self.path)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

impl GeoTiffBlocks {
    /// Opens a file, within the default [`GeoTiffLimits`].
    ///
    /// # Errors
    /// [`Error::Source`] with a [`GeoTiffError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_within(path, GeoTiffLimits::default())
    }

    /// Opens a file of which no more is read than `limits` allow.
    ///
    /// # Errors
    /// [`Error::Source`] with a [`GeoTiffError`].
    pub fn open_within(path: impl AsRef<Path>, limits: GeoTiffLimits) -> Result<Self> {
        let path = path.as_ref();
        Self::from_path(path, limits).map_err(|fault| fault_of(path, fault))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn from_path(path: &Path, limits: GeoTiffLimits) -> ReadResult<Self> {
        let (mut tiff, first) = Tiff::open(File::open(path)?, limits)?;
        let directories = tiff.read_directories(first)?;
        let Some(main) = directories.first() else {
            return damaged("it has no image");
        };
        let levels = read_levels(&mut tiff, &directories)?;
        let image = &levels[0].image;
        let (samples, full_scale) = type_in_memory(image.sample)?;
        let keys = Keys::from_directory(&mut tiff, main)?;
        let place = Georeference::from_directory(&mut tiff, main, image.rows, keys.is_point())?;
        let no_data = tiff.read_text(main, 42113)?;
        let date = tiff.read_text(main, 306)?;
        let description = ImageDescription {
            name: path.display().to_string(),
            georeference: stored_rows(&place),
            crs: keys.crs(),
            samples,
            full_scale,
            bands: read_roles(&mut tiff, main, image)?,
            levels: levels.iter().map(|level| shape_of(&level.image)).collect(),
            // A text that is no date says nothing: writers put any text there.
            date: date.parse().ok(),
        };
        for level in 0..levels.len() {
            let bytes = description.block_bytes(level);
            check_limit("bytes of a block", bytes, limits.block_bytes, "block_bytes")?;
        }
        Ok(Self {
            path: path.to_owned(),
            description,
            levels,
            no_data: NoData::parse_text(&no_data)?,
            has_no_data: !no_data.trim().is_empty(),
            is_big_endian: tiff.is_big_endian(),
            file: Mutex::new(tiff),
        })
    }

    /// Stored bytes of a block; `None` if it was never written.
    fn read_stored(
        &self,
        image: &Image,
        block: usize,
        rows: std::ops::Range<usize>,
    ) -> ReadResult<Option<Vec<u8>>> {
        if !image.is_written(block) {
            return Ok(None);
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        image.read_stored(&mut file, block, rows).map(Some)
    }

    fn read(&self, level: usize, block: [usize; 2]) -> ReadResult<ImageBlock> {
        let Level { image, mask } = &self.levels[level];
        let shape = self.description.levels[level];
        let size = shape.size_of_block(block);
        let [left, top] = [0, 1].map(|axis| block[axis] * shape.block[axis]);
        let mut pixels = Pixels::zeroed(image.sample, image.bands, size)?;
        let mut inside = filled_vec("mask of a block", size[0] * size[1], u8::MAX)?;
        let mut stored_bytes = 0;
        let across = image.columns.div_ceil(image.block[0]);
        let of_band = across * image.rows.div_ceil(image.block[1]);
        let number = top / image.block[1] * across + block[0];
        let first_row = top % image.block[1];
        let planes = if image.is_planar { image.bands } else { 1 };
        let mut unwritten = 0;
        for plane in 0..planes {
            let band = image.is_planar.then_some(plane);
            let stored_block = plane * of_band + number;
            let rows = first_row..first_row + size[1];
            match self.read_stored(image, stored_block, rows)? {
                None => {
                    unwritten += 1;
                    if let Some(no_data) = self.no_data {
                        pixels.fill(no_data, band);
                    }
                }
                Some(stored) => {
                    stored_bytes += stored.len() as u64;
                    let bytes =
                        image.expand_rows(stored, stored_block, size[1], self.is_big_endian)?;
                    let rows = bytes.chunks_exact(image.row_bytes());
                    rows.enumerate()
                        .for_each(|(row, bytes)| pixels.put_row(row, bytes, band));
                }
            }
        }
        if unwritten == planes && self.has_no_data {
            inside.fill(0);
        }
        self.mask_by_samples(&pixels, &mut inside);
        if let Some(mask) = mask {
            stored_bytes += self.apply_mask(mask, [left, top], size, &mut inside)?;
        }
        let mask = inside.contains(&0).then_some(inside);
        ImageBlock::new(size, image.bands, pixels.samples, mask, stored_bytes)
            .or_else(|error| damaged(error.to_string()))
    }

    /// Takes away the pixels that are no data in all bands but the opacity, and those without any.
    fn mask_by_samples(&self, pixels: &Pixels, inside: &mut [u8]) {
        let bands = &self.description.bands;
        let counts: Vec<bool> = bands.iter().map(|role| *role != BandRole::Alpha).collect();
        if self.no_data.is_some() && counts.contains(&true) {
            pixels.mask_no_data(self.no_data, &counts, inside);
        }
        for (band, _) in bands.iter().enumerate().filter(|(band, _)| !counts[*band]) {
            pixels.mask_transparent(band, inside);
        }
    }

    /// Takes away the pixels of a block at `corner` where a mask is zero, or was never written;
    /// returns the bytes that were read.
    fn apply_mask(
        &self,
        mask: &Image,
        corner: [usize; 2],
        size: [usize; 2],
        inside: &mut [u8],
    ) -> ReadResult<u64> {
        let across = mask.columns.div_ceil(mask.block[0]);
        let [columns, rows] = [0, 1].map(|axis| corner[axis]..corner[axis] + size[axis]);
        let mut stored_bytes = 0;
        for block_row in rows.start / mask.block[1]..rows.end.div_ceil(mask.block[1]) {
            let top = block_row * mask.block[1];
            let height = mask.block[1].min(mask.rows - top);
            for block_column in columns.start / mask.block[0]..columns.end.div_ceil(mask.block[0]) {
                let left = block_column * mask.block[0];
                let number = block_row * across + block_column;
                let stored = self.read_stored(mask, number, 0..height)?;
                let bytes = match stored {
                    None => None,
                    Some(stored) => {
                        stored_bytes += stored.len() as u64;
                        Some(mask.expand_rows(stored, number, height, self.is_big_endian)?)
                    }
                };
                let first_row = rows.start.max(top);
                let end_row = rows.end.min(top + height);
                let first_column = columns.start.max(left);
                let end_column = columns.end.min(left + mask.block[0]);
                for row in first_row..end_row {
                    let of_row = bytes.as_ref().map(|bytes| {
                        let at = (row - top) * mask.row_bytes();
                        &bytes[at..at + mask.row_bytes()]
                    });
                    let to = (row - rows.start) * size[0];
                    for column in first_column..end_column {
                        let at = (column - left) * mask.samples_per_pixel();
                        if of_row.is_none_or(|bytes| mask.sample.bits_at(bytes, at) == 0) {
                            inside[to + column - columns.start] = 0;
                        }
                    }
                }
            }
        }
        Ok(stored_bytes)
    }
}

impl ImageSource for GeoTiffBlocks {
    fn description(&self) -> &ImageDescription {
        &self.description
    }

    fn read_block(&self, level: usize, block: [usize; 2]) -> Result<ImageBlock> {
        let levels = &self.description.levels;
        let blocks = levels.get(level).map_or([0; 2], ImageLevel::blocks);
        Error::check(
            "level of the image",
            level as f64,
            level < levels.len(),
            "be below the number of its levels",
        )?;
        for (name, axis) in [("column of blocks", 0), ("row of blocks", 1)] {
            let must = "be below the number of blocks of the level";
            Error::check(name, block[axis] as f64, block[axis] < blocks[axis], must)?;
        }
        self.read(level, block)
            .map_err(|fault| fault_of(&self.path, fault))
    }
}

fn fault_of(path: &Path, fault: GeoTiffFault) -> Error {
    Error::source(GeoTiffError {
        path: path.to_owned(),
        fault,
    })
}

/// The image, then the overviews that are like it, the finest first; each with its mask.
fn read_levels(tiff: &mut Tiff<File>, directories: &[Directory]) -> ReadResult<Vec<Level>> {
    let mut levels: Vec<Level> = Vec::new();
    let mut masks = Vec::new();
    for (number, directory) in directories.iter().enumerate() {
        let kind = tiff.number_or(directory, 254, 0)?;
        let is_mask = number > 0 && kind & 4 != 0;
        let is_overview = number > 0 && kind & 1 != 0 && !is_mask;
        if number > 0 && !is_mask && !is_overview {
            continue; // another page
        }
        let image = Image::from_directory(tiff, directory)?;
        if is_mask {
            masks.push(image);
        } else if levels
            .first()
            .is_none_or(|first| is_overview_of(&first.image, &image))
        {
            levels.push(Level { image, mask: None });
        }
    }
    levels.sort_by_key(|level| std::cmp::Reverse(level.image.columns));
    for mask in masks {
        let sides = [mask.columns, mask.rows];
        let mut of = levels.iter_mut();
        let level = of.find(|level| [level.image.columns, level.image.rows] == sides);
        if let Some(level) = level
            && level.mask.is_none()
        {
            level.mask = Some(mask);
        }
    }
    Ok(levels)
}

/// Whether an image can stand for another at a coarser step.
fn is_overview_of(whole: &Image, image: &Image) -> bool {
    image.columns < whole.columns
        && image.rows <= whole.rows
        && image.bands == whole.bands
        && image.sample == whole.sample
        && image.photometric == whole.photometric
}

/// Size of an image, and of the blocks that are read of it.
fn shape_of(image: &Image) -> ImageLevel {
    ImageLevel {
        size: [image.columns, image.rows],
        block: [image.block[0], image.rows_at_once()],
    }
}

/// The georeference of the rows in the order in which they are stored.
fn stored_rows(place: &Georeference) -> ImageGeoreference {
    let [width, height] = place.cell_size;
    let southwards = if place.is_south_up { height } else { -height };
    ImageGeoreference {
        corner: [place.north_west[0], place.first_northing],
        step: [width, southwards],
    }
}
