//! Images of several bands, read block by block from wherever they are.

mod block;
mod date;
mod description;

pub use block::{BlockSamples, ImageBlock};
pub use date::{ImageDate, ImageDateError};
pub use description::{BandRole, ImageDescription, ImageGeoreference, ImageLevel, SampleType};

use isopach_compute::Result;

/// A source of the blocks of an image: a file, ranges of an object in a store, a map service, an
/// array in memory.
///
/// Blocks of a level are numbered from its first row and column. Those at the far edges are cut off
/// there. A block is the same whenever it is read.
///
/// ```
/// use isopach_raster::{
///     BandRole, BlockSamples, Crs, ImageBlock, ImageDescription, ImageGeoreference, ImageLevel,
///     ImageSource, Result, SampleType,
/// };
///
/// /// One grey level for all pixels.
/// #[derive(Debug)]
/// struct Plain(ImageDescription);
///
/// impl ImageSource for Plain {
///     fn description(&self) -> &ImageDescription {
///         &self.0
///     }
///
///     fn read_block(&self, level: usize, block: [usize; 2]) -> Result<ImageBlock> {
///         let [columns, rows] = self.0.levels[level].size_of_block(block);
///         let samples = BlockSamples::U8(vec![128; columns * rows]);
///         ImageBlock::new([columns, rows], 1, samples, None, 0)
///     }
/// }
///
/// let plain = Plain(ImageDescription {
///     name: "plain".into(),
///     georeference: ImageGeoreference { corner: [500_000.0, 5_000_000.0], step: [0.5, -0.5] },
///     crs: Crs::from_epsg(32631),
///     samples: SampleType::U8,
///     full_scale: Some(255.0),
///     bands: vec![BandRole::Grey],
///     levels: vec![ImageLevel { size: [300, 200], block: [256, 256] }],
///     date: None,
/// });
/// assert_eq!(plain.read_block(0, [1, 0])?.size(), [44, 200]);
/// # Ok::<(), isopach_raster::Error>(())
/// ```
pub trait ImageSource: Send + Sync + std::fmt::Debug {
    /// Place, bands and levels of the image.
    fn description(&self) -> &ImageDescription;

    /// Reads the block in a column and row of blocks of a level, with all bands.
    ///
    /// Called by several threads at once. It must not wait for work of rayon's pool: other threads
    /// of the pool may wait for this block.
    ///
    /// # Errors
    /// Of the source; an error of a level or block that is not there.
    fn read_block(&self, level: usize, block: [usize; 2]) -> Result<ImageBlock>;

    /// Reads several blocks of a level, in their order: one after the other, unless the source can
    /// ask for them together.
    ///
    /// # Errors
    /// As [`Self::read_block`].
    fn read_blocks(&self, level: usize, blocks: &[[usize; 2]]) -> Result<Vec<ImageBlock>> {
        let read = |block: &[usize; 2]| self.read_block(level, *block);
        blocks.iter().map(read).collect()
    }

    /// Whether blocks come sooner by [`Self::read_blocks`] than one by one: where each request takes
    /// time.
    fn reads_together(&self) -> bool {
        false
    }
}
