// Rows of six channels, and what is known of a pixel after its decomposition.
//
// A row is a matrix of two columns of three, so that it stays in registers: an array that is indexed by a loop's counter would not. Channels that are
// not there are zero everywhere and change nothing.

alias Six = mat2x3<f32>;

// A row and two numbers, 32 bytes.
struct Packed {
    low: vec3<f32>,
    first: f32,
    high: vec3<f32>,
    second: f32,
}

// A bin of temperature, 48 bytes.
struct Bin {
    // R, scaled.
    low: vec3<f32>,
    // Δ log T.
    width: f32,
    high: vec3<f32>,
    // 1 / Δ log T.
    density: f32,
    // From the solution to what is reported.
    to_report: f32,
    // Horizontal error where no sample reaches half.
    widest: f32,
    // Weight, where one row of them is given for all pixels.
    given: f32,
    unused: f32,
}

// A pixel's solution is seven of them: z (and the factor h of 1/σ, and 1 where there is a result), then the six rows of E (and 1/d).
const PACKED: u32 = 7u;

fn six(packed: Packed) -> Six {
    return Six(packed.low, packed.high);
}

fn dot6(a: Six, b: Six) -> f32 {
    return dot(a[0], b[0]) + dot(a[1], b[1]);
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
