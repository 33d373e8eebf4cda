//! A slab of pixels, lanes at a time.

use super::{
    Matrix, Rows, Shared, Vector,
    jacobi::decompose,
    lq::lower_triangle,
    regularise::{Curve, System},
    resolution::resolution,
    weights,
};
use crate::{Compat, Real, Status, Weights, lanes::Lanes, map::Slab, screen::screen};

const MOST_LANES: usize = 8;

/// Room for one group of lanes; made once a thread.
#[derive(Debug)]
pub(crate) struct Scratch<V, const NF: usize> {
    x: Vec<[V; NF]>,
    l: Vec<V>,
    a: Vec<V>,
    b: Vec<V>,
    curve: Curve<V>,
}

impl<V: Lanes, const NF: usize> Scratch<V, NF> {
    #[inline(always)]
    fn new(bins: usize) -> Self {
        let zeros = vec![V::constant(0.0); bins];
        let curve = Curve::new();
        Self { x: vec![[V::constant(0.0); NF]; bins], l: zeros.clone(), a: zeros.clone(), b: zeros, curve }
    }
}

/// What goes into a group of lanes. A lane without a pixel to invert holds harmless numbers.
struct Group<V: Lanes, const NF: usize> {
    counts: Vector<V, NF>,
    inverse_sigma: Vector<V, NF>,
    g: Vector<V, NF>,
    /// Channels in use.
    channels: V,
    given: bool,
    screened: [Result<u32, Status>; MOST_LANES],
}

/// What comes out of it, beside the arrays.
struct Found<V: Lanes, const NF: usize> {
    lambda: V,
    iterations: V,
    negative: V,
    chi_squared: V,
    synthetic: Vector<V, NF>,
    /// 1 where the precision is not enough to be sure of the numbers.
    doubtful: V,
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
        let group = load::<V, NF>(shared, rows, first, slab.pixels(), &mut scratch);
        let (system, found) = solve(shared, &group, &mut scratch, &mut slab, first);
        errors(shared, &system, found.lambda, &mut scratch, &mut slab, first);
        store(shared, &group, &found, &mut slab, first);
        first += V::COUNT;
    }
}

#[inline(always)]
fn load<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    rows: Rows<'_, V::Scalar>,
    first: usize,
    pixels: usize,
    scratch: &mut Scratch<V, NF>,
) -> Group<V, NF> {
    let n = shared.channels;
    let (zero, one) = (V::Scalar::default(), V::Scalar::of(1.0));
    let mut counts = [[zero; MOST_LANES]; NF];
    let mut inverse_sigma = [[zero; MOST_LANES]; NF];
    let mut g = [[zero; MOST_LANES]; NF];
    let mut used = [V::Scalar::of(n as f64); MOST_LANES];
    let mut screened = [Err(Status::NoChannel); MOST_LANES];
    for lane in 0..V::COUNT {
        let pixel = first + lane;
        if pixel < pixels {
            let (count, sigma) = (&rows.counts[pixel * n..][..n], &rows.sigma[pixel * n..][..n]);
            screened[lane] = screen(shared.inversion, count, sigma);
            if let Ok(dropped) = screened[lane] {
                for f in 0..n {
                    if dropped & (1 << f) == 0 {
                        counts[f][lane] = count[f];
                        inverse_sigma[f][lane] = one / sigma[f];
                        g[f][lane] = count[f] / sigma[f];
                    }
                }
                used[lane] = V::Scalar::of((n - dropped.count_ones() as usize) as f64);
                continue;
            }
        }
        for f in 0..n {
            (counts[f][lane], inverse_sigma[f][lane], g[f][lane]) = (one, one, one);
        }
    }
    let given = load_weights(shared, rows.first + first, pixels - first, scratch, &mut screened);
    let (mut a, mut b, mut c) = ([V::constant(0.0); NF], [V::constant(0.0); NF], [V::constant(0.0); NF]);
    for f in 0..NF {
        (a[f], b[f], c[f]) = (V::load(&counts[f]), V::load(&inverse_sigma[f]), V::load(&g[f]));
    }
    Group { counts: a, inverse_sigma: b, g: c, channels: V::load(&used), given, screened }
}

