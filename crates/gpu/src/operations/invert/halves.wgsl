// Rows of results as halves, so that half of the bytes go back. One workgroup a row.
//
// A half has 11 bits and reaches from 6e-8 to 65,504; emission measures are 10^20 and more. So a row is multiplied by a power of two, which is exact, that
// brings its largest number to between 2^14 and 2^15: numbers down to 2^-28 of the largest keep 11 bits, and nothing overflows. The power's exponent is the
// first word of the row, then come the numbers, two a word, the first one low.
//
// pack2x16float may round either way, and is not there everywhere; here a half is made of the bits of f32, rounded to the nearest, and to the even one of
// two, so that the error is half a unit of the last place, and the same on every device. What is below 2^-14 after scaling becomes zero.
//
// The floor, a row of n: 4 n bytes read twice, the second time from the cache, 2 n + 4 written; ten operations a number.

struct Parameters {
    rows: u32,
    // Numbers of a row.
    length: u32,
    unused_1: u32,
    unused_2: u32,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> numbers: array<f32>;
@group(0) @binding(2) var<storage, read_write> halves: array<u32>;

const HIGHEST: i32 = 14;

// The nearest half, of a number below 65,520.
fn half_of(x: f32) -> u32 {
    let bits = bitcast<u32>(x);
    let size = bits & 0x7fffffffu;
    let rounded = (size + 0xfffu + ((size >> 13u) & 1u)) >> 13u;
    // Exponents of f32 are 112 more; there are ten bits below them.
    if rounded < (113u << 10u) { return 0u; }
    // NaN and what is 65,520 or above become infinite, and do not run over into the sign or the number beside it.
    return ((bits >> 16u) & 0x8000u) | (min(rounded, 143u << 10u) - (112u << 10u));
}

@compute @workgroup_size(WORKGROUP)
fn to_halves(
    lane: Lane,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let thread = lane.thread;
    let row = group_of(group, groups);
    if row >= parameters.rows { return; }
    let length = parameters.length;
    let start = row * length;
    if thread == 0u { atomicStore(&largest, 0u); }
    workgroupBarrier();
    var size = 0u;
    for (var i = thread; i < length; i += WORKGROUP) {
        size = max(size, bitcast<u32>(abs(numbers[start + i])));
    }
    // Bits of sizes are in the order of the numbers.
    raise_to(lane, size);
    workgroupBarrier();
    let exponent = clamp(exponent_of(bitcast<f32>(atomicLoad(&largest))), -100, 127) - HIGHEST;
    let factor = power_of_two(-exponent);

    let words = (length + 1u) / 2u;
    let to = row * (words + 1u);
    if thread == 0u { halves[to] = bitcast<u32>(exponent); }
    for (var w = thread; w < words; w += WORKGROUP) {
        let i = 2u * w;
        var pair = half_of(numbers[start + i] * factor);
        if i + 1u < length { pair |= half_of(numbers[start + i + 1u] * factor) << 16u; }
        halves[to + 1u + w] = pair;
    }
}
