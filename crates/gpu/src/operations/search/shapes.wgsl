// Shapes: number of points, eigenvalues and normal of the neighbourhoods of several radii.
//
// One dispatch a radius, on the same queries: moments (ball.wgsl), and eigenvalues and smallest direction of their covariance (eigen.wgsl).
// 32 bytes a query and radius go back, where a covariance with its mean is 52. The CPU looks at planarity, and takes the directions that
// f32 does not determine from exact sums.

// Of each radius and query: points, eigenvalues from the lowest to the highest (square ticks), axis, planarity.
@group(0) @binding(4) var<storage, read_write> found: array<u32>;

const WORDS: u32 = 8u;

@compute @workgroup_size(WORKGROUP)
fn shapes(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    let at = (parameters.wanted * parameters.count + bitcast<u32>(query.w)) * WORDS;
    let moments = moments_around(query.xyz);
    let spread = spread_of(moments);
    let eigen = eigen_of(spread.squares, spread.products);
    found[at] = moments.count;
    if !is_complete(two()) { found[at] = NONE; }
    found[at + 1u] = bitcast<u32>(eigen.values.x);
    found[at + 2u] = bitcast<u32>(eigen.values.y);
    found[at + 3u] = bitcast<u32>(eigen.values.z);
    found[at + 4u] = bitcast<u32>(eigen.axis.x);
    found[at + 5u] = bitcast<u32>(eigen.axis.y);
    found[at + 6u] = bitcast<u32>(eigen.axis.z);
    found[at + 7u] = bitcast<u32>(eigen.planarity);
}
