//! Blocks of cells: who owns what.

use isopach_cloud::{Rect, from_ticks, to_ticks};
use isopach_compute::{Error, Result};

/// A block of cells of the absolute grid, half open. The cell of a coordinate is ⌊coordinate / cell size⌋.
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
    /// Whether the block has the cell of an absolute point.
    #[inline]
    #[must_use]
    pub fn own(&self, point: [f64; 2]) -> bool {
        (0..2).all(|axis| (self.first[axis]..self.end[axis]).contains(&cell_of(point[axis], self.cell_size)))
    }

    /// The rectangle that the cells cover, absolute metres, with edges that say the same as the cells do.
    ///
    /// `index · cell size` does not: with cells of 0.1 m, one product in ten lies, rounded, in the cell before. These edges are moved by
    /// the last bit where that is needed, so that [`Rect::owns`] agrees with [`Self::own`] on every coordinate that is a whole number of
    /// ticks, and ⌊min / cell size⌋ and ⌈max / cell size⌉ give back [`Self::first`] and [`Self::end`]. (A few ends of sizes like 1.1 m
    /// cannot do both, and own; lay rasters by the indices, which are exact.)
    #[must_use]
    pub fn rect(&self) -> Rect {
        Rect {
            min: self.first.map(|cell| low_edge(cell, self.cell_size)),
            max: self.end.map(|cell| high_edge(cell, self.cell_size)),
        }
    }

    /// The same block in smaller cells: exact, whatever the last bits of the sizes are.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a size of which this block's cells are no multiple.
    pub fn of_size(&self, cell_size: f64) -> Result<Self> {
        let ratio = multiple(self.cell_size, cell_size)?;
        Ok(Self { cell_size, first: self.first.map(|cell| cell * ratio), end: self.end.map(|cell| cell * ratio) })
    }

    /// Number of columns and rows.
    #[must_use]
    pub fn counts(&self) -> [i64; 2] {
        std::array::from_fn(|axis| self.end[axis] - self.first[axis])
    }
}

/// ⌊coordinate / cell size⌋.
#[inline]
pub(crate) fn cell_of(coordinate: f64, cell_size: f64) -> i64 {
    // `floor` is a function call on processors that are only known to be x86-64; this is the same without one.
    let quotient = coordinate / cell_size;
    let towards_zero = quotient as i64;
    towards_zero - i64::from(quotient < towards_zero as f64)
}

/// How many of `small` make one `large`.
pub(crate) fn multiple(large: f64, small: f64) -> Result<i64> {
    let ratio = large / Error::positive("cell size", small)?;
    let whole = ratio >= 0.5 && (ratio - ratio.round()).abs() < 1e-9 * ratio;
    Error::check("cell size", small, whole, "divide the largest cell size of the run")?;
    Ok(ratio.round() as i64)
}

/// The lowest coordinate of a cell.
fn low_edge(cell: i64, cell_size: f64) -> f64 {
    if cell == 0 {
        return 0.0; // the doubles beside it are too small to divide
    }
    let mut edge = cell as f64 * cell_size;
    while cell_of(edge, cell_size) < cell {
        edge = edge.next_up();
    }
    while cell_of(edge.next_down(), cell_size) >= cell {
        edge = edge.next_down();
    }
    edge
}

/// The end of the cell before `cell`: its [`low_edge`]; the double before that where it divides to more than `cell`, unless a point could
/// be there.
fn high_edge(cell: i64, cell_size: f64) -> f64 {
    let edge = low_edge(cell, cell_size);
    let before = edge.next_down();
    let spills = (edge / cell_size).ceil() > cell as f64;
    if spills && !is_whole_ticks(before) { before } else { edge }
}

fn is_whole_ticks(metres: f64) -> bool {
    from_ticks(to_ticks(metres)) == metres
}

#[cfg(test)]
mod tests {
    use super::*;
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
            prop_assert_eq!(rect.min.map(|x| (x / cell).floor() as i64), block.first);
            if cell != 1.1 {
                prop_assert_eq!(rect.max.map(|x| (x / cell).ceil() as i64), block.end);
            }
            for edge in [rect.min[0], rect.max[0]] {
                let x = from_ticks(to_ticks(edge) + off);
                let inside = rect.centre()[1];
                prop_assert_eq!(rect.owns([x, inside]), block.own([x, inside]));
            }
        }
    }

    #[test]
    fn the_cell_is_the_floor_of_the_quotient() {
        for x in [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, -1e-300, 2.999, -2.001, 6_653_000.75, -6_653_000.75, 1e15, -1e15] {
            assert_eq!(cell_of(x, 0.1), (x / 0.1).floor() as i64, "{x}");
        }
    }

    #[test]
    fn the_plain_product_is_not_an_edge() {
        let wrong = (1..100_000).filter(|&i| cell_of(f64::from(i) * 0.1, 0.1) != i64::from(i)).count();
        assert!(wrong > 1000, "the reason for this module is gone: {wrong}");
    }

    #[test]
    fn a_point_on_the_last_double_of_a_cell_is_owned() {
        let (tick, cell) = (71_012_265.5, 64_556_604); // divides by 1.1 to just below the next whole number
        let block = Cells { cell_size: 1.1, first: [cell; 2], end: [cell + 1; 2] };
        assert!(block.own([tick; 2]) && block.rect().owns([tick; 2]));
    }

    #[test]
    fn smaller_cells_fill_the_same_block() {
        let block = Cells { cell_size: 0.3, first: [7, -5], end: [10, 1] };
        let small = block.of_size(0.1).unwrap();
        assert_eq!((small.first, small.end, small.counts()), ([21, -15], [30, 3], [9, 18]));
        for bad in [0.2, 0.6, 0.0, f64::NAN, f64::INFINITY] {
            assert!(block.of_size(bad).is_err(), "{bad}");
        }
    }
}
