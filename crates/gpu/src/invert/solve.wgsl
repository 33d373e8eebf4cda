// From counts to the solution: one thread a pixel.
//
// The idea is that of the lanes on the processor: the solution of a pixel is l[t] R[t] · z, with R shared by all pixels and six numbers z of its own, so
// that the only matrix that is decomposed is 6 x 6. What is different here is where numbers live:
//
// - Nothing that is as long as the number of bins is private. The constraint l is in a buffer, a row a pixel; everything else about a bin is computed
//   where it is needed: twelve operations cost less than a word that is stored and fetched.
// - The triangle L of R^T diag(sqrt l) = L Q is made bin by bin: each bin is a row of six that is turned into the triangle by six Givens
//   rotations and forgotten. (The processor's Gram-Schmidt walks over the bins six times and changes them; that would be 24 bytes a bin, six times to
//   memory and back.) L is the same but for the signs of its columns, which change neither the left vectors nor the singular values of diag(1/σ) L.
// - The grid of μ is not stored either. The discrepancy grows with μ, so the point where it crosses the target is found by bisection; the nearest and the
//   second nearest point are among the four around it. μ itself is 2^((E + F) i / last) with the whole number E taken apart exactly, because
//   logarithms and powers of f32 would lose the digits that E takes.
// - 1/σ is multiplied by a power of two h so that the matrix is about one: squares of it stay in range whatever the unit of the counts.
//
// Rotations are written with the tangent of half of the angle, x + sine (y - half x) for cosine x + sine y: then a small angle makes a small error, and what
// an inverse root is off by (two units of the last place in WGSL; a Newton step takes most of that away) does not add up over hundreds of bins.
//
// A pixel is doubtful, and inverted again in double precision on the processor, where counts or errors are beyond 10^±15, counts are above 10⁴ errors, the
// matrix is too ill conditioned, two points of the grid are all but equally good, or no bin is clearly negative but some are not clearly
// positive: the same limits as on the processor, and the last one on top.
//
// The floor, six channels, nt bins, p iterations: the first pass 9 k operations (a decomposition), weights 20 nt, the triangle 190 nt, the second
// decomposition 9 k, an iteration 0.7 k + 28 nt, the end 26 nt. At nt = 42 and p = 3: 33 kFLOP. 52 bytes are read, 224 + 48 + 4 nt written, and l is read
// p + 1 times, from the cache.

