//! From counts to the solution.

use super::{
    group::LaneGroup,
    jacobi::decompose_rows,
    lq::lower_triangle,
    regularise::RegularisedSystem,
    rows::write_rows,
    scratch::Scratch,
    shared::Shared,
    vectors::{Matrix, Vector, dot_response},
    weights,
};
use crate::{Real, Weights, lanes::Lanes, map::Slab};

/// The solution of a group, except for the arrays.
pub(super) struct GroupSolution<V: Lanes, const NF: usize> {
    pub(super) lambda: V,
    pub(super) iterations: V,
    /// 1 if a bin is negative by more than the tolerance.
    pub(super) negative: V,
    /// 1 if a bin is negative, but none by more than the tolerance.
    pub(super) within: V,
    pub(super) chi_squared: V,
    pub(super) synthetic: Vector<V, NF>,
    /// 1 if the precision is not enough to be sure of the numbers.
    pub(super) doubtful: V,
}

/// How sure the choice of λ is, lane by lane.
#[derive(Clone, Copy)]
struct Certainty<V> {
    /// Least margin of a chosen λ to the second nearest, in units of the target.
    margin: V,
    /// 1 if the precision is not enough.
    doubtful: V,
}

/// Where the iterations ended.
struct Iterated<V> {
    lambda: V,
    iterations: V,
    negative: V,
    within: V,
    margin: V,
}

/// The signs of a solution: 1 if a bin is negative by more, or by no more than the tolerance.
struct LaneSigns<V> {
    negative: V,
    within: V,
}

/// Solves a group of pixels: weights, constraint, decomposition, iterations. Writes the emission.
#[inline(always)]
pub(super) fn solve_group<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &LaneGroup<V, NF>,
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, V::Scalar>,
    first: usize,
) -> (RegularisedSystem<V, NF>, GroupSolution<V, NF>) {
    let certainty = prepare_weights(shared, group, scratch);
    weights::fill_constraint(shared, &scratch.b, &mut scratch.l);
    let system = decompose_group(shared, group, scratch);
    let found = iterate_target(shared, group, &system, scratch, certainty.margin);
    let synthetic = report_solution(shared, &system, found.lambda, scratch);
    write_rows(&scratch.a, slab.emission, slab.status.len(), first);
    let doubtful = certainty.doubtful.max(system.beyond_precision());
    let is_close = found.margin.less_than(V::constant(V::Scalar::LEAST_MARGIN));
    let solution = GroupSolution {
        lambda: found.lambda,
        iterations: found.iterations,
        negative: found.negative,
        within: found.within,
        chi_squared: chi_squared_of(group, &synthetic),
        synthetic,
        doubtful: V::select(is_close, V::constant(1.0), doubtful),
    };
    (system, solution)
}

/// Weights into `scratch.b`, unless they were given and are there already.
#[inline(always)]
fn prepare_weights<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &LaneGroup<V, NF>,
    scratch: &mut Scratch<V, NF>,
) -> Certainty<V> {
    let mut certainty = Certainty {
        margin: V::constant(f64::INFINITY),
        doubtful: V::constant(0.0),
    };
    if !group.given {
        if matches!(shared.inversion.weights, Weights::EmissionMeasureLoci(_)) {
            weights::fill_loci(shared, &group.counts, &group.inverse_sigma, &mut scratch.a);
        } else {
            certainty = solve_first(shared, group, scratch);
        }
        weights::smooth_weights(&scratch.a, &mut scratch.b);
    }
    certainty
}

/// The system under the constraint in `scratch.l`.
#[inline(always)]
fn decompose_group<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &LaneGroup<V, NF>,
    scratch: &mut Scratch<V, NF>,
) -> RegularisedSystem<V, NF> {
    for ((x, l), row) in scratch.x.iter_mut().zip(&scratch.l).zip(&shared.response) {
        let root = l.square_root();
        for f in 0..NF {
            x[f] = V::splat(row[f]) * root;
        }
    }
    let triangle = lower_triangle(&mut scratch.x);
    let decomposed = decompose_rows(scale_rows(&triangle, &group.inverse_sigma));
    RegularisedSystem::new(
        decomposed,
        &group.g,
        &group.inverse_sigma,
        (shared.scale, shared.inversion.mu_samples),
        &mut scratch.curve,
    )
}

/// Raises the χ² target until no bin is negative by more than the tolerance, or the iterations are
/// over. `margin` is that of the first solution.
#[inline(always)]
fn iterate_target<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &LaneGroup<V, NF>,
    system: &RegularisedSystem<V, NF>,
    scratch: &mut Scratch<V, NF>,
    margin: V,
) -> Iterated<V> {
    let inversion = shared.inversion;
    let zero = V::constant(0.0);
    let one = V::constant(1.0);
    let mut target = inversion.chi_squared_target;
    let mut found = Iterated {
        lambda: zero,
        iterations: zero,
        negative: one,
        within: zero,
        margin,
    };
    for iteration in 0..inversion.max_iterations {
        let running = zero.less_than(found.negative);
        if iteration > 0 && !V::any_lane(running) {
            break;
        }
        found.iterations = V::select(running, found.iterations + one, found.iterations);
        let chosen = system.choose_lambda(group.channels * V::constant(target), &scratch.curve);
        let next = V::select(running, chosen.lambda, found.lambda);
        found.margin = V::select(running, chosen.margin.min(found.margin), found.margin);
        target *= inversion.target_growth;
        if !V::any_lane(zero.less_than((next - found.lambda).abs())) {
            continue; // the same points of the grid: the same solutions
        }
        found.lambda = next;
        let signs = signs_at(shared, system, found.lambda, scratch, running);
        found.within = V::select(running, signs.within, found.within);
        found.negative = signs.negative;
    }
    found
}

