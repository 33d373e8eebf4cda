//! Pieces of WGSL that kernels share. Three exist in a second variant: see
//! [`crate::record::variant`].

/// `thread_of`: the number of a thread in its dispatch; `is_complete`.
pub(crate) const THREADS: &str = include_str!("prelude/threads.wgsl");

/// 64-bit integers as pairs of 32 bits.
pub(crate) const PAIRS_OF_WORDS: &str = include_str!("prelude/pairs_of_words.wgsl");

/// Exact squares of differences in ticks, and guarded comparisons; after [`PAIRS_OF_WORDS`].
pub(crate) const WHOLE: &str = include_str!("prelude/whole.wgsl");

/// Sums and maxima over a workgroup, through its memory.
pub(crate) const ACROSS: &str = include_str!("prelude/across.wgsl");

/// The searched points, 16 bytes each.
pub(crate) const POINTS: &str = include_str!("prelude/points_16.wgsl");
