// What every search binds: its parameters, the sorted points (points_16.wgsl or points_12.wgsl), the starts of cells, and the queries.
//
// A query is (x, y, z, number in its batch) in ticks about the points' origin. Queries come sorted by cell, so that the threads of a
// workgroup walk the same spans; results go to where the number says.

struct Parameters {
    grid: Grid,
    // Queries.
    count: u32,
    // The root of `limit`, rounded down, at most 2^31 - 1.
    reach: i32,
    // Largest squared distance in square ticks, as a whole number and as the nearest f32.
    limit: vec2<u32>,
    roughly: f32,
    // How many nearest are wanted.
    wanted: u32,
    // Of a cylinder, ticks.
    half_length: f32,
    radius: f32,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> queries: array<vec4<i32>>;

// Two, which no compiler knows: see threads.wgsl. A shift is below 32.
fn two() -> u32 {
    return 2u + (parameters.grid.shift >> 5u);
}

// In the place of an index: none, and then in the place of the distance: 1 where a driver ended a loop.
const NONE: u32 = 0xffffffffu;
