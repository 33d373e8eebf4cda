//! Which coordinates the points of a cell may have: asked here by every sum that leaves cells out
//! or takes them as they are.

use super::Grid;

impl Grid<'_> {
    /// Lowest and highest coordinate (ticks) that points of the columns (axis 0) or rows (axis 1)
    /// from `first` to before `end` may have.
    #[inline]
    pub(super) fn bounds_of_cells(&self, axis: usize, [first, end]: [usize; 2]) -> [i64; 2] {
        let [low, _] = self.edges_of_cell(axis, first);
        let [_, high] = self.edges_of_cell(axis, end - 1);
        [low, high]
    }

    /// Distance along an axis from a coordinate to the points that some cells may have, ticks; 0
    /// within the cells.
    #[inline]
    pub(super) fn gap_to_cells(&self, axis: usize, coordinate: i32, cells: [usize; 2]) -> i64 {
        let [low, high] = self.bounds_of_cells(axis, cells);
        let at = i64::from(coordinate);
        (low - at).max(at - high).max(0)
    }
}
