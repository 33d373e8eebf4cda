//! From counts to the solution.

use super::{
    Matrix, Shared, Vector, group::LaneGroup, jacobi::decompose_rows, lq::lower_triangle,
    pixel::Scratch, regularise::RegularisedSystem, results::write_rows, weights,
};
use crate::{Real, Weights, lanes::Lanes, map::Slab};

/// What comes out of a group, beside the arrays.
pub(super) struct GroupSolution<V: Lanes, const NF: usize> {
    pub(super) lambda: V,
    pub(super) iterations: V,
    /// 1 where a bin is negative by more than the tolerance.
    pub(super) negative: V,
    /// 1 where a bin is negative, but none by more than the tolerance.
    pub(super) within: V,
    pub(super) chi_squared: V,
    pub(super) synthetic: Vector<V, NF>,
    /// 1 where the precision is not enough to be sure of the numbers.
    pub(super) doubtful: V,
}

/// Weights, constraint, decomposition, iterations; writes the emission.
#[inline(always)]
pub(super) fn solve_group<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &LaneGroup<V, NF>,
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, V::Scalar>,
    first: usize,
) -> (RegularisedSystem<V, NF>, GroupSolution<V, NF>) {
    let inversion = shared.inversion;
    let grid = (shared.scale, inversion.mu_samples);
    let (mut first_margin, mut first_doubt) = (V::constant(f64::INFINITY), V::constant(0.0));
    if !group.given {
        if matches!(inversion.weights, Weights::EmissionMeasureLoci(_)) {
            weights::fill_loci(shared, &group.counts, &group.inverse_sigma, &mut scratch.a);
        } else {
            (first_margin, first_doubt) = solve_first(shared, group, scratch);
        }
        weights::smooth_weights(&scratch.a, &mut scratch.b);
    }
    weights::fill_constraint(shared, &scratch.b, &mut scratch.l);

    for ((x, l), row) in scratch.x.iter_mut().zip(&scratch.l).zip(&shared.response) {
        let root = l.square_root();
        for f in 0..NF {
            x[f] = V::splat(row[f]) * root;
        }
    }
    let triangle = lower_triangle(&mut scratch.x);
    let decomposed = decompose_rows(scale_rows(&triangle, &group.inverse_sigma));
    let system = RegularisedSystem::new(
        decomposed,
        &group.g,
        &group.inverse_sigma,
        grid,
        &mut scratch.curve,
    );

    let (zero, one) = (V::constant(0.0), V::constant(1.0));
    let round_off = zero - V::splat(shared.round_off);
    let mut target = inversion.chi_squared_target;
    let (mut lambda, mut iterations, mut negative, mut within) = (zero, zero, one, zero);
    let mut margin = first_margin;
    for iteration in 0..inversion.max_iterations {
        let running = zero.less_than(negative);
        if iteration > 0 && !V::any_lane(running) {
            break;
        }
        iterations = V::select(running, iterations + one, iterations);
        let chosen = system.choose_lambda(group.channels * V::constant(target), &scratch.curve);
        let next = V::select(running, chosen.lambda, lambda);
        margin = V::select(running, chosen.margin.min(margin), margin);
        target *= inversion.target_growth;
        if !V::any_lane(zero.less_than((next - lambda).abs())) {
            continue; // the same points of the grid: the same solutions
        }
        lambda = next;
        let d = system.damping_factors(lambda);
        let z = system.solution_coefficients(&d);
        let (mut least, mut largest) = (V::constant(f64::INFINITY), zero);
        for ((to, row), &l) in scratch.a.iter_mut().zip(&shared.response).zip(&scratch.l) {
            let x = l * dot_response(row, &z);
            least = x.min(least);
            largest = x.max(largest);
            *to = x;
        }
        let limit = round_off * largest;
        // What is over has the same λ and the same solution as before.
        negative = V::select(V::both_masks(running, least.less_than(limit)), one, zero);
        if shared.tolerance > V::Scalar::default() && V::any_lane(zero.less_than(negative)) {
            let e = system.error_coefficients(&d);
            let beyond = beyond_errors(shared, &e, &scratch.a, &scratch.l, limit, negative);
            within = V::select(running, negative - beyond, within);
            negative = beyond;
        }
    }

    let z = system.solution_coefficients(&system.damping_factors(lambda));
    let mut synthetic = [zero; NF];
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
    write_rows(&scratch.a, slab.emission, slab.status.len(), first);
    let mut chi_squared = zero;
    for f in 0..NF {
        let residual = (group.counts[f] - synthetic[f]) * group.inverse_sigma[f];
        chi_squared = chi_squared + residual * residual;
    }
    chi_squared = chi_squared / group.channels;
    let doubtful = first_doubt.max(system.beyond_precision());
    let doubtful = V::select(
        margin.less_than(V::constant(V::Scalar::LEAST_MARGIN)),
        one,
        doubtful,
    );
    (
        system,
        GroupSolution {
            lambda,
            iterations,
            negative,
            within,
            chi_squared,
            synthetic,
            doubtful,
        },
    )
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

/// The first solution of self-normalised weights, into `scratch.a`; returns the margin of its λ,
/// and 1 where the precision is not enough.
#[inline(always)]
fn solve_first<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &LaneGroup<V, NF>,
    scratch: &mut Scratch<V, NF>,
) -> (V, V) {
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
    (chosen.margin, system.beyond_precision())
}

#[inline(always)]
pub(super) fn dot_response<V: Lanes, const NF: usize>(
    row: &[V::Scalar; NF],
    z: &Vector<V, NF>,
) -> V {
    let mut sum = V::splat(row[0]) * z[0];
    for f in 1..NF {
        sum = sum + V::splat(row[f]) * z[f];
    }
    sum
}

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
