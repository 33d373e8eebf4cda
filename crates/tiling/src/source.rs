//! Where points come from.

use isopach_cloud::{Columns, Crs, Points, Rect};
use isopach_compute::Result;

/// Points that are read chunk by chunk: a file, several files, a cloud in memory, another source moved.
///
/// A chunk is whatever is decoded at once (50,000 points in most LAZ files). Chunks and the points in them have an order, that of the
/// files; it is the identity of a point, and no result depends on anything finer than it.
pub trait PointSource: Sync {
    /// A rectangle whose closure holds every point, absolute metres.
    fn extent(&self) -> Rect;
    /// Number of points before any filter.
    fn point_count(&self) -> u64;
    /// Number of chunks.
    fn chunk_count(&self) -> usize;
    /// A rectangle whose closure holds every point of the chunk, where that is known without decoding it.
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        let _ = chunk;
        None
    }
    /// Decodes one chunk: coordinates and the columns asked for.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Source`] with the file and what is wrong with it; [`isopach_compute::Error::InvalidInput`] where a column is not there.
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points>;
    /// The coordinate reference system, where it is stated.
    fn crs(&self) -> Option<&Crs> {
        None
    }
    /// What to call it in messages: a path.
    fn name(&self) -> String;
}
