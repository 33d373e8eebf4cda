//! Numbers that look random and are the same everywhere.

/// A number in [0, 1) from its position in a sequence: that of the conformance suites.
pub(crate) fn random(i: usize) -> f64 {
    isopach_compute::conformance::random(i as u64)
}
