// Order statistics of cells with many points: a workgroup finds each by its digits, without sorting.
//
// The digit of 8 bits at the top first: a histogram of the heights says which digit the wanted rank has, and what the rank is among
// the heights that begin so. Four rounds give the height itself, in time proportional to the points, however many they are. The
// next height is the same again, if there are more of it, else the least of those above.

struct Parameters { cells: u32, quantiles: u32, two: u32, unused: u32 }

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> ends: array<u32>;
@group(0) @binding(2) var<storage, read> heights: array<u32>;
@group(0) @binding(3) var<storage, read_write> found: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> many: array<u32>;
// Whether a driver ended a loop: see threads.wgsl.
@group(0) @binding(5) var<storage, read_write> ended: atomic<u32>;

// One bin a thread.
var<workgroup> bins: array<atomic<u32>, WORKGROUP>;
// The digit, how many heights have a lower one, and how many have it.
var<workgroup> digit: vec3<u32>;
var<workgroup> above: atomic<u32>;

// Replaces the rank at `at` by the height of that rank among heights first..end, and the next one. By a whole workgroup.
fn select_in(first: u32, end: u32, at: u32, lane: Lane, bin: u32) {
    let thread = lane.thread;
    let wanted = found[at].x;
    var rank = wanted;
    var height = 0u;
    var same = 0u;
    for (var round = 0u; round < 4u; round++) {
        let shift = 24u - 8u * round;
        atomicStore(&bins[thread], 0u);
        workgroupBarrier();
        for (var i = first + thread; i < end; i += WORKGROUP) {
            let value = heights[i];
            if round > 0u {
                if value >> (shift + 8u) != height { continue; }
            }
            atomicAdd(&bins[(value >> shift) & 255u], 1u);
        }
        workgroupBarrier();
        let own = atomicLoad(&bins[bin]);
        let sum = up_to(lane, own);
        if rank < sum && rank >= sum - own { digit = vec3<u32>(bin, sum - own, own); }
        workgroupBarrier();
        height = (height << 8u) | digit.x;
        rank -= digit.y;
        same = digit.z;
        workgroupBarrier();
    }
    if thread == 0u { atomicStore(&above, 0xffffffffu); }
    workgroupBarrier();
    for (var i = first + thread; i < end; i += WORKGROUP) {
        let value = heights[i];
        if value > height { atomicMin(&above, value); }
    }
    workgroupBarrier();
    if thread == 0u {
        let repeated = rank + 1u < same || wanted + 1u >= end - first;
        found[at] = vec2<u32>(height, select(atomicLoad(&above), height, repeated));
    }
    workgroupBarrier();
}

@compute @workgroup_size(WORKGROUP)
fn many_points(
    lane: Lane,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let bin = rank_of(lane);
    for (var place = group_of(group, groups); place < many[0]; place += groups.x * groups.y) {
        let cell = many[1u + place];
        var first = 0u;
        if cell > 0u { first = ends[cell - 1u]; }
        for (var q = 0u; q < parameters.quantiles; q++) {
            select_in(first, ends[cell], q * parameters.cells + cell, lane, bin);
        }
    }
    if !is_complete(parameters.two) { atomicStore(&ended, 1u); }
}
