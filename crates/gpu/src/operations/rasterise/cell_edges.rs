//! Columns and rows as ticks.

use isopach_cloud::{TICK, cell_of_tick, first_tick};
use isopach_compute::{Error, Result};

/// The columns (or rows) of a grid that ticks about an origin reach.
///
/// Cell c has the ticks from [`first_tick`] of c to that of c + 1: edges are whole numbers of
/// ticks, too. So nothing is left to rounding, and whoever compares whole numbers with these
/// decides as the CPU does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Strips {
    /// Position in the grid of the first one that is reached.
    pub(crate) first: usize,
    /// First tick of each: ascending, the first one clamped to what 32 bits hold.
    pub(crate) starts: Vec<i32>,
    /// Last tick of the last one, clamped.
    pub(crate) last: i32,
}

impl Strips {
    /// Of `count` cells from `first` on, for ticks about `origin` (ticks). O(cells that are
    /// reached).
    ///
    /// # Errors
    /// [`Error::Unsupported`] for cells smaller than a tick, or larger than 10⁹ m.
    pub(crate) fn new(first: i64, count: usize, cell_size: f64, origin: i64) -> Result<Self> {
        if !(TICK..=1e9).contains(&cell_size) {
            return Err(Error::Unsupported {
                operation: "rasterise cells smaller than a tick or larger than a planet",
            });
        }
        let reached =
            [i32::MIN, i32::MAX].map(|tick| cell_of_tick(origin + i64::from(tick), cell_size));
        let [low, high] = [
            first.max(reached[0]),
            first
                .saturating_add(count as i64)
                .min(reached[1].saturating_add(1)),
        ];
        let start = |cell: i64| first_tick(cell, cell_size) - origin;
        let clamped = |tick: i64| tick.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        if low >= high {
            return Ok(Self {
                first: 0,
                starts: Vec::new(),
                last: 0,
            });
        }
        let starts = (low..high).map(|cell| clamped(start(cell))).collect();
        Ok(Self {
            first: (low - first) as usize,
            starts,
            last: clamped(start(high) - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        /// For ticks anywhere, and on both sides of every kind of edge.
        #[test]
        fn strips_decide_as_the_cells_do(
            size in prop::sample::select(vec![1.0, 0.5, 0.1, 0.2, 0.3, 0.7, 1.1, 33.3, 5000.0, 1e5]), metre in -7_000_000_i64..7_000_000,
            from in -200_i64..200, count in 1_usize..300, ticks in prop::collection::vec(any::<i32>(), 20),
        ) {
            let origin = metre << 18;
            let first = cell_of_tick(origin, size) + from;
            let strips = Strips::new(first, count, size, origin).unwrap();
            let beside = strips.starts.iter().flat_map(|&s| [s.saturating_sub(1), s, s.saturating_add(1)]);
            for tick in ticks.into_iter().chain(beside).chain([strips.last, strips.last.saturating_add(1), i32::MIN, i32::MAX]) {
                let cell = cell_of_tick(origin + i64::from(tick), size) - first;
                let expected = (0..count as i64).contains(&cell).then_some(cell as usize);
                let inside = strips.starts.first().is_some_and(|&s| s <= tick) && tick <= strips.last;
                let found = inside.then(|| strips.first + strips.starts.partition_point(|&s| s <= tick) - 1);
                prop_assert_eq!(found, expected, "tick {}", tick);
            }
        }
    }

    #[test]
    fn cells_of_no_size_are_declined() {
        for size in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
            assert!(matches!(
                Strips::new(0, 3, size, 0),
                Err(Error::Unsupported { .. })
            ));
        }
    }
}
