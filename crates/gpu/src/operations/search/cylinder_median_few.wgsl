// Median and inter-quartile range along the axis of at most KEPT points, and the count of more: the first of two kernels that together do what
// cylinder_median.wgsl does, each with less memory of its own. cylinder_median_many.wgsl finds those that are left.

struct State { axis: vec3<f32>, count: u32, kept: array<f32, KEPT> }

// In the last word of a result: it is the other kernel's.
const LEFT: u32 = 1u;

fn take(along: f32, state: ptr<function, State>) {
    keep(along, state);
}

@compute @workgroup_size(WORKGROUP)
fn cylinder_median_few(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    var state: State;
    state.axis = axes[query.w].xyz;
    state.count = 0u;
    let n = keep_all(query.xyz, &state);
    if n == 0u || n > KEPT {
        found[query.w] = vec4<u32>(n, 0u, 0u, select(LEFT, 0u, n == 0u || n == FLAGGED));
        return;
    }
    let values = values_kept(wanted_of(n), &state);
    let count = select(FLAGGED, n, is_complete(two()));
    found[query.w] = result_of(count, values);
}
