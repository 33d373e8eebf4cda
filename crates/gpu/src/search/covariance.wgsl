// Mean and covariance of the points within a radius: see moments.wgsl. The cells are walked twice; no list is written.

@group(0) @binding(4) var<storage, read_write> found: array<u32>;

struct State { moments: Moments, second: bool }

fn is_beyond(height: i32, state: ptr<function, State>) -> bool {
    return height > parameters.reach;
}

fn visit(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    var count = 0u;
    var base = (*state).moments.base;
    let mean = (*state).moments.mean;
    var unknown = (*state).moments.count == 0u;
    var sum = vec3<f32>(0.0);
    var squares = vec3<f32>(0.0);
    var products = vec3<f32>(0.0);
    for (var i = first; i < end; i++) {
        let d = points[i].xyz - query;
        if !is_within(d, squared_roughly(d), parameters.limit, parameters.roughly) { continue; }
        if unknown {
            base = d;
            unknown = false;
        }
        count += 1u;
        let e = vec3<f32>(d - base) - mean;
        sum += e;
        squares += e * e;
        products += e.xxy * e.yzz;
    }
    if count == 0u { return; }
    (*state).moments.sum += sum;
    if (*state).second {
        (*state).moments.squares += squares;
        (*state).moments.products += products;
    } else {
        (*state).moments.count += count;
        (*state).moments.base = base;
    }
}

@compute @workgroup_size(WORKGROUP)
fn covariance(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    var state = State(no_moments(), false);
    let block = block_around(query.xyz, parameters.reach);
    walk(block, query.xyz, &state);
    if state.moments.count > 1u {
        var m = state.moments;
        settle_mean(&m);
        state.moments = m;
        state.second = true;
        walk(block, query.xyz, &state);
    }
    if !is_complete(two()) { state.moments.count = NONE; }
    write_moments(bitcast<u32>(query.w), state.moments);
}
