// Mean and covariance of the k nearest points: see closest.wgsl and moments.wgsl.

@group(0) @binding(4) var<storage, read_write> found: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn covariance_of_nearest(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    var state: State;
    find(query.xyz, &state);
    var m = no_moments();
    m.count = state.count;
    if state.count > 0u { m.base = position_of(state.place[0]) - query.xyz; }
    for (var i = 0u; i < state.count; i++) {
        m.sum += vec3<f32>(position_of(state.place[i]) - query.xyz - m.base);
    }
    settle_mean(&m);
    for (var i = 0u; i < state.count; i++) {
        let e = vec3<f32>(position_of(state.place[i]) - query.xyz - m.base) - m.mean;
        m.sum += e;
        m.squares += e * e;
        m.products += e.xxy * e.yzz;
    }
    if !is_complete(two()) { m.count = NONE; }
    write_moments(bitcast<u32>(query.w), m);
}
