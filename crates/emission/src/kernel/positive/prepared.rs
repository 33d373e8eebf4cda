//! A group of lanes before and after the ascent.

use super::{super::group::LaneGroup, dual::DualProblem, found::Found};
use crate::lanes::Lanes;

/// A group of lanes before and after the ascent.
pub(super) struct Prepared<V: Lanes, const NF: usize> {
    pub(super) group: LaneGroup<V, NF>,
    pub(super) problem: DualProblem<V, NF>,
    pub(super) found: Found<NF>,
}
