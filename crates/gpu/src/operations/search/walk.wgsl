// Walking blocks of cells.
//
// The cells of one row that a query meets are one span of sorted points. A kernel says what it does with a span (`visit`), and from which
// difference in height on nothing can matter to it any more (`is_beyond`): where cells are crowded, as on a cliff or a pole, points are sorted by
// height within a cell, and are visited outwards from the query's height, in pieces, until heights are beyond.

// Columns and rows, half open.
struct Block { columns: vec2<u32>, rows: vec2<u32> }

// First and last cell, half open, that come within `reach` of an offset along an axis.
fn cells_around(offset: i32, reach: i32, cells: u32) -> vec2<u32> {
    let last = cells - 1u;
    var first = 0u;
    if offset >= reach { first = min(u32(offset - reach) >> parameters.grid.shift, last); }
    var end = 0u;
    // The sum may need 32 bits; it is not negative where it is looked at.
    if offset >= 0 || offset + reach >= 0 {
        end = min((bitcast<u32>(offset) + bitcast<u32>(reach)) >> parameters.grid.shift, last);
    }
    return vec2<u32>(first, end + 1u);
}

// The cells that meet the square of half side `reach` around a query.
fn block_around(query: vec3<i32>, reach: i32) -> Block {
    let offset = query - parameters.grid.low;
    return Block(
        cells_around(offset.x, reach, parameters.grid.columns),
        cells_around(offset.y, reach, parameters.grid.rows),
    );
}

// The first of sorted points first..end that is at least at height z.
fn first_at(first: u32, end: u32, z: i32) -> u32 {
    var low = first;
    var high = end;
    while low < high {
        let middle = low + (high - low) / 2u;
        if position_of(middle).z < z { low = middle + 1u; } else { high = middle; }
    }
    return low;
}

const PIECE: u32 = 32u;

// A crowded cell, outwards from the query's height.
fn visit_by_height(first: u32, end: u32, query: vec3<i32>, state: ptr<function, State>) {
    let middle = first_at(first, end, query.z);
    var above = middle;
    while above < end {
        if is_beyond(position_of(above).z - query.z, state) { break; }
        let to = min(above + PIECE, end);
        visit(above, to, query, state);
        above = to;
    }
    var below = middle;
    while below > first {
        if is_beyond(query.z - position_of(below - 1u).z, state) { break; }
        let from_here = max(below, first + PIECE) - PIECE;
        visit(from_here, below, query, state);
        below = from_here;
    }
}

// Some cells of one row.
fn walk_row(row: u32, columns: vec2<u32>, query: vec3<i32>, state: ptr<function, State>) {
    let base = row * parameters.grid.columns;
    var first = starts[base + columns.x];
    let last = starts[base + columns.y];
    if parameters.grid.crowded == 0u {
        visit(first, last, query, state);
        return;
    }
    // From point to point, not from cell to cell: where some cells are crowded, most are empty.
    while first < last {
        let column = cell_along(position_of(first).x - parameters.grid.low.x, parameters.grid.columns);
        let end = starts[base + column + 1u];
        if end - first > CROWDED {
            visit_by_height(first, end, query, state);
        } else {
            visit(first, end, query, state);
        }
        first = end;
    }
}

fn walk(block: Block, query: vec3<i32>, state: ptr<function, State>) {
    if block.columns.x >= block.columns.y { return; }
    for (var row = block.rows.x; row < block.rows.y; row++) {
        walk_row(row, block.columns, query, state);
    }
}
