// Exclusive prefix sums of whole numbers.
//
// A workgroup sums 1,024 numbers, four a thread: each thread adds up its own four, the sums of the threads are summed in workgroup memory
// (each adds what stands 1, 2, 4, … before it), and each thread writes its four prefixes. The total of each workgroup goes to a shorter
// array that is summed in the same way, level by level, until one workgroup suffices; `raise` then adds the prefixes of the totals back.
// Whole numbers: the result does not depend on any order.

struct Parameters { count: u32, unused_a: u32, unused_b: u32, unused_c: u32 }

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> totals: array<u32>;

var<workgroup> sums: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn scan(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let block = group_of(group, groups);
    let first = (block * WORKGROUP + thread) * 4u;
    var own = vec4<u32>(0u);
    for (var i = 0u; i < 4u; i++) {
        if first + i < parameters.count { own[i] = values[first + i]; }
    }
    let total = own.x + own.y + own.z + own.w;
    sums[thread] = total;
    workgroupBarrier();
    for (var step = 1u; step < WORKGROUP; step = step * 2u) {
        var before = 0u;
        if thread >= step { before = sums[thread - step]; }
        workgroupBarrier();
        sums[thread] += before;
        workgroupBarrier();
    }
    var next = sums[thread] - total;
    for (var i = 0u; i < 4u; i++) {
        if first + i < parameters.count { values[first + i] = next; }
        next += own[i];
    }
    if thread == WORKGROUP - 1u && block < arrayLength(&totals) { totals[block] = sums[thread]; }
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
