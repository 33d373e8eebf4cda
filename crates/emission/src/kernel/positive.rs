//! [`crate::Method::Positive`] in lanes: Newton's method on the dual of [`crate::plain`], one pixel a lane.
//!
//! A lane that is done keeps its z. One pass over the atoms gives height, slope and curvature of the dual together, so that a step that does not climb costs no
//! more than one that does: the step is halved and the pass repeated. In double precision only: columns of neighbouring atoms are all but parallel.

use super::{
    Matrix, Rows, Shared, Vector,
    group::Group,
    pixel::{MOST_LANES, Scratch},
    resolution::width,
    results::write_rows,
};
use crate::{
    Inversion, Outputs, Status,
    backend::{Signs, missing_number},
    dictionary::Dictionary,
    lanes::Lanes,
    map::Slab,
    method::{AIM, AS_HIGH, LEAST_LAMBDA, NEARLY, ROUND_OFF, SETTLED, SHORTEST},
};

/// Newton steps and halvings, at most; what is not done by then is left to the definition.
const PASSES: usize = 80;

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
        let filled = |values: &[f64]| std::array::from_fn(|f| values.get(f).copied().unwrap_or_default());
        Self {
            columns: dictionary.atoms.iter().map(|atom| filled(&atom.column)).collect(),
            preferences: dictionary.atoms.iter().map(|atom| atom.preference).collect(),
            response: dictionary.response.iter().map(|row| filled(row)).collect(),
            to_report: dictionary.to_report,
            profiles: dictionary.atoms.into_iter().map(|atom| (atom.first, atom.profile)).collect(),
        }
    }
}

/// What was found of a group of lanes.
struct Found<V, const NF: usize> {
    z: Vector<V, NF>,
    lambda: V,
    steps: V,
    /// 1 where the maximum was found.
    settled: V,
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
    let mut l = vec![V::constant(0.0); atoms.columns.len()];
    let mut first = 0;
    while first < slab.pixels() {
        let group = Group::<V, NF>::load(shared, rows, first, slab.pixels(), &mut scratch);
        let found = maximise(shared.inversion, atoms, &group, &mut l);
        solution(shared, atoms, &group, &found, &l, &mut scratch, &mut slab, first);
        first += V::COUNT;
    }
}

/// Height, slope and curvature of the dual at a point.
struct Point<V, const NF: usize> {
    height: V,
    slope: Vector<V, NF>,
    /// Lower triangle.
    curvature: Matrix<V, NF>,
    lambda: V,
    /// Of z.
    length: V,
}

