//! A slab of pixels, lanes at a time.

use super::{
    Rows, Shared,
    group::Group,
    regularise::Curve,
    results::{errors, store},
    solve::solve,
};
use crate::{lanes::Lanes, map::Slab};

/// Most lanes of any kind, for what goes one by one.
pub(super) const MOST_LANES: usize = 8;

/// Room for one group of lanes; made once a thread.
#[derive(Debug)]
pub(crate) struct Scratch<V, const NF: usize> {
    pub(super) x: Vec<[V; NF]>,
    pub(super) l: Vec<V>,
    pub(super) a: Vec<V>,
    pub(super) b: Vec<V>,
    pub(super) curve: Curve<V>,
}

impl<V: Lanes, const NF: usize> Scratch<V, NF> {
    #[inline(always)]
    pub(super) fn new(bins: usize) -> Self {
        let zeros = vec![V::constant(0.0); bins];
        let curve = Curve::new();
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
    while first < slab.pixels() {
        let group = Group::<V, NF>::load(shared, rows, first, slab.pixels(), &mut scratch);
        let (system, found) = solve(shared, &group, &mut scratch, &mut slab, first);
        errors(
            shared,
            &system,
            found.lambda,
            &mut scratch,
            &mut slab,
            first,
        );
        store(shared, &group, &found, &mut slab, first);
        first += V::COUNT;
    }
}
