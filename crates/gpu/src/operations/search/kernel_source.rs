//! The WGSL that all search kernels share, and the mark of an ended loop.

/// The WGSL of a search kernel: the shared pieces, then its own files.
macro_rules! sources {
    ($(concat $($piece:literal),+;)? $($file:literal),+) => {
        &[
            crate::record::prelude::THREADS,
            crate::record::prelude::PAIRS_OF_WORDS,
            crate::record::prelude::WHOLE,
            crate::points::sort::CELL_GRID,
            include_str!("resident.wgsl"),
            crate::record::prelude::POINTS,
            $(concat!($($piece),+),)?
            $(include_str!($file)),+
        ]
    };
}
pub(crate) use sources;

/// The result of a query whose loops the driver ended: see threads.wgsl. A kernel that writes only
/// the first word has no count as large.
pub(crate) const ENDED: [u32; 2] = [u32::MAX, 1];