#[inline(always)]
fn maximise<V: Lanes<Scalar = f64>, const NF: usize>(
    inversion: &Inversion,
    atoms: &Atoms<NF>,
    group: &Group<V, NF>,
    l: &mut [V],
) -> Found<V, NF> {
    let (zero, one) = (V::constant(0.0), V::constant(1.0));
    let (g, s) = (&group.g, &group.inverse_sigma);
    let mut energy = zero;
    for f in 0..NF {
        energy = energy + g[f] * g[f];
    }
    // Preferences over lengths, the trace of Σ l a aᵀ, and the curve along g.
    let mut seen = [zero; NF];
    for f in 0..NF {
        seen[f] = s[f] * g[f];
    }
    let (mut trace, mut curved) = (zero, zero);
    for (j, column) in atoms.columns.iter().enumerate() {
        let (mut squared, mut along) = (zero, zero);
        for f in 0..NF {
            let c = V::splat(column[f]);
            let a = c * s[f];
            squared = squared + a * a;
            along = along + c * seen[f];
        }
        let length = squared.root();
        l[j] = V::splat(atoms.preferences[j]) / length;
        trace = trace + V::splat(atoms.preferences[j]) * length;
        let up = along.max(zero);
        curved = curved + l[j] * up * up;
    }
    let mean = trace / group.channels;
    let floor = mean * V::constant(LEAST_LAMBDA);
    let aim = group.channels * V::constant(AIM * inversion.chi_squared_target);
    let radius = aim.root();
    let start = (energy - radius * energy.root()) / (curved + floor * energy);
    let mut z = [zero; NF];
    for f in 0..NF {
        z[f] = start * g[f];
    }
    // No emission is enough: nothing to do.
    let nothing = energy.at_most(aim);
    let mut running = V::select(nothing, zero, one);
    let mut settled = V::select(nothing, one, zero);
    let enough = energy.root() * V::constant(SETTLED);
    let round_off = trace * V::constant(ROUND_OFF);
    let nearly = energy * V::constant(NEARLY * NEARLY);
    let (mut height, mut lambda, mut steps) = (V::constant(f64::NEG_INFINITY), mean, zero);
    let mut steepness = V::constant(f64::INFINITY);
    let (mut direction, mut step, mut from) = ([zero; NF], one, z);
    for _ in 0..PASSES {
        let here = point(atoms, group, l, &z, radius, floor);
        let mut squared = zero;
        for f in 0..NF {
            squared = squared + here.slope[f] * here.slope[f];
        }
        // Higher; or, where heights are equal but for round-off, much flatter.
        let as_high = (height - height.abs() * V::constant(AS_HIGH)).at_most(here.height);
        let flatter = V::both(as_high, squared.less(V::constant(0.25) * steepness));
        let better = V::select(height.less(here.height), one, V::select(flatter, one, zero));
        let is_running = zero.less(running);
        let taken = V::both(is_running, zero.less(better));
        let stuck = V::both(is_running, V::both(better.less(one), step.less(V::constant(SHORTEST))));
        let halved = step * V::constant(0.5);
        for f in 0..NF {
            let back = V::select(stuck, from[f], from[f] + halved * direction[f]);
            z[f] = V::select(taken, z[f], V::select(is_running, back, z[f]));
        }
        let done = V::both(taken, squared.root().at_most(enough + round_off * here.length));
        let flat = V::select(steepness.at_most(nearly), one, zero);
        settled = V::select(stuck, flat, V::select(done, one, settled));
        lambda = V::select(taken, here.lambda, lambda);
        steepness = V::select(taken, squared, steepness);
        height = V::select(taken, here.height, height);
        step = V::select(taken, one, halved);
        running = V::select(stuck, zero, V::select(done, zero, running));
        let next = solved(&here.curvature, &here.slope);
        let goes_on = V::both(taken, zero.less(running));
        steps = V::select(goes_on, steps + one, steps);
        for f in 0..NF {
            // Where it is done, one more step leaves round-off.
            z[f] = V::select(done, z[f] + next[f], z[f]);
            from[f] = V::select(goes_on, z[f], from[f]);
            direction[f] = V::select(goes_on, next[f], direction[f]);
            z[f] = V::select(goes_on, z[f] + next[f], z[f]);
        }
        if !V::any(zero.less(running)) {
            break;
        }
    }
    for f in 0..NF {
        z[f] = V::select(nothing, zero, z[f]);
    }
    Found { z, lambda, steps, settled }
}

/// An atom's column times the dual, whose entries are over the errors.
#[inline(always)]
fn slope<V: Lanes<Scalar = f64>, const NF: usize>(column: &[f64; NF], seen: &Vector<V, NF>) -> V {
    let mut along = V::splat(column[0]) * seen[0];
    for f in 1..NF {
        along = along + V::splat(column[f]) * seen[f];
    }
    along
}

/// One pass over the atoms.
#[inline(always)]
fn point<V: Lanes<Scalar = f64>, const NF: usize>(
    atoms: &Atoms<NF>,
    group: &Group<V, NF>,
    l: &[V],
    z: &Vector<V, NF>,
    radius: V,
    floor: V,
) -> Point<V, NF> {
    let zero = V::constant(0.0);
    let (g, s) = (&group.g, &group.inverse_sigma);
    let mut seen = [zero; NF];
    for f in 0..NF {
        seen[f] = s[f] * z[f];
    }
    let mut counts = [zero; NF];
    let mut curvature = [[zero; NF]; NF];
    for (column, &l) in atoms.columns.iter().zip(l) {
        let along = slope(column, &seen);
        let used = zero.less(along);
        if !V::any(used) {
            continue;
        }
        let weight = V::select(used, l, zero);
        for f in 0..NF {
            let here = weight * V::splat(column[f]);
            counts[f] = counts[f] + here * along;
            for h in 0..=f {
                curvature[f][h] = curvature[f][h] + here * V::splat(column[h]);
            }
        }
    }
    let mut squared = zero;
    for f in 0..NF {
        squared = squared + z[f] * z[f];
    }
    let length = squared.root();
    let there = zero.less(length);
    let pull = V::select(there, radius / length, zero);
    let lambda = pull + floor;
    let bend = V::select(there, pull / squared, zero);
    let (mut linear, mut curved) = (zero, zero);
    let mut slope = [zero; NF];
    for f in 0..NF {
        linear = linear + g[f] * z[f];
        curved = curved + counts[f] * seen[f];
        slope[f] = g[f] - counts[f] * s[f] - lambda * z[f];
        for h in 0..=f {
            curvature[f][h] = curvature[f][h] * s[f] * s[h] - bend * z[f] * z[h];
        }
        curvature[f][f] = curvature[f][f] + lambda;
    }
    let half = V::constant(0.5);
    let height = linear - half * curved - radius * length - half * floor * squared;
    Point { height, slope, curvature, lambda, length }
}

