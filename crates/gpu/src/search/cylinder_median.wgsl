// Median and inter-quartile range along the axis: see cylinder.wgsl.
//
// Offsets are counted while the first KEPT of them are kept; if these were all, they are sorted where they are. Else the wanted order statistics (two
// ranks a quantile) are found digit by digit: a float's bits, with the sign turned round, are a whole number in the same order. One walk
// counts, for each rank, by their next four bits those numbers that begin as its value does; that tells the value's next four bits. Eight walks.

const KEPT: u32 = 64u;
const RANKS: u32 = 6u;
const DIGITS: u32 = 16u;

struct State {
    axis: vec3<f32>,
    count: u32,
    // How far the digit that is counted is from the right; 32 while none is.
    shift: u32,
    kept: array<f32, KEPT>,
    // For each rank: the leading digits, and how many continue with each next one.
    leading: array<u32, RANKS>,
    counts: array<u32, 96>,
}

// Floats as whole numbers in the same order.
fn ordered(value: f32) -> u32 {
    let bits = bitcast<u32>(value);
    return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}

fn unordered(key: u32) -> f32 {
    return bitcast<f32>(select(~key, key & 0x7fffffffu, (key >> 31u) == 1u));
}

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    if (*state).count == FLAGGED { return; }
    for (var i = first; i < end; i++) {
        var along: f32;
        let where_it_is = inside(points[i].xyz - query, (*state).axis, &along);
        if where_it_is == 0u { continue; }
        if where_it_is == 2u {
            (*state).count = FLAGGED;
            return;
        }
        if (*state).shift < 32u {
            let key = ordered(along) >> (*state).shift;
            for (var rank = 0u; rank < RANKS; rank++) {
                if key / DIGITS == (*state).leading[rank] { (*state).counts[rank * DIGITS + key % DIGITS] += 1u; }
            }
        } else {
            if (*state).count < KEPT { (*state).kept[(*state).count] = along; }
            (*state).count += 1u;
        }
    }
}

// The ranks whose values are averaged for a quarter: floor(q n), and the one before where q n is whole.
fn ranks_of(quarters: u32, n: u32) -> vec2<u32> {
    let at = quarters * (n / 4u) + (quarters * (n % 4u)) / 4u;
    let whole = (quarters * (n % 4u)) % 4u == 0u;
    return vec2<u32>(select(at, at - 1u, whole), at);
}

fn sort_kept(state: ptr<function, State>) {
    for (var i = 1u; i < (*state).count; i++) {
        let moving = (*state).kept[i];
        var to = i;
        while to > 0u {
            let before = (*state).kept[to - 1u];
            if before <= moving { break; }
            (*state).kept[to] = before;
            to -= 1u;
        }
        (*state).kept[to] = moving;
    }
}

// The values of the wanted ranks, as ordered numbers.
fn select_ranks(query: vec3<i32>, ranks: array<u32, RANKS>, state: ptr<function, State>) {
    var wanted = ranks;
    let axis = (*state).axis;
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
}

@compute @workgroup_size(WORKGROUP)
fn cylinder_median(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    let axis = axes[query.w].xyz;
    var state: State;
    state.axis = axis;
    state.count = 0u;
    state.shift = 32u;
    for (var rank = 0u; rank < RANKS; rank++) { state.leading[rank] = 0u; }
    if any(axis != vec3<f32>(0.0)) { walk_cylinder(query.xyz, axis, &state); }
    let n = select(FLAGGED, state.count, is_complete(two()));
    if n == 0u || n == FLAGGED {
        found[query.w] = vec4<u32>(n, 0u, 0u, 0u);
        return;
    }
    var ranks: array<u32, RANKS>;
    for (var quarter = 0u; quarter < 3u; quarter++) {
        let pair = ranks_of(quarter + 1u, n);
        ranks[2u * quarter] = pair.x;
        ranks[2u * quarter + 1u] = pair.y;
    }
    var values: array<f32, RANKS>;
    if n <= KEPT {
        sort_kept(&state);
        for (var rank = 0u; rank < RANKS; rank++) { values[rank] = state.kept[ranks[rank]]; }
    } else {
        select_ranks(query.xyz, ranks, &state);
        for (var rank = 0u; rank < RANKS; rank++) { values[rank] = unordered(state.leading[rank]); }
    }
    let median = 0.5 * (values[2] + values[3]);
    let spread = 0.5 * (values[4] + values[5]) - 0.5 * (values[0] + values[1]);
    let count = select(FLAGGED, n, is_complete(two()));
    found[query.w] = vec4<u32>(count, bitcast<u32>(median), bitcast<u32>(spread), 0u);
}
