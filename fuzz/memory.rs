//! What a case holds in memory, counted.

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Runs a case; a panic where it held more than `allowed` bytes at once.
pub(crate) fn within(allowed: usize, case: impl FnOnce()) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    case();
    let held = MEMORY.peak_usage().saturating_sub(before);
    assert!(
        held <= allowed,
        "{} MiB were held, {} are allowed",
        held >> 20,
        allowed >> 20
    );
}
