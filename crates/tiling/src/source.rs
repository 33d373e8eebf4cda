//! Where points come from.

use isopach_cloud::{Columns, Crs, Points, Rect};
use isopach_compute::Result;

/// Points that are read chunk by chunk: a file, several files, a cloud in memory, another source
/// moved.
///
/// A chunk is whatever is decoded at once (50,000 points in most LAZ files). Chunks and the points
/// in them have an order, that of the files; it is the identity of a point, and no result depends
/// on anything finer than it.
pub trait PointSource: Sync {
    /// What to call it in messages: a path.
    fn name(&self) -> String;
    /// A rectangle that has every point, absolute metres: its far edges count as inside, so both
    /// bounds that include their points and a half-open [`Rect`] will do. The sources of this
    /// workspace give one that owns every point, so that a grid that covers it has a cell for each.
    ///
    /// A run ends with an error where a point lies outside. There is no tolerance there: files that
    /// state rounded extents (LAS headers do, by up to a unit of their scale) are widened by their
    /// reader, which alone knows the unit.
    fn extent(&self) -> Rect;
    /// Heights that hold every point, lowest and highest, absolute metres. They place the origin of
    /// tiles, and the extent of a source that is tilted ([`crate::Transformed`]).
    fn height_range(&self) -> [f64; 2];
    /// Number of points before any filter.
    fn point_count(&self) -> u64;
    /// Number of chunks.
    fn chunk_count(&self) -> usize;
    /// Decodes one chunk: coordinates and the columns asked for.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Source`] with the file and what is wrong with it;
    /// [`isopach_compute::Error::InvalidInput`] where a column is not there.
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points>;
    /// These chunks will be read, each once, in about this order; what was expected before is over.
    /// A source for which asking costs time (an object store) asks for several together. Nothing
    /// has to come of it.
    fn expect_chunks(&self, chunks: &[usize]) {
        let _ = chunks;
    }
    /// A rectangle that has every point of the chunk, far edges included, where that is known
    /// without decoding it. Tiles are run as soon as every chunk that may reach them has been
    /// decoded, so a point outside ends the run.
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        let _ = chunk;
        None
    }
    /// Points of one chunk before any filter, as far as that is known without decoding it: memory
    /// is set aside for so many.
    fn points_in_chunk(&self, chunk: usize) -> u64 {
        let _ = chunk;
        self.point_count()
            .div_ceil(self.chunk_count().max(1) as u64)
    }
    /// What identifies the points as they are now, for a run that is continued later or elsewhere:
    /// a line a file with its size and hashes of what it has, not with its path or time, as files
    /// are copied to where they are read. Where nothing better is known, the name, the number of
    /// points and the extent.
    ///
    /// # Errors
    /// Where a file cannot be looked at any more.
    fn input_identities(&self) -> Result<Vec<String>> {
        Ok(vec![format!(
            "{}: {} points in {}",
            self.name(),
            self.point_count(),
            self.extent()
        )])
    }
    /// What to call each line of [`Self::identity`] in messages: paths. Lines beyond have none.
    fn input_names(&self) -> Vec<String> {
        Vec::new()
    }
    /// The coordinate reference system, where it is stated; a run refuses one that is not in
    /// metres.
    fn crs(&self) -> Option<&Crs> {
        None
    }
}

/// Passes on to another source everything but the methods given.
macro_rules! as_inner {
    ($($method:ident($($argument:ident: $kind:ty),*) -> $result:ty;)+) => {
        $(fn $method(&self $(, $argument: $kind)*) -> $result { self.source.$method($($argument),*) })+
    };
}
pub(crate) use as_inner;

impl<S: PointSource + ?Sized> PointSource for &S {
    fn name(&self) -> String {
        (**self).name()
    }
    fn extent(&self) -> Rect {
        (**self).extent()
    }
    fn height_range(&self) -> [f64; 2] {
        (**self).height_range()
    }
    fn point_count(&self) -> u64 {
        (**self).point_count()
    }
    fn chunk_count(&self) -> usize {
        (**self).chunk_count()
    }
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points> {
        (**self).read_chunk(chunk, columns)
    }
    fn expect_chunks(&self, chunks: &[usize]) {
        (**self).expect_chunks(chunks);
    }
    fn chunk_extent(&self, chunk: usize) -> Option<Rect> {
        (**self).chunk_extent(chunk)
    }
    fn points_in_chunk(&self, chunk: usize) -> u64 {
        (**self).points_in_chunk(chunk)
    }
    fn input_identities(&self) -> Result<Vec<String>> {
        (**self).input_identities()
    }
    fn input_names(&self) -> Vec<String> {
        (**self).input_names()
    }
    fn crs(&self) -> Option<&Crs> {
        (**self).crs()
    }
}
