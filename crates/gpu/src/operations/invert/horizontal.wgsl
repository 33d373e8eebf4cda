// Horizontal errors: the width of each column of the averaging kernel. O(bins) for each of the bins, half of the arithmetic of an inversion.
//
// Column k is K[t] = l[t] R[t] · p with p = N R[k] = Σ (e_j / d_j) E_j, e = E R[k]. It is never stored: it is computed once for its maximum and once more
// where it is sampled. A thread does this for four columns of a pixel at a time, so that what it fetches of a bin, seven numbers, serves four times
// twelve operations: fetching, not computing, is what took the time with one column a thread. All threads walk over the same bins together.
//
// The floor in operations: 110 for p and 12 nt + 51 x 8 + 12 for each bin that is sampled, a column; at nt = 42, 63 k a pixel. In bytes: 4 nt written,
// 224 + 4 nt read once a pixel, and from the cache after that.

struct Parameters {
    // From samples to standard deviations.
    unit: real,
    pixels: u32,
    bins: u32,
    samples: u32,
    // Groups of four columns a pixel.
    groups: u32,
    two: u32,
}

// p of four columns: a channel's four numbers together.
struct Four {
    a: real4,
    b: real4,
    c: real4,
    d: real4,
    e: real4,
    f: real4,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> bins: array<Bin>;
// Where a column is sampled: (1 - share) of a bin and share of the next.
@group(0) @binding(2) var<storage, read> sampled: array<u32>;
@group(0) @binding(3) var<storage, read> shares: array<real>;
@group(0) @binding(4) var<storage, read> constraint: array<real>;
@group(0) @binding(5) var<storage, read> solutions: array<Packed>;
@group(0) @binding(6) var<storage, read_write> horizontal: array<real>;

const NO_SAMPLE: u32 = 0xffffffffu;
// No width: the driver ended a loop, and the pixel is inverted again.
const CUT: u32 = 0xfffffffeu;

// Response of channel f in four bins, the last one again beyond the end.
fn seen(k: u32) -> Four {
    let last = parameters.bins - 1u;
    let k1 = min(k + 1u, last);
    let k2 = min(k + 2u, last);
    let k3 = min(k + 3u, last);
    let low = transpose(FourBins(bins[k].low, bins[k1].low, bins[k2].low, bins[k3].low));
    let high = transpose(FourBins(bins[k].high, bins[k1].high, bins[k2].high, bins[k3].high));
    return Four(low[0], low[1], low[2], high[0], high[1], high[2]);
}

// Of a bin and four columns.
fn product(row: Packed, p: Four) -> real4 {
    return ((p.a * row.low.x + p.b * row.low.y) + (p.c * row.low.z + p.d * row.high.x))
        + (p.e * row.high.y + p.f * row.high.z);
}

// The four columns in bin t.
fn columns(p: Four, row: u32, t: u32) -> real4 {
    return product(Packed(bins[t].low, 0.0, bins[t].high, 0.0), p) * constraint[row + t];
}

// p of the four columns.
fn coefficients_of(k: u32, solution: u32) -> Four {
    let r = seen(k);
    var p: Four;
    for (var j = 1u; j < PACKED; j++) {
        let of_e = solutions[solution + j];
        let e = product(of_e, r) * of_e.first;
        p.a += e * of_e.low.x;
        p.b += e * of_e.low.y;
        p.c += e * of_e.low.z;
        p.d += e * of_e.high.x;
        p.e += e * of_e.high.y;
        p.f += e * of_e.high.z;
    }
    return p;
}

fn write(first: u32, last: u32, k: u32, row: u32) {
    if k >= parameters.bins { return; }
    if first == CUT {
        horizontal[row + k] = -1.0;
        return;
    }
    horizontal[row + k] = select(real(last - first) * parameters.unit, bins[k].widest, first == NO_SAMPLE);
}

@compute @workgroup_size(WORKGROUP)
fn horizontal_errors(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let thread = thread_of(id, groups);
    if thread >= parameters.pixels * parameters.groups { return; }
    let i = thread / parameters.groups;
    let k = 4u * (thread - i * parameters.groups);
    let row = i * parameters.bins;
    let solution = i * PACKED;
    // Without a result: the CPU fills it.
    if solutions[solution].second == 0.0 { return; }
    let p = coefficients_of(k, solution);
    var largest = columns(p, row, 0u);
    for (var t = 1u; t < parameters.bins; t++) {
        largest = max(largest, columns(p, row, t));
    }
    let half = 0.5 * largest;

    var first = vec4<u32>(NO_SAMPLE);
    var last = vec4<u32>(0u);
    var bin = NO_SAMPLE;
    var below: real4;
    var above: real4;
    for (var s = 0u; s < parameters.samples; s++) {
        let next = sampled[s];
        if next != bin {
            if bin != NO_SAMPLE && next == bin + 1u { below = above; } else { below = columns(p, row, next); }
            above = columns(p, row, next + 1u);
            bin = next;
        }
        let reaches = below + (above - below) * shares[s] >= half;
        first = select(first, min(first, vec4<u32>(s)), reaches);
        last = select(last, vec4<u32>(s), reaches);
    }
    if !is_complete(parameters.two) { first = vec4<u32>(CUT); }
    write(first.x, last.x, k, row);
    write(first.y, last.y, k + 1u, row);
    write(first.z, last.z, k + 2u, row);
    write(first.w, last.w, k + 3u, row);
}
