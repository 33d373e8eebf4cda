// The ranks of a median and of quartiles, and what is made of their values.

const RANKS: u32 = 6u;

// The ranks whose values are averaged for a quarter: floor(q n), and the one before where q n is whole.
fn ranks_of(quarters: u32, n: u32) -> vec2<u32> {
    let at = quarters * (n / 4u) + (quarters * (n % 4u)) / 4u;
    let whole = (quarters * (n % 4u)) % 4u == 0u;
    return vec2<u32>(select(at, at - 1u, whole), at);
}

// Those of all three quarters.
fn wanted_of(n: u32) -> array<u32, RANKS> {
    var ranks: array<u32, RANKS>;
    for (var quarter = 0u; quarter < 3u; quarter++) {
        let pair = ranks_of(quarter + 1u, n);
        ranks[2u * quarter] = pair.x;
        ranks[2u * quarter + 1u] = pair.y;
    }
    return ranks;
}

// Count, median and spread.
fn result_of(n: u32, values: array<f32, RANKS>) -> vec4<u32> {
    let median = 0.5 * (values[2] + values[3]);
    let spread = 0.5 * (values[4] + values[5]) - 0.5 * (values[0] + values[1]);
    return vec4<u32>(n, bitcast<u32>(median), bitcast<u32>(spread), 0u);
}
