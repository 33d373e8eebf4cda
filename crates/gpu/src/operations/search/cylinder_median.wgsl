// Median and inter-quartile range along the axis: see cylinder.wgsl.
//
// Offsets are counted while the first KEPT of them are kept (kept.wgsl); if these were all, they are sorted where they are, else the wanted order statistics
// are found digit by digit (digits.wgsl).

struct State {
    axis: vec3<f32>,
    count: u32,
    // 32 while no digit is counted.
    shift: u32,
    kept: array<f32, KEPT>,
    leading: array<u32, RANKS>,
    counts: array<u32, 96>,
}

fn take(along: f32, state: ptr<function, State>) {
    if (*state).shift < 32u { count_digits(along, state); } else { keep(along, state); }
}

@compute @workgroup_size(WORKGROUP)
fn cylinder_median(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    var state: State;
    state.axis = axes[query.w].xyz;
    state.count = 0u;
    state.shift = 32u;
    let n = keep_all(query.xyz, &state);
    if n == 0u || n == FLAGGED {
        found[query.w] = vec4<u32>(n, 0u, 0u, 0u);
        return;
    }
    var values: array<f32, RANKS>;
    if n <= KEPT {
        values = values_kept(wanted_of(n), &state);
    } else {
        values = values_by_digits(query.xyz, wanted_of(n), &state);
    }
    let count = select(FLAGGED, n, is_complete(two()));
    found[query.w] = result_of(count, values);
}
