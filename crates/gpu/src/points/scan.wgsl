// Exclusive prefix sums of whole numbers.
//
// A workgroup sums 1,024 numbers, four a thread: each thread adds up its own four, the sums of the threads are summed (across.wgsl), and each thread
// writes its four prefixes. The total of each workgroup goes to a shorter
// array that is summed in the same way, level by level, until one workgroup suffices; `raise` then adds the prefixes of the totals back.
// Whole numbers: the result does not depend on any order.

struct Parameters { count: u32, unused_a: u32, unused_b: u32, unused_c: u32 }

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> totals: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn scan(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    lane: Lane,
) {
    let block = group_of(group, groups);
    let rank = rank_of(lane);
    let first = (block * WORKGROUP + rank) * 4u;
    var own = vec4<u32>(0u);
    for (var i = 0u; i < 4u; i++) {
        if first + i < parameters.count { own[i] = values[first + i]; }
    }
    let total = own.x + own.y + own.z + own.w;
    let sum = up_to(lane, total);
    var next = sum - total;
    for (var i = 0u; i < 4u; i++) {
        if first + i < parameters.count { values[first + i] = next; }
        next += own[i];
    }
    if rank == WORKGROUP - 1u && block < arrayLength(&totals) { totals[block] = sum; }
}

@compute @workgroup_size(WORKGROUP)
fn raise(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let block = group_of(group, groups);
    if block >= arrayLength(&totals) { return; }
    let first = (block * WORKGROUP + thread) * 4u;
    let by = totals[block];
    for (var i = 0u; i < 4u; i++) {
        if first + i < parameters.count { values[first + i] += by; }
    }
}
