// Samples of an image of 8 bits in a texture, for values.wgsl.

@group(0) @binding(1) var samples: texture_2d<u32>;

// The bits in single precision of a sample of a pixel.
fn sample_bits(at: vec2<u32>, pixel: u32, band: u32) -> u32 {
    return bitcast<u32>(f32(textureLoad(samples, at, 0)[band]));
}
