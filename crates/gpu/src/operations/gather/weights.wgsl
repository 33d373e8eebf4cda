// Contributing pixels and weights of a picture by a map of places, for picture.wgsl and picture_of_texture.wgsl.
//
// Whole numbers throughout: places in 1/2048 pixel, weights in 1/2048, one rounding. Sums of products of two weights and a sample are
// below 2^31 in magnitude: 2^22 times 255, times 1.5625 for cubic weights, some of which are below zero.

struct Parameters {
    count: u32,
    samples: u32,
    columns: i32,
    rows: i32,
    bands: u32,
    wraps: u32,
    taps: u32,
    unused: u32,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read> places: array<vec2<i32>>;
@group(0) @binding(3) var<storage, read> cubic: array<vec4<i32>>;
@group(0) @binding(4) var<storage, read_write> picture: array<u32>;

const ONE = 2048;
const NOWHERE = -2147483647 - 1;

// The first contributing pixel along an axis.
fn first_of(at: i32) -> i32 {
    switch parameters.taps {
        case 1u: { return at >> 11u; }
        case 2u: { return (at - ONE / 2) >> 11u; }
        default: { return ((at - ONE / 2) >> 11u) - 1; }
    }
}

// Weights of the contributing pixels along an axis.
fn weights_of(at: i32) -> vec4<i32> {
    let t = (at - ONE / 2) & (ONE - 1);
    switch parameters.taps {
        case 1u: { return vec4<i32>(ONE, 0, 0, 0); }
        case 2u: { return vec4<i32>(ONE - t, t, 0, 0); }
        default: { return cubic[t]; }
    }
}
