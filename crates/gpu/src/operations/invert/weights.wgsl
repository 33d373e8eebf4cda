// Weights, the constraint l that they make, and the triangle L of R^T diag(sqrt l) = L Q.
//
// The triangle is made bin by bin: each bin is a row of six that is turned into the triangle by six Givens rotations and forgotten. (The CPU's
// Gram-Schmidt walks over the bins six times and changes them; that would be 24 bytes a bin, six times to memory and back.) L is the same but for
// the signs of its columns, which change neither the left vectors nor the singular values of diag(1/σ) L.

// The first solution as weights, into a row of `constraint`; the largest of them, or 0 where it is doubtful.
fn weights_from_first_solution(pixel: Pixel, row: u32) -> real {
    let system = decompose(parameters.first, pixel);
    let chosen = choose(system, pixel.used * parameters.goal);
    if system.doubtful || chosen.margin < parameters.least_margin { return 0.0; }
    let z = coefficients(system, damping(system, chosen.mu));
    var largest = -HUGE;
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
fn weights_from_loci(pixel: Pixel, row: u32, left_out: u32) -> real {
    let chosen = parameters.loci & ~left_out;
    let limits = Six(upper_limits(pixel.counts[0], pixel.inverse_sigma[0]), upper_limits(pixel.counts[1], pixel.inverse_sigma[1]));
    var largest = -HUGE;
    for (var t = 0u; t < parameters.bins; t++) {
        let a = bins[t].low;
        let b = bins[t].high;
        var lowest = HUGE;
        lowest = min(lowest, locus(limits[0].x, a.x, chosen & 1u));
        lowest = min(lowest, locus(limits[0].y, a.y, chosen & 2u));
        lowest = min(lowest, locus(limits[0].z, a.z, chosen & 4u));
        lowest = min(lowest, locus(limits[1].x, b.x, chosen & 8u));
        lowest = min(lowest, locus(limits[1].y, b.y, chosen & 16u));
        lowest = min(lowest, locus(limits[1].z, b.z, chosen & 32u));
        if lowest >= 0.1 * HUGE { return 0.0; }
        constraint[row + t] = lowest;
        largest = max(largest, lowest);
    }
    return largest;
}

// A count that is not above zero says no more than that there was less than about its error.
fn upper_limits(counts: real3, inverse_sigma: real3) -> real3 {
    if parameters.upper_limits == 0u { return counts; }
    return select(1.0 / inverse_sigma, counts, counts > real3(0.0));
}

fn locus(count: real, response: real, chosen: u32) -> real {
    if chosen == 0u || response < 1e-20 || count == 0.0 { return HUGE; }
    return count / response;
}

fn weight_of_inner_bin(row: u32, t: u32) -> real {
    if t == 0u || t + 1u >= parameters.bins { return 0.0; }
    return constraint[row + t] * 0.2;
}

fn constrained(w: real, t: u32) -> real {
    if parameters.constraint == 0u { return abs(w) * bins[t].density; }
    return w * w;
}

// Smooths the weights where they are not given, makes the constraint of them in place, and the triangle of R^T diag(sqrt l).
fn triangle_of_constraint(row: u32, largest: real) -> array<Six, 6> {
    var r0: Six;
    var r1: Six;
    var r2: Six;
    var r3: Six;
    var r4: Six;
    var r5: Six;
    let derived = parameters.weights < 2u;
    var before_2: real = 0.0;
    var before_1: real = 0.0;
    var here: real = 0.0;
    var after_1: real = 0.0;
    if derived { after_1 = weight_of_inner_bin(row, 1u); }
    for (var t = 0u; t < parameters.bins; t++) {
        var w: real = 0.0;
        if derived {
            let after_2 = weight_of_inner_bin(row, t + 2u);
            let mean = ((((before_2 + before_1) + here) + after_1) + after_2) / largest;
            w = select(mean, real(1e-8), mean <= 1e-8);
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
        Six(real3(r0[0].x, 0.0, 0.0), real3(0.0)),
        Six(real3(r0[0].y, r1[0].y, 0.0), real3(0.0)),
        Six(real3(r0[0].z, r1[0].z, r2[0].z), real3(0.0)),
        Six(real3(r0[1].x, r1[1].x, r2[1].x), real3(r3[1].x, 0.0, 0.0)),
        Six(real3(r0[1].y, r1[1].y, r2[1].y), real3(r3[1].y, r4[1].y, 0.0)),
        Six(real3(r0[1].z, r1[1].z, r2[1].z), real3(r3[1].z, r4[1].z, r5[1].z)),
    );
}
