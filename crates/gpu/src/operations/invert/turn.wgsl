// Rotations of rows of six.
//
// They are written with the tangent of half of the angle, x + sine (y - half x) for cosine x + sine y: then a small angle makes a small error, and what
// an inverse root is off by (two units of the last place in WGSL; a Newton step takes most of that away) does not add up over hundreds of bins.

fn inverse_root(x: real) -> real {
    let y = inverseSqrt(x);
    return y * (1.5 - 0.5 * x * y * y);
}

// Turns a bin's row into one row of the triangle, so that one element of what is left is zero. `a` is never below zero.
fn turn_in(row: ptr<function, Six>, rest: ptr<function, Six>, a: real, b: real) {
    let size = a * a + b * b;
    if size < TINY { return; }
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
