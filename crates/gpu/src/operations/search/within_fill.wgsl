// All points within a radius, written where within_count.wgsl made room for them, in the order of the walk: the CPU brings each list
// into the order of the numbers.

@group(0) @binding(4) var<storage, read> offsets: array<u32>;
@group(0) @binding(5) var<storage, read_write> found: array<vec2<u32>>;

struct State { next: u32 }

fn is_beyond(height: i32, state: ptr<function, State>) -> bool {
    return height > parameters.reach;
}

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    for (var i = first; i < end; i++) {
        let d = position_of(i) - query;
        if is_within(d, squared_roughly(d), parameters.limit, parameters.roughly) {
            found[(*state).next] = vec2<u32>(number_of(i), bitcast<u32>(nearest_f32(squared_exactly(d))));
            (*state).next += 1u;
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn within_fill(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    var state = State(offsets[query.w]);
    walk(block_around(query.xyz, parameters.reach), query.xyz, &state);
}
