// From counts to the solution: one thread a pixel.
//
// The idea is that of the lanes on the CPU: the solution of a pixel is l[t] R[t] · z, with R shared by all pixels and six numbers z of its own, so
// that the only matrix that is decomposed is 6 x 6. What is different here is where numbers live:
//
// - Nothing that is as long as the number of bins is private. The constraint l is in a buffer, a row a pixel; everything else about a bin is computed
//   where it is needed: twelve operations cost less than a word that is stored and fetched.
// - The triangle is made bin by bin (weights.wgsl), the point of the grid of μ is found by bisection (grid.wgsl), and the six rows of
//   the matrix stay in registers (six.wgsl, decompose.wgsl).
//
// A pixel is doubtful, and inverted again in double precision on the CPU, where counts or errors are beyond 10^±15, counts are too far above their
// errors (10⁴ in single precision), the matrix is too ill conditioned, two points of the grid are all but equally good, or no bin is clearly negative but some
// are not clearly positive: the same limits as on the CPU, and the last one on top. So is a pixel some of whose loops the driver ended.
//
// The floor, six channels, nt bins, p iterations, in operations: two decompositions of 13 k (six sweeps of 15 turns of 145), weights 40 nt, the triangle
// 360 nt, an iteration 0.8 k + 28 nt, the end 26 nt. At nt = 42 and p = 3: 50 k. In bytes a pixel of single precision: 52 read, 224 + 48 + 4 nt written;
// l is read p + 2 times more, from the cache.

