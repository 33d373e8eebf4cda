//! Images of a survey, in the order in which they are asked.

use crate::{BlockCache, BlockKey, ColourError, Precedence, ReadLimits, bands::ColourBands};
use isopach_cloud::{Crs, Rect};
use isopach_compute::Result;
use isopach_crs::{in_metres, metre_factors};
use isopach_raster::{ImageBlock, ImageDescription, ImageGeoreference, ImageSource};
use std::sync::Arc;

/// Bytes in memory of blocks that are read at once, of images whose blocks are better read together:
/// a window of [`Colour`](crate::Colour) of four bands of eight bits.
const READ_TOGETHER: u64 = 8 << 20;

/// An image of a catalogue, in metres.
#[derive(Clone, Debug)]
pub struct CataloguedImage {
    source: Arc<dyn ImageSource>,
    georeference: ImageGeoreference,
    extent: Rect,
    bands: ColourBands,
}

/// Images of a survey, with the cache of their blocks.
///
/// Coordinates are metres, like those of points: images in feet are converted. An image is asked for
/// a colour if the place lies in its rectangle.
#[derive(Debug)]
pub struct ImageCatalogue {
    images: Vec<CataloguedImage>,
    precedence: Precedence,
    crs: Crs,
    cache: BlockCache,
}

impl CataloguedImage {
    fn new(source: Arc<dyn ImageSource>) -> Result<Self> {
        let about = source.description();
        let Some([east, north, _]) = metre_factors(&about.crs) else {
            return Err(ColourError::NoPlane {
                image: about.name.clone(),
                unit: about.crs.unit.to_string(),
            }
            .into());
        };
        let ImageGeoreference { corner, step } = about.georeference;
        let georeference = ImageGeoreference {
            corner: [corner[0] * east, corner[1] * north],
            step: [step[0] * east, step[1] * north],
        };
        let bands = ColourBands::of(about)?;
        let [min, max] = about.extent();
        let extent = Rect {
            min: [min[0] * east, min[1] * north],
            max: [max[0] * east, max[1] * north],
        };
        Ok(Self {
            source,
            georeference,
            extent,
            bands,
        })
    }

    /// The image, in the unit of its coordinate system.
    #[must_use]
    pub fn description(&self) -> &ImageDescription {
        self.source.description()
    }

    /// Where its pixels are, metres.
    #[must_use]
    pub fn georeference(&self) -> ImageGeoreference {
        self.georeference
    }

    /// The rectangle that it covers, metres.
    #[must_use]
    pub fn extent(&self) -> Rect {
        self.extent
    }

    /// Whether a place within bounds may lie on it. A pixel more is allowed for the rounding of its
    /// rectangle.
    pub(crate) fn may_cover(&self, [low, high]: [[f64; 2]; 2]) -> bool {
        (0..2).all(|axis| {
            let pixel = self.georeference.step[axis].abs();
            let Rect { min, max } = self.extent;
            low[axis] <= max[axis] + pixel && high[axis] >= min[axis] - pixel
        })
    }

    /// The bands of its colours.
    #[must_use]
    pub fn bands(&self) -> ColourBands {
        self.bands
    }

    /// The larger side of a pixel of a level, metres.
    #[must_use]
    pub fn pixel_side(&self, level: usize) -> f64 {
        let levels = &self.description().levels;
        let sides = [0, 1].map(|axis| {
            let whole = levels[0].size[axis] as f64;
            self.georeference.step[axis].abs() * whole / levels[level].size[axis] as f64
        });
        sides[0].max(sides[1])
    }

    /// Blocks of a level that are read at once.
    fn blocks_at_once(&self, level: usize) -> usize {
        if !self.source.reads_together() {
            return 1;
        }
        let block = self.description().block_bytes(level).max(1);
        (READ_TOGETHER / block).max(1) as usize
    }

    /// Bytes that blocks take beside the cache while they are read and used: one that makes room in
    /// it, or all that are read at once, with their stored bytes.
    #[must_use]
    pub fn most_bytes_beside_cache(&self) -> u64 {
        let block = self.most_block_bytes();
        if self.source.reads_together() {
            2 * block.max(READ_TOGETHER)
        } else {
            block
        }
    }

    /// Bytes of the largest block of any level.
    #[must_use]
    pub fn most_block_bytes(&self) -> u64 {
        let about = self.description();
        let levels = 0..about.levels.len();
        levels
            .map(|level| about.block_bytes(level))
            .max()
            .unwrap_or(0)
    }
}

