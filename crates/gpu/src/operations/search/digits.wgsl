// Order statistics of many offsets, digit by digit, without keeping any.
//
// A float's bits, with the sign turned round, are a whole number in the same order. One walk counts, for each rank, by their next four bits those numbers that
// begin as its value does; that tells the value's next four bits. Eight walks. A kernel's State has:
//
// axis;
// shift: how far the digit that is counted is from the right;
// leading: for each rank, the leading digits of its value;
// counts: how many numbers continue these with each next one.

const DIGITS: u32 = 16u;

// Floats as whole numbers in the same order.
fn ordered(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}

fn unordered(key: u32) -> f32 {
    return bitcast<f32>(select(~key, key & 0x7fffffffu, (key >> 31u) == 1u));
}

fn count_digits(along: f32, state: ptr<function, State>) {
    let key = ordered(along) >> (*state).shift;
    for (var rank = 0u; rank < RANKS; rank++) {
        if key / DIGITS == (*state).leading[rank] { (*state).counts[rank * DIGITS + key % DIGITS] += 1u; }
    }
}

fn values_by_digits(query: vec3<i32>, ranks: array<u32, RANKS>, state: ptr<function, State>) -> array<f32, RANKS> {
    var wanted = ranks;
    let axis = (*state).axis;
    for (var rank = 0u; rank < RANKS; rank++) { (*state).leading[rank] = 0u; }
    for (var digit = 0u; digit < 8u; digit++) {
        (*state).shift = 28u - 4u * digit;
        for (var i = 0u; i < RANKS * DIGITS; i++) { (*state).counts[i] = 0u; }
        walk_cylinder(query, axis, state);
        for (var rank = 0u; rank < RANKS; rank++) {
            var next = 0u;
            for (; next < DIGITS - 1u; next++) {
                let here = (*state).counts[rank * DIGITS + next];
                if wanted[rank] < here { break; }
                wanted[rank] -= here;
            }
            (*state).leading[rank] = (*state).leading[rank] * DIGITS + next;
        }
    }
    var values: array<f32, RANKS>;
    for (var rank = 0u; rank < RANKS; rank++) { values[rank] = unordered((*state).leading[rank]); }
    return values;
}
