//! The lowest point of each cell of the absolute grid.

use isopach_cloud::{Positions, cell_of_tick};

/// Heights of the lowest points of cells, row by row from the south, each from the west. Minima do
/// not depend on order, so those of tiles are joined to those of a survey.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LowestCells {
    pub(super) cell_size: f64,
    /// First column and row on the absolute grid.
    pub(super) first: [i64; 2],
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Ticks; [`i64::MAX`] where no point is.
    pub(super) ticks: Vec<i64>,
}

impl LowestCells {
    /// The cells that have points, and those between.
    pub(super) fn of_points(points: Positions<'_>, cell_size: f64) -> Self {
        let cells =
            |ticks: [i64; 3]| [ticks[0], ticks[1]].map(|tick| cell_of_tick(tick, cell_size));
        let mut first = [i64::MAX; 2];
        let mut last = [i64::MIN; 2];
        for i in 0..points.len() {
            let cell = cells(points.absolute_ticks(i));
            for axis in 0..2 {
                first[axis] = first[axis].min(cell[axis]);
                last[axis] = last[axis].max(cell[axis]);
            }
        }
        if points.is_empty() {
            return Self {
                cell_size,
                ..Self::default()
            };
        }
        let [columns, rows] = [0, 1].map(|axis| (last[axis] - first[axis] + 1) as usize);
        let mut lowest = Self::empty(cell_size, first, [columns, rows]);
        for i in 0..points.len() {
            let ticks = points.absolute_ticks(i);
            lowest.lower(cells(ticks), ticks[2]);
        }
        lowest
    }

    /// So many columns and rows without points.
    pub(super) fn empty(cell_size: f64, first: [i64; 2], [columns, rows]: [usize; 2]) -> Self {
        Self {
            cell_size,
            first,
            columns,
            rows,
            ticks: vec![i64::MAX; columns * rows],
        }
    }

    /// Lowers these cells to those of a part of the survey, which lie within.
    #[cfg(feature = "tiling")]
    pub(super) fn lower_to(&mut self, part: &Self) {
        for (at, ticks) in part.ticks.iter().enumerate() {
            if *ticks != i64::MAX {
                let column = part.first[0] + (at % part.columns) as i64;
                let row = part.first[1] + (at / part.columns) as i64;
                self.lower([column, row], *ticks);
            }
        }
    }

    fn lower(&mut self, [column, row]: [i64; 2], ticks: i64) {
        let column = (column - self.first[0]) as usize;
        let row = (row - self.first[1]) as usize;
        let height = &mut self.ticks[row * self.columns + column];
        *height = (*height).min(ticks);
    }
}
