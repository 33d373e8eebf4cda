// Normals: of the neighbourhoods of several radii, that of the most planar one.
//
// One dispatch a radius, on the same queries: moments (ball.wgsl), their covariance's smallest direction (eigen.wgsl), and the choice, which stays
// on the device beside the result. How planar the best of the others is stays there too, so that the CPU can tell where f32 could not
// decide. A ball with as many points as the one before has the same points, as one is inside the other, and is no better.

// Of each query: axis, its planarity, that of the best of the others, points of the last ball, whether a driver ended a loop, radius (from 1).
@group(0) @binding(4) var<storage, read_write> found: array<u32>;

const WORDS: u32 = 8u;

@compute @workgroup_size(WORKGROUP)
fn normals(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.count { return; }
    let query = queries[thread];
    let at = bitcast<u32>(query.w) * WORDS;
    let moments = moments_around(query.xyz);
    if !is_complete(two()) { found[at + 6u] = 1u; }
    let before = found[at + 5u];
    found[at + 5u] = moments.count;
    if moments.count < 3u || moments.count == before { return; }
    let spread = spread_of(moments);
    let eigen = eigen_of(spread.squares, spread.products);
    if eigen.planarity < 0.0 { return; }
    let best = bitcast<f32>(found[at + 3u]);
    if found[at + 7u] != 0u {
        let other = bitcast<f32>(found[at + 4u]);
        found[at + 4u] = bitcast<u32>(max(other, min(best, eigen.planarity)));
        if eigen.planarity <= best { return; }
    }
    found[at] = bitcast<u32>(eigen.axis.x);
    found[at + 1u] = bitcast<u32>(eigen.axis.y);
    found[at + 2u] = bitcast<u32>(eigen.axis.z);
    found[at + 3u] = bitcast<u32>(eigen.planarity);
    found[at + 7u] = parameters.wanted;
}
