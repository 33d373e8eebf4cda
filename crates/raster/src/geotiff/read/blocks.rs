//! Images of several bands, block by block.

use super::{
    GeoTiffError, GeoTiffFault, GeoTiffLimits,
    bands::read_roles,
    fault::{ReadResult, damaged},
    georeference::Georeference,
    image::Image,
    keys::Keys,
    levels::{Level, PixelBox, StoredPart, read_levels},
    limits::{check_limit, filled_vec},
    pixels::{Pixels, type_in_memory},
    samples::NoData,
    source::{ReopenedFile, SourceReader},
    tags::Tiff,
};
use crate::{
    BandRole, ImageBlock, ImageDate, ImageDescription, ImageGeoreference, ImageLevel, ImageSource,
};
use isopach_compute::{ByteSource, Error, Result, fnv1a};
use std::{path::Path, sync::Arc};

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
/// A file is opened for each block, so that a catalogue may have more images than a process may have
/// open files; one whose length has changed is refused. Files elsewhere, such as cloud-optimised
/// GeoTIFFs in an object store, are read through a [`ByteSource`] ([`Self::from_source`]).
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
    source: Arc<dyn ByteSource>,
    /// Several blocks are asked for at once.
    reads_together: bool,
    description: ImageDescription,
    levels: Vec<Level>,
    no_data: Option<NoData>,
    /// Whether a number for no data is stated, which may be NaN.
    has_no_data: bool,
    head: Tiff<()>,
}