impl ImageCatalogue {
    /// A catalogue of images, whose blocks take `cache_bytes` in memory at most.
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidInput`] with a [`ColourError`]: no image, coordinates that
    /// are no lengths in a plane, coordinate systems that contradict each other, unknown bands, a
    /// block that is larger than the cache.
    pub fn new(
        sources: Vec<Arc<dyn ImageSource>>,
        precedence: Precedence,
        cache_bytes: u64,
    ) -> Result<Self> {
        let images: Vec<CataloguedImage> = sources
            .into_iter()
            .map(CataloguedImage::new)
            .collect::<Result<_>>()?;
        if images.is_empty() {
            return Err(ColourError::NoImages.into());
        }
        let crs = common_crs(&images)?;
        for image in &images {
            let bytes = image.most_block_bytes();
            if bytes > cache_bytes {
                return Err(ColourError::BlockLargerThanCache {
                    image: image.description().name.clone(),
                    bytes,
                    budget: cache_bytes,
                }
                .into());
            }
        }
        Ok(Self {
            images: in_order(images, precedence),
            precedence,
            crs,
            cache: BlockCache::new(cache_bytes),
        })
    }

    /// The images in the order in which they are asked; as they are given, where each point has an
    /// order of its own ([`Precedence::PointTime`]).
    #[must_use]
    pub fn images(&self) -> &[CataloguedImage] {
        &self.images
    }

    /// Which image wins where several cover a point.
    #[must_use]
    pub fn precedence(&self) -> Precedence {
        self.precedence
    }

    /// The coordinate system, in metres, as far as an image states it.
    #[must_use]
    pub fn crs(&self) -> &Crs {
        &self.crs
    }

    /// The cache of blocks.
    #[must_use]
    pub fn cache(&self) -> &BlockCache {
        &self.cache
    }

    /// Whether every image has near infrared.
    #[must_use]
    pub fn has_infrared(&self) -> bool {
        self.images
            .iter()
            .all(|image| image.bands.infrared.is_some())
    }

    /// The rectangle around all images, metres.
    #[must_use]
    pub fn extent(&self) -> Rect {
        let mut around = self.images[0].extent;
        for image in &self.images {
            for axis in 0..2 {
                around.min[axis] = around.min[axis].min(image.extent.min[axis]);
                around.max[axis] = around.max[axis].max(image.extent.max[axis]);
            }
        }
        around
    }

    /// Refuses images whose coordinate system contradicts that of the points, `crs`.
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidInput`] with [`ColourError::OtherSystem`].
    pub fn check_system(&self, crs: &Crs) -> Result<()> {
        for image in &self.images {
            let own = in_metres(&image.description().crs);
            if let Some(contradiction) = own.find_contradiction(&in_metres(crs)) {
                return Err(ColourError::OtherSystem {
                    image: image.description().name.clone(),
                    other: "the points".into(),
                    contradiction,
                }
                .into());
            }
        }
        Ok(())
    }

    /// A block of an image: held, or read.
    ///
    /// # Errors
    /// Of the image's source; [`ColourError::OtherBlock`] for a block that is not as the image says.
    pub fn block(&self, image: usize, level: usize, block: [usize; 2]) -> Result<Arc<ImageBlock>> {
        let source = &self.images[image].source;
        let about = source.description();
        let read = || {
            let found = source.read_block(level, block)?;
            check_block(about, level, block, &found)?;
            Ok(found)
        };
        let bytes = about.block_bytes(level);
        let key = key_of(image, level, block);
        self.cache.block(key, bytes, &about.name, read)
    }

    /// Hands several blocks of a level over, in any order: held, or read, together where the source
    /// prefers that.
    ///
    /// # Errors
    /// As [`Self::block`]; those of `take`.
    pub fn each_block(
        &self,
        image: usize,
        level: usize,
        blocks: &[[usize; 2]],
        mut take: impl FnMut([usize; 2], &ImageBlock) -> Result<()>,
    ) -> Result<()> {
        let catalogued = &self.images[image];
        let source = &catalogued.source;
        let about = source.description();
        let limits = ReadLimits {
            most_bytes: about.block_bytes(level),
            at_once: catalogued.blocks_at_once(level),
        };
        let keys: Vec<BlockKey> = blocks
            .iter()
            .map(|block| key_of(image, level, *block))
            .collect();
        let read = |keys: &[BlockKey]| {
            let blocks: Vec<[usize; 2]> = keys.iter().map(|key| key.block).collect();
            let found = source.read_blocks(level, &blocks)?;
            for (block, found) in blocks.iter().zip(&found) {
                check_block(about, level, *block, found)?;
            }
            Ok(found)
        };
        let take = |key: BlockKey, block: &Arc<ImageBlock>| take(key.block, block);
        self.cache
            .each_block(&keys, limits, &about.name, read, take)
    }
}

fn key_of(image: usize, level: usize, block: [usize; 2]) -> BlockKey {
    BlockKey {
        image: image as u32, // far fewer are opened
        level: level as u32,
        block,
    }
}

/// Refuses a block of another size or type than the image says.
fn check_block(
    about: &ImageDescription,
    level: usize,
    block: [usize; 2],
    found: &ImageBlock,
) -> Result<()> {
    let [columns, rows] = about.levels[level].size_of_block(block);
    let expected = ([columns, rows], about.bands.len(), about.samples);
    let given = (found.size(), found.bands(), found.samples().sample_type());
    if expected == given {
        return Ok(());
    }
    let words = |([columns, rows], bands, samples): ([usize; 2], usize, _)| {
        format!("{columns} × {rows} pixels of {bands} bands of {samples:?}")
    };
    Err(ColourError::OtherBlock {
        image: about.name.clone(),
        found: words(given),
        expected: words(expected),
    }
    .into())
}

/// The coordinate system of all images that state one, in metres.
fn common_crs(images: &[CataloguedImage]) -> Result<Crs> {
    let mut common: Option<(&str, Crs)> = None;
    for image in images {
        let about = image.description();
        if about.crs == Crs::default() {
            continue;
        }
        let own = in_metres(&about.crs);
        let Some((other, crs)) = &common else {
            common = Some((&about.name, own));
            continue;
        };
        if let Some(contradiction) = own.find_contradiction(crs) {
            return Err(ColourError::OtherSystem {
                image: about.name.clone(),
                other: (*other).to_owned(),
                contradiction,
            }
            .into());
        }
    }
    Ok(common.map(|(_, crs)| crs).unwrap_or_default())
}

/// The images in the order of their precedence.
fn in_order(mut images: Vec<CataloguedImage>, precedence: Precedence) -> Vec<CataloguedImage> {
    if let Precedence::NearestDate(wanted) = precedence {
        // A stable sort: equally near images keep their order.
        images.sort_by_key(|image| {
            let date = image.description().date;
            date.map_or(u64::MAX, |date| date.seconds().abs_diff(wanted.seconds()))
        });
    }
    images
}
