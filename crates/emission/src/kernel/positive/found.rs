//! The maximum of the dual, lane by lane.

use super::super::vectors::MAX_LANES;

/// The maxima of a group of lanes.
#[derive(Clone, Debug)]
pub(super) struct Found<const NF: usize> {
    pub(super) z: [[f64; MAX_LANES]; NF],
    pub(super) lambda: [f64; MAX_LANES],
    pub(super) steps: [f64; MAX_LANES],
    /// Whether the maximum was found.
    pub(super) settled: [bool; MAX_LANES],
}
