// What the device can do at most: move bytes, and multiply and add.
//
// `copy_all` reads and writes every element once, in order: no kernel moves bytes faster. `multiply_and_add` keeps eight sums of its own in registers, none
// waiting for another, and touches memory once at the end: no kernel computes faster. The sums are stored so that they cannot be left out.

struct Parameters { count: u32, rounds: u32, _a: u32, _b: u32 }
@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> from_here: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> to_there: array<vec4<f32>>;

@compute @workgroup_size(WORKGROUP)
fn copy_all(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = thread_of(id, groups);
    if i >= parameters.count { return; }
    to_there[i] = from_here[i];
}

@compute @workgroup_size(WORKGROUP)
fn multiply_and_add(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = thread_of(id, groups);
    if i >= parameters.count { return; }
    let by = vec4<f32>(0.999, 0.998, 0.997, 0.996);
    let more = from_here[i];
    var a = more;
    var b = more + vec4<f32>(1.0);
    for (var round = 0u; round < parameters.rounds; round++) {
        a = fma(a, by, more);
        b = fma(b, by, more);
    }
    to_there[i] = a + b;
}
