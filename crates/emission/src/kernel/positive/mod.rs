//! [`crate::Method::Positive`] in lanes: Newton's method on the dual of [`crate::reference`], one
//! pixel a lane.
//!
//! A block of pixels is prepared, group by group ([`dual::Problem`]); its pixels go through the
//! lanes one after the other, and a lane that is done takes the next ([`ascent`]): pixels need
//! different numbers of passes, and a group would wait for its slowest. Then groups get their
//! results ([`solution`]). In double precision only: columns of neighbouring atoms are all but
//! parallel.

mod ascent;
mod dual;
mod linear;
mod solution;

use super::{
    Rows, Shared,
    group::LaneGroup,
    pixel::{MAX_LANES, Scratch},
};
use crate::{dictionary::Dictionary, lanes::Lanes, map::Slab};
use ascent::ascend_pixels;
use dual::{DualProblem, fill_preferences};
use solution::write_solution;

/// Pixels that are prepared at a time: few enough for a cache, many enough that hardly a lane is
/// idle at the end.
const BLOCK: usize = 256;

/// [`Dictionary`] with room for NF channels.
#[derive(Debug)]
pub(crate) struct Atoms<const NF: usize> {
    columns: Vec<[f64; NF]>,
    preferences: Vec<f64>,
    /// First bin and profile.
    profiles: Vec<(usize, Vec<f64>)>,
    response: Vec<[f64; NF]>,
    to_report: Vec<f64>,
}

impl<const NF: usize> Atoms<NF> {
    pub(crate) fn new(dictionary: Dictionary) -> Self {
        let filled =
            |values: &[f64]| std::array::from_fn(|f| values.get(f).copied().unwrap_or_default());
        Self {
            columns: dictionary
                .atoms
                .iter()
                .map(|atom| filled(&atom.column))
                .collect(),
            preferences: dictionary
                .atoms
                .iter()
                .map(|atom| atom.preference)
                .collect(),
            response: dictionary.response.iter().map(|row| filled(row)).collect(),
            to_report: dictionary.to_report,
            profiles: dictionary
                .atoms
                .into_iter()
                .map(|atom| (atom.first, atom.profile))
                .collect(),
        }
    }
}

/// What was found of a group of lanes.
#[derive(Clone, Debug)]
struct Found<const NF: usize> {
    z: [[f64; MAX_LANES]; NF],
    lambda: [f64; MAX_LANES],
    steps: [f64; MAX_LANES],
    /// Whether the maximum was found.
    settled: [bool; MAX_LANES],
}

/// A group of lanes before and after the ascent.
struct Prepared<V: Lanes, const NF: usize> {
    group: LaneGroup<V, NF>,
    problem: DualProblem<V, NF>,
    found: Found<NF>,
}

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
