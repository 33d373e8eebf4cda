// Order statistics of cells with few points: a thread sorts the heights of its cell where they are.
//
// Which ranks are wanted was worked out by the CPU, as it takes f64 to agree with it. Cells with many points are put on a list, by an atomic,
// in an order that does not matter. Sorted heights are the same whatever order they came in.

struct Parameters { cells: u32, quantiles: u32, two: u32, unused: u32 }

@group(1) @binding(0) var<uniform> parameters: Parameters;
// Where each cell ends.
@group(0) @binding(1) var<storage, read> ends: array<u32>;
@group(0) @binding(2) var<storage, read_write> heights: array<u32>;
// Quantile by quantile, cell by cell: the rank, then the height there and the next one.
@group(0) @binding(3) var<storage, read_write> found: array<vec2<u32>>;
// How many cells have many points, and which.
@group(0) @binding(4) var<storage, read_write> many: array<atomic<u32>>;

const FEW: u32 = 32u;

@compute @workgroup_size(WORKGROUP)
fn few(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let cell = thread_of(id, groups);
    if cell >= parameters.cells { return; }
    var first = 0u;
    if cell > 0u { first = ends[cell - 1u]; }
    let end = ends[cell];
    if end == first { return; }
    if end - first > FEW {
        let at = atomicAdd(&many[0], 1u);
        atomicStore(&many[1u + at], cell);
        return;
    }
    for (var i = first + 1u; i < end; i++) {
        let moving = heights[i];
        var to = i;
        while to > first {
            let before = heights[to - 1u];
            if before <= moving { break; }
            heights[to] = before;
            to -= 1u;
        }
        heights[to] = moving;
    }
    for (var q = 0u; q < parameters.quantiles; q++) {
        let at = q * parameters.cells + cell;
        let rank = first + found[at].x;
        found[at] = vec2<u32>(heights[rank], heights[min(rank + 1u, end - 1u)]);
    }
}
