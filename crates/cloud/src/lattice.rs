//! The absolute lattice of cells: one definition of "in which cell", for tiles, rasters and everything laid on them.

use crate::TICK;
use isopach_compute::{Error, Result};

/// `cell_size` if cells of it can be told apart and counted: finite, and at least a tick (2⁻¹⁸ m), which coordinates are whole numbers of.
///
/// # Errors
/// [`Error::InvalidParameter`] otherwise.
pub fn checked_cell_size(cell_size: f64) -> Result<f64> {
    Error::positive("cell size", cell_size)?;
    Error::check("cell size", cell_size, cell_size >= TICK, "be at least a tick, 2^-18 m")
}

/// The cell of a coordinate: ⌊coordinate / cell size⌋.
#[inline]
#[must_use]
pub fn cell_of(coordinate: f64, cell_size: f64) -> i64 {
    // `floor` is a function call on processors that are only known to be x86-64; this is the same without one.
    let quotient = coordinate / cell_size;
    let towards_zero = quotient as i64;
    towards_zero - i64::from(quotient < towards_zero as f64)
}

/// The lowest coordinate of a cell, so that `edge <= x` says the same as `cell <= cell_of(x)` for every `x`.
///
/// `cell · cell size` does not: with cells of 0.1 m, one product in ten lies, rounded, in the cell before. The edge is that product,
/// moved by the last bit where it has to be.
#[must_use]
pub fn low_edge(cell: i64, cell_size: f64) -> f64 {
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

/// One past the last cell that has a coordinate below `end`.
#[must_use]
pub fn cell_end(end: f64, cell_size: f64) -> i64 {
    let cell = cell_of(end, cell_size);
    cell + i64::from(low_edge(cell, cell_size) < end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn edges_say_what_the_cells_say(
            cell in -100_000i64..80_000_000, size in prop::sample::select(vec![1.0, 0.5, 0.1, 0.2, 0.3, 0.7, 2.5, 1.1, 33.3]),
        ) {
            let edge = low_edge(cell, size);
            prop_assert_eq!(cell_of(edge, size), cell);
            prop_assert_eq!(cell_end(edge, size), cell);
            prop_assert_eq!(cell_end(edge.next_up(), size), cell + 1);
            prop_assert!(cell == 0 || cell_of(edge.next_down(), size) == cell - 1);
        }
    }

    #[test]
    fn cells_that_cannot_be_told_apart_are_refused() {
        for size in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1e-310, 0.5 * TICK] {
            assert!(checked_cell_size(size).is_err(), "{size}");
        }
        assert!(checked_cell_size(TICK).is_ok() && checked_cell_size(1e300).is_ok());
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
        assert!(wrong > 1000, "the reason for `low_edge` is gone: {wrong}");
    }
}
