// What the threads of a workgroup find together, subgroup by subgroup: across.wgsl is the same for every device.
//
// Whole numbers alone, whose sums do not depend on the size of a subgroup. Nothing is supposed of which threads make up a subgroup, or of how many: threads
// have the order of their subgroups, and within one that of its lanes.

struct Lane {
    @builtin(local_invocation_index) thread: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) within: u32,
}

// Of each subgroup.
var<workgroup> sums: array<u32, WORKGROUP>;

// The order of the threads in `up_to`: each number below WORKGROUP once.
fn rank_of(lane: Lane) -> u32 {
    return up_to(lane, 1u) - 1u;
}

// The sum of what the threads up to this one have, itself counted.
fn up_to(lane: Lane, own: u32) -> u32 {
    let whole_subgroup = subgroupAdd(own);
    var sum = subgroupInclusiveAdd(own);
    // Others may still look at the last sums.
    workgroupBarrier();
    if lane.within == 0u { sums[lane.subgroup] = whole_subgroup; }
    workgroupBarrier();
    for (var before = 0u; before < lane.subgroup; before++) { sum += sums[before]; }
    return sum;
}

// Raises `largest` to what the threads have.
fn raise_to(lane: Lane, own: u32) {
    let most = subgroupMax(own);
    if lane.within == 0u { atomicMax(&largest, most); }
}

var<workgroup> largest: atomic<u32>;
