//! Chunks: the units in which points are compressed and read.

/// Location and size of a chunk in the file, and its number of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) at: u64,
    pub(crate) bytes: u64,
    pub(crate) points: u64,
}
