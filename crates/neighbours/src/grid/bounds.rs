//! Which coordinates the points of a cell may have: asked here by every sum that leaves cells out
//! or takes them as they are.

use super::Grid;

/// A number of ticks below 2⁵¹, rounded: `as i64` would also ask whether it is one.
#[inline(always)]
pub(super) fn whole_ticks(ticks: f64) -> i64 {
    // Adding 1.5 · 2⁵² leaves no bits behind the point.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let shifted = (ticks + WHOLE).to_bits();
    shifted.wrapping_sub(WHOLE.to_bits()) as i64
}

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

    /// Distance along an axis from a coordinate to the farthest place that points of some cells may
    /// have, ticks.
    #[inline]
    pub(super) fn farthest_in_cells(&self, axis: usize, coordinate: i32, cells: [usize; 2]) -> f64 {
        let [low, high] = self.bounds_of_cells(axis, cells);
        let at = i64::from(coordinate);
        (at - low).max(high - at) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_ticks_are_those_nearest() {
        for ticks in [
            0.0,
            0.4,
            -0.6,
            1e6 + 0.75,
            -3e9 - 0.25,
            2.0_f64.powi(50),
            -1e15,
        ] {
            assert_eq!(whole_ticks(ticks), ticks.round() as i64);
        }
    }
}
