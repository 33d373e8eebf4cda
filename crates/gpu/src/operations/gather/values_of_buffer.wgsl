// Samples of an image in a storage buffer, for values.wgsl.

@group(0) @binding(1) var<storage, read> samples: array<u32>;

// The bits in single precision of a number of half precision; its subnormals are normal there.
fn single_of_half(half: u32) -> u32 {
    let sign = (half >> 15u) << 31u;
    let exponent = (half >> 10u) & 31u;
    let fraction = half & 1023u;
    if exponent == 0u { return sign | bitcast<u32>(f32(fraction) * 5.9604644775390625e-8); }
    if exponent == 31u { return sign | 0x7f800000u | (fraction << 13u); }
    return sign | ((exponent + 112u) << 23u) | (fraction << 13u);
}

// The bits in single precision of a sample of a pixel.
fn sample_bits(at: vec2<u32>, pixel: u32, band: u32) -> u32 {
    let index = pixel * parameters.bands + band;
    switch parameters.kind {
        case 0u: { return bitcast<u32>(f32(low_bits_of(samples[index >> 2u], index, 2u))); }
        case 1u: { return bitcast<u32>(f32(low_bits_of(samples[index >> 1u], index, 1u))); }
        case 2u: { return single_of_half(low_bits_of(samples[index >> 1u], index, 1u)); }
        default: { return samples[index]; }
    }
}
