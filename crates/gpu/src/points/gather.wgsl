// See sort.wgsl.

struct Parameters { count: u32, unused_a: u32, unused_b: u32, unused_c: u32 }

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> items: array<vec4<i32>>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> sorted: array<vec4<i32>>;

@compute @workgroup_size(WORKGROUP)
fn gather(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = thread_of(id, groups);
    if i >= parameters.count { return; }
    sorted[i] = items[order[i]];
}
