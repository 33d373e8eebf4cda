// Left singular vectors and singular values of diag(1/σ) L by one-sided Jacobi, and the solution that they give.
//
// Pairs of rows are turned until all are orthogonal; they go round as in a tournament, so that the three turns of a round do not wait for each other. 1/σ is
// multiplied by a power of two h so that the matrix is about one: squares of it stay in range whatever the unit of the counts.
//
// How nearly orthogonal is enough matters more than how many turns there are: two rows with a cosine of 8 ε leave 8 ε of the larger one's c in the
// smaller one's, which is much smaller where counts are bright. From c comes the first solution, from that the weights, from those λ, and from λ the
// vertical errors, of which that was the largest error. Hence 2 ε; below ε, rounding keeps sweeps from ending.

const SWEEPS: u32 = 20u;

struct System {
    u: array<Six, 6>,
    squared: Six,
    c: Six,
    energy: Six,
    total: real,
    // h / σ.
    inverse_sigma: Six,
    h: real,
    // Exponent of 1/h.
    exponent: i32,
    // μ is low 2^((octaves + fraction) i / last).
    low: real,
    octaves: i32,
    fraction: real,
    nothing: real,
    doubtful: bool,
}

// Decomposes diag(1/σ) L, and lays out the grid of μ.
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
    let zero = real3(0.0);
    var u0 = Six(real3(1.0, 0.0, 0.0), zero);
    var u1 = Six(real3(0.0, 1.0, 0.0), zero);
    var u2 = Six(real3(0.0, 0.0, 1.0), zero);
    var u3 = Six(zero, real3(1.0, 0.0, 0.0));
    var u4 = Six(zero, real3(0.0, 1.0, 0.0));
    var u5 = Six(zero, real3(0.0, 0.0, 1.0));
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
        real3(dot6(r0, r0), dot6(r1, r1), dot6(r2, r2)),
        real3(dot6(r3, r3), dot6(r4, r4), dot6(r5, r5)),
    );
    let g = pixel.g;
    system.u = array<Six, 6>(u0, u1, u2, u3, u4, u5);
    system.squared = squared;
    system.c = Six(real3(dot6(u0, g), dot6(u1, g), dot6(u2, g)), real3(dot6(u3, g), dot6(u4, g), dot6(u5, g)));
    system.energy = by6(system.c, system.c);
    system.total = sum6(system.energy);

    // The grid of μ: from 10^-4 of the smallest squared singular value to the largest singular value, not squared. Scales are put back here.
    let largest = max6(squared);
    system.nothing = largest * parameters.nothing;
    let limit = real3(system.nothing);
    let above = min(
        select(real3(largest), squared[0], squared[0] > limit),
        select(real3(largest), squared[1], squared[1] > limit),
    );
    let least = min(above.x, min(above.y, above.z));
    let singular = in_range && largest > 0.0 && !turned;
    system.low = select(real(1.0), least * 1e-4, singular);
    let quotient = select(real(2.0), sqrt(largest) / system.low, singular);
    let binary = exponent_of(quotient);
    system.fraction = log2_of_mantissa(quotient * power_of_two(-binary));
    system.octaves = binary + parameters.scale - system.exponent;
    let high = exponent_of(system.low) + system.octaves;
    system.doubtful = !singular || least < largest * parameters.least_condition || system.octaves < 0 || high > 100;
    return system;
}

fn damping(system: System, lambda: real) -> Six {
    let limit = real3(system.nothing);
    let zero = real3(0.0);
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
