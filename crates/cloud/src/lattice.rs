//! The absolute lattice of cells: one definition of "in which cell", for tiles, rasters, rectangles
//! and everything laid on them.
//!
//! # The rule
//!
//! A coordinate is held as a whole number of ticks (2⁻¹⁸ m), rounded to the nearest. So are edges:
//! cell c of a lattice of cells of size s starts at the tick nearest to c · s and ends before the
//! first tick of the next cell. A point that lies on an edge, to the precision of its file, is
//! therefore in the upper cell, because point and edge are rounded alike. The quotient ⌊coordinate
//! / s⌋ of the held coordinate has no such property: with cells of 0.2 m, half of the points on an
//! edge are held up to half a tick (1.9 µm) below it.
//!
//! An edge is first moved down by 2⁻²⁷ m (7 nm). That is more than `f64` loses when integers of a
//! file become a coordinate within 10⁷ m of zero, and less than what two cells or two points of any
//! file differ by. So the last bits of products cannot put a point below the edge it lies on.
//!
//! A point less than a tick (3.8 µm) below an edge, but not on it, may be held at the edge's tick,
//! and is then in the upper cell. Every point is in exactly one cell, in any tiling, because all
//! code compares the same whole numbers.

use crate::{TICK, from_ticks, to_ticks};
use isopach_compute::{Error, Result};

/// Metres by which an edge is moved down before it is rounded: 2⁻²⁷ m.
const BELOW: f64 = TICK / 512.0;

/// Validates a cell size: finite, and at least a tick (2⁻¹⁸ m), which coordinates are whole numbers
/// of.
///
/// # Errors
/// [`Error::InvalidParameter`] otherwise.
pub fn checked_cell_size(cell_size: f64) -> Result<f64> {
    Error::positive("cell size", cell_size)?;
    Error::check(
        "cell size",
        cell_size,
        cell_size >= TICK,
        "be at least a tick, 2^-18 m",
    )
}

/// The first tick (from zero) at or above an edge given in metres: points held from this tick on
/// are on its upper side.
///
/// ```
/// use isopach_cloud::{edge_tick, to_ticks};
/// assert_eq!(edge_tick(600_000.2), to_ticks(600_000.2));
/// ```
#[inline]
#[must_use]
pub fn edge_tick(edge: f64) -> i64 {
    to_ticks(edge - BELOW)
}

/// The cell of a coordinate (metres), as it is held: rounded to the nearest tick.
///
/// ```
/// use isopach_cloud::{cell_of, from_ticks, to_ticks};
/// // The tick nearest to 0.6 m lies below 0.6 m, but the point lies on the edge of cell 3.
/// assert!(from_ticks(to_ticks(0.6)) < 0.6);
/// assert_eq!([0.59, 0.6, 0.79].map(|x| cell_of(x, 0.2)), [2, 3, 3]);
/// ```
#[inline]
#[must_use]
pub fn cell_of(coordinate: f64, cell_size: f64) -> i64 {
    cell_of_tick(to_ticks(coordinate), cell_size)
}

/// The cell of a held coordinate: a whole number of ticks from zero.
#[inline]
#[must_use]
pub fn cell_of_tick(tick: i64, cell_size: f64) -> i64 {
    // The floor of the quotient is that cell or one beside it, since edges are moved by less than
    // half a cell. `floor` is a function call on processors that are only known to be x86-64; this
    // is the same without one.
    let quotient = from_ticks(tick) / cell_size;
    let towards_zero = quotient as i64;
    let near = towards_zero - i64::from(quotient < towards_zero as f64);
    let above = i64::from(first_tick(near.saturating_add(1), cell_size) <= tick);
    let below = i64::from(first_tick(near, cell_size) > tick);
    near.saturating_add(above - below)
}

/// The first tick of a cell.
#[inline]
#[must_use]
pub fn first_tick(cell: i64, cell_size: f64) -> i64 {
    edge_tick(low_edge(cell, cell_size))
}

/// The lower edge of a cell, metres: cell · cell size. [`edge_tick`] of it is the cell's first
/// tick.
#[inline]
#[must_use]
pub fn low_edge(cell: i64, cell_size: f64) -> f64 {
    cell as f64 * cell_size
}

