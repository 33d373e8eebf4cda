// See sort.wgsl.

@group(0) @binding(4) var<storage, read> crowds: array<u32>;

// Whether point a comes before point b: lower, or as high and first.
fn is_before(a: u32, b: u32) -> bool {
    let za = items[a].z;
    let zb = items[b].z;
    return za < zb || (za == zb && a < b);
}

fn sort_pair(first: u32, low: u32, high: u32) {
    let a = order[first + low];
    let b = order[first + high];
    if is_before(b, a) {
        order[first + low] = b;
        order[first + high] = a;
    }
}

var<workgroup> cell_bounds: vec2<u32>;

@compute @workgroup_size(WORKGROUP)
fn crowd(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    if thread == 0u {
        let at = group_of(group, groups);
        var bounds = vec2<u32>(0u);
        if at < parameters.cells {
            // Two words of counters come before the list.
            let cell = crowds[2u + at];
            bounds = vec2<u32>(starts[cell], starts[cell + 1u]);
        }
        cell_bounds = bounds;
    }
    let bounds = workgroupUniformLoad(&cell_bounds);
    let first = bounds.x;
    let count = bounds.y - bounds.x;
    for (var round = 2u; round < 2u * count; round = round * 2u) {
        // Mirrored places of each run of `round`.
        for (var pair = thread; pair < count; pair += WORKGROUP) {
            let run = (pair / (round / 2u)) * round;
            let place = pair % (round / 2u);
            let high = run + round - 1u - place;
            if high < count { sort_pair(first, run + place, high); }
        }
        storageBarrier();
        for (var step = round / 4u; step > 0u; step = step / 2u) {
            for (var pair = thread; pair < count; pair += WORKGROUP) {
                let low = (pair / step) * step * 2u + pair % step;
                if low + step < count { sort_pair(first, low, low + step); }
            }
            storageBarrier();
        }
    }
}
