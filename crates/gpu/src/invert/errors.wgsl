// What is asked for of every bin: the measure and its two errors. One thread a pixel and bin, bins next to each other, so that results lie in
// memory as the map wants them and the processor only copies.
//
// The horizontal error of bin k is the width of column k of the averaging kernel, K[t] = l[t] R[t] · p with p = N R[k]: O(bins) for each of the bins, half of
// the arithmetic of an inversion. With e = E R[k], which the vertical error needs anyway, p = Σ (e_j / d_j) E_j. A column is never stored: it is
// computed once for its maximum and once more where it is sampled. All threads walk over the same bins at the same time, so that R and l come from
// the cache as one word for all of them.
//
// The floor in operations: 160 a bin, and 12 nt + 51 x 8 + 12 for each bin that is sampled for its horizontal error; at nt = 42, 70 k a pixel, 7 k
// without horizontal errors. In bytes a pixel: 12 nt written, 224 + 4 nt read once, and from the cache after that.

struct Parameters {
    pixels: u32,
    bins: u32,
    samples: u32,
    // Bits: 1 vertical, 2 horizontal.
    wanted: u32,
    // From samples to standard deviations.
    unit: f32,
    unused_1: u32,
    unused_2: u32,
    unused_3: u32,
}

// Where a column is sampled: (1 - share) of a bin and share of the next.
struct Sample {
    bin: u32,
    share: f32,
}

@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> bins: array<Bin>;
@group(0) @binding(2) var<storage, read> samples: array<Sample>;
@group(0) @binding(3) var<storage, read> constraint: array<f32>;
@group(0) @binding(4) var<storage, read> solutions: array<Packed>;
@group(0) @binding(5) var<storage, read_write> emission: array<f32>;
@group(0) @binding(6) var<storage, read_write> vertical: array<f32>;
@group(0) @binding(7) var<storage, read_write> horizontal: array<f32>;

const NO_SAMPLE: u32 = 0xffffffffu;

// Column of the averaging kernel in bin t.
fn column(p: Six, row: u32, t: u32) -> f32 {
    return constraint[row + t] * dot6(Six(bins[t].low, bins[t].high), p);
}

// Between the first and the last sample that reach half of the maximum.
fn width(p: Six, row: u32, k: u32) -> f32 {
    var largest = column(p, row, 0u);
    for (var t = 1u; t < parameters.bins; t++) {
        largest = max(largest, column(p, row, t));
    }
    let half = 0.5 * largest;
    var first = NO_SAMPLE;
    var last = 0u;
    var bin = NO_SAMPLE;
    var below = 0.0;
    var above = 0.0;
    for (var s = 0u; s < parameters.samples; s++) {
        let sample = samples[s];
        if sample.bin != bin {
            if bin != NO_SAMPLE && sample.bin == bin + 1u { below = above; } else { below = column(p, row, sample.bin); }
            above = column(p, row, sample.bin + 1u);
            bin = sample.bin;
        }
        if below + (above - below) * sample.share >= half {
            first = min(first, s);
            last = s;
        }
    }
    if first == NO_SAMPLE { return bins[k].widest; }
    return f32(last - first) * parameters.unit;
}

@compute @workgroup_size(WORKGROUP)
fn errors(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let at = thread_of(id, groups);
    if at >= parameters.pixels * parameters.bins { return; }
    let i = at / parameters.bins;
    let k = at - i * parameters.bins;
    let row = i * parameters.bins;
    let solution = i * PACKED;
    let of_z = solutions[solution];
    // Without a result: the processor fills it.
    if of_z.second == 0.0 { return; }
    let r = Six(bins[k].low, bins[k].high);
    let l = constraint[at];
    emission[at] = l * dot6(r, six(of_z)) * bins[k].to_report;
    if parameters.wanted == 0u { return; }
    var variance = 0.0;
    var p: Six;
    for (var j = 1u; j < PACKED; j++) {
        let of_e = solutions[solution + j];
        let e = dot6(r, six(of_e));
        variance += e * e;
        p += six(of_e) * (e * of_e.first);
    }
    if (parameters.wanted & 1u) != 0u { vertical[at] = sqrt(variance) * of_z.first * l * bins[k].to_report; }
    if (parameters.wanted & 2u) != 0u { horizontal[at] = width(p, row, k); }
}
