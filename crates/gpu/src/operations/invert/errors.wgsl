// What is asked for of every bin: the measure and its vertical error. One thread a pixel and bin, bins next to each other, so that results lie in memory as
// the map wants them and the CPU only copies.
//
// The floor: 15 operations a bin, 100 with the error. In bytes a pixel: 4 nt or 8 nt written, 224 + 4 nt read.

struct Parameters {
    pixels: u32,
    bins: u32,
    // 1 where the vertical error is.
    wanted: u32,
    unused: u32,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> bins: array<Bin>;
@group(0) @binding(2) var<storage, read> constraint: array<real>;
@group(0) @binding(3) var<storage, read> solutions: array<Packed>;
@group(0) @binding(4) var<storage, read_write> emission: array<real>;
@group(0) @binding(5) var<storage, read_write> vertical: array<real>;

@compute @workgroup_size(WORKGROUP)
fn errors(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = thread_of(id, groups);
    if at >= parameters.pixels * parameters.bins { return; }
    let i = at / parameters.bins;
    let k = at - i * parameters.bins;
    let solution = i * PACKED;
    let of_z = solutions[solution];
    // Without a result: the CPU fills it.
    if of_z.second == 0.0 { return; }
    let r = Six(bins[k].low, bins[k].high);
    let factor = constraint[at] * bins[k].to_report;
    emission[at] = dot6(r, six(of_z)) * factor;
    if parameters.wanted == 0u { return; }
    var variance: real = 0.0;
    for (var j = 1u; j < PACKED; j++) {
        let e = dot6(r, six(solutions[solution + j]));
        variance += e * e;
    }
    vertical[at] = sqrt(variance) * of_z.first * factor;
}
