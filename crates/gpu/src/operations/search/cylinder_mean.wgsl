// Mean and deviation along the axis: see cylinder.wgsl. Two passes, the second about the mean of the first; each span is summed on its own.

struct State { axis: vec3<f32>, count: u32, mean: f32, sum: f32, squares: f32, second: bool }

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    if (*state).count == FLAGGED { return; }
    var count = 0u;
    var sum = 0.0;
    var squares = 0.0;
    let axis = (*state).axis;
    let mean = (*state).mean;
    for (var i = first; i < end; i++) {
        var along: f32;
        let where_it_is = inside(position_of(i) - query, axis, &along);
        if where_it_is == 0u { continue; }
        if where_it_is == 2u {
            (*state).count = FLAGGED;
            return;
        }
        count += 1u;
        let e = along - mean;
        sum += e;
        squares += e * e;
    }
    (*state).sum += sum;
    if (*state).second { (*state).squares += squares; } else { (*state).count += count; }
}

@compute @workgroup_size(WORKGROUP)
fn cylinder_mean(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    let axis = axes[query.w].xyz;
    var state = State(axis, 0u, 0.0, 0.0, 0.0, false);
    var result = vec4<u32>(0u);
    if any(axis != vec3<f32>(0.0)) {
        walk_cylinder(query.xyz, axis, &state);
        let n = state.count;
        if n != FLAGGED && n > 0u {
            state.mean = state.sum / f32(n);
            state.sum = 0.0;
            state.second = true;
            walk_cylinder(query.xyz, axis, &state);
            let left = state.sum / f32(n);
            let variance = max(state.squares - state.sum * left, 0.0) / f32(max(n, 2u) - 1u);
            result = vec4<u32>(n, bitcast<u32>(state.mean + left), bitcast<u32>(sqrt(variance)), 0u);
        } else {
            result.x = n;
        }
    }
    if !is_complete(two()) { result.x = FLAGGED; }
    found[query.w] = result;
}
