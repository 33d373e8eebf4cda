//! Blocks of cells that tiles own.

use isopach_cloud::{Rect, cell_of_tick, checked_cell_size, low_edge, to_ticks};
use isopach_compute::{Error, Result};

/// A block of cells of the absolute grid, half open. The cell of a coordinate is that of
/// [`isopach_cloud::cell_of`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cells {
    /// Side of a cell, metres.
    pub cell_size: f64,
    /// First column (from west) and row (from south).
    pub first: [i64; 2],
    /// One past the last column and row.
    pub end: [i64; 2],
}

impl Cells {
    /// Whether the block has the cell of an absolute point (metres), as it is held.
    #[inline]
    #[must_use]
    pub fn own(&self, point: [f64; 2]) -> bool {
        self.own_ticks(point.map(to_ticks))
    }

    /// Whether the block has the cell of a point in absolute ticks.
    #[inline]
    #[must_use]
    pub fn own_ticks(&self, point: [i64; 2]) -> bool {
        (0..2).all(|axis| {
            (self.first[axis]..self.end[axis]).contains(&cell_of_tick(point[axis], self.cell_size))
        })
    }

    /// The rectangle that the cells cover, absolute metres: [`Rect::contains`] agrees with
    /// [`Self::own`] on every coordinate.
    #[must_use]
    pub fn rect(&self) -> Rect {
        let edges = |cells: [i64; 2]| cells.map(|cell| low_edge(cell, self.cell_size));
        Rect {
            min: edges(self.first),
            max: edges(self.end),
        }
    }

    /// The same block in smaller cells: exact, whatever the last bits of the sizes are.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a size of which this block's cells are no multiple.
    pub fn of_size(&self, cell_size: f64) -> Result<Self> {
        let ratio = multiple(self.cell_size, cell_size)?;
        Ok(Self {
            cell_size,
            first: self.first.map(|cell| cell * ratio),
            end: self.end.map(|cell| cell * ratio),
        })
    }

    /// Number of columns and rows.
    #[must_use]
    pub fn counts(&self) -> [i64; 2] {
        std::array::from_fn(|axis| self.end[axis] - self.first[axis])
    }
}

/// How many of `small` make one `large`.
pub(crate) fn multiple(large: f64, small: f64) -> Result<i64> {
    let ratio = large / checked_cell_size(small)?;
    let whole = ratio >= 0.5 && (ratio - ratio.round()).abs() < 1e-9 * ratio;
    Error::check(
        "cell size",
        small,
        whole,
        "divide the largest cell size of the run",
    )?;
    Ok(ratio.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_cloud::{from_ticks, to_ticks};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn edges_say_what_the_cells_say(
            first in -100_000i64..80_000_000, count in 1i64..3000, off in -2i64..3,
            cell in prop::sample::select(vec![1.0, 0.5, 0.1, 0.2, 0.3, 0.7, 2.5, 1.1]),
        ) {
            let block = Cells { cell_size: cell, first: [first; 2], end: [first + count; 2] };
            let rect = block.rect();
            for edge in [rect.min[0], rect.max[0]] {
                let inside = rect.centre()[1];
                for x in [edge.next_down(), edge, edge.next_up(), from_ticks(to_ticks(edge) + off)] {
                    prop_assert_eq!(rect.contains([x, inside]), block.own([x, inside]));
                }
            }
        }
    }

    #[test]
    fn a_point_on_the_edge_of_a_cell_is_owned_by_the_upper_one() {
        // 71,012,265.5 m is 64,556,605 cells of 1.1 m, but divides by 1.1 to just below that.
        let point = 71_012_265.5;
        let cell = 64_556_605;
        let block = Cells {
            cell_size: 1.1,
            first: [cell; 2],
            end: [cell + 1; 2],
        };
        assert!(block.own([point; 2]) && block.rect().contains([point; 2]));
    }

    #[test]
    fn smaller_cells_fill_the_same_block() {
        let block = Cells {
            cell_size: 0.3,
            first: [7, -5],
            end: [10, 1],
        };
        let small = block.of_size(0.1).unwrap();
        assert_eq!(
            (small.first, small.end, small.counts()),
            ([21, -15], [30, 3], [9, 18])
        );
        for bad in [0.2, 0.6, 0.0, f64::NAN, f64::INFINITY] {
            assert!(block.of_size(bad).is_err(), "{bad}");
        }
    }
}