struct Parameters {
    // L of the first pass of self-normalised weights.
    first: array<Six, 6>,
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
    // Exponent of the power of two that R is multiplied by.
    scale: i32,
    // Weight where the first solution is too small.
    filler: f32,
    goal: f32,
    growth: f32,
    // How far below zero is not negative, in units of the largest.
    round_off: f32,
    // Least ratio of squared singular values.
    least_condition: f32,
    // Counts in units of their errors above which the precision is not enough.
    most_signal: f32,
    least_margin: f32,
    // Squared singular values up to this, in units of the largest, are zero.
    nothing: f32,
    unused_1: u32,
    unused_2: u32,
    unused_3: u32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> bins: array<Bin>;
@group(0) @binding(2) var<storage, read> counts: array<f32>;
@group(0) @binding(3) var<storage, read> sigma: array<f32>;
// Channels left out, as bits; SKIPPED where there is nothing to invert.
@group(0) @binding(4) var<storage, read> verdicts: array<u32>;
// l, a row a pixel; at first the weights, where they are given a row a pixel.
@group(0) @binding(5) var<storage, read_write> constraint: array<f32>;
@group(0) @binding(6) var<storage, read_write> solutions: array<Packed>;
// χ², λ h², counts of the solution, iterations, state, exponent of 1/h.
@group(0) @binding(7) var<storage, read_write> found: array<vec4<u32>>;

const SKIPPED: u32 = 0x80000000u;
const NONE: u32 = 0u;
const POSITIVE: u32 = 1u;
const NEGATIVE: u32 = 2u;
const DOUBTFUL: u32 = 3u;

// (8 x 2^-23)^2: an angle below this is none.
const NEGLIGIBLE: f32 = 9.094947e-13;
const SWEEPS: u32 = 20u;
// Relative error of a bin, in units of the sum of its terms' sizes, at which its sign is not certain.
const GUARD: f32 = 4e-6;

struct Pixel {
    counts: Six,
    inverse_sigma: Six,
    g: Six,
    // Channels in use.
    used: f32,
}

struct System {
    u: array<Six, 6>,
    squared: Six,
    c: Six,
    energy: Six,
    total: f32,
    // h / σ.
    inverse_sigma: Six,
    h: f32,
    // Exponent of 1/h.
    exponent: i32,
    // μ is low 2^((octaves + fraction) i / last).
    low: f32,
    octaves: i32,
    fraction: f32,
    nothing: f32,
    doubtful: bool,
}

struct Chosen {
    index: u32,
    mu: f32,
    margin: f32,
}

fn inverse_root(x: f32) -> f32 {
    let y = inverseSqrt(x);
    return y * (1.5 - 0.5 * x * y * y);
}

fn by6(a: Six, b: Six) -> Six {
    return Six(a[0] * b[0], a[1] * b[1]);
}

fn abs6(a: Six) -> Six {
    return Six(abs(a[0]), abs(a[1]));
}

fn max6(a: Six) -> f32 {
    let m = max(a[0], a[1]);
    return max(m.x, max(m.y, m.z));
}

fn sum6(a: Six) -> f32 {
    return dot(a[0] + a[1], vec3<f32>(1.0));
}

// Exponent of a normal number above zero.
fn exponent_of(x: f32) -> i32 {
    return i32((bitcast<u32>(x) >> 23u) & 0xffu) - 127;
}

// 2^k, k from -126 to 127.
fn power_of_two(k: i32) -> f32 {
    return bitcast<f32>(u32(clamp(k, -126, 127) + 127) << 23u);
}

// log2 of a number from 1 to 2, to 10^-7.
fn log2_of_mantissa(m: f32) -> f32 {
    let large = m > 1.41421356;
    let y = select(m, 0.5 * m, large);
    let r = (y - 1.0) / (y + 1.0);
    let s = r * r;
    let series = 1.0 + s * (0.33333333 + s * (0.2 + s * (0.14285714 + s * 0.11111111)));
    return 2.88539008 * r * series + select(0.0, 1.0, large);
}

// 2^x, |x| up to 1/2, to 10^-7.
fn power_of_fraction(x: f32) -> f32 {
    let y = x * 0.69314718;
    return 1.0 + y * (1.0 + y * (0.5 + y * (0.16666667 + y * (0.041666667 + y * (8.3333333e-3 + y * (1.3888889e-3 + y * 1.984127e-4))))));
}

fn is_usable(x: f32) -> bool {
    return abs(x) >= 1e-15 && abs(x) <= 1e15;
}

// Turns a bin's row into one row of the triangle, so that one element of what is left is zero. `a` is never below zero.
fn turn_in(row: ptr<function, Six>, rest: ptr<function, Six>, a: f32, b: f32) {
    let size = a * a + b * b;
    if size < 1e-36 { return; }
    let inverse = inverse_root(size);
    let sine = b * inverse;
    let half = sine / (1.0 + a * inverse);
    let old = *row;
    *row = old + (*rest - old * half) * sine;
    *rest = *rest - (old + *rest * half) * sine;
}

// Makes two rows orthogonal; whether they were not.
fn turn(a: ptr<function, Six>, b: ptr<function, Six>, ua: ptr<function, Six>, ub: ptr<function, Six>) -> bool {
    let p = *a;
    let q = *b;
    let alpha = dot6(p, p);
    let beta = dot6(q, q);
    let gamma = dot6(p, q);
    if gamma * gamma <= NEGLIGIBLE * alpha * beta { return false; }
    let zeta = clamp((beta - alpha) / (2.0 * gamma), -1e18, 1e18);
    let size = 1.0 / (abs(zeta) + sqrt(1.0 + zeta * zeta));
    let tangent = select(size, -size, zeta < 0.0);
    let cosine = inverse_root(1.0 + tangent * tangent);
    let sine = cosine * tangent;
    let half = sine / (1.0 + cosine);
    *a = p - (q + p * half) * sine;
    *b = q + (p - q * half) * sine;
    let up = *ua;
    let uq = *ub;
    *ua = up - (uq + up * half) * sine;
    *ub = uq + (up - uq * half) * sine;
    return true;
}

// Decomposes diag(1/σ) L by one-sided Jacobi: pairs of rows go round as in a tournament, until all are orthogonal.
fn decompose(triangle: array<Six, 6>, pixel: Pixel) -> System {
    var system: System;
    let w = abs6(pixel.inverse_sigma);
    let largest_entry = max(
        max(max(max6(abs6(triangle[0])) * w[0].x, max6(abs6(triangle[1])) * w[0].y), max6(abs6(triangle[2])) * w[0].z),
        max(max(max6(abs6(triangle[3])) * w[1].x, max6(abs6(triangle[4])) * w[1].y), max6(abs6(triangle[5])) * w[1].z),
    );
    let in_range = largest_entry > 1e-30 && largest_entry < 1e30;
    system.exponent = select(0, exponent_of(largest_entry), in_range);
    system.h = power_of_two(-system.exponent);
    let s = pixel.inverse_sigma * system.h;
    system.inverse_sigma = s;
    var r0 = triangle[0] * s[0].x;
    var r1 = triangle[1] * s[0].y;
    var r2 = triangle[2] * s[0].z;
    var r3 = triangle[3] * s[1].x;
    var r4 = triangle[4] * s[1].y;
    var r5 = triangle[5] * s[1].z;
    let zero = vec3<f32>(0.0);
    var u0 = Six(vec3<f32>(1.0, 0.0, 0.0), zero);
    var u1 = Six(vec3<f32>(0.0, 1.0, 0.0), zero);
    var u2 = Six(vec3<f32>(0.0, 0.0, 1.0), zero);
    var u3 = Six(zero, vec3<f32>(1.0, 0.0, 0.0));
    var u4 = Six(zero, vec3<f32>(0.0, 1.0, 0.0));
    var u5 = Six(zero, vec3<f32>(0.0, 0.0, 1.0));
    var turned = true;
    for (var sweep = 0u; sweep < SWEEPS && turned; sweep++) {
        turned = false;
        turned = turn(&r5, &r0, &u5, &u0) || turned;
        turned = turn(&r1, &r4, &u1, &u4) || turned;
        turned = turn(&r2, &r3, &u2, &u3) || turned;
        turned = turn(&r5, &r1, &u5, &u1) || turned;
        turned = turn(&r2, &r0, &u2, &u0) || turned;
        turned = turn(&r3, &r4, &u3, &u4) || turned;
        turned = turn(&r5, &r2, &u5, &u2) || turned;
        turned = turn(&r3, &r1, &u3, &u1) || turned;
        turned = turn(&r4, &r0, &u4, &u0) || turned;
        turned = turn(&r5, &r3, &u5, &u3) || turned;
        turned = turn(&r4, &r2, &u4, &u2) || turned;
        turned = turn(&r0, &r1, &u0, &u1) || turned;
        turned = turn(&r5, &r4, &u5, &u4) || turned;
        turned = turn(&r0, &r3, &u0, &u3) || turned;
        turned = turn(&r1, &r2, &u1, &u2) || turned;
    }
    let squared = Six(
        vec3<f32>(dot6(r0, r0), dot6(r1, r1), dot6(r2, r2)),
        vec3<f32>(dot6(r3, r3), dot6(r4, r4), dot6(r5, r5)),
    );
    let g = pixel.g;
    system.u = array<Six, 6>(u0, u1, u2, u3, u4, u5);
    system.squared = squared;
    system.c = Six(vec3<f32>(dot6(u0, g), dot6(u1, g), dot6(u2, g)), vec3<f32>(dot6(u3, g), dot6(u4, g), dot6(u5, g)));
    system.energy = by6(system.c, system.c);
    system.total = sum6(system.energy);

    // The grid of μ: from 10^-4 of the smallest squared singular value to the largest singular value, not squared. Scales are put back here.
    let largest = max6(squared);
    system.nothing = largest * parameters.nothing;
    let limit = vec3<f32>(system.nothing);
    let above = min(
        select(vec3<f32>(largest), squared[0], squared[0] > limit),
        select(vec3<f32>(largest), squared[1], squared[1] > limit),
    );
    let least = min(above.x, min(above.y, above.z));
    let singular = in_range && largest > 0.0 && !turned;
    system.low = select(1.0, least * 1e-4, singular);
    let quotient = select(2.0, sqrt(largest) / system.low, singular);
    let binary = exponent_of(quotient);
    system.fraction = log2_of_mantissa(quotient * power_of_two(-binary));
    system.octaves = binary + parameters.scale - system.exponent;
    let high = exponent_of(system.low) + system.octaves;
    system.doubtful = !singular || least < largest * parameters.least_condition || system.octaves < 0 || high > 100;
    return system;
}

fn mu(system: System, i: u32) -> f32 {
    let last = i32(parameters.samples) - 1;
    let product = system.octaves * i32(i);
    let whole = product / last;
    let x = (f32(product - whole * last) + system.fraction * f32(i)) / f32(last);
    let nearest = floor(x + 0.5);
    let octaves = whole + i32(nearest);
    let half = octaves / 2;
    return system.low * power_of_two(half) * power_of_two(octaves - half) * power_of_fraction(x - nearest);
}

fn discrepancy(system: System, mu: f32) -> f32 {
    let a = mu / (system.squared[0] + mu);
    let b = mu / (system.squared[1] + mu);
    return dot(system.energy[0], a * a) + dot(system.energy[1], b * b);
}

fn distance_at(system: System, i: u32, goal: f32) -> f32 {
    return abs(discrepancy(system, mu(system, i)) - goal);
}

// The point of the grid at which the discrepancy is nearest to the target, the first of several, and how much nearer than the second nearest it is. Where
// the target is beyond reach, that is the last: what is missing shrinks with μ.
fn choose(system: System, goal: f32) -> Chosen {
    let samples = parameters.samples;
    if !(goal < system.total) {
        return Chosen(samples - 1u, mu(system, samples - 1u), 1.0);
    }
    // The first point above the target.
    var start = 0u;
    var end = samples;
    while start < end {
        let middle = (start + end) / 2u;
        if discrepancy(system, mu(system, middle)) > goal { end = middle; } else { start = middle + 1u; }
    }
    const FAR: f32 = 3e38;
    var below = FAR;
    var further_below = FAR;
    var above = FAR;
    var further_above = FAR;
    if start >= 1u { below = distance_at(system, start - 1u, goal); }
    if start >= 2u { further_below = distance_at(system, start - 2u, goal); }
    if start < samples { above = distance_at(system, start, goal); }
    if start + 1u < samples { further_above = distance_at(system, start + 1u, goal); }
    let first = below <= above;
    let best = min(below, above);
    let second = select(min(below, further_above), min(above, further_below), first);
    let index = select(start, start - 1u, first);
    return Chosen(index, mu(system, index), (second - best) / max(goal, 1e-30));
}

fn damping(system: System, lambda: f32) -> Six {
    let limit = vec3<f32>(system.nothing);
    let zero = vec3<f32>(0.0);
    return Six(
        select(zero, 1.0 / (system.squared[0] + lambda), system.squared[0] > limit),
        select(zero, 1.0 / (system.squared[1] + lambda), system.squared[1] > limit),
    );
}

// z: the solution in bin t is l[t] R[t] · z.
fn coefficients(system: System, d: Six) -> Six {
    let v = by6(d, system.c);
    let sum = ((system.u[0] * v[0].x + system.u[1] * v[0].y) + (system.u[2] * v[0].z + system.u[3] * v[1].x))
        + (system.u[4] * v[1].y + system.u[5] * v[1].z);
    return by6(sum, system.inverse_sigma) * system.h;
}

fn response(t: u32) -> Six {
    return Six(bins[t].low, bins[t].high);
}

// A channel's number; 0 where it is left out or not there.
fn one_channel(from_counts: bool, i: u32, f: u32, left_out: u32) -> f32 {
    if f >= parameters.channels || (left_out & (1u << f)) != 0u { return 0.0; }
    let at = i * parameters.channels + f;
    if from_counts { return counts[at]; }
    return sigma[at];
}

fn channels_of(from_counts: bool, i: u32, left_out: u32) -> Six {
    return Six(
        vec3<f32>(one_channel(from_counts, i, 0u, left_out), one_channel(from_counts, i, 1u, left_out), one_channel(from_counts, i, 2u, left_out)),
        vec3<f32>(one_channel(from_counts, i, 3u, left_out), one_channel(from_counts, i, 4u, left_out), one_channel(from_counts, i, 5u, left_out)),
    );
}

fn ratio(a: f32, sigma: f32) -> f32 {
    if sigma == 0.0 { return 0.0; }
    return a / sigma;
}

fn load(i: u32, left_out: u32) -> Pixel {
    let c = channels_of(true, i, left_out);
    let s = channels_of(false, i, left_out);
    let inverse = Six(
        vec3<f32>(ratio(1.0, s[0].x), ratio(1.0, s[0].y), ratio(1.0, s[0].z)),
        vec3<f32>(ratio(1.0, s[1].x), ratio(1.0, s[1].y), ratio(1.0, s[1].z)),
    );
    let g = Six(
        vec3<f32>(ratio(c[0].x, s[0].x), ratio(c[0].y, s[0].y), ratio(c[0].z, s[0].z)),
        vec3<f32>(ratio(c[1].x, s[1].x), ratio(c[1].y, s[1].y), ratio(c[1].z, s[1].z)),
    );
    return Pixel(c, inverse, g, f32(parameters.channels - countOneBits(left_out)));
}

// Whether counts and errors are well within the range.
fn is_in_range(i: u32, left_out: u32) -> bool {
    for (var f = 0u; f < parameters.channels; f++) {
        if (left_out & (1u << f)) != 0u { continue; }
        let at = i * parameters.channels + f;
        let usable = is_usable(counts[at]) && is_usable(sigma[at]);
        if !usable || abs(counts[at]) > parameters.most_signal * abs(sigma[at]) { return false; }
    }
    return true;
}

// The first solution as weights, into a row of `constraint`; the largest of them, or 0 where it is doubtful.
fn weights_from_first_solution(pixel: Pixel, row: u32) -> f32 {
    let system = decompose(parameters.first, pixel);
    let chosen = choose(system, pixel.used * parameters.goal);
    if system.doubtful || chosen.margin < parameters.least_margin { return 0.0; }
    let z = coefficients(system, damping(system, chosen.mu));
    var largest = bins[0].width * dot6(response(0u), z);
    for (var t = 0u; t < parameters.bins; t++) {
        let x = bins[t].width * dot6(response(t), z);
        constraint[row + t] = x;
        largest = max(largest, x);
    }
    let least = 1e-4 * largest;
    for (var t = 0u; t < parameters.bins; t++) {
        let x = constraint[row + t];
        let w = select(parameters.filler, x, x > least);
        constraint[row + t] = w;
        largest = max(largest, w);
    }
    return largest;
}

// The lowest of the EM loci as weights, into a row of `constraint`; the largest of them, or 0 where there is none.
fn weights_from_loci(pixel: Pixel, row: u32, left_out: u32) -> f32 {
    const NO_LOCUS: f32 = 3e38;
    let chosen = parameters.loci & ~left_out;
    var largest = -NO_LOCUS;
    for (var t = 0u; t < parameters.bins; t++) {
        let a = bins[t].low;
        let b = bins[t].high;
        var lowest = NO_LOCUS;
        lowest = min(lowest, locus(pixel.counts[0].x, a.x, chosen & 1u));
        lowest = min(lowest, locus(pixel.counts[0].y, a.y, chosen & 2u));
        lowest = min(lowest, locus(pixel.counts[0].z, a.z, chosen & 4u));
        lowest = min(lowest, locus(pixel.counts[1].x, b.x, chosen & 8u));
        lowest = min(lowest, locus(pixel.counts[1].y, b.y, chosen & 16u));
        lowest = min(lowest, locus(pixel.counts[1].z, b.z, chosen & 32u));
        if lowest >= 1e37 { return 0.0; }
        constraint[row + t] = lowest;
        largest = max(largest, lowest);
    }
    return largest;
}

fn locus(count: f32, response: f32, chosen: u32) -> f32 {
    if chosen == 0u || response < 1e-20 || count == 0.0 { return 3e38; }
    return count / response;
}

fn weight_of_inner_bin(row: u32, t: u32) -> f32 {
    if t == 0u || t + 1u >= parameters.bins { return 0.0; }
    return constraint[row + t] * 0.2;
}

fn constrained(w: f32, t: u32) -> f32 {
    if parameters.constraint == 0u { return abs(w) * bins[t].density; }
    return w * w;
}

// Smooths the weights where they are not given, makes the constraint of them in place, and the triangle of R^T diag(sqrt l).
fn triangle_of_constraint(row: u32, largest: f32) -> array<Six, 6> {
    var r0: Six;
    var r1: Six;
    var r2: Six;
    var r3: Six;
    var r4: Six;
    var r5: Six;
    let derived = parameters.weights < 2u;
    var before_2 = 0.0;
    var before_1 = 0.0;
    var here = 0.0;
    var after_1 = 0.0;
    if derived { after_1 = weight_of_inner_bin(row, 1u); }
    for (var t = 0u; t < parameters.bins; t++) {
        var w = 0.0;
        if derived {
            let after_2 = weight_of_inner_bin(row, t + 2u);
            let mean = ((((before_2 + before_1) + here) + after_1) + after_2) / largest;
            w = select(mean, 1e-8, mean <= 1e-8);
            before_2 = before_1;
            before_1 = here;
            here = after_1;
            after_1 = after_2;
        } else if parameters.weights == 2u {
            w = bins[t].given;
        } else {
            w = constraint[row + t];
        }
        let l = constrained(w, t);
        constraint[row + t] = l;
        var rest = response(t) * sqrt(l);
        turn_in(&r0, &rest, r0[0].x, rest[0].x);
        turn_in(&r1, &rest, r1[0].y, rest[0].y);
        turn_in(&r2, &rest, r2[0].z, rest[0].z);
        turn_in(&r3, &rest, r3[1].x, rest[1].x);
        turn_in(&r4, &rest, r4[1].y, rest[1].y);
        turn_in(&r5, &rest, r5[1].z, rest[1].z);
    }
    // The rows of the upper triangle are the columns of L; what is below its diagonal is round-off.
    return array<Six, 6>(
        Six(vec3<f32>(r0[0].x, 0.0, 0.0), vec3<f32>(0.0)),
        Six(vec3<f32>(r0[0].y, r1[0].y, 0.0), vec3<f32>(0.0)),
        Six(vec3<f32>(r0[0].z, r1[0].z, r2[0].z), vec3<f32>(0.0)),
        Six(vec3<f32>(r0[1].x, r1[1].x, r2[1].x), vec3<f32>(r3[1].x, 0.0, 0.0)),
        Six(vec3<f32>(r0[1].y, r1[1].y, r2[1].y), vec3<f32>(r3[1].y, r4[1].y, 0.0)),
        Six(vec3<f32>(r0[1].z, r1[1].z, r2[1].z), vec3<f32>(r3[1].z, r4[1].z, r5[1].z)),
    );
}

// Whether the solution has a negative bin: POSITIVE, NEGATIVE, or DOUBTFUL where it is all but zero.
fn sign_of_solution(z: Six, row: u32) -> u32 {
    let sizes = abs6(z);
    var least = 3e38;
    var lower = 3e38;
    var upper = 3e38;
    var largest = 0.0;
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
    return select(POSITIVE, NEGATIVE, least < limit);
}

fn nothing_found(i: u32, state: u32) {
    solutions[i * PACKED].second = 0.0;
    found[3u * i + 2u] = vec4<u32>(0u, state, 0u, 0u);
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

    var largest = 1.0;
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
            state = sign_of_solution(z, row);
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
    found[3u * i] = vec4<u32>(bitcast<u32>(chi_squared), bitcast<u32>(chosen.mu), bitcast<vec2<u32>>(synthetic[0].xy));
    found[3u * i + 1u] = vec4<u32>(bitcast<u32>(synthetic[0].z), bitcast<vec3<u32>>(synthetic[1]));
    found[3u * i + 2u] = vec4<u32>(iterations, state, bitcast<u32>(system.exponent), 0u);
}

fn pack(at: u32, e: Six, inverse: f32) {
    solutions[at] = Packed(e[0], inverse, e[1], 0.0);
}
