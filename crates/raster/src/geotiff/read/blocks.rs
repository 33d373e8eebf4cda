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
use crate::{
    BandRole, ImageBlock, ImageDate, ImageDescription, ImageGeoreference, ImageLevel, ImageSource,
};
use isopach_compute::{Error, Result, fnv1a};
use std::{
    fs::File,
    ops::Range,
    path::{Path, PathBuf},
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
/// The file is opened for each block, so that a catalogue may have more images than a process may
/// have open files; a file whose length has changed is refused.
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
    head: Tiff<()>,
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

    /// The same image with its bands named by the caller, whatever the file says: their numbers,
    /// from 1, as `[grey]`, `[grey, near infrared]`, `[red, green, blue]` or `[red, green, blue, near
    /// infrared]`. Of the others, opacity stays opacity.
    ///
    /// # Errors
    /// [`Error::Source`] with a [`GeoTiffError`] for a band that is not there;
    /// [`Error::InvalidParameter`] for another number of bands.
    pub fn with_bands(mut self, numbers: &[usize]) -> Result<Self> {
        use BandRole::{Blue, Green, Grey, NearInfrared, Red};
        let names: &[BandRole] = match numbers.len() {
            1 => &[Grey],
            2 => &[Grey, NearInfrared],
            3 => &[Red, Green, Blue],
            _ => &[Red, Green, Blue, NearInfrared],
        };
        let must = "be 1 (grey), 2 (grey, infrared), 3 (red, green, blue) or 4 (with infrared)";
        let count = numbers.len();
        Error::check(
            "number of bands",
            count as f64,
            (1..=4).contains(&count),
            must,
        )?;
        let bands = self.description.bands.len();
        for role in &mut self.description.bands {
            if *role != BandRole::Alpha {
                *role = BandRole::Other;
            }
        }
        let mut once = numbers.to_vec();
        once.sort_unstable();
        once.dedup();
        let must = "be as many as are named: each band once";
        Error::check(
            "number of different bands",
            once.len() as f64,
            once.len() == count,
            must,
        )?;
        for (&band, name) in numbers.iter().zip(names) {
            match self.description.bands.get_mut(band.wrapping_sub(1)) {
                Some(role) => *role = *name,
                None => return Err(fault_of(&self.path, GeoTiffFault::Band { bands, band })),
            }
        }
        Ok(self)
    }

    /// The same image with another date, whatever the file says.
    #[must_use]
    pub fn with_date(mut self, date: ImageDate) -> Self {
        self.description.date = Some(date);
        self
    }

    /// Identity of the file by content, independent of its path and time: its length, and a hash of
    /// the description, and of the places and lengths of all blocks. Blocks that were written over
    /// in place are not noticed.
    #[must_use]
    pub fn identity(&self) -> String {
        let images = self.levels.iter().flat_map(|level| {
            let mask = level.mask.as_ref();
            [Some(&level.image), mask].into_iter().flatten()
        });
        let tables = images.flat_map(Image::table_bytes);
        let about = format!(
            "{:?} {:?}",
            self.description.georeference, self.description.bands
        );
        let hash = fnv1a(about.into_bytes().into_iter().chain(tables));
        format!("{} bytes, {hash:016x}", self.head.length)
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
            head: tiff.with_reader(()),
        })
    }

    /// Stored bytes of a block; `None` if it was never written.
    fn read_stored(
        &self,
        image: &Image,
        block: usize,
        rows: Range<usize>,
    ) -> ReadResult<Option<Vec<u8>>> {
        if !image.is_written(block) {
            return Ok(None);
        }
        let file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        if length != self.head.length {
            return damaged(format!(
                "it has {length} bytes, but had {} when it was opened",
                self.head.length
            ));
        }
        let mut tiff = self.head.with_reader(file);
        image.read_stored(&mut tiff, block, rows).map(Some)
    }

    fn read(&self, level: usize, block: [usize; 2]) -> ReadResult<ImageBlock> {
        let Level { image, mask } = &self.levels[level];
        let shape = self.description.levels[level];
        let size = shape.size_of_block(block);
        let corner = [0, 1].map(|axis| block[axis] * shape.block[axis]);
        let mut pixels = Pixels::zeroed(image.sample, image.bands, size)?;
        let mut inside = filled_vec("mask of a block", size[0] * size[1], u8::MAX)?;
        let mut stored_bytes = 0;
        let planes = if image.is_planar { image.bands } else { 1 };
        let mut unwritten = 0;
        for plane in 0..planes {
            match self.read_plane(image, plane, corner, &mut pixels)? {
                Some(bytes) => stored_bytes += bytes,
                None => unwritten += 1,
            }
        }
        if unwritten == planes && self.has_no_data {
            inside.fill(0);
        }
        self.mask_by_samples(&pixels, &mut inside);
        if let Some(mask) = mask {
            stored_bytes += self.apply_mask(mask, corner, size, &mut inside)?;
        }
        let mask = inside.contains(&0).then_some(inside);
        ImageBlock::new(size, image.bands, pixels.samples, mask, stored_bytes)
            .or_else(|error| damaged(error.to_string()))
    }

    /// Fills the samples that are stored together of a block at `corner`: all bands, or one.
    /// Returns the bytes that were read; `None` if the block was never written.
    fn read_plane(
        &self,
        image: &Image,
        plane: usize,
        [left, top]: [usize; 2],
        pixels: &mut Pixels,
    ) -> ReadResult<Option<u64>> {
        let across = image.columns.div_ceil(image.block[0]);
        let of_plane = across * image.rows.div_ceil(image.block[1]);
        let in_plane = top / image.block[1] * across + left / image.block[0];
        let number = plane * of_plane + in_plane;
        let band = image.is_planar.then_some(plane);
        let first = top % image.block[1];
        let height = pixels.rows();
        let Some(stored) = self.read_stored(image, number, first..first + height)? else {
            if let Some(no_data) = self.no_data {
                pixels.fill(no_data, band);
            }
            return Ok(None);
        };
        let count = stored.len() as u64;
        let bytes = image.expand_rows(stored, number, height, self.head.is_big_endian())?;
        for (row, bytes) in bytes.chunks_exact(image.row_bytes()).enumerate() {
            pixels.put_row(row, bytes, band);
        }
        Ok(Some(count))
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
        let mut of_block = MaskOfBlock {
            corner,
            size,
            inside,
        };
        let [columns, rows] = [0, 1].map(|axis| {
            let side = mask.block[axis];
            corner[axis] / side..(corner[axis] + size[axis]).div_ceil(side)
        });
        let across = mask.columns.div_ceil(mask.block[0]);
        let mut stored_bytes = 0;
        for row in rows {
            let top = row * mask.block[1];
            let height = mask.block[1].min(mask.rows - top);
            for column in columns.clone() {
                let number = row * across + column;
                let mut bytes = None;
                if let Some(stored) = self.read_stored(mask, number, 0..height)? {
                    stored_bytes += stored.len() as u64;
                    let is_big_endian = self.head.is_big_endian();
                    bytes = Some(mask.expand_rows(stored, number, height, is_big_endian)?);
                }
                let left = column * mask.block[0];
                of_block.take_away(mask, [left, top], height, bytes.as_deref());
            }
        }
        Ok(stored_bytes)
    }
}

/// The mask of a block that is being read, and where the block lies on its image.
struct MaskOfBlock<'a> {
    corner: [usize; 2],
    size: [usize; 2],
    inside: &'a mut [u8],
}

impl MaskOfBlock<'_> {
    /// Takes away the pixels where the block of a mask at `left`, `top` is zero; all if it was never
    /// written.
    fn take_away(
        &mut self,
        mask: &Image,
        [left, top]: [usize; 2],
        height: usize,
        bytes: Option<&[u8]>,
    ) {
        let [columns, rows] =
            [(left, mask.block[0], 0), (top, height, 1)].map(|(first, count, axis)| {
                let end = self.corner[axis] + self.size[axis];
                first.max(self.corner[axis])..(first + count).min(end)
            });
        for row in rows {
            let of_row = bytes.map(|bytes| &bytes[(row - top) * mask.row_bytes()..]);
            let to = (row - self.corner[1]) * self.size[0];
            for column in columns.clone() {
                let at = (column - left) * mask.samples_per_pixel();
                if of_row.is_none_or(|bytes| mask.sample.bits_at(bytes, at) == 0) {
                    self.inside[to + column - self.corner[0]] = 0;
                }
            }
        }
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
