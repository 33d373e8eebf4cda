// See closest.wgsl: the lists themselves, MOST wide, ended by NONE.

@group(0) @binding(4) var<storage, read_write> found: array<vec2<u32>>;

@compute @workgroup_size(WORKGROUP)
fn k_nearest(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    var state: State;
    find(query.xyz, &state);
    let to = bitcast<u32>(query.w) * parameters.wanted;
    for (var i = 0u; i < parameters.wanted; i++) {
        var entry = vec2<u32>(NONE, 0u);
        if i < state.count {
            let at = state.place[i];
            let squared = nearest_f32(squared_exactly(position_of(at) - query.xyz));
            entry = vec2<u32>(number_of(at), bitcast<u32>(squared));
        }
        found[to + i] = entry;
    }
    if !is_complete(two()) { found[to] = vec2<u32>(NONE, 1u); }
}
