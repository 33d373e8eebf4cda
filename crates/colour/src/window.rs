//! Rectangles of pixels, put together from blocks.

use crate::ImageCatalogue;
use isopach_compute::Result;
use isopach_raster::{BlockSamples, ImageBlock, SampleType, gather::ImageView};
use std::ops::Range;

/// Columns and rows of a window's share of a level, pixels.
pub(crate) const SIDE: usize = 1024;
/// Pixels around the places that an interpolation reaches.
pub(crate) const REACH: usize = 2;

/// Pixels of some bands in a rectangle of a level.
pub(crate) struct Window {
    /// Column and row of the first pixel.
    pub(crate) first: [usize; 2],
    size: [usize; 2],
    bands: usize,
    samples: BlockSamples,
    mask: Option<Vec<u8>>,
}

impl Window {
    /// Most bytes of a window of so many bands.
    pub(crate) fn most_bytes(bands: usize, samples: SampleType) -> u64 {
        let side = (SIDE + 2 * REACH + 1) as u64;
        side * side * (bands * samples.bytes() + 1) as u64
    }

    /// Reads the pixels from `low` to `high` (columns and rows, both included), with those that an
    /// interpolation between them reaches.
    pub(crate) fn read(
        catalogue: &ImageCatalogue,
        image: usize,
        level: usize,
        [low, high]: [[usize; 2]; 2],
    ) -> Result<Self> {
        let about = catalogue.images()[image].description();
        let shape = about.levels[level];
        let bands = catalogue.images()[image].bands().looked_up();
        let first = low.map(|at| at.saturating_sub(REACH));
        let end = [0, 1].map(|axis| (high[axis] + REACH + 1).min(shape.size[axis]));
        let size = [0, 1].map(|axis| end[axis] - first[axis]);
        let mut window = Self {
            first,
            size,
            bands: bands.len(),
            samples: BlockSamples::zeroed(about.samples, size[0] * size[1] * bands.len()),
            mask: None,
        };
        let [columns, rows] = [0, 1].map(|axis| {
            let side = shape.block[axis];
            first[axis] / side..end[axis].div_ceil(side)
        });
        let blocks: Vec<[usize; 2]> = rows
            .flat_map(|row| columns.clone().map(move |column| [column, row]))
            .collect();
        catalogue.each_block(image, level, &blocks, |[column, row], block| {
            let corner = [column * shape.block[0], row * shape.block[1]];
            window.copy_block(block, corner, &bands)
        })?;
        Ok(window)
    }

    /// Copies what lies in the window of a block at `corner`.
    fn copy_block(
        &mut self,
        block: &ImageBlock,
        corner: [usize; 2],
        bands: &[usize],
    ) -> Result<()> {
        let [columns, rows] = [0, 1].map(|axis| {
            let end = (corner[axis] + block.size()[axis]).min(self.first[axis] + self.size[axis]);
            corner[axis].max(self.first[axis])..end
        });
        if block.mask().is_some() && self.mask.is_none() {
            self.mask = Some(vec![u8::MAX; self.size[0] * self.size[1]]);
        }
        let is_whole = bands.len() == block.bands() && bands.iter().copied().eq(0..bands.len());
        for row in rows {
            let from = (row - corner[1]) * block.size()[0] + columns.start - corner[0];
            let to = (row - self.first[1]) * self.size[0] + columns.start - self.first[0];
            let pixels = PixelRow {
                from: from..from + columns.len(),
                to,
            };
            if is_whole {
                let all = bands.len();
                let count = columns.len() * all;
                self.samples
                    .copy_samples(to * all, block.samples(), from * all, count)?;
            } else {
                self.copy_bands(block, &pixels, bands);
            }
            if let (Some(mask), Some(of_block)) = (&mut self.mask, block.mask()) {
                mask[to..to + columns.len()].copy_from_slice(&of_block[pixels.from]);
            }
        }
        Ok(())
    }

    /// Copies some bands of a row of pixels.
    fn copy_bands(&mut self, block: &ImageBlock, pixels: &PixelRow, bands: &[usize]) {
        let of_block = block.bands();
        match (&mut self.samples, block.samples()) {
            (BlockSamples::U8(to), BlockSamples::U8(from)) => {
                pixels.copy(to, from, of_block, bands);
            }
            (BlockSamples::U16(to), BlockSamples::U16(from)) => {
                pixels.copy(to, from, of_block, bands);
            }
            (BlockSamples::F16(to), BlockSamples::F16(from)) => {
                pixels.copy(to, from, of_block, bands);
            }
            (BlockSamples::F32(to), BlockSamples::F32(from)) => {
                pixels.copy(to, from, of_block, bands);
            }
            _ => {} // the catalogue refuses blocks of another type than their image
        }
    }

    /// The window as an image.
    pub(crate) fn view(&self) -> Result<ImageView<'_>> {
        let [columns, rows] = self.size;
        let view = ImageView::new(columns, rows, self.bands, self.samples.as_pixels())?;
        match &self.mask {
            Some(mask) => view.with_mask(mask),
            None => Ok(view),
        }
    }
}

/// Pixels of a row of a block, and the first of them in the window.
struct PixelRow {
    from: Range<usize>,
    to: usize,
}

impl PixelRow {
    fn copy<T: Copy>(&self, to: &mut [T], from: &[T], of_block: usize, bands: &[usize]) {
        let to = &mut to[self.to * bands.len()..][..self.from.len() * bands.len()];
        let from = &from[self.from.start * of_block..];
        let pixels = to
            .chunks_exact_mut(bands.len())
            .zip(from.chunks_exact(of_block));
        for (to, from) in pixels {
            for (to, &band) in to.iter_mut().zip(bands) {
                *to = from[band];
            }
        }
    }
}
