// Sorted points of 12 bytes, x, y, z, and behind them all their original numbers, which are only read of what is found. points_16.wgsl is the same with
// each number beside its point.

@group(0) @binding(1) var<storage, read> points: array<i32>;

fn position_of(i: u32) -> vec3<i32> {
    let at = 3u * i;
    return vec3<i32>(points[at], points[at + 1u], points[at + 2u]);
}

fn number_of(i: u32) -> u32 {
    return bitcast<u32>(points[3u * parameters.grid.points + i]);
}
