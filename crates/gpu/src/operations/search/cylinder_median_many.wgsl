// Median and inter-quartile range along the axis of the points that cylinder_median_few.wgsl has counted and left.

struct State {
    axis: vec3<f32>,
    count: u32,
    shift: u32,
    leading: array<u32, RANKS>,
    counts: array<u32, 96>,
}

fn take(along: f32, state: ptr<function, State>) {
    count_digits(along, state);
}

@compute @workgroup_size(WORKGROUP)
fn cylinder_median_many(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    let before = found[query.w];
    if before.w == 0u { return; }
    var state: State;
    state.axis = axes[query.w].xyz;
    state.count = 0u;
    let values = values_by_digits(query.xyz, wanted_of(before.x), &state);
    // A point that this kernel's rounding leaves undecided, or a loop that the driver ended.
    let is_known = state.count != FLAGGED && is_complete(two());
    found[query.w] = result_of(select(FLAGGED, before.x, is_known), values);
}
