//! The image of a GeoTIFF and its overviews, each with its mask, and where their blocks are stored.

use super::{
    fault::ReadResult,
    image::Image,
    tags::{Directory, Tiff},
};
use crate::ImageLevel;
use std::{io::Seek, ops::Range};

/// An image with its mask.
pub(super) struct Level {
    pub(super) image: Image,
    pub(super) mask: Option<Image>,
}

/// The image, then the overviews that are like it, the finest first; each with its mask, whatever
/// the order of the directories.
pub(super) fn read_levels<R: std::io::Read + Seek>(
    tiff: &mut Tiff<R>,
    directories: &[Directory],
) -> ReadResult<Vec<Level>> {
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

/// Pixels of an image or overview: the column and row of the first, columns and rows.
#[derive(Clone, Copy)]
pub(super) struct PixelBox {
    pub(super) corner: [usize; 2],
    pub(super) size: [usize; 2],
}

impl Level {
    /// Size of the image, and of the blocks that are read of it.
    pub(super) fn shape(&self) -> ImageLevel {
        ImageLevel {
            size: [self.image.columns, self.image.rows],
            block: [self.image.block[0], self.image.rows_at_once()],
        }
    }

    /// The pixels of a block.
    pub(super) fn box_of(&self, block: [usize; 2]) -> PixelBox {
        let shape = self.shape();
        PixelBox {
            corner: [0, 1].map(|axis| block[axis] * shape.block[axis]),
            size: shape.size_of_block(block),
        }
    }

    /// Parts of a pixel that are stored in blocks of their own.
    pub(super) fn planes(&self) -> usize {
        if self.image.is_planar {
            self.image.bands
        } else {
            1
        }
    }

    /// The block that stores a plane of some pixels.
    pub(super) fn stored_plane(&self, pixels: PixelBox, plane: usize) -> StoredPart {
        let image = &self.image;
        let [left, top] = pixels.corner;
        let across = image.columns.div_ceil(image.block[0]);
        let of_plane = across * image.rows.div_ceil(image.block[1]);
        let in_plane = top / image.block[1] * across + left / image.block[0];
        let first = top % image.block[1];
        StoredPart {
            number: plane * of_plane + in_plane,
            corner: pixels.corner,
            rows: first..first + pixels.size[1],
        }
    }

    /// The blocks that store the mask of some pixels, row by row.
    pub(super) fn stored_masks(&self, pixels: PixelBox) -> Vec<StoredPart> {
        let Some(mask) = &self.mask else {
            return Vec::new();
        };
        let PixelBox { corner, size } = pixels;
        let [columns, rows] = [0, 1].map(|axis| {
            let side = mask.block[axis];
            corner[axis] / side..(corner[axis] + size[axis]).div_ceil(side)
        });
        let across = mask.columns.div_ceil(mask.block[0]);
        let mut found = Vec::new();
        for row in rows {
            let top = row * mask.block[1];
            let height = mask.block[1].min(mask.rows - top);
            for column in columns.clone() {
                found.push(StoredPart {
                    number: row * across + column,
                    corner: [column * mask.block[0], top],
                    rows: 0..height,
                });
            }
        }
        found
    }

    /// Where the bytes of a block's planes and then of its masks are stored, in the order in which
    /// they are used; `None` for parts that were never written.
    pub(super) fn stored_ranges(
        &self,
        tiff: &Tiff<()>,
        block: [usize; 2],
    ) -> ReadResult<Vec<Option<Range<u64>>>> {
        let pixels = self.box_of(block);
        let planes = (0..self.planes()).map(|plane| self.stored_plane(pixels, plane));
        let mut ranges: Vec<Option<Range<u64>>> = planes
            .map(|part| part.range_in(&self.image, tiff))
            .collect::<ReadResult<_>>()?;
        if let Some(mask) = &self.mask {
            for part in self.stored_masks(pixels) {
                ranges.push(part.range_in(mask, tiff)?);
            }
        }
        Ok(ranges)
    }
}

/// A block as it is stored, and the rows of it that are read.
pub(super) struct StoredPart {
    pub(super) number: usize,
    /// Column and row of its first pixel.
    pub(super) corner: [usize; 2],
    pub(super) rows: Range<usize>,
}

impl StoredPart {
    fn range_in(&self, image: &Image, tiff: &Tiff<()>) -> ReadResult<Option<Range<u64>>> {
        if !image.is_written(self.number) {
            return Ok(None);
        }
        let rows = self.rows.clone();
        image.stored_range(tiff, self.number, rows).map(Some)
    }
}
