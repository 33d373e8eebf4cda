// A uniform grid in the plane: cells are columns, square in x and y and unbounded in z, with a side of 2^shift ticks.
//
// The same cells as the CPU's: a point's cell is a shift, rows follow each other, and the cells of one row that a query meets are one span of
// sorted points. Offsets are from the grid's lowest corner; the span of the points is below 2^31 ticks, and so is the distance of any
// query from any of them, which the host makes sure of: no difference below overflows.

struct Grid {
    low: vec3<i32>,
    shift: u32,
    columns: u32,
    rows: u32,
    points: u32,
    // How many cells have more than CROWDED points.
    crowded: u32,
}

// Points in a cell above which they are sorted by height.
const CROWDED: u32 = 64u;

// The cell of an offset along an axis, clamped into the grid.
fn cell_along(offset: i32, cells: u32) -> u32 {
    return min(u32(max(offset, 0)) >> parameters.grid.shift, cells - 1u);
}

fn cell_of(position: vec3<i32>) -> u32 {
    let offset = position - parameters.grid.low;
    return cell_along(offset.y, parameters.grid.rows) * parameters.grid.columns + cell_along(offset.x, parameters.grid.columns);
}
