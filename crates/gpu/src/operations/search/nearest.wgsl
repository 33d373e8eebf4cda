// The nearest point of each query.
//
// The 2 × 2 cells around the query first, then rings around them, twice as wide each time, until the best distance is no larger than the
// distance to what was not looked at. Candidates are compared by f32, and by whole numbers where that cannot decide: of two
// points at the same distance the first is taken, whatever the order in which they are met.

@group(0) @binding(4) var<storage, read_write> found: array<vec2<u32>>;

// The best so far: its squared distance (the limit as long as there is none), its difference from the query and its number.
struct State { best: f32, difference: vec3<i32>, id: u32 }

fn is_beyond(height: i32, state: ptr<function, State>) -> bool {
    let h = f32(height);
    return h * h > (*state).best * (1.0 + GUARD);
}

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    for (var i = first; i < end; i++) {
        let d = position_of(i) - query;
        let squared = squared_roughly(d);
        if squared > (*state).best * (1.0 + GUARD) { continue; }
        let id = number_of(i);
        var better = false;
        if (*state).id == NONE {
            better = is_within(d, squared, parameters.limit, parameters.roughly);
        } else if squared < (*state).best * (1.0 - GUARD) {
            better = true;
        } else {
            let a = squared_exactly(d);
            let b = squared_exactly((*state).difference);
            better = is_less(a, b) || (is_same(a, b) && id < (*state).id);
        }
        if better {
            (*state).best = squared;
            (*state).difference = d;
            (*state).id = id;
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn nearest(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    var state = State(parameters.roughly, vec3<i32>(0), NONE);
    var block = block_around(query.xyz, i32((1u << parameters.grid.shift) >> 1u));
    walk(block, query.xyz, &state);
    // Steps double: thirty of them reach everywhere.
    for (var round = 0u; round < 32u; round++) {
        let clear = f32(clearance(query.xyz, block));
        if clear < 0.0 || clear * clear > state.best * (1.0 + GUARD) { break; }
        let outer = grown(block, 1u << min(round, 30u));
        walk_ring(block, outer, query.xyz, &state);
        block = outer;
    }
    var result = vec2<u32>(NONE, 0u);
    if state.id != NONE {
        result = vec2<u32>(state.id, bitcast<u32>(nearest_f32(squared_exactly(state.difference))));
    }
    if !is_complete(two()) { result = vec2<u32>(NONE, 1u); }
    found[query.w] = result;
}