/// One past the last cell that has a tick below the edge `end` (metres).
#[must_use]
pub fn cell_end(end: f64, cell_size: f64) -> i64 {
    cell_of_tick(edge_tick(end).saturating_sub(1), cell_size).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZES: [f64; 13] = [
        1.0,
        0.5,
        0.1,
        0.2,
        0.3,
        0.7,
        2.5,
        1.1,
        33.3,
        0.3048,
        0.001,
        TICK,
        1.5 * TICK,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn edges_say_what_the_cells_say(cell in -100_000i64..80_000_000, size in prop::sample::select(SIZES.to_vec())) {
            let (edge, first) = (low_edge(cell, size), first_tick(cell, size));
            prop_assert_eq!([cell_of_tick(first, size), cell_of_tick(first - 1, size)], [cell, cell - 1]);
            prop_assert_eq!(cell_of(edge, size), cell);
            prop_assert_eq!([cell_end(edge, size), cell_end(edge + 2.0 * TICK, size)], [cell, cell_of_tick(first + 1, size) + 1]);
            prop_assert!(first_tick(cell + 1, size) > first);
            prop_assert!((from_ticks(first) - edge).abs() <= 0.5 * TICK + BELOW);
        }

        /// The cell is that of the file's integers: exact, in whole numbers of the smallest unit of
        /// both.
        #[test]
        fn a_point_of_a_lattice_goes_where_the_integers_of_its_file_say(
            stored in -2_000_000_000i64..2_000_000_000, on_edge in any::<bool>(),
            scale in prop::sample::select(vec![(1i64, 10_000i64), (1, 1000), (1, 100), (5, 1000), (1, 10), (1, 4)]),
            size in prop::sample::select(vec![(1i64, 10i64), (2, 10), (3, 10), (5, 10), (1, 1), (25, 10), (11, 10), (3048, 10_000), (1, 1000)]),
            offset in prop::sample::select(vec![0i64, 500_000, 596_000, 6_653_000, -4_000_000]), foot in any::<bool>(),
        ) {
            // In units of 1e-8 m (or of 1e-8 ft with cells in feet): all of them are whole numbers.
            const UNIT: i128 = 100_000_000;
            let unit = |(above, below): (i64, i64)| i128::from(above) * UNIT / i128::from(below);
            let start = i128::from(offset) * UNIT;
            let reach = 9_000_000 * UNIT;
            let mut stored = i128::from(stored) % ((reach - start.abs()) / unit(scale));
            if on_edge {
                stored -= (stored * unit(scale) + start).rem_euclid(unit(size)) / unit(scale);
            }
            let expected = (stored * unit(scale) + start).div_euclid(unit(size));
            let above = (stored * unit(scale) + start).rem_euclid(unit(size));
            let metres = if foot { 0.3048 } else { 1.0 };
            // A point within a tick below an edge, but not on it, may be held on the edge: those
            // are left out.
            prop_assume!((unit(size) - above) as f64 * 1e-8 * metres > TICK);
            let decimal = |(above, below): (i64, i64)| above as f64 / below as f64 * metres;
            let coordinate = stored as f64 * decimal(scale) + offset as f64 * metres;
            let held = from_ticks(to_ticks(coordinate));
            let cells = [coordinate, held].map(|x| cell_of(x, decimal(size)));
            prop_assert_eq!(cells.map(i128::from), [expected; 2]);
        }
    }

    #[test]
    fn cells_that_cannot_be_told_apart_are_refused() {
        for size in [
            0.0,
            -1.0,
            f64::NAN,
            f64::INFINITY,
            1e-300,
            1e-310,
            0.5 * TICK,
        ] {
            assert!(checked_cell_size(size).is_err(), "{size}");
        }
        assert!(checked_cell_size(TICK).is_ok() && checked_cell_size(1e300).is_ok());
    }

    #[test]
    fn away_from_edges_the_cell_is_the_floor_of_the_quotient() {
        for x in [
            0.05,
            -0.05,
            0.55,
            -0.55,
            2.999,
            -2.001,
            6_653_000.75,
            -6_653_000.75,
            1e9 + 0.05,
            -1e9 - 0.05,
        ] {
            assert_eq!(cell_of(x, 0.1), (x / 0.1).floor() as i64, "{x}");
        }
        assert_eq!([1e10, -1e10].map(|x| cell_of(x, 1e300)), [0, -1]);
    }

    #[test]
    fn the_quotient_of_what_is_held_is_not_the_cell() {
        let wrong =
            |i: &i32| (from_ticks(to_ticks(f64::from(*i) * 0.2)) / 0.2).floor() as i32 != *i;
        let wrong = (1..100_000).filter(wrong).count();
        assert!(
            wrong > 30_000,
            "the reason for rounding edges is gone: {wrong}"
        );
        assert!((1..100_000).all(|i| cell_of(f64::from(i) * 0.2, 0.2) == i64::from(i)));
    }
}