impl std::fmt::Debug for GeoTiffBlocks {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("GeoTiffBlocks")
            .field("source", &self.source)
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
        let file = ReopenedFile::open(path).map_err(|error| fault_of(path, error.into()))?;
        Self::read_head(Arc::new(file), limits, false).map_err(|fault| fault_of(path, fault))
    }

    /// Opens a file whose bytes are elsewhere: in an object store, in memory. Within the default
    /// [`GeoTiffLimits`].
    ///
    /// Directories are read with as many bytes after them as [`ByteSource::block_size`] says. The
    /// directories of a cloud-optimised GeoTIFF are at its front, in any order: they come with the
    /// first bytes. Blocks are asked for together ([`ImageSource::read_blocks`]), so that the source
    /// can join those that lie side by side.
    ///
    /// ```
    /// use isopach_raster::{ByteSource, Crs, GeoTiffBlocks, Grid, ImageSource, Raster, write_geotiff};
    /// use std::{io, ops::Range, path::Path, sync::Arc};
    ///
    /// #[derive(Debug)]
    /// struct InMemory(Vec<u8>);
    ///
    /// impl ByteSource for InMemory {
    ///     fn path(&self) -> &Path {
    ///         Path::new("in memory")
    ///     }
    ///     fn size(&self) -> u64 {
    ///         self.0.len() as u64
    ///     }
    ///     fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
    ///         let bytes = |range: &Range<u64>| self.0.get(range.start as usize..range.end as usize).map(<[u8]>::to_vec);
    ///         ranges.iter().map(bytes).collect::<Option<_>>().ok_or(io::ErrorKind::UnexpectedEof.into())
    ///     }
    ///     fn reopen(&self) -> io::Result<Arc<dyn ByteSource>> {
    ///         Ok(Arc::new(Self(self.0.clone())))
    ///     }
    /// }
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("heights.tif");
    /// # let grid = Grid { cell_size: 0.5, first: [1_000_000, 10_000_000], columns: 300, rows: 2 };
    /// # write_geotiff(&path, &Raster::from_rows(grid, vec![0.25; 600])?, &Crs::from_epsg(32631))?;
    /// let source = InMemory(std::fs::read(&path)?);
    /// let image = GeoTiffBlocks::from_source(Arc::new(source))?;
    /// assert_eq!(image.read_blocks(0, &[[0, 0], [1, 0]])?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Source`] with a [`GeoTiffError`].
    pub fn from_source(source: Arc<dyn ByteSource>) -> Result<Self> {
        Self::from_source_within(source, GeoTiffLimits::default())
    }

    /// Opens a file like [`Self::from_source`], of which no more is read than `limits` allow.
    ///
    /// # Errors
    /// [`Error::Source`] with a [`GeoTiffError`].
    pub fn from_source_within(source: Arc<dyn ByteSource>, limits: GeoTiffLimits) -> Result<Self> {
        let path = source.path().to_owned();
        Self::read_head(source, limits, true).map_err(|fault| fault_of(&path, fault))
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
                None => {
                    let fault = GeoTiffFault::Band { bands, band };
                    return Err(fault_of(self.path(), fault));
                }
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

    /// The path of the file, or its address.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    fn read_head(
        source: Arc<dyn ByteSource>,
        limits: GeoTiffLimits,
        reads_together: bool,
    ) -> ReadResult<Self> {
        let (mut tiff, first) = Tiff::open(SourceReader::new(&*source), limits)?;
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
            name: source.path().display().to_string(),
            georeference: stored_rows(&place),
            crs: keys.crs(),
            samples,
            full_scale,
            bands: read_roles(&mut tiff, main, image)?,
            levels: levels.iter().map(Level::shape).collect(),
            // A text that is no date says nothing: writers put any text there.
            date: date.parse().ok(),
        };
        for level in 0..levels.len() {
            let bytes = description.block_bytes(level);
            check_limit("bytes of a block", bytes, limits.block_bytes, "block_bytes")?;
        }
        let head = tiff.with_reader(());
        Ok(Self {
            source,
            reads_together,
            description,
            levels,
            no_data: NoData::parse_text(&no_data)?,
            has_no_data: !no_data.trim().is_empty(),
            head,
        })
    }

    /// Reads blocks of a level: their stored bytes at once, then one after the other.
    fn read(&self, level: usize, blocks: &[[usize; 2]]) -> ReadResult<Vec<ImageBlock>> {
        let mut wanted = Vec::new();
        for block in blocks {
            wanted.extend(self.levels[level].stored_ranges(&self.head, *block)?);
        }
        let ranges: Vec<_> = wanted.iter().flatten().cloned().collect();
        let mut found = Vec::new();
        if !ranges.is_empty() {
            found = self.source.read(&ranges)?;
        }
        let is_whole = found.len() == ranges.len()
            && (found.iter().zip(&ranges))
                .all(|(bytes, range)| bytes.len() as u64 == range.end - range.start);
        if !is_whole {
            return damaged("other bytes were read than were asked for");
        }
        let mut found = found.into_iter();
        let mut stored = wanted
            .iter()
            .map(|range| range.as_ref().and_then(|_| found.next()));
        blocks
            .iter()
            .map(|block| self.decode_block(level, *block, &mut stored))
            .collect()
    }

    /// Decodes the next stored bytes: of each plane of a block, then of each part of its mask.
    fn decode_block(
        &self,
        level: usize,
        block: [usize; 2],
        stored: &mut dyn Iterator<Item = Option<Vec<u8>>>,
    ) -> ReadResult<ImageBlock> {
        let level = &self.levels[level];
        let image = &level.image;
        let area = level.box_of(block);
        let size = area.size;
        let mut pixels = Pixels::zeroed(image.sample, image.bands, size)?;
        let mut inside = filled_vec("mask of a block", size[0] * size[1], u8::MAX)?;
        let mut stored_bytes = 0;
        let planes = level.planes();
        let mut unwritten = 0;
        for plane in 0..planes {
            let part = level.stored_plane(area, plane);
            let band = image.is_planar.then_some(plane);
            match stored.next().flatten() {
                Some(bytes) => {
                    stored_bytes += bytes.len() as u64;
                    self.fill_plane(image, &part, bytes, band, &mut pixels)?;
                }
                None => {
                    unwritten += 1;
                    if let Some(no_data) = self.no_data {
                        pixels.fill(no_data, band);
                    }
                }
            }
        }
        if unwritten == planes && self.has_no_data {
            inside.fill(0);
        }
        self.mask_by_samples(&pixels, &mut inside);
        if let Some(mask) = &level.mask {
            let mut of_block = MaskOfBlock {
                area,
                inside: &mut inside,
            };
            for part in level.stored_masks(area) {
                let mut bytes = None;
                if let Some(stored) = stored.next().flatten() {
                    stored_bytes += stored.len() as u64;
                    bytes = Some(self.expand(mask, &part, stored)?);
                }
                of_block.take_away(mask, &part, bytes.as_deref());
            }
        }
        let mask = inside.contains(&0).then_some(inside);
        ImageBlock::new(size, image.bands, pixels.samples, mask, stored_bytes)
            .or_else(|error| damaged(error.to_string()))
    }

    /// The rows of stored bytes, decompressed.
    fn expand(&self, image: &Image, part: &StoredPart, mut stored: Vec<u8>) -> ReadResult<Vec<u8>> {
        image.order_bits(&mut stored);
        let is_big_endian = self.head.is_big_endian();
        image.expand_rows(stored, part.number, part.rows.len(), is_big_endian)
    }

    /// Fills the samples that are stored together of a block: all bands, or one.
    fn fill_plane(
        &self,
        image: &Image,
        part: &StoredPart,
        stored: Vec<u8>,
        band: Option<usize>,
        pixels: &mut Pixels,
    ) -> ReadResult<()> {
        let bytes = self.expand(image, part, stored)?;
        for (row, bytes) in bytes.chunks_exact(image.row_bytes()).enumerate() {
            pixels.put_row(row, bytes, band);
        }
        Ok(())
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

    /// Refuses a level that is not there, and a block beyond its last.
    fn check_block(&self, level: usize, block: [usize; 2]) -> Result<()> {
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
        Ok(())
    }
}

