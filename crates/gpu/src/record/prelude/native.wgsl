// Whole numbers of 64 bits as the device's own. pairs_of_words.wgsl is the same for every device.

alias Whole = u64;

fn whole(low_and_high: vec2<u32>) -> Whole {
    return (u64(low_and_high.y) << 32u) | u64(low_and_high.x);
}

// Low and high.
fn words_of(a: Whole) -> vec2<u32> {
    return vec2<u32>(u32(a & 0xfffffffflu), u32(a >> 32u));
}

fn plus(a: Whole, b: Whole) -> Whole {
    return a + b;
}

fn is_less(a: Whole, b: Whole) -> bool {
    return a < b;
}

// The product of two numbers of 32 bits.
fn times(a: u32, b: u32) -> Whole {
    return u64(a) * u64(b);
}

fn is_same(a: Whole, b: Whole) -> bool {
    return a == b;
}
