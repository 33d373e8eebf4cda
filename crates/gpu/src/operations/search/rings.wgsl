// Growing a block of cells until nothing outside it can matter.

// Distance from the query to the nearest cell outside the block, ticks; negative where the block is the whole grid.
fn clearance(query: vec3<i32>, block: Block) -> i32 {
    let offset = query - parameters.grid.low;
    let shift = parameters.grid.shift;
    var nearest = 0x7fffffff;
    if block.columns.x > 0u { nearest = min(nearest, offset.x - i32(block.columns.x << shift)); }
    if block.columns.y < parameters.grid.columns { nearest = min(nearest, i32(block.columns.y << shift) - offset.x); }
    if block.rows.x > 0u { nearest = min(nearest, offset.y - i32(block.rows.x << shift)); }
    if block.rows.y < parameters.grid.rows { nearest = min(nearest, i32(block.rows.y << shift) - offset.y); }
    if nearest == 0x7fffffff { return -1; }
    return max(nearest, 0);
}

// The block, and `by` cells more to every side.
fn grown(block: Block, by: u32) -> Block {
    return Block(
        vec2<u32>(block.columns.x - min(by, block.columns.x), min(block.columns.y + by, parameters.grid.columns)),
        vec2<u32>(block.rows.x - min(by, block.rows.x), min(block.rows.y + by, parameters.grid.rows)),
    );
}

fn hull(a: Block, b: Block) -> Block {
    return Block(
        vec2<u32>(min(a.columns.x, b.columns.x), max(a.columns.y, b.columns.y)),
        vec2<u32>(min(a.rows.x, b.rows.x), max(a.rows.y, b.rows.y)),
    );
}

// What `outer` has more than `inner`, row by row.
fn walk_ring(inner: Block, outer: Block, query: vec3<i32>, state: ptr<function, State>) {
    for (var row = outer.rows.x; row < outer.rows.y; row++) {
        if row < inner.rows.x || row >= inner.rows.y {
            walk_row(row, outer.columns, query, state);
        } else {
            if outer.columns.x < inner.columns.x {
                walk_row(row, vec2<u32>(outer.columns.x, inner.columns.x), query, state);
            }
            if inner.columns.y < outer.columns.y {
                walk_row(row, vec2<u32>(inner.columns.y, outer.columns.y), query, state);
            }
        }
    }
}
