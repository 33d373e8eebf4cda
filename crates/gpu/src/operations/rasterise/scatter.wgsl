// Heights, sorted by cell. Where in its cell a height goes is left to chance: see few.wgsl and many.wgsl.

// Where the next height of each cell goes; in the end, where the next cell begins.
@group(0) @binding(3) var<storage, read_write> next: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> heights: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn scatter(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = thread_of(id, groups);
    if i >= parameters.count { return; }
    let cell = cell_of(i);
    if cell == NOWHERE { return; }
    heights[atomicAdd(&next[cell], 1u)] = height_of(i);
}
