//! Images of a survey, in the order in which they are asked.

use crate::{BlockCache, ColourError, bands::ColourBands, cache::BlockKey};
use isopach_cloud::{Crs, Rect};
use isopach_compute::Result;
use isopach_crs::{in_metres, metre_factors};
use isopach_raster::{ImageBlock, ImageDate, ImageDescription, ImageGeoreference, ImageSource};
use std::sync::Arc;

/// Which image gives the colour of a point that several cover. The next one does where the first
/// has no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precedence {
    /// The first in the order in which they are given.
    #[default]
    First,
    /// The one whose date is nearest, before or after; of equally near ones the first. Images
    /// without a date come last.
    NearestDate(ImageDate),
}

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
            crs,
            cache: BlockCache::new(cache_bytes),
        })
    }

    /// The images in the order in which they are asked.
    #[must_use]
    pub fn images(&self) -> &[CataloguedImage] {
        &self.images
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
        let key = BlockKey {
            image: image as u32, // far fewer are opened
            level: level as u32,
            block,
        };
        let read = || {
            let found = source.read_block(level, block)?;
            check_block(about, level, block, &found)?;
            Ok(found)
        };
        let bytes = about.block_bytes(level);
        self.cache.block(key, bytes, &about.name, read)
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
