// See sort.wgsl.

@group(0) @binding(4) var<storage, read> ranks: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn scatter(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = thread_of(id, groups);
    if i >= parameters.count { return; }
    order[starts[cell_of(items[i].xyz)] + ranks[i]] = i;
}
