// Rows of six channels, and what is known of a pixel after its decomposition.
//
// A row (`Six`) is a matrix of two columns of three, so that it stays in registers: an array that is indexed by a loop's counter would not. Channels that
// are not there are zero everywhere and change nothing. `real` is f32 or f64: single.wgsl or double.wgsl, whichever comes before.

// A row and two numbers, as long as eight.
struct Packed {
    low: real3,
    first: real,
    high: real3,
    second: real,
}

// A bin of temperature, as long as twelve numbers.
struct Bin {
    // R, scaled.
    low: real3,
    // 1 / Δ log T.
    density: real,
    high: real3,
    // From the solution to what is reported.
    to_report: real,
    // Horizontal error where no sample reaches half.
    widest: real,
    // Weight, where one row of them is given for all pixels.
    given: real,
    // Δ log T.
    width: real,
    unused: real,
}

// A pixel's solution is seven of them: z (and the factor h of 1/σ, and 1 where there is a result), then the six rows of E (and 1/d).
const PACKED: u32 = 7u;

fn six(packed: Packed) -> Six {
    return Six(packed.low, packed.high);
}

fn dot6(a: Six, b: Six) -> real {
    return dot(a[0], b[0]) + dot(a[1], b[1]);
}

fn by6(a: Six, b: Six) -> Six {
    return Six(a[0] * b[0], a[1] * b[1]);
}

fn abs6(a: Six) -> Six {
    return Six(abs(a[0]), abs(a[1]));
}

fn max6(a: Six) -> real {
    let m = max(a[0], a[1]);
    return max(m.x, max(m.y, m.z));
}

fn sum6(a: Six) -> real {
    return dot(a[0] + a[1], real3(1.0));
}
