//! An image in memory: what a stranger writes for a source of their own.

use isopach_raster::{
    BandRole, BlockSamples, Crs, ImageBlock, ImageDescription, ImageGeoreference, ImageLevel,
    ImageSource, Result, SampleType,
};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An image whose samples are a function of column, row and band, at every level.
pub(crate) struct MemoryImage {
    pub(crate) about: ImageDescription,
    pub(crate) value: fn([usize; 2], usize) -> u8,
    /// Pixels that have no value.
    pub(crate) hole: fn([usize; 2]) -> bool,
    pub(crate) reads: AtomicUsize,
}

impl std::fmt::Debug for MemoryImage {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.about.fmt(to)
    }
}

impl MemoryImage {
    /// An image of pixels of half a metre with red, green, blue and near infrared.
    pub(crate) fn new(name: &str, corner: [f64; 2], size: [usize; 2]) -> Self {
        let levels = [1, 2, 4].map(|factor| ImageLevel {
            size: size.map(|side| side.div_ceil(factor)),
            block: [64, 32],
        });
        Self {
            about: ImageDescription {
                name: name.into(),
                georeference: ImageGeoreference {
                    corner,
                    step: [0.5, -0.5],
                },
                crs: Crs::from_epsg(32631),
                samples: SampleType::U8,
                full_scale: Some(255.0),
                bands: vec![
                    BandRole::Red,
                    BandRole::Green,
                    BandRole::Blue,
                    BandRole::NearInfrared,
                ],
                levels: levels.to_vec(),
                date: None,
            },
            value: |[column, row], band| ((column * 7 + row * 13 + band * 50) % 251) as u8,
            hole: |_| false,
            reads: AtomicUsize::new(0),
        }
    }
}

impl ImageSource for MemoryImage {
    fn description(&self) -> &ImageDescription {
        &self.about
    }

    fn read_block(&self, level: usize, block: [usize; 2]) -> Result<ImageBlock> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let shape = self.about.levels[level];
        let size = shape.size_of_block(block);
        let pixels = (0..size[0] * size[1]).map(|pixel| {
            [
                block[0] * shape.block[0] + pixel % size[0],
                block[1] * shape.block[1] + pixel / size[0],
            ]
        });
        let bands = self.about.bands.len();
        let samples = pixels
            .clone()
            .flat_map(|pixel| (0..bands).map(move |band| (self.value)(pixel, band)))
            .collect();
        let mask: Vec<u8> = pixels.map(|pixel| u8::from(!(self.hole)(pixel))).collect();
        let mask = mask.contains(&0).then_some(mask);
        ImageBlock::new(size, bands, BlockSamples::U8(samples), mask, 100)
    }
}
