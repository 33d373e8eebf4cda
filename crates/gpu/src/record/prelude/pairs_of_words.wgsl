// Whole numbers of 64 bits as pairs of 32, which every device has: vec2<u32>(low, high). native.wgsl is the same with the device's own.

alias Whole = vec2<u32>;

fn whole(low_and_high: vec2<u32>) -> Whole {
    return low_and_high;
}

// Low and high.
fn words_of(a: Whole) -> vec2<u32> {
    return a;
}

fn plus(a: Whole, b: Whole) -> Whole {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn is_less(a: Whole, b: Whole) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// The product of two numbers of 32 bits.
fn times(a: u32, b: u32) -> Whole {
    let al = a & 0xffffu;
    let ah = a >> 16u;
    let bl = b & 0xffffu;
    let bh = b >> 16u;
    let low = al * bl;
    let middle = ah * bl + (low >> 16u);
    let other = al * bh + (middle & 0xffffu);
    return vec2<u32>((other << 16u) | (low & 0xffffu), ah * bh + (middle >> 16u) + (other >> 16u));
}

fn is_same(a: Whole, b: Whole) -> bool {
    return all(a == b);
}
