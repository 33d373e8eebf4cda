//! Heights of cells of the absolute grid.

use super::lowest::LowestCells;
use isopach_cloud::{Positions, from_ticks, low_edge};

/// Heights of the cells of a rectangle, row by row from the south, each from the west; NaN where
/// none is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HeightGrid {
    pub(super) cell_size: f64,
    /// First column and row on the absolute grid.
    pub(super) first: [i64; 2],
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) heights: Vec<f64>,
}

impl From<LowestCells> for HeightGrid {
    fn from(lowest: LowestCells) -> Self {
        let height = |tick: i64| match tick {
            i64::MAX => f64::NAN,
            tick => from_ticks(tick),
        };
        Self {
            cell_size: lowest.cell_size,
            first: lowest.first,
            columns: lowest.columns,
            rows: lowest.rows,
            heights: lowest.ticks.into_iter().map(height).collect(),
        }
    }
}

impl HeightGrid {
    /// The lowest point of each cell.
    pub(super) fn of_lowest(points: Positions<'_>, cell_size: f64) -> Self {
        LowestCells::of_points(points, cell_size).into()
    }

    /// The height of a cell; NaN outside the grid.
    pub(super) fn height(&self, column: i64, row: i64) -> f64 {
        let is_inside =
            column >= 0 && row >= 0 && column < self.columns as i64 && row < self.rows as i64;
        if is_inside {
            self.heights[row as usize * self.columns + column as usize]
        } else {
            f64::NAN
        }
    }

    /// Height and slope (rise over run) at a place, between the centres of four cells; where some
    /// of them are not known, of the cell that has the place. `None` where that is not known.
    pub(super) fn height_and_slope(&self, place: [f64; 3]) -> Option<[f64; 2]> {
        let [x, y] = [0, 1].map(|axis| {
            let from_first = place[axis] - low_edge(self.first[axis], self.cell_size);
            from_first / self.cell_size - 0.5
        });
        let [column, row] = [x.floor(), y.floor()];
        let [u, v] = [x - column, y - row];
        let [column, row] = [column as i64, row as i64];
        let between = |of: &dyn Fn(i64, i64) -> f64| {
            let south = of(column, row) * (1.0 - u) + of(column + 1, row) * u;
            let north = of(column, row + 1) * (1.0 - u) + of(column + 1, row + 1) * u;
            south * (1.0 - v) + north * v
        };
        let height = between(&|column, row| self.height(column, row));
        let slope = between(&|column, row| self.slope(column, row));
        if !height.is_nan() {
            return Some([height, if slope.is_nan() { 0.0 } else { slope }]);
        }
        let [column, row] = [(x + 0.5).floor() as i64, (y + 0.5).floor() as i64];
        let height = self.height(column, row);
        let slope = self.slope(column, row);
        (!height.is_nan()).then_some([height, if slope.is_nan() { 0.0 } else { slope }])
    }

    /// Slope of a cell from its neighbours: central differences, one-sided ones beside the unknown.
    fn slope(&self, column: i64, row: i64) -> f64 {
        let here = self.height(column, row);
        let along = |before: f64, after: f64| match (before.is_nan(), after.is_nan()) {
            (false, false) => (after - before) / (2.0 * self.cell_size),
            (true, false) => (after - here) / self.cell_size,
            (false, true) => (here - before) / self.cell_size,
            (true, true) => 0.0,
        };
        let x = along(self.height(column - 1, row), self.height(column + 1, row));
        let y = along(self.height(column, row - 1), self.height(column, row + 1));
        if here.is_nan() { f64::NAN } else { x.hypot(y) }
    }
}
