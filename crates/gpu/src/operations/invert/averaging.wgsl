// Averaging kernels: bins x bins numbers a pixel, l[t] R[t] · N R[k]. One thread a number, columns next to each other. N R[k] is computed anew by every thread:
// 150 operations for four bytes, which are what takes the time.

struct Parameters {
    pixels: u32,
    bins: u32,
    unused_1: u32,
    unused_2: u32,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> bins: array<Bin>;
@group(0) @binding(2) var<storage, read> constraint: array<real>;
@group(0) @binding(3) var<storage, read> solutions: array<Packed>;
@group(0) @binding(4) var<storage, read_write> averaging: array<real>;

@compute @workgroup_size(WORKGROUP)
fn averaging_kernels(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = thread_of(id, groups);
    let row = at / parameters.bins;
    if row >= parameters.pixels * parameters.bins { return; }
    let k = at - row * parameters.bins;
    let i = row / parameters.bins;
    let t = row - i * parameters.bins;
    let solution = i * PACKED;
    // Without a result: the CPU fills it.
    if solutions[solution].second == 0.0 { return; }
    let seen = Six(bins[k].low, bins[k].high);
    var p: Six;
    for (var j = 1u; j < PACKED; j++) {
        let of_e = solutions[solution + j];
        p += six(of_e) * (dot6(seen, six(of_e)) * of_e.first);
    }
    averaging[at] = constraint[row] * dot6(Six(bins[t].low, bins[t].high), p);
}