// The numbers come first, so that they lie alike in either precision.
struct Parameters {
    // L of the first pass of self-normalised weights.
    first: array<Six, 6>,
    // Weight where the first solution is too small.
    filler: real,
    goal: real,
    growth: real,
    // How far below zero is not negative, in units of the largest.
    round_off: real,
    // How far below zero does not matter, in units of a bin's vertical error.
    tolerance: real,
    // Least ratio of squared singular values.
    least_condition: real,
    // Counts in units of their errors above which the precision is not enough.
    most_signal: real,
    least_margin: real,
    // Squared singular values up to this, in units of the largest, are zero.
    nothing: real,
    pixels: u32,
    bins: u32,
    channels: u32,
    samples: u32,
    most_iterations: u32,
    // 0 self-normalised, 1 EM loci, 2 one row given, 3 a row a pixel given.
    weights: u32,
    // 0 per log T, 1 per bin.
    constraint: u32,
    // Channels of the EM loci weights.
    loci: u32,
    // 1 where the EM loci of counts that are not above zero are those of their errors.
    upper_limits: u32,
    // Exponent of the power of two that R is multiplied by.
    scale: i32,
    two: u32,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> bins: array<Bin>;
// A pixel's counts, then their errors.
@group(0) @binding(2) var<storage, read> observed: array<real>;
// Channels left out, as bits; SKIPPED where there is nothing to invert.
@group(0) @binding(3) var<storage, read> verdicts: array<u32>;
// l, a row a pixel; at first the weights, where they are given a row a pixel.
@group(0) @binding(4) var<storage, read_write> constraint: array<real>;
@group(0) @binding(5) var<storage, read_write> solutions: array<Packed>;
// Counts of the solution, χ², and λ h².
@group(0) @binding(6) var<storage, read_write> numbers: array<Packed>;
// Iterations, state, exponent of 1/h.
@group(0) @binding(7) var<storage, read_write> found: array<vec4<u32>>;

const SKIPPED: u32 = 0x80000000u;
const NONE: u32 = 0u;
const POSITIVE: u32 = 1u;
const NEGATIVE: u32 = 2u;
const DOUBTFUL: u32 = 3u;
// Negative, but in no bin by more than the tolerance.
const WITHIN: u32 = 4u;

struct Pixel {
    counts: Six,
    inverse_sigma: Six,
    g: Six,
    // Channels in use.
    used: real,
}

fn is_usable(x: real) -> bool {
    return abs(x) >= 1e-15 && abs(x) <= 1e15;
}

fn response(t: u32) -> Six {
    return Six(bins[t].low, bins[t].high);
}

fn count_of(i: u32, f: u32) -> real {
    return observed[2u * i * parameters.channels + f];
}

fn error_of(i: u32, f: u32) -> real {
    return observed[(2u * i + 1u) * parameters.channels + f];
}

// A channel's number; 0 where it is left out or not there.
fn one_channel(from_counts: bool, i: u32, f: u32, left_out: u32) -> real {
    if f >= parameters.channels || (left_out & (1u << f)) != 0u { return 0.0; }
    if from_counts { return count_of(i, f); }
    return error_of(i, f);
}

fn channels_of(from_counts: bool, i: u32, left_out: u32) -> Six {
    return Six(
        real3(one_channel(from_counts, i, 0u, left_out), one_channel(from_counts, i, 1u, left_out), one_channel(from_counts, i, 2u, left_out)),
        real3(one_channel(from_counts, i, 3u, left_out), one_channel(from_counts, i, 4u, left_out), one_channel(from_counts, i, 5u, left_out)),
    );
}

fn ratio(a: real, sigma: real) -> real {
    if sigma == 0.0 { return 0.0; }
    return a / sigma;
}

fn load(i: u32, left_out: u32) -> Pixel {
    let c = channels_of(true, i, left_out);
    let s = channels_of(false, i, left_out);
    let inverse = Six(
        real3(ratio(1.0, s[0].x), ratio(1.0, s[0].y), ratio(1.0, s[0].z)),
        real3(ratio(1.0, s[1].x), ratio(1.0, s[1].y), ratio(1.0, s[1].z)),
    );
    let g = Six(
        real3(ratio(c[0].x, s[0].x), ratio(c[0].y, s[0].y), ratio(c[0].z, s[0].z)),
        real3(ratio(c[1].x, s[1].x), ratio(c[1].y, s[1].y), ratio(c[1].z, s[1].z)),
    );
    return Pixel(c, inverse, g, real(parameters.channels - countOneBits(left_out)));
}

// Whether counts and errors are well within the range.
fn is_in_range(i: u32, left_out: u32) -> bool {
    for (var f = 0u; f < parameters.channels; f++) {
        if (left_out & (1u << f)) != 0u { continue; }
        let count = count_of(i, f);
        let usable = (count == 0.0 || is_usable(count)) && is_usable(error_of(i, f));
        if !usable || abs(count_of(i, f)) > parameters.most_signal * abs(error_of(i, f)) { return false; }
    }
    return true;
}

// Whether the solution has a negative bin: POSITIVE, NEGATIVE, WITHIN, or DOUBTFUL where it is all but zero, or at the tolerance.
fn sign_of_solution(system: System, d: Six, z: Six, row: u32) -> u32 {
    let sizes = abs6(z);
    var least = HUGE;
    var lower = HUGE;
    var upper = HUGE;
    var largest: real = 0.0;
    for (var t = 0u; t < parameters.bins; t++) {
        let r = response(t);
        let l = constraint[row + t];
        let x = l * dot6(r, z);
        let guard = GUARD * l * dot6(r, sizes);
        lower = min(lower, x - guard);
        upper = min(upper, x + guard);
        least = min(least, x);
        largest = max(largest, x);
    }
    let limit = -parameters.round_off * largest;
    if upper >= limit && lower < limit { return DOUBTFUL; }
    if !(least < limit) { return POSITIVE; }
    if parameters.tolerance == 0.0 { return NEGATIVE; }
    return sign_within_errors(system, d, z, row, limit);
}

// Of a solution that has bins below `limit`: whether some are negative by more than the tolerance of their vertical errors. At 42 bins as long as the rest
// of an iteration, but few solutions have such bins.
fn sign_within_errors(system: System, d: Six, z: Six, row: u32, limit: real) -> u32 {
    let sizes = abs6(z);
    let s = system.inverse_sigma;
    var state = WITHIN;
    for (var t = 0u; t < parameters.bins; t++) {
        let r = response(t);
        let l = constraint[row + t];
        let x = l * dot6(r, z);
        if x >= limit { continue; }
        let seen = by6(r, s);
        let a = dot6(seen, system.u[0]) * d[0].x;
        let b = dot6(seen, system.u[1]) * d[0].y;
        let c = dot6(seen, system.u[2]) * d[0].z;
        let e = dot6(seen, system.u[3]) * d[1].x;
        let f = dot6(seen, system.u[4]) * d[1].y;
        let g = dot6(seen, system.u[5]) * d[1].z;
        let allowed = parameters.tolerance * l * system.h * sqrt(a * a + b * b + c * c + e * e + f * f + g * g);
        let guard = GUARD * l * dot6(r, sizes) + 64.0 * GUARD * allowed;
        if x + guard < -allowed { return NEGATIVE; }
        if x - guard < -allowed { state = DOUBTFUL; }
    }
    return state;
}

fn nothing_found(i: u32, state: u32) {
    solutions[i * PACKED].second = 0.0;
    found[i] = vec4<u32>(0u, state, 0u, 0u);
}

@compute @workgroup_size(WORKGROUP)
fn solve(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = thread_of(id, groups);
    if i >= parameters.pixels { return; }
    let left_out = verdicts[i];
    if (left_out & SKIPPED) != 0u {
        nothing_found(i, NONE);
        return;
    }
    if !is_in_range(i, left_out) {
        nothing_found(i, DOUBTFUL);
        return;
    }
    let pixel = load(i, left_out);
    let row = i * parameters.bins;

    var largest: real = 1.0;
    if parameters.weights == 0u { largest = weights_from_first_solution(pixel, row); }
    if parameters.weights == 1u { largest = weights_from_loci(pixel, row, left_out); }
    if !(largest > 0.0) {
        nothing_found(i, DOUBTFUL);
        return;
    }
    let system = decompose(triangle_of_constraint(row, largest), pixel);
    let most_energy = parameters.most_signal * parameters.most_signal;
    if system.doubtful || system.total > most_energy {
        nothing_found(i, DOUBTFUL);
        return;
    }

    var goal = parameters.goal;
    var chosen = Chosen(0xffffffffu, 0.0, 0.0);
    var state = NEGATIVE;
    var iterations = 0u;
    var d: Six;
    var z: Six;
    while state == NEGATIVE && iterations < parameters.most_iterations {
        let next = choose(system, pixel.used * goal);
        iterations++;
        goal = min(goal * parameters.growth, 1e30);
        if next.margin < parameters.least_margin { state = DOUBTFUL; }
        // The same point of the grid: the same solution.
        if state == NEGATIVE && next.index != chosen.index {
            d = damping(system, next.mu);
            z = coefficients(system, d);
            state = sign_of_solution(system, d, z, row);
        }
        chosen = next;
    }
    if state == DOUBTFUL {
        nothing_found(i, DOUBTFUL);
        return;
    }

    var synthetic: Six;
    for (var t = 0u; t < parameters.bins; t++) {
        let r = response(t);
        synthetic += r * (constraint[row + t] * dot6(r, z));
    }
    let residual = by6(pixel.counts - synthetic, pixel.inverse_sigma);
    let chi_squared = dot6(residual, residual) / pixel.used;
    if !(chi_squared < 1e30) { state = DOUBTFUL; }
    // Loops that the driver ended, here or in what came before: nothing is known.
    if !is_complete(parameters.two) {
        nothing_found(i, DOUBTFUL);
        return;
    }

    let at = i * PACKED;
    let s = system.inverse_sigma;
    let own = system.squared;
    solutions[at] = Packed(z[0], system.h, z[1], 1.0);
    pack(at + 1u, by6(system.u[0], s) * d[0].x, own[0].x + chosen.mu);
    pack(at + 2u, by6(system.u[1], s) * d[0].y, own[0].y + chosen.mu);
    pack(at + 3u, by6(system.u[2], s) * d[0].z, own[0].z + chosen.mu);
    pack(at + 4u, by6(system.u[3], s) * d[1].x, own[1].x + chosen.mu);
    pack(at + 5u, by6(system.u[4], s) * d[1].y, own[1].y + chosen.mu);
    pack(at + 6u, by6(system.u[5], s) * d[1].z, own[1].z + chosen.mu);
    numbers[i] = Packed(synthetic[0], chi_squared, synthetic[1], chosen.mu);
    found[i] = vec4<u32>(iterations, state, bitcast<u32>(system.exponent), 0u);
}

fn pack(at: u32, e: Six, inverse: real) {
    solutions[at] = Packed(e[0], inverse, e[1], 0.0);
}
