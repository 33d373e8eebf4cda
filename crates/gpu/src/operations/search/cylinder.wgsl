// Points in a tilted cylinder, seen along its axis.
//
// The CPU decides in f64 whether a point is inside; here f32 decides, and knows how far it can be off. The offset along the axis is off by
// at most 8.4e-7 of the distance: seven roundings of 2^-23, either neighbour each (the coordinates, three of the axis where it was made here (axes.wgsl), the
// products, two sums); half and its sum with the bound by 1.8e-7 more. The squared distance from the axis is off by 21 of them, 2.6e-6 of the squared distance. A query that has a point within these of a border is left to the CPU: FLAGGED. The
// points that matter lie in the ball around the cylinder, so that its radius bounds the first; a point far outside is far from being inside.
//
// Row by row of cells, only those columns are walked that meet the axis's shadow, widened by the radius.

@group(0) @binding(4) var<storage, read> axes: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> found: array<vec4<u32>>;

// Also where a driver ended a loop: see threads.wgsl.
const FLAGGED: u32 = 0xffffffffu;

// 1 inside, 0 outside, 2 too near to a border to tell.
fn inside(d: vec3<i32>, axis: vec3<f32>, along: ptr<function, f32>) -> u32 {
    let f = vec3<f32>(d);
    let a = f.x * axis.x + f.y * axis.y + f.z * axis.z;
    let squared = f.x * f.x + f.y * f.y + f.z * f.z;
    *along = a;
    let half = parameters.half_length;
    let widest = parameters.radius * parameters.radius;
    let beside = squared - a * a;
    let off_along = 1.25e-6 * f32(parameters.reach);
    let off_beside = 3.2e-6 * squared + 3e-7 * widest;
    if abs(a) > half + off_along || beside > widest + off_beside { return 0u; }
    if abs(a) < half - off_along && beside < widest - off_beside { return 1u; }
    return 2u;
}

fn is_beyond(height: i32, state: ptr<function, State>) -> bool {
    return height > parameters.reach;
}

// An offset in f32 ticks, to a cell; margins are the caller's.
fn cell_at(offset: f32, cells: u32) -> u32 {
    return min(u32(clamp(offset, 0.0, 2147483392.0)) >> parameters.grid.shift, cells - 1u);
}

fn walk_cylinder(query: vec3<i32>, axis: vec3<f32>, state: ptr<function, State>) {
    let block = block_around(query, parameters.reach);
    let offset = query - parameters.grid.low;
    // f32 steps by up to 128 ticks at the far end of a grid.
    let margin = parameters.radius * 1.00001 + 512.0;
    let shadow = parameters.half_length * axis.xy;
    for (var row = block.rows.x; row < block.rows.y; row++) {
        let bottom = f32(i32(row << parameters.grid.shift) - offset.y) - margin;
        let top = bottom + f32(1u << parameters.grid.shift) + 2.0 * margin;
        // The part of the axis, from -1 to 1, whose shadow is in the strip.
        var first = -1.0;
        var last = 1.0;
        if abs(shadow.y) > 1.0 {
            let cuts = vec2<f32>(bottom, top) / shadow.y;
            first = max(first, min(cuts.x, cuts.y));
            last = min(last, max(cuts.x, cuts.y));
        } else if bottom > 1.0 || top < -1.0 {
            continue;
        }
        if first > last { continue; }
        let ends = vec2<f32>(first, last) * shadow.x;
        let left = f32(offset.x) + min(ends.x, ends.y) - margin;
        let right = f32(offset.x) + max(ends.x, ends.y) + margin;
        let columns = vec2<u32>(cell_at(left, parameters.grid.columns), cell_at(right, parameters.grid.columns) + 1u);
        walk_row(row, columns, query, state);
    }
}
