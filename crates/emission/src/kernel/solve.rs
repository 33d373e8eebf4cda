//! From counts to the solution.

use super::{
    Matrix, Shared, Vector, group::Group, jacobi::decompose, lq::lower_triangle, pixel::Scratch,
    regularise::System, results::write_rows, weights,
};
use crate::{Real, Weights, lanes::Lanes, map::Slab};

/// What comes out of a group, beside the arrays.
pub(super) struct Found<V: Lanes, const NF: usize> {
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
pub(super) fn solve<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &Group<V, NF>,
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, V::Scalar>,
    first: usize,
) -> (System<V, NF>, Found<V, NF>) {
    let inversion = shared.inversion;
    let grid = (shared.scale, inversion.mu_samples);
    let (mut first_margin, mut first_doubt) = (V::constant(f64::INFINITY), V::constant(0.0));
    if !group.given {
        if matches!(inversion.weights, Weights::EmissionMeasureLoci(_)) {
            weights::loci(shared, &group.counts, &group.inverse_sigma, &mut scratch.a);
        } else {
            (first_margin, first_doubt) = first_solution(shared, group, scratch);
        }
        weights::smooth(&scratch.a, &mut scratch.b);
    }
    weights::constrain(shared, &scratch.b, &mut scratch.l);

    for ((x, l), row) in scratch.x.iter_mut().zip(&scratch.l).zip(&shared.response) {
        let root = l.root();
        for f in 0..NF {
            x[f] = V::splat(row[f]) * root;
        }
    }
    let triangle = lower_triangle(&mut scratch.x);
    let decomposed = decompose(scaled(&triangle, &group.inverse_sigma));
    let system = System::new(
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
        let running = zero.less(negative);
        if iteration > 0 && !V::any(running) {
            break;
        }
        iterations = V::select(running, iterations + one, iterations);
        let chosen = system.lambda(group.channels * V::constant(target), &scratch.curve);
        let next = V::select(running, chosen.lambda, lambda);
        margin = V::select(running, chosen.margin.min(margin), margin);
        target *= inversion.target_growth;
        if !V::any(zero.less((next - lambda).abs())) {
            continue; // the same points of the grid: the same solutions
        }
        lambda = next;
        let d = system.damping(lambda);
        let z = system.coefficients(&d);
        let (mut least, mut largest) = (V::constant(f64::INFINITY), zero);
        for ((to, row), &l) in scratch.a.iter_mut().zip(&shared.response).zip(&scratch.l) {
            let x = l * dot(row, &z);
            least = x.min(least);
            largest = x.max(largest);
            *to = x;
        }
        let limit = round_off * largest;
        // What is over has the same λ and the same solution as before.
        negative = V::select(V::both(running, least.less(limit)), one, zero);
        if shared.tolerance > V::Scalar::default() && V::any(zero.less(negative)) {
            let e = system.error_coefficients(&d);
            let beyond = beyond_errors(shared, &e, &scratch.a, &scratch.l, limit, negative);
            within = V::select(running, negative - beyond, within);
            negative = beyond;
        }
    }

    let z = system.coefficients(&system.damping(lambda));
    let mut synthetic = [zero; NF];
    let bins = shared
        .response
        .iter()
        .zip(&shared.to_report)
        .zip(&scratch.l);
    for (to, ((row, &factor), &l)) in scratch.a.iter_mut().zip(bins) {
        let x = l * dot(row, &z);
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
        margin.less(V::constant(V::Scalar::LEAST_MARGIN)),
        one,
        doubtful,
    );
    (
        system,
        Found {
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
        let in_question = V::both(x.less(limit), zero.less(undecided));
        if !V::any(in_question) {
            continue;
        }
        let mut variance = zero;
        for k in 0..NF {
            let part = dot(row, &e[k]);
            variance = variance + part * part;
        }
        let allowed = zero - tolerance * (variance.root() * l);
        undecided = V::select(V::both(in_question, x.less(allowed)), zero, undecided);
    }
    negative - undecided
}

/// The first solution of self-normalised weights, into `scratch.a`; returns the margin of its λ,
/// and 1 where the precision is not enough.
#[inline(always)]
fn first_solution<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &Group<V, NF>,
    scratch: &mut Scratch<V, NF>,
) -> (V, V) {
    let mut triangle = [[V::constant(0.0); NF]; NF];
    for f in 0..NF {
        for i in 0..=f {
            triangle[f][i] = V::splat(shared.first[f][i]);
        }
    }
    let decomposed = decompose(scaled(&triangle, &group.inverse_sigma));
    let grid = (shared.scale, shared.inversion.mu_samples);
    let system = System::new(
        decomposed,
        &group.g,
        &group.inverse_sigma,
        grid,
        &mut scratch.curve,
    );
    let target = group.channels * V::constant(shared.inversion.chi_squared_target);
    let chosen = system.lambda(target, &scratch.curve);
    let z = system.coefficients(&system.damping(chosen.lambda));
    for ((to, row), &width) in scratch
        .a
        .iter_mut()
        .zip(&shared.response)
        .zip(&shared.widths)
    {
        *to = V::splat(width) * dot(row, &z);
    }
    weights::from_first_solution(&mut scratch.a, V::constant(1.0 / shared.scale));
    (chosen.margin, system.beyond_precision())
}

#[inline(always)]
pub(super) fn dot<V: Lanes, const NF: usize>(row: &[V::Scalar; NF], z: &Vector<V, NF>) -> V {
    let mut sum = V::splat(row[0]) * z[0];
    for f in 1..NF {
        sum = sum + V::splat(row[f]) * z[f];
    }
    sum
}

#[inline(always)]
fn scaled<V: Lanes, const NF: usize>(
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
