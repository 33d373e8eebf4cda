// Double precision: what the other files call real, and what depends on how many digits that has. single.wgsl is its twin; one of the two comes first.
//
// WGSL has no function of f64 but roots, sizes and the like, and no look at its bits; the logarithm and the power that the grid of μ needs are series in
// either precision (grid.wgsl), and exponents are taken from the number rounded to f32.

alias real = f64;
alias real3 = vec3<f64>;
alias real4 = vec4<f64>;
// A row of six channels.
alias Six = mat2x3<f64>;
// Half of a row in four bins.
alias FourBins = mat4x3<f64>;

// Larger than any number there is.
const HUGE: real = 1e300;
// A sum of two squares up to this is nothing.
const TINY: real = 1e-290;
// (2 ε)², ε = 2^-52: rows with a cosine up to 2 ε are orthogonal. See decompose.wgsl.
const NEGLIGIBLE: real = 1.9721522630525295e-31;
// Relative error of a bin, in units of the sum of its terms' sizes, at which its sign is not certain.
const GUARD: real = 1e-14;

// artanh(r) / r with s = r², s up to 0.03, to 10^-17.
fn logarithm_series(s: real) -> real {
    let tail = 1.0 / 13.0 + s * (1.0 / 15.0 + s * (1.0 / 17.0 + s * (1.0 / 19.0 + s * (1.0 / 21.0 + s * (1.0 / 23.0)))));
    return 1.0 + s * (1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s * (1.0 / 9.0 + s * (1.0 / 11.0 + s * tail)))));
}

// exp y, |y| up to 0.35, to 10^-17.
fn exponential_series(y: real) -> real {
    let tail = 1.0 / 40320.0 + y * (1.0 / 362880.0 + y * (1.0 / 3628800.0 + y * (1.0 / 39916800.0 + y * (1.0 / 479001600.0 + y * (1.0 / 6227020800.0)))));
    return 1.0 + y * (1.0 + y * (1.0 / 2.0 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y * (1.0 / 120.0 + y * (1.0 / 720.0 + y * (1.0 / 5040.0 + y * tail)))))));
}
