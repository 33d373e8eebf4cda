//! Pieces of WGSL that kernels share.

/// `thread_of`: which thread of the whole dispatch this is.
pub(crate) const THREADS: &str = include_str!("threads.wgsl");

/// 64-bit whole numbers out of pairs of 32 bits, exact squares of differences in ticks, and guarded comparisons.
pub(crate) const WHOLE: &str = include_str!("whole.wgsl");
