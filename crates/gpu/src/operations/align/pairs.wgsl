// Normal equations: pairs are measured and added up.
//
// A pair is a source point, moved by the CPU, and the target point that was found nearest to it. Differences of ticks are exact in 32 bits;
// what rounding to ticks took from the moved point is kept as three fractions of 10 bits, so that residuals are those of the unrounded point.
// From there on it is f32, in ticks from the pivot: a term is right to some 1e-7 of itself.
//
// Each thread adds up every 64th pair of its workgroup's block; then a thread for each of the 28 sums adds up what the 64 threads have, in their order.
// The CPU adds up blocks in f64, in order too: the same bits at every run.

struct Parameters {
    count: u32,
    // 0: point to point; 1: point to plane.
    measure: u32,
    // Must be 2: see threads.wgsl.
    two: u32,
    unused: u32,
    // The pivot, ticks from the points' origin, and its fractions.
    pivot: vec4<i32>,
    beside: vec4<f32>,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
// Moved source points, by number.
@group(0) @binding(1) var<storage, read> sources: array<vec4<i32>>;
// What rounding took from them: x, y and z from the lowest bits up, each plus 512, in units of 2^-10 ticks.
@group(0) @binding(2) var<storage, read> fractions: array<u32>;
// The target point nearest to each, or none.
@group(0) @binding(3) var<storage, read> found: array<vec2<u32>>;
// x, y, z of each target point.
@group(0) @binding(4) var<storage, read> targets: array<i32>;
// Its normal; zero where it has none.
@group(0) @binding(5) var<storage, read> normals: array<f32>;
// Of each block: 28 sums, how many pairs took part, and how many searches a driver ended.
@group(0) @binding(6) var<storage, read_write> sums: array<u32>;

const NONE: u32 = 0xffffffffu;
const EACH: u32 = 16u;
const SUMS: u32 = 28u;
const ENTRY: u32 = 30u;

var<workgroup> parts: array<f32, 1792>; // SUMS * WORKGROUP
var<workgroup> taken: atomic<u32>;
var<workgroup> ended: atomic<u32>;

// Of one thread. Rotation r, translation t: the products of a symmetric block as (xx, yy, zz) and (xy, xz, yz), of the mixed one by columns of t.
struct Sums {
    rr: vec3<f32>, rr_off: vec3<f32>,
    rtx: vec3<f32>, rty: vec3<f32>, rtz: vec3<f32>,
    tt: vec3<f32>, tt_off: vec3<f32>,
    br: vec3<f32>, bt: vec3<f32>,
    error: f32,
}

fn point_to_point(s: vec3<f32>, d: vec3<f32>, to: ptr<function, Sums>) {
    let squares = s * s;
    (*to).rr += squares.yxx + squares.zzy;
    (*to).rr_off -= s.xxy * s.yzz;
    // s × e for each unit vector e.
    (*to).rtx += vec3<f32>(0.0, s.z, -s.y);
    (*to).rty += vec3<f32>(-s.z, 0.0, s.x);
    (*to).rtz += vec3<f32>(s.y, -s.x, 0.0);
    (*to).tt += vec3<f32>(1.0);
    (*to).br += cross(s, d);
    (*to).bt += d;
    (*to).error += dot(d, d);
}

fn point_to_plane(s: vec3<f32>, d: vec3<f32>, n: vec3<f32>, to: ptr<function, Sums>) {
    let residual = dot(d, n);
    let r = cross(s, n);
    (*to).rr += r * r;
    (*to).rr_off += r.xxy * r.yzz;
    (*to).rtx += r * n.x;
    (*to).rty += r * n.y;
    (*to).rtz += r * n.z;
    (*to).tt += n * n;
    (*to).tt_off += n.xxy * n.yzz;
    (*to).br += r * residual;
    (*to).bt += n * residual;
    (*to).error += residual * residual;
}

fn fraction(packed: u32) -> vec3<f32> {
    let parts = vec3<u32>(packed, packed >> 10u, packed >> 20u) & vec3<u32>(1023u);
    return (vec3<f32>(parts) - 512.0) * 0.0009765625;
}

fn keep(thread: u32, at: u32, v: vec3<f32>) {
    parts[at * WORKGROUP + thread] = v.x;
    parts[(at + 1u) * WORKGROUP + thread] = v.y;
    parts[(at + 2u) * WORKGROUP + thread] = v.z;
}

@compute @workgroup_size(WORKGROUP)
fn pairs(
    @builtin(local_invocation_index) thread: u32,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    if thread == 0u {
        atomicStore(&taken, 0u);
        atomicStore(&ended, 0u);
    }
    workgroupBarrier();
    let block = group_of(group, groups);
    let zero = vec3<f32>(0.0);
    var own = Sums(zero, zero, zero, zero, zero, zero, zero, zero, zero, 0.0);
    var count = 0u;
    var lost = 0u;
    for (var k = 0u; k < EACH; k++) {
        let i = (block * EACH + k) * WORKGROUP + thread;
        if i >= parameters.count { break; }
        let pair = found[i];
        if pair.x == NONE {
            lost += pair.y;
            continue;
        }
        let source = sources[i].xyz;
        let rounded = fraction(fractions[i]);
        let at = 3u * pair.x;
        let d = vec3<f32>(source - vec3<i32>(targets[at], targets[at + 1u], targets[at + 2u])) + rounded;
        let s = vec3<f32>(source - parameters.pivot.xyz) + (rounded - parameters.beside.xyz);
        if parameters.measure == 0u {
            point_to_point(s, d, &own);
        } else {
            let n = vec3<f32>(normals[at], normals[at + 1u], normals[at + 2u]);
            if all(n == zero) { continue; }
            point_to_plane(s, d, n, &own);
        }
        count += 1u;
    }
    atomicAdd(&taken, count);
    if !is_complete(parameters.two) { lost += 1u; }
    atomicAdd(&ended, lost);
    keep(thread, 0u, own.rr);
    keep(thread, 3u, own.rr_off);
    keep(thread, 6u, own.rtx);
    keep(thread, 9u, own.rty);
    keep(thread, 12u, own.rtz);
    keep(thread, 15u, own.tt);
    keep(thread, 18u, own.tt_off);
    keep(thread, 21u, own.br);
    keep(thread, 24u, own.bt);
    parts[27u * WORKGROUP + thread] = own.error;
    workgroupBarrier();
    if block * EACH * WORKGROUP >= parameters.count { return; }
    let to = block * ENTRY;
    if thread < SUMS {
        var sum = 0.0;
        for (var i = 0u; i < WORKGROUP; i++) { sum += parts[thread * WORKGROUP + i]; }
        sums[to + thread] = bitcast<u32>(sum);
    }
    if thread == 0u {
        sums[to + SUMS] = atomicLoad(&taken);
        sums[to + SUMS + 1u] = atomicLoad(&ended);
    }
}
