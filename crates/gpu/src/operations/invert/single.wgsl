// Single precision: what the other files call real, and what depends on how many digits that has. double.wgsl is its twin; one of the two comes first.

alias real = f32;
alias real3 = vec3<f32>;
alias real4 = vec4<f32>;
// A row of six channels.
alias Six = mat2x3<f32>;
// Half of a row in four bins.
alias FourBins = mat4x3<f32>;

// Larger than any number there is.
const HUGE: real = 3e38;
// A sum of two squares up to this is nothing.
const TINY: real = 1e-36;
// (2 ε)², ε = 2^-23: rows with a cosine up to 2 ε are orthogonal. See decompose.wgsl.
const NEGLIGIBLE: real = 5.684342e-14;
// Relative error of a bin, in units of the sum of its terms' sizes, at which its sign is not certain.
const GUARD: real = 4e-6;

// artanh(r) / r with s = r², s up to 0.03, to 10^-7.
fn logarithm_series(s: real) -> real {
    return 1.0 + s * (1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s * (1.0 / 9.0))));
}

// exp y, |y| up to 0.35, to 10^-7.
fn exponential_series(y: real) -> real {
    return 1.0 + y * (1.0 + y * (1.0 / 2.0 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y * (1.0 / 120.0 + y * (1.0 / 720.0 + y * (1.0 / 5040.0)))))));
}
