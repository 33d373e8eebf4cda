// Sorting points by cell: count, scan, scatter, put in order, gather.
//
// `count` adds each point to its cell by an atomic on whole numbers and keeps the rank that it got, which depends on chance. The scan turns counts
// into starts, and `scatter` writes each point's number at start + rank. `settle` then sorts the numbers in each cell, so that nothing of the
// chance is left: points of a cell are in their original order. Cells that are too long for one thread are put on a list, also by an
// atomic, whose order does not matter: `crowd` sorts each by height, then by number, a workgroup a cell, with a bitonic network all of whose
// comparisons point upwards (the first step of each round compares mirrored places), so that what is missing to a power of two counts as
// infinite and is never touched. `gather` brings the points themselves.
//
// Queries are sorted in the same way but need not be settled: each finds its answer alone.

struct Parameters { grid: Grid, count: u32, cells: u32, unused_a: u32, unused_b: u32 }

@group(1) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> items: array<vec4<i32>>;
@group(0) @binding(2) var<storage, read_write> starts: array<u32>;
@group(0) @binding(3) var<storage, read_write> order: array<u32>;
