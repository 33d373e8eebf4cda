// Samples of an image, packed in words, and the pixels that stand for those outside.

// The word that holds a byte or half, brought down: `log` is 2 for bytes, 1 for halves.
fn low_bits_of(word: u32, index: u32, log: u32) -> u32 {
    let per_word = 1u << log;
    let bits = 32u >> log;
    return (word >> ((index & (per_word - 1u)) * bits)) & ((1u << bits) - 1u);
}

// The index along an axis of the pixel that stands for one outside: of another turn, or at the edge.
fn index_within(index: i32, count: i32, wraps: bool) -> i32 {
    if index >= 0 && index < count { return index; }
    if wraps { return ((index % count) + count) % count; }
    return clamp(index, 0, count - 1);
}
