// Median and inter-quartile range along the axis of at most KEPT points, and the count of more: the first of two kernels that together do what
// cylinder_median.wgsl does, each with less memory of its own. cylinder_median_many.wgsl finds those that are left.

struct State { axis: vec3<f32>, count: u32, kept: array<f32, KEPT> }

// In the last word of a result: it is the other kernel's.
const LEFT: u32 = 1u;

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    if (*state).count == FLAGGED { return; }
    for (var i = first; i < end; i++) {
        var along: f32;
        let where_it_is = inside(position_of(i) - query, (*state).axis, &along);
        if where_it_is == 0u { continue; }
        if where_it_is == 2u {
            (*state).count = FLAGGED;
            return;
        }
        if (*state).count < KEPT { (*state).kept[(*state).count] = along; }
        (*state).count += 1u;
    }
}

@compute @workgroup_size(WORKGROUP)
fn cylinder_median_few(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    let axis = axes[query.w].xyz;
    var state: State;
    state.axis = axis;
    state.count = 0u;
    if any(axis != vec3<f32>(0.0)) { walk_cylinder(query.xyz, axis, &state); }
    let n = select(FLAGGED, state.count, is_complete(two()));
    if n == 0u || n == FLAGGED {
        found[query.w] = vec4<u32>(n, 0u, 0u, 0u);
        return;
    }
    if n > KEPT {
        found[query.w] = vec4<u32>(n, 0u, 0u, LEFT);
        return;
    }
    let values = values_kept(wanted_of(n), &state);
    let count = select(FLAGGED, n, is_complete(two()));
    found[query.w] = result_of(count, values);
}