/// The mask of a block that is being read, and where the block lies on its image.
struct MaskOfBlock<'a> {
    area: PixelBox,
    inside: &'a mut [u8],
}

impl MaskOfBlock<'_> {
    /// Takes away the pixels where a block of a mask is zero; all if it was never written.
    fn take_away(&mut self, mask: &Image, part: &StoredPart, bytes: Option<&[u8]>) {
        let PixelBox { corner, size } = self.area;
        let [left, top] = part.corner;
        let [columns, rows] =
            [(left, mask.block[0], 0), (top, part.rows.len(), 1)].map(|(first, count, axis)| {
                let end = corner[axis] + size[axis];
                first.max(corner[axis])..(first + count).min(end)
            });
        for row in rows {
            let of_row = bytes.map(|bytes| &bytes[(row - top) * mask.row_bytes()..]);
            let to = (row - corner[1]) * size[0];
            for column in columns.clone() {
                let at = (column - left) * mask.samples_per_pixel();
                if of_row.is_none_or(|bytes| mask.sample.bits_at(bytes, at) == 0) {
                    self.inside[to + column - corner[0]] = 0;
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
        let mut found = self.read_blocks(level, &[block])?;
        let none = || fault_of(self.path(), GeoTiffFault::Damaged("no block".into()));
        found.pop().ok_or_else(none)
    }

    fn read_blocks(&self, level: usize, blocks: &[[usize; 2]]) -> Result<Vec<ImageBlock>> {
        for block in blocks {
            self.check_block(level, *block)?;
        }
        self.read(level, blocks)
            .map_err(|fault| fault_of(self.path(), fault))
    }

    fn reads_together(&self) -> bool {
        self.reads_together
    }
}

fn fault_of(path: &Path, fault: GeoTiffFault) -> Error {
    Error::source(GeoTiffError {
        path: path.to_owned(),
        fault,
    })
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
