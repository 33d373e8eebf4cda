//! Pieces of WGSL that kernels share. Three are there in a second text: see [`crate::texts`].

/// `thread_of`: which thread of the whole dispatch this is.
pub(crate) const THREADS: &str = include_str!("threads.wgsl");

/// Whole numbers of 64 bits, by pairs of 32.
pub(crate) const PAIRS_OF_WORDS: &str = include_str!("pairs_of_words.wgsl");

/// Exact squares of differences in ticks, and guarded comparisons; after [`PAIRS_OF_WORDS`].
pub(crate) const WHOLE: &str = include_str!("whole.wgsl");

/// What the threads of a workgroup find together, through its memory.
pub(crate) const ACROSS: &str = include_str!("across.wgsl");

/// Points that are searched, of 16 bytes.
pub(crate) const POINTS: &str = include_str!("search/points_16.wgsl");
