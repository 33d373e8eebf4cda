// Squared distances that are exact, and decisions that are right to the last bit.
//
// Differences of ticks are exact in 32 bits; their squares need 64. Squaring every candidate exactly would cost some twenty instructions an
// axis, so a candidate is judged by its squared distance in f32 first. That is off by at most 6.0e-7 of itself, five roundings of 2^-23: the
// two conversions in a square, the product, and the two sums (WGSL promises one of the two neighbours of each, not the nearest). Only where this
// cannot decide, within GUARD of the border, are whole numbers compared: `Whole`, of pairs_of_words.wgsl or native.wgsl.

const GUARD: f32 = 1.5e-6;

// |d| as a number without sign; right for the most negative one too.
fn magnitude(d: i32) -> u32 {
    let u = bitcast<u32>(d);
    return select(u, 0u - u, d < 0);
}

// Squared length of a difference in ticks: exact. Three squares of 31 bits fit.
fn squared_exactly(d: vec3<i32>) -> Whole {
    let x = magnitude(d.x);
    let y = magnitude(d.y);
    let z = magnitude(d.z);
    return plus(times(x, x), plus(times(y, y), times(z, z)));
}

// Squared length of a difference in ticks, to GUARD / 2.
fn squared_roughly(d: vec3<i32>) -> f32 {
    let f = vec3<f32>(d);
    return f.x * f.x + f.y * f.y + f.z * f.z;
}

// Whether a difference is at most as long as the root of `limit`, of which `roughly` is the f32.
fn is_within(d: vec3<i32>, squared: f32, limit: vec2<u32>, roughly: f32) -> bool {
    if squared > roughly * (1.0 + GUARD) { return false; }
    if squared < roughly * (1.0 - GUARD) { return true; }
    return !is_less(whole(limit), squared_exactly(d));
}

// The f32 nearest to a whole number, ties to even.
fn nearest_f32(a: Whole) -> f32 {
    // Bring the highest bit to the top of 64, keep 24, round by the rest.
    let words = words_of(a);
    var high = words.y;
    var low = words.x;
    if (high | low) == 0u { return 0.0; }
    let zeros = select(countLeadingZeros(high), 32u + countLeadingZeros(low), high == 0u);
    if zeros >= 32u {
        high = low << (zeros - 32u);
        low = 0u;
    } else if zeros > 0u {
        high = (high << zeros) | (low >> (32u - zeros));
        low = low << zeros;
    }
    var mantissa = high >> 8u;
    let rest = high & 0xffu;
    let up = rest > 0x80u || (rest == 0x80u && (low != 0u || (mantissa & 1u) == 1u));
    mantissa += select(0u, 1u, up);
    // The exponent of the highest of 64 bits is 63 - zeros; a carry out of the mantissa moves it up by itself.
    return bitcast<f32>(((127u + 63u - zeros) << 23u) + (mantissa - 0x800000u));
}
