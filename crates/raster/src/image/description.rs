//! Place, bands and levels of an image.

use super::ImageDate;
use isopach_cloud::Crs;

/// Number type of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleType {
    /// Up to eight bits, unsigned.
    U8,
    /// Up to sixteen bits, unsigned.
    U16,
    /// Floating point of two bytes.
    F16,
    /// Floating point of four bytes.
    F32,
}

impl SampleType {
    /// Bytes of a sample.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 | Self::F16 => 2,
            Self::F32 => 4,
        }
    }
}

/// The quantity that a band holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BandRole {
    /// Red.
    Red,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Near infrared.
    NearInfrared,
    /// All colours alike.
    Grey,
    /// Opacity: a pixel whose alpha is 0 has no value.
    Alpha,
    /// Something else, or not stated.
    Other,
}

impl BandRole {
    /// Its name in summaries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::NearInfrared => "near infrared",
            Self::Grey => "grey",
            Self::Alpha => "alpha",
            Self::Other => "other",
        }
    }
}

/// Where the pixels of an image are, in the unit of its coordinate system. Columns run along the
/// easting and rows along the northing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImageGeoreference {
    /// Easting and northing of the outer corner of the first stored pixel.
    pub corner: [f64; 2],
    /// Change of the easting a column, above zero, and of the northing a row: below zero where the
    /// first row is the northernmost.
    pub step: [f64; 2],
}

impl ImageGeoreference {
    /// The place of an easting and northing in pixels from the outer corner of the first one: its
    /// centre is at 0.5, 0.5.
    #[must_use]
    pub fn place_of(&self, [east, north]: [f64; 2]) -> [f64; 2] {
        [
            (east - self.corner[0]) / self.step[0],
            (north - self.corner[1]) / self.step[1],
        ]
    }
}

/// A size of the image: itself, or an overview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageLevel {
    /// Columns and rows.
    pub size: [usize; 2],
    /// Columns and rows of a block.
    pub block: [usize; 2],
}

impl ImageLevel {
    /// Columns and rows of blocks.
    #[must_use]
    pub fn blocks(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.size[axis].div_ceil(self.block[axis]))
    }

    /// Columns and rows of a block: those at the far edges are cut off there.
    #[must_use]
    pub fn size_of_block(&self, block: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| {
            let first = block[axis].saturating_mul(self.block[axis]);
            self.size[axis].saturating_sub(first).min(self.block[axis])
        })
    }
}

/// Description of an image that is read by blocks.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageDescription {
    /// Name in messages and reports: the path of a file.
    pub name: String,
    /// Where its pixels are.
    pub georeference: ImageGeoreference,
    /// The coordinate reference system, as far as stated.
    pub crs: Crs,
    /// Number type of the samples.
    pub samples: SampleType,
    /// The sample that stands for full brightness, 255 for eight bits; `None` for samples that have
    /// no largest value.
    pub full_scale: Option<f64>,
    /// The quantity that each band holds.
    pub bands: Vec<BandRole>,
    /// The image, then its overviews, the finest first. All cover the same rectangle.
    pub levels: Vec<ImageLevel>,
    /// When it was taken or made, if that is stated.
    pub date: Option<ImageDate>,
}

impl ImageDescription {
    /// Least and largest easting and northing, in the unit of the coordinate system: `[[west,
    /// south], [east, north]]`.
    #[must_use]
    pub fn extent(&self) -> [[f64; 2]; 2] {
        let ImageGeoreference { corner, step } = self.georeference;
        let [columns, rows] = self.levels.first().map_or([0; 2], |level| level.size);
        let far = [
            corner[0] + columns as f64 * step[0],
            corner[1] + rows as f64 * step[1],
        ];
        [
            [corner[0].min(far[0]), corner[1].min(far[1])],
            [corner[0].max(far[0]), corner[1].max(far[1])],
        ]
    }

    /// Sides of a pixel of a level, in the unit of the coordinate system.
    #[must_use]
    pub fn pixel_of(&self, level: usize) -> [f64; 2] {
        [0, 1].map(|axis| {
            let step = self.georeference.step[axis].abs();
            step * self.levels[0].size[axis] as f64 / self.levels[level].size[axis] as f64
        })
    }

    /// Bytes of a whole block of a level in memory, its mask included.
    #[must_use]
    pub fn block_bytes(&self, level: usize) -> u64 {
        let [columns, rows] = self.levels[level].block;
        let pixel = self.bands.len() * self.samples.bytes() + 1;
        (columns as u64)
            .saturating_mul(rows as u64)
            .saturating_mul(pixel as u64)
    }
}
