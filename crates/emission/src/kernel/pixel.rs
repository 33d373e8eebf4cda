//! A slab of pixels, lanes at a time.

use super::{
    Rows, Shared,
    group::LaneGroup,
    regularise::DiscrepancyCurve,
    results::{write_errors, write_pixels},
    solve::solve_group,
};
use crate::{lanes::Lanes, map::Slab};

/// Most lanes of any kind, for what goes one by one.
pub(super) const MAX_LANES: usize = 8;

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

/// Inverts the pixels of a slab.
#[inline(always)]
pub(crate) fn invert_slab<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    rows: Rows<'_, V::Scalar>,
    mut slab: Slab<'_, V::Scalar>,
) {
    let mut scratch = Scratch::<V, NF>::new(shared.response.len());
    let mut first = 0;
    while first < slab.pixel_count() {
        let group =
            LaneGroup::<V, NF>::load_pixels(shared, rows, first, slab.pixel_count(), &mut scratch);
        let (system, found) = solve_group(shared, &group, &mut scratch, &mut slab, first);
        write_errors(
            shared,
            &system,
            found.lambda,
            &mut scratch,
            &mut slab,
            first,
        );
        write_pixels(shared, &group, &found, &mut slab, first);
        first += V::COUNT;
    }
}
