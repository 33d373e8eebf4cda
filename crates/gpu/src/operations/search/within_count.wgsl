// All points within a radius, counted: the CPU adds the counts up, so that each query's list has its place, and within_fill.wgsl writes it
// there. Lists are for few queries and for tests: what is summed over neighbourhoods is summed on the device.

@group(0) @binding(4) var<storage, read_write> counts: array<u32>;

struct State { count: u32 }

fn is_beyond(height: i32, state: ptr<function, State>) -> bool {
    return height > parameters.reach;
}

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    for (var i = first; i < end; i++) {
        let d = position_of(i) - query;
        if is_within(d, squared_roughly(d), parameters.limit, parameters.roughly) { (*state).count += 1u; }
    }
}

@compute @workgroup_size(WORKGROUP)
fn within_count(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    var state = State(0u);
    walk(block_around(query.xyz, parameters.reach), query.xyz, &state);
    counts[query.w] = select(NONE, state.count, is_complete(two()));
}