/// Given weights into `scratch.b`; whether they are to be used. Rows that stand for "not given" are all or none in a group, or solved by the definition
/// (see `cpu`).
#[inline(always)]
fn load_weights<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    first: usize,
    pixels: usize,
    scratch: &mut Scratch<V, NF>,
    screened: &mut [Result<u32, Status>; MOST_LANES],
) -> bool {
    let Weights::Given(given) = &shared.inversion.weights else { return false };
    let one_row = given.nrows() == 1;
    for t in 0..shared.response.len() {
        let mut here = [V::Scalar::of(1.0); MOST_LANES];
        for lane in 0..V::COUNT.min(pixels) {
            let weight = given[[if one_row { 0 } else { first + lane }, t]];
            here[lane] = V::Scalar::of(weight);
            if !V::Scalar::has_room_for(weight, shared.constraint) && screened[lane].is_ok() {
                screened[lane] = Err(Status::OutOfRange);
            }
        }
        scratch.b[t] = V::load(&here).abs();
    }
    true
}

#[inline(always)]
fn solve<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &Group<V, NF>,
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, V::Scalar>,
    first: usize,
) -> (System<V, NF>, Found<V, NF>) {
    let inversion = shared.inversion;
    let bins = shared.response.len();
    let grid = (shared.scale, inversion.mu_samples);
    let mut first_margin = V::constant(f64::INFINITY);
    if !group.given {
        if matches!(inversion.weights, Weights::EmissionMeasureLoci(_)) {
            weights::loci(shared, &group.counts, &group.inverse_sigma, &mut scratch.a);
        } else {
            first_margin = first_solution(shared, group, scratch);
        }
        weights::smooth(&scratch.a, &mut scratch.b);
    }
    weights::constrain(shared, &scratch.b, &mut scratch.l);

    for t in 0..bins {
        let root = scratch.l[t].root();
        for f in 0..NF {
            scratch.x[t][f] = V::splat(shared.response[t][f]) * root;
        }
    }
    let triangle = lower_triangle(&mut scratch.x);
    let decomposed = decompose(scaled(&triangle, &group.inverse_sigma));
    let system = System::new(decomposed, &group.g, &group.inverse_sigma, grid, &mut scratch.curve);

    let (zero, one) = (V::constant(0.0), V::constant(1.0));
    let tolerance = zero - V::splat(shared.round_off);
    let mut target = inversion.chi_squared_target;
    let (mut lambda, mut iterations, mut negative) = (zero, zero, one);
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
        let z = system.coefficients(&system.damping(lambda));
        let (mut least, mut largest) = (V::constant(f64::INFINITY), zero);
        for t in 0..bins {
            let x = scratch.l[t] * dot(&shared.response[t], &z);
            least = x.min(least);
            largest = x.max(largest);
        }
        negative = V::select(least.less(tolerance * largest), one, zero);
    }

    let z = system.coefficients(&system.damping(lambda));
    let mut synthetic = [zero; NF];
    for t in 0..bins {
        let row = &shared.response[t];
        let x = scratch.l[t] * dot(row, &z);
        for f in 0..NF {
            synthetic[f] = synthetic[f] + V::splat(row[f]) * x;
        }
        scratch.a[t] = x * V::splat(shared.to_report[t]);
    }
    write_rows(&scratch.a, slab.emission, slab.status.len(), first);
    let mut chi_squared = zero;
    for f in 0..NF {
        let residual = (group.counts[f] - synthetic[f]) * group.inverse_sigma[f];
        chi_squared = chi_squared + residual * residual;
    }
    chi_squared = chi_squared / group.channels;
    let doubtful = V::select(margin.less(V::constant(V::Scalar::LEAST_MARGIN)), one, system.beyond_precision());
    (system, Found { lambda, iterations, negative, chi_squared, synthetic, doubtful })
}

/// The first solution of self-normalised weights, into `scratch.a`; returns the margin of its λ.
#[inline(always)]
fn first_solution<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &Group<V, NF>,
    scratch: &mut Scratch<V, NF>,
) -> V {
    let mut triangle = [[V::constant(0.0); NF]; NF];
    for f in 0..NF {
        for i in 0..=f {
            triangle[f][i] = V::splat(shared.first[f][i]);
        }
    }
    let decomposed = decompose(scaled(&triangle, &group.inverse_sigma));
    let grid = (shared.scale, shared.inversion.mu_samples);
    let system = System::new(decomposed, &group.g, &group.inverse_sigma, grid, &mut scratch.curve);
    let target = group.channels * V::constant(shared.inversion.chi_squared_target);
    let chosen = system.lambda(target, &scratch.curve);
    let z = system.coefficients(&system.damping(chosen.lambda));
    for t in 0..shared.response.len() {
        scratch.a[t] = V::splat(shared.widths[t]) * dot(&shared.response[t], &z);
    }
    weights::from_first_solution(&mut scratch.a, V::constant(1.0 / shared.scale));
    chosen.margin
}