/// Cholesky's triangle of a symmetric matrix, in place of its own lower triangle; the diagonal inverted.
#[inline(always)]
fn triangle<V: Lanes<Scalar = f64>, const NF: usize>(a: &Matrix<V, NF>) -> Matrix<V, NF> {
    let mut t = *a;
    for i in 0..NF {
        for j in 0..=i {
            let mut rest = a[i][j];
            for k in 0..j {
                rest = rest - t[i][k] * t[j][k];
            }
            t[i][j] = if i == j { V::constant(1.0) / rest.root() } else { rest * t[j][j] };
        }
    }
    t
}

/// Solves with [`triangle`].
#[inline(always)]
fn substitute<V: Lanes<Scalar = f64>, const NF: usize>(t: &Matrix<V, NF>, b: &Vector<V, NF>) -> Vector<V, NF> {
    let mut x = *b;
    for i in 0..NF {
        for k in 0..i {
            x[i] = x[i] - t[i][k] * x[k];
        }
        x[i] = x[i] * t[i][i];
    }
    for back in 0..NF {
        let i = NF - 1 - back;
        for k in i + 1..NF {
            x[i] = x[i] - t[k][i] * x[k];
        }
        x[i] = x[i] * t[i][i];
    }
    x
}

#[inline(always)]
fn solved<V: Lanes<Scalar = f64>, const NF: usize>(a: &Matrix<V, NF>, b: &Vector<V, NF>) -> Vector<V, NF> {
    substitute(&triangle(a), b)
}

/// Emission, errors, and what became of the pixels.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn solution<V: Lanes<Scalar = f64>, const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    atoms: &Atoms<NF>,
    group: &Group<V, NF>,
    found: &Found<V, NF>,
    l: &[V],
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, f64>,
    first: usize,
) {
    let zero = V::constant(0.0);
    let s = &group.inverse_sigma;
    let bins = atoms.response.len();
    let mut seen = [zero; NF];
    for f in 0..NF {
        seen[f] = s[f] * found.z[f];
    }
    scratch.a.fill(zero);
    for ((column, (from, profile)), &l) in atoms.columns.iter().zip(&atoms.profiles).zip(l) {
        let along = slope(column, &seen);
        let used = zero.less(along);
        if !V::any(used) {
            continue;
        }
        let weight = V::select(used, l * along, zero);
        for (i, &share) in profile.iter().enumerate() {
            scratch.a[from + i] = scratch.a[from + i] + weight * V::splat(share);
        }
    }
    let mut synthetic = [zero; NF];
    for t in 0..bins {
        let x = scratch.a[t];
        for f in 0..NF {
            synthetic[f] = synthetic[f] + V::splat(atoms.response[t][f]) * x;
        }
        scratch.a[t] = x * V::splat(atoms.to_report[t]);
    }
    write_rows(&scratch.a, slab.emission, slab.status.len(), first);
    let mut chi_squared = zero;
    for f in 0..NF {
        let residual = (group.counts[f] - synthetic[f]) * s[f];
        chi_squared = chi_squared + residual * residual;
    }
    chi_squared = chi_squared / group.channels;
    errors(shared, atoms, group, found.lambda, l, scratch, slab, first);
    store(shared, group, found, chi_squared, &synthetic, slab, first);
}

