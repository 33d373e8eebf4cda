// See sort.wgsl.

struct Crowds { cells: atomic<u32>, largest: atomic<u32>, list: array<u32> }

@group(0) @binding(4) var<storage, read_write> crowds: Crowds;

@compute @workgroup_size(WORKGROUP)
fn settle(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let cell = thread_of(id, groups);
    if cell >= parameters.cells { return; }
    let first = starts[cell];
    let end = starts[cell + 1u];
    if end - first > CROWDED {
        let at = atomicAdd(&crowds.cells, 1u);
        crowds.list[at] = cell;
        atomicMax(&crowds.largest, end - first);
        return;
    }
    for (var i = first + 1u; i < end; i++) {
        let moving = order[i];
        var to = i;
        while to > first {
            let before = order[to - 1u];
            if before <= moving { break; }
            order[to] = before;
            to -= 1u;
        }
        order[to] = moving;
    }
}
