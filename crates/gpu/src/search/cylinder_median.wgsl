// Median and inter-quartile range along the axis: see cylinder.wgsl.
//
// Offsets are counted while the first KEPT of them are kept; if these were all, they are sorted where they are. Else the wanted order statistics are
// found by halving: a float's bits, with the sign turned round, are a whole number in the same order; the walk counts how many are at most a
// threshold, for all six wanted ranks (two a quantile) at once, and 32 walks leave one value each.

const KEPT: u32 = 64u;

struct State {
    axis: vec3<f32>,
    count: u32,
    halving: bool,
    kept: array<f32, KEPT>,
    // For each wanted rank: the threshold, and how many are at most that.
    thresholds: array<u32, 6>,
    counts: array<u32, 6>,
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
        if (*state).halving {
            let key = ordered(along);
            for (var rank = 0u; rank < 6u; rank++) {
                if key <= (*state).thresholds[rank] { (*state).counts[rank] += 1u; }
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

// Fills `thresholds` with the keys of the wanted ranks.
fn halve(query: vec3<i32>, axis: vec3<f32>, ranks: array<u32, 6>, state: ptr<function, State>) {
    var wanted = ranks;
    var low: array<u32, 6>;
    var high: array<u32, 6>;
    for (var rank = 0u; rank < 6u; rank++) { high[rank] = 0xffffffffu; }
    (*state).halving = true;
    for (var round = 0u; round < 32u; round++) {
        for (var rank = 0u; rank < 6u; rank++) {
            (*state).thresholds[rank] = low[rank] + (high[rank] - low[rank]) / 2u;
            (*state).counts[rank] = 0u;
        }
        walk_cylinder(query, axis, state);
        for (var rank = 0u; rank < 6u; rank++) {
            if (*state).counts[rank] > wanted[rank] {
                high[rank] = (*state).thresholds[rank];
            } else {
                low[rank] = (*state).thresholds[rank] + 1u;
            }
        }
    }
    for (var rank = 0u; rank < 6u; rank++) { (*state).thresholds[rank] = low[rank]; }
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
    state.halving = false;
    if any(axis != vec3<f32>(0.0)) { walk_cylinder(query.xyz, axis, &state); }
    let n = state.count;
    if n == 0u || n == FLAGGED {
        found[query.w] = vec4<u32>(n, 0u, 0u, 0u);
        return;
    }
    var ranks: array<u32, 6>;
    for (var quarter = 0u; quarter < 3u; quarter++) {
        let pair = ranks_of(quarter + 1u, n);
        ranks[2u * quarter] = pair.x;
        ranks[2u * quarter + 1u] = pair.y;
    }
    var values: array<f32, 6>;
    if n <= KEPT {
        sort_kept(&state);
        for (var rank = 0u; rank < 6u; rank++) { values[rank] = state.kept[ranks[rank]]; }
    } else {
        halve(query.xyz, axis, ranks, &state);
        for (var rank = 0u; rank < 6u; rank++) { values[rank] = unordered(state.thresholds[rank]); }
    }
    let median = 0.5 * (values[2] + values[3]);
    let spread = 0.5 * (values[4] + values[5]) - 0.5 * (values[0] + values[1]);
    found[query.w] = vec4<u32>(n, bitcast<u32>(median), bitcast<u32>(spread), 0u);
}
