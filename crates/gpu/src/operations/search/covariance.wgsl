// Mean and covariance of the points within a radius: see ball.wgsl.

@group(0) @binding(4) var<storage, read_write> found: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn covariance(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    var moments = moments_around(query.xyz);
    if !is_complete(two()) { moments.count = NONE; }
    write_moments(bitcast<u32>(query.w), moments);
}