/// Vertical and horizontal errors, those that were asked for.
#[inline(always)]
fn errors<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    system: &System<V, NF>,
    lambda: V,
    scratch: &mut Scratch<V, NF>,
    slab: &mut Slab<'_, V::Scalar>,
    first: usize,
) {
    let outputs = shared.inversion.outputs;
    if !outputs.uncertainty && !outputs.log_t_resolution {
        return;
    }
    let e = system.error_coefficients(&system.damping(lambda));
    if outputs.uncertainty {
        for t in 0..shared.response.len() {
            let mut variance = V::constant(0.0);
            for k in 0..NF {
                let part = dot(&shared.response[t], &e[k]);
                variance = variance + part * part;
            }
            scratch.a[t] = variance.root() * scratch.l[t] * V::splat(shared.to_report[t]);
        }
        write_rows(&scratch.a, slab.uncertainty, slab.status.len(), first);
    }
    if outputs.log_t_resolution {
        let n = system.averaging_coefficients(&e);
        resolution(shared, &scratch.l, &n, &mut scratch.a, &mut scratch.b);
        write_rows(&scratch.b, slab.log_t_resolution, slab.status.len(), first);
    }
}

#[inline(always)]
fn dot<V: Lanes, const NF: usize>(row: &[V::Scalar; NF], z: &Vector<V, NF>) -> V {
    let mut sum = V::splat(row[0]) * z[0];
    for f in 1..NF {
        sum = sum + V::splat(row[f]) * z[f];
    }
    sum
}

#[inline(always)]
fn scaled<V: Lanes, const NF: usize>(triangle: &Matrix<V, NF>, inverse_sigma: &Vector<V, NF>) -> Matrix<V, NF> {
    let mut rows = *triangle;
    for f in 0..NF {
        for i in 0..NF {
            rows[f][i] = rows[f][i] * inverse_sigma[f];
        }
    }
    rows
}

/// From one value a bin and lane to one row a pixel.
#[inline(always)]
fn write_rows<V: Lanes>(values: &[V], to: &mut [V::Scalar], pixels: usize, first: usize) {
    let bins = values.len();
    let lanes = V::COUNT.min(pixels - first);
    let to = &mut to[first * bins..][..lanes * bins];
    let mut here = [V::Scalar::default(); MOST_LANES];
    for (t, value) in values.iter().enumerate() {
        value.store(&mut here);
        for lane in 0..lanes {
            to[lane * bins + t] = here[lane];
        }
    }
}

/// Numbers of a pixel, and what became of it.
#[inline(always)]
fn store<V: Lanes, const NF: usize>(
    shared: &Shared<'_, V::Scalar, NF>,
    group: &Group<V, NF>,
    found: &Found<V, NF>,
    slab: &mut Slab<'_, V::Scalar>,
    first: usize,
) {
    let missing = if shared.inversion.compat == Compat::Reference { 0.0 } else { f64::NAN };
    let mut lanes = [[V::Scalar::default(); MOST_LANES]; 5];
    found.lambda.store(&mut lanes[0]);
    found.iterations.store(&mut lanes[1]);
    found.negative.store(&mut lanes[2]);
    found.chi_squared.store(&mut lanes[3]);
    found.doubtful.store(&mut lanes[4]);
    let mut synthetic = [[V::Scalar::default(); MOST_LANES]; NF];
    for f in 0..NF {
        found.synthetic[f].store(&mut synthetic[f]);
    }
    let [lambda, iterations, negative, chi_squared, doubtful] = lanes;
    for lane in 0..V::COUNT.min(slab.pixels() - first) {
        let i = first + lane;
        match group.screened[lane] {
            Err(status) => slab.reject(i, status, missing),
            Ok(_) if !chi_squared[lane].wide().is_finite() || doubtful[lane].wide() > 0.0 => {
                slab.reject(i, Status::OutOfRange, missing)
            }
            Ok(dropped) => {
                slab.chi_squared[i] = chi_squared[lane];
                slab.lambda[i] = lambda[lane].wide() / (shared.scale * shared.scale);
                slab.iterations[i] = iterations[lane].wide() as u32;
                slab.dropped[i] = dropped;
                slab.status[i] = match (negative[lane].wide() > 0.0, dropped) {
                    (true, _) => Status::PositivityNotReached,
                    (false, 0) => Status::Converged,
                    (false, _) => Status::ChannelDropped,
                };
                for f in 0..shared.channels {
                    slab.synthetic[i * shared.channels + f] = synthetic[f][lane];
                }
            }
        }
    }
}
