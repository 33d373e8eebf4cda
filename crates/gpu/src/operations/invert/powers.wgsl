// Powers of two and exponents, by the bits of f32.

// Exponent of a number above zero that f32 has room for; one more where it rounds up to the next power of two.
fn exponent_of(x: real) -> i32 {
    return i32((bitcast<u32>(f32(x)) >> 23u) & 0xffu) - 127;
}

// 2^k, k from -126 to 127.
fn power_of_two(k: i32) -> real {
    return real(bitcast<f32>(u32(clamp(k, -126, 127) + 127) << 23u));
}