/// The signs of the solution at λ, in the lanes that are `running`; the solution goes to
/// `scratch.a`.
#[inline(always)]
fn signs_at<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    system: &RegularisedSystem<V, NF>,
    lambda: V,
    scratch: &mut Scratch<V, NF>,
    running: V::Mask,
) -> LaneSigns<V> {
    let zero = V::constant(0.0);
    let d = system.damping_factors(lambda);
    let z = system.solution_coefficients(&d);
    let mut least = V::constant(f64::INFINITY);
    let mut largest = zero;
    for ((to, row), &l) in scratch.a.iter_mut().zip(&shared.response).zip(&scratch.l) {
        let x = l * dot_response(row, &z);
        least = x.min(least);
        largest = x.max(largest);
        *to = x;
    }
    let limit = (zero - V::splat(shared.round_off)) * largest;
    // A lane that is over has the same λ and the same solution as before.
    let below = V::both_masks(running, least.less_than(limit));
    let negative = V::select(below, V::constant(1.0), zero);
    if shared.tolerance > V::Scalar::default() && V::any_lane(zero.less_than(negative)) {
        let e = system.error_coefficients(&d);
        let beyond = beyond_errors(shared, &e, &scratch.a, &scratch.l, limit, negative);
        return LaneSigns {
            negative: beyond,
            within: negative - beyond,
        };
    }
    LaneSigns {
        negative,
        within: zero,
    }
}

/// The solution at λ in the reported units into `scratch.a`; returns its counts.
#[inline(always)]
fn report_solution<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    system: &RegularisedSystem<V, NF>,
    lambda: V,
    scratch: &mut Scratch<V, NF>,
) -> Vector<V, NF> {
    let z = system.solution_coefficients(&system.damping_factors(lambda));
    let mut synthetic = [V::constant(0.0); NF];
    let bins = shared
        .response
        .iter()
        .zip(&shared.to_report)
        .zip(&scratch.l);
    for (to, ((row, &factor), &l)) in scratch.a.iter_mut().zip(bins) {
        let x = l * dot_response(row, &z);
        for f in 0..NF {
            synthetic[f] = synthetic[f] + V::splat(row[f]) * x;
        }
        *to = x * V::splat(factor);
    }
    synthetic
}

/// χ² per channel in use.
#[inline(always)]
fn chi_squared_of<V: Lanes, const NF: usize>(
    group: &LaneGroup<V, NF>,
    synthetic: &Vector<V, NF>,
) -> V {
    let mut chi_squared = V::constant(0.0);
    for f in 0..NF {
        let residual = (group.counts[f] - synthetic[f]) * group.inverse_sigma[f];
        chi_squared = chi_squared + residual * residual;
    }
    chi_squared / group.channels
}

/// 1 in those lanes of `negative` (1, else 0) in which a bin of the solution `x` is below `limit`
/// and negative by more than the tolerance of its own vertical error. One such bin decides, so a
/// lane that has one asks for no more errors.
#[inline(always)]
fn beyond_errors<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    e: &Matrix<V, NF>,
    x: &[V],
    l: &[V],
    limit: V,
    negative: V,
) -> V {
    let zero = V::constant(0.0);
    let tolerance = V::splat(shared.tolerance);
    let mut undecided = negative;
    for ((row, &x), &l) in shared.response.iter().zip(x).zip(l) {
        let in_question = V::both_masks(x.less_than(limit), zero.less_than(undecided));
        if !V::any_lane(in_question) {
            continue;
        }
        let mut variance = zero;
        for k in 0..NF {
            let part = dot_response(row, &e[k]);
            variance = variance + part * part;
        }
        let allowed = zero - tolerance * (variance.square_root() * l);
        undecided = V::select(
            V::both_masks(in_question, x.less_than(allowed)),
            zero,
            undecided,
        );
    }
    negative - undecided
}

/// The first solution of self-normalised weights, into `scratch.a`; returns how sure its λ is.
#[inline(always)]
fn solve_first<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &LaneGroup<V, NF>,
    scratch: &mut Scratch<V, NF>,
) -> Certainty<V> {
    let mut triangle = [[V::constant(0.0); NF]; NF];
    for f in 0..NF {
        for i in 0..=f {
            triangle[f][i] = V::splat(shared.first[f][i]);
        }
    }
    let decomposed = decompose_rows(scale_rows(&triangle, &group.inverse_sigma));
    let grid = (shared.scale, shared.inversion.mu_samples);
    let system = RegularisedSystem::new(
        decomposed,
        &group.g,
        &group.inverse_sigma,
        grid,
        &mut scratch.curve,
    );
    let target = group.channels * V::constant(shared.inversion.chi_squared_target);
    let chosen = system.choose_lambda(target, &scratch.curve);
    let z = system.solution_coefficients(&system.damping_factors(chosen.lambda));
    for ((to, row), &width) in scratch
        .a
        .iter_mut()
        .zip(&shared.response)
        .zip(&shared.widths)
    {
        *to = V::splat(width) * dot_response(row, &z);
    }
    weights::from_first_solution(&mut scratch.a, V::constant(1.0 / shared.scale));
    Certainty {
        margin: chosen.margin,
        doubtful: system.beyond_precision(),
    }
}

/// The triangle in units of the errors of its rows.
#[inline(always)]
fn scale_rows<V: Lanes, const NF: usize>(
    triangle: &Matrix<V, NF>,
    inverse_sigma: &Vector<V, NF>,
) -> Matrix<V, NF> {
    let mut rows = *triangle;
    for f in 0..NF {
        for i in 0..NF {
            rows[f][i] = rows[f][i] * inverse_sigma[f];
        }
    }
    rows
}
