//! Working memory of a group of lanes.

use super::regularise::DiscrepancyCurve;
use crate::lanes::Lanes;

/// Room for one group of lanes; made once a thread.
#[derive(Debug)]
pub(crate) struct Scratch<V, const NF: usize> {
    pub(super) x: Vec<[V; NF]>,
    pub(super) l: Vec<V>,
    pub(super) a: Vec<V>,
    pub(super) b: Vec<V>,
    pub(super) curve: DiscrepancyCurve<V>,
}

impl<V: Lanes, const NF: usize> Scratch<V, NF> {
    #[inline(always)]
    pub(super) fn new(bins: usize) -> Self {
        let zeros = vec![V::constant(0.0); bins];
        let curve = DiscrepancyCurve::new();
        Self {
            x: vec![[V::constant(0.0); NF]; bins],
            l: zeros.clone(),
            a: zeros.clone(),
            b: zeros,
            curve,
        }
    }
}
