// What the threads of a workgroup find together, through its memory. subgroups.wgsl is the same where threads of a subgroup see each other's numbers.

struct Lane { @builtin(local_invocation_index) thread: u32 }

var<workgroup> sums: array<u32, WORKGROUP>;

// The order of the threads in `up_to`: each number below WORKGROUP once.
fn rank_of(lane: Lane) -> u32 {
    return lane.thread;
}

// The sum of what the threads up to this one have, itself counted.
fn up_to(lane: Lane, own: u32) -> u32 {
    sums[lane.thread] = own;
    workgroupBarrier();
    for (var step = 1u; step < WORKGROUP; step = step * 2u) {
        var before = 0u;
        if lane.thread >= step { before = sums[lane.thread - step]; }
        workgroupBarrier();
        sums[lane.thread] += before;
        workgroupBarrier();
    }
    return sums[lane.thread];
}

// Raises `largest` to what the threads have.
fn raise_to(lane: Lane, own: u32) {
    atomicMax(&largest, own);
}

var<workgroup> largest: atomic<u32>;
