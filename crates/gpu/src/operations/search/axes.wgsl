// The axes that normals.wgsl found, for what looks along them: unit vectors on the side of a direction, so that they need not travel.
//
// Whatever the error of the device's inverse root, one step of Newton's method leaves that of its own three roundings: an axis is as long and points
// as the CPU's to 1.8e-7. Where there is no normal, zeroes.

struct Parameters {
    towards: vec3<f32>,
    count: u32,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
// As in normals.wgsl.
@group(0) @binding(1) var<storage, read> found: array<u32>;
@group(0) @binding(2) var<storage, read_write> turned: array<vec4<f32>>;

const WORDS: u32 = 8u;

@compute @workgroup_size(WORKGROUP)
fn axes(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = thread_of(id, groups);
    if i >= parameters.count { return; }
    let at = i * WORDS;
    var axis = vec3<f32>(0.0);
    if found[at + 7u] != 0u {
        let v = vec3<f32>(bitcast<f32>(found[at]), bitcast<f32>(found[at + 1u]), bitcast<f32>(found[at + 2u]));
        let nearly = v * inverseSqrt(dot(v, v));
        axis = nearly * (1.5 - 0.5 * dot(nearly, nearly));
        if dot(axis, parameters.towards) < 0.0 { axis = -axis; }
    }
    turned[i] = vec4<f32>(axis, 0.0);
}