/// What small changes of the counts do at this λ, were all atoms in use.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn errors<V: Lanes<Scalar = f64>, const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    atoms: &Atoms<NF>,
    group: &Group<V, NF>,
    lambda: V,
    l: &[V],
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, f64>,
    first: usize,
) {
    let outputs = shared.inversion.outputs;
    if outputs == Outputs::NONE {
        return;
    }
    let zero = V::constant(0.0);
    let s = &group.inverse_sigma;
    let bins = atoms.response.len();
    // What the atoms that reach a bin see, by how much they may be used there.
    scratch.x.fill([zero; NF]);
    let mut gram = [[zero; NF]; NF];
    for ((column, (from, profile)), &l) in atoms.columns.iter().zip(&atoms.profiles).zip(l) {
        let mut here = [zero; NF];
        for f in 0..NF {
            here[f] = l * V::splat(column[f]) * s[f];
            for h in 0..=f {
                gram[f][h] = gram[f][h] + here[f] * V::splat(column[h]);
            }
        }
        for (i, &share) in profile.iter().enumerate() {
            for f in 0..NF {
                scratch.x[from + i][f] = scratch.x[from + i][f] + here[f] * V::splat(share);
            }
        }
    }
    for f in 0..NF {
        for h in 0..=f {
            gram[f][h] = gram[f][h] * s[h];
        }
        gram[f][f] = gram[f][f] + lambda;
    }
    let triangle = triangle(&gram);
    for t in 0..bins {
        scratch.x[t] = substitute(&triangle, &scratch.x[t]);
        let mut variance = zero;
        for f in 0..NF {
            variance = variance + scratch.x[t][f] * scratch.x[t][f];
        }
        scratch.a[t] = variance.root() * V::splat(atoms.to_report[t]);
    }
    if outputs.uncertainty {
        write_rows(&scratch.a, slab.uncertainty, slab.status.len(), first);
    }
    if outputs.log_t_resolution || outputs.averaging_kernel {
        for k in 0..bins {
            let largest = averaging_column(atoms, s, k, &scratch.x, &mut scratch.a);
            if outputs.log_t_resolution {
                scratch.b[k] = width(shared, k, &scratch.a, largest * V::constant(0.5));
            }
            if outputs.averaging_kernel {
                super::results::write_column(&scratch.a, k, slab.averaging_kernel, slab.status.len(), first);
            }
        }
        if outputs.log_t_resolution {
            write_rows(&scratch.b, slab.log_t_resolution, slab.status.len(), first);
        }
    }
}

/// Column k of the averaging kernel; returns its largest value.
#[inline(always)]
fn averaging_column<V: Lanes<Scalar = f64>, const NF: usize>(
    atoms: &Atoms<NF>,
    s: &Vector<V, NF>,
    k: usize,
    inverse: &[[V; NF]],
    column: &mut [V],
) -> V {
    let mut seen = *s;
    for f in 0..NF {
        seen[f] = V::splat(atoms.response[k][f]) * s[f];
    }
    let mut largest = V::constant(f64::NEG_INFINITY);
    for (to, row) in column.iter_mut().zip(inverse) {
        let mut sum = row[0] * seen[0];
        for f in 1..NF {
            sum = sum + row[f] * seen[f];
        }
        largest = sum.max(largest);
        *to = sum;
    }
    largest
}

#[inline(always)]
fn store<V: Lanes<Scalar = f64>, const NF: usize>(
    shared: &Shared<'_, f64, NF>,
    group: &Group<V, NF>,
    found: &Found<V, NF>,
    chi_squared: V,
    synthetic: &Vector<V, NF>,
    slab: &mut Slab<'_, f64>,
    first: usize,
) {
    let missing = missing_number(shared.inversion);
    let mut lanes = [[0.0; MOST_LANES]; 4];
    found.lambda.store(&mut lanes[0]);
    found.steps.store(&mut lanes[1]);
    found.settled.store(&mut lanes[2]);
    chi_squared.store(&mut lanes[3]);
    let [lambda, steps, settled, chi_squared] = lanes;
    let mut counts = [[0.0; MOST_LANES]; NF];
    for f in 0..NF {
        synthetic[f].store(&mut counts[f]);
    }
    for lane in 0..V::COUNT.min(slab.pixels() - first) {
        let i = first + lane;
        match group.screened[lane].verdict {
            Err(status) => slab.reject(i, status, missing),
            Ok(_) if !chi_squared[lane].is_finite() || settled[lane] == 0.0 => {
                slab.reject(i, Status::OutOfRange, missing);
            }
            Ok(dropped) => {
                slab.chi_squared[i] = chi_squared[lane];
                slab.lambda[i] = lambda[lane];
                slab.iterations[i] = steps[lane] as u32;
                slab.dropped[i] = dropped;
                slab.status[i] = Status::of_result(shared.inversion, Signs::Positive, dropped, chi_squared[lane]);
                for f in 0..shared.channels {
                    slab.synthetic[i * shared.channels + f] = counts[f][lane];
                }
            }
        }
        slab.saturated[i] = group.screened[lane].saturated;
    }
}
