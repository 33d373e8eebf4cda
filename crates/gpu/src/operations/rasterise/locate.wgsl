// Which cell owns a point, decided exactly as the CPU decides it.
//
// Every coordinate is a whole number of ticks, and so is every edge: each cell begins at one certain tick, which the CPU works out once a
// column and once a row.
// Here a guess in f32 says where to look in that table, and whole numbers decide: the cell is the last one that begins at or below the point.

struct Parameters {
    // Points in the batch.
    count: u32,
    // Columns of the grid that ticks of 32 bits reach, and where the first of them is in a row of the grid.
    columns: u32,
    first_column: u32,
    // Rows that they reach, from the south, and which row from the north the first of them is.
    rows: u32,
    southmost: u32,
    // Cells in a row of the grid.
    width: u32,
    // Cells that are looked at: the first, row by row from the north, and how many.
    first_cell: u32,
    cells: u32,
    // Cells in a tick.
    density: f32,
    // Words from a point to the next.
    stride: u32,
    // Last ticks of the last column and the northmost row.
    last: vec2<i32>,
    // What else a kernel needs.
    words: u32,
    extremes: u32,
    sum: u32,
    squares: u32,
}

@group(1) @binding(0) var<uniform> parameters: Parameters;
// x, y, z of each point, perhaps something else, and then those of the next.
@group(0) @binding(1) var<storage, read> ticks: array<i32>;
// The first tick of each column, then of each row.
@group(0) @binding(2) var<storage, read> edges: array<i32>;

const NOWHERE: u32 = 0xffffffffu;

// Which of `count` strips, whose edges start at `first`, has the tick.
fn strip_of(tick: i32, first: u32, count: u32, last: i32) -> u32 {
    if count == 0u { return NOWHERE; }
    if tick < edges[first] || tick > last { return NOWHERE; }
    // Also where the difference needs 32 bits.
    let along = bitcast<u32>(tick) - bitcast<u32>(edges[first]);
    var strip = min(u32(f32(along) * parameters.density), count - 1u);
    while edges[first + strip] > tick { strip -= 1u; }
    while strip + 1u < count {
        if edges[first + strip + 1u] > tick { break; }
        strip += 1u;
    }
    return strip;
}

// Number of the point's cell among those that are looked at.
fn cell_of(i: u32) -> u32 {
    let column = strip_of(ticks[parameters.stride * i], 0u, parameters.columns, parameters.last.x);
    if column == NOWHERE { return NOWHERE; }
    let row = strip_of(ticks[parameters.stride * i + 1u], parameters.columns, parameters.rows, parameters.last.y);
    if row == NOWHERE { return NOWHERE; }
    let cell = (parameters.southmost - row) * parameters.width + parameters.first_column + column;
    if cell < parameters.first_cell || cell - parameters.first_cell >= parameters.cells { return NOWHERE; }
    return cell - parameters.first_cell;
}

// The height, as a number without sign that is in the same order.
fn height_of(i: u32) -> u32 {
    return bitcast<u32>(ticks[parameters.stride * i + 2u]) ^ 0x80000000u;
}
