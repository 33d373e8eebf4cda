//! Sources of points.

use isopach_cloud::{Columns, Crs, Points, Rect};
use isopach_compute::Result;

/// Points that are read chunk by chunk: a file, several files, a cloud in memory, another source
/// moved.
///
/// A chunk is the unit of decoding (50,000 points in most LAZ files). Chunks and the points in them
/// have an order, that of the files; it is the identity of a point, and no result depends on
/// anything finer than it.
pub trait PointSource: Sync {
    /// The name in messages: a path.
    fn name(&self) -> String;
    /// A rectangle that has every point, absolute metres: its far edges count as inside, so both
    /// bounds that include their points and a half-open [`Rect`] will do. The sources of this
    /// workspace give one that owns every point, so that a grid that covers it has a cell for each.
    ///
    /// A run ends with an error if a point lies outside. There is no tolerance there: files that
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
    /// [`isopach_compute::Error::Source`] with the file and its fault;
    /// [`isopach_compute::Error::InvalidInput`] for a column that the source lacks.
    fn read_chunk(&self, chunk: usize, columns: Columns) -> Result<Points>;
    /// Announces the chunks that will be read, each once, in about this order; it replaces an
    /// earlier announcement. A source with slow requests (an object store) fetches several
    /// together. It is a hint: doing nothing is correct.
    fn expect_chunks(&self, chunks: &[usize]) {
        let _ = chunks;
    }
    /// A rectangle that has every point of the chunk, far edges included, if that is known without
    /// decoding it. Tiles are run as soon as every chunk that may reach them has been decoded, so a
    /// point outside ends the run.
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
    /// Identifies the points, so that a run that is resumed later or elsewhere notices a change:
    /// one line per file with its size and hashes of its content, but no path or time, since files
    /// are copied. The default is the name, the number of points and the extent.
    ///
    /// # Errors
    /// Where a file cannot be read any more.
    fn input_identities(&self) -> Result<Vec<String>> {
        Ok(vec![format!(
            "{}: {} points in {}",
            self.name(),
            self.point_count(),
            self.extent()
        )])
    }
    /// Names for the lines of [`Self::input_identities`] in messages: paths. Lines beyond have
    /// none.
    fn input_names(&self) -> Vec<String> {
        Vec::new()
    }
    /// The coordinate reference system, if it is stated; a run refuses one that is not in metres.
    fn crs(&self) -> Option<&Crs> {
        None
    }
}

/// Implements the given methods by those of the inner source.
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
