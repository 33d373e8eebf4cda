// Sorted points of 16 bytes: x, y, z, original number. points_12.wgsl is the same with the numbers apart.

@group(0) @binding(1) var<storage, read> points: array<vec4<i32>>;

fn position_of(i: u32) -> vec3<i32> {
    return points[i].xyz;
}

fn number_of(i: u32) -> u32 {
    return bitcast<u32>(points[i].w);
}
