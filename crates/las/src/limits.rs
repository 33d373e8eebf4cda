//! Limits on the memory that a file may ask for.

/// Limits on memory, so that a malformed or oversized file is an error before memory is allocated
/// for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LasLimits {
    /// Bytes of a variable length record that is read; larger ones are passed over.
    pub record_bytes: u64,
    /// Points of a file.
    pub points: u64,
    /// Bytes of a decoded chunk, and of the decoder's tables for it.
    pub chunk_bytes: u64,
    /// Bytes of points in memory at once, as returned by [`crate::Las::read_points`]. Streaming by
    /// chunks or tiles has limits of its own.
    pub memory_bytes: u64,
}

impl Default for LasLimits {
    /// 16 MiB a record, 2⁴⁰ points, 1 GiB a chunk, and as much memory as the system gives.
    fn default() -> Self {
        Self {
            record_bytes: 16 << 20,
            points: 1 << 40,
            chunk_bytes: 1 << 30,
            memory_bytes: u64::MAX,
        }
    }
}
