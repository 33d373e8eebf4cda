//! A slab of pixels, a block at a time.

use super::{
    super::{
        group::LaneGroup,
        scratch::Scratch,
        shared::{Rows, Shared},
    },
    ascent::ascend_pixels,
    atoms::Atoms,
    dual::{DualProblem, fill_preferences},
    prepared::Prepared,
    solution::write_solution,
};
use crate::{lanes::Lanes, map::Slab};

/// Pixels that are prepared at a time: few enough for a cache, many enough that hardly a lane is
/// idle at the end.
const BLOCK: usize = 256;

/// Inverts the pixels of a slab.
#[inline(always)]
pub(crate) fn invert_slab<V: Lanes<Scalar = f64>, const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    atoms: &Atoms<NF>,
    rows: Rows<'_, f64>,
    mut slab: Slab<'_, f64>,
) {
    let mut scratch = Scratch::<V, NF>::new(shared.response.len());
    let numbers = atoms.columns.len() * V::COUNT;
    let mut l = vec![];
    let mut prepared = vec![];
    let mut first = 0;
    while first < slab.pixel_count() {
        let pixels = BLOCK.min(slab.pixel_count() - first);
        prepared.clear();
        l.resize(pixels.div_ceil(V::COUNT) * numbers, 0.0);
        for (i, l) in l.chunks_exact_mut(numbers).enumerate() {
            let group = LaneGroup::<V, NF>::load_pixels(
                shared,
                rows,
                first + i * V::COUNT,
                slab.pixel_count(),
                &mut scratch,
            );
            let trace = fill_preferences(atoms, &group, l);
            let problem = DualProblem::new(shared.inversion, atoms, &group, trace, l);
            let found = problem.without_emission(&group);
            prepared.push(Prepared {
                group,
                problem,
                found,
            });
        }
        ascend_pixels(atoms, &mut prepared, &l, pixels);
        for (i, (prepared, l)) in prepared.iter().zip(l.chunks_exact(numbers)).enumerate() {
            write_solution(
                shared,
                atoms,
                prepared,
                l,
                &mut scratch,
                &mut slab,
                first + i * V::COUNT,
            );
        }
        first += pixels;
    }
}
