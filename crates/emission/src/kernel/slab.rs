//! A slab of pixels, a group of lanes at a time.

use super::{
    group::LaneGroup,
    results::{write_errors, write_pixels},
    scratch::Scratch,
    shared::{Rows, Shared},
    solve::solve_group,
};
use crate::{lanes::Lanes, map::Slab};

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
