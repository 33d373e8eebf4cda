// Count, extremes and sums of the heights in each cell.
//
// Every point adds its height to its cell by atomics on whole numbers. A sum that is longer than a word is kept in several: whoever makes a
// word overflow adds one to the next. How often a word overflows depends on the sum, not on the order, so that what stands there in the
// end is the exact sum, run after run. Words begin as zeroes; the lowest height is therefore kept as the largest complement.

@group(0) @binding(3) var<storage, read_write> cells: array<atomic<u32>>;

// Adds to a word, and returns what overflows.
fn carry(word: u32, value: u32) -> u32 {
    let before = atomicAdd(&cells[word], value);
    return select(0u, 1u, before + value < value);
}

@compute @workgroup_size(WORKGROUP)
fn sums(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let i = thread_of(id, groups);
    if i >= parameters.count { return; }
    let cell = cell_of(i);
    if cell == NOWHERE { return; }
    let height = height_of(i);
    let at = cell * parameters.words;
    atomicAdd(&cells[at], 1u);
    if parameters.extremes != 0u {
        atomicMax(&cells[at + parameters.extremes], ~height);
        atomicMax(&cells[at + parameters.extremes + 1u], height);
    }
    if parameters.sum != 0u {
        if carry(at + parameters.sum, height) != 0u { atomicAdd(&cells[at + parameters.sum + 1u], 1u); }
    }
    if parameters.squares != 0u {
        let square = words_of(times(height, height));
        // The upper word of a square is at most 2^32 - 2: one more fits.
        let upper = square.y + carry(at + parameters.squares, square.x);
        if upper != 0u {
            if carry(at + parameters.squares + 1u, upper) != 0u { atomicAdd(&cells[at + parameters.squares + 2u], 1u); }
        }
    }
}
