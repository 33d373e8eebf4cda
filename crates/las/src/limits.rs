//! What a file may ask for.

/// Upper bounds, so that a file that lies, or is simply too large, is an error before memory is
/// taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LasLimits {
    /// Bytes of a variable length record that is read; larger ones are passed over.
    pub record_bytes: u64,
    /// Points of a file.
    pub points: u64,
    /// Bytes of a decoded chunk, and of what decoding its records keeps beside it.
    pub chunk_bytes: u64,
    /// Bytes of points in memory at once: what [`crate::Las::read_points`] may return. Streaming by
    /// chunks or tiles is bounded by theirs.
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
