//! The edges of columns and rows, in ticks.

use isopach_cloud::{TICK, cell_of_tick, first_tick};
use isopach_compute::{Error, Result};

/// The columns (or rows) of a grid that ticks about an origin can reach.
///
/// Cell c owns the ticks from [`first_tick`] of c up to that of c + 1. Edges are whole numbers of
/// ticks, so that comparing integers decides as the CPU does, without rounding.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CellEdges {
    /// Position in the grid of the first that is reached.
    pub(crate) first: usize,
    /// First tick of each: ascending, the first one clamped to what 32 bits hold.
    pub(crate) starts: Vec<i32>,
    /// Last tick of the last one, clamped.
    pub(crate) last: i32,
}

impl CellEdges {
    /// The edges of `count` cells from cell `first` on, for ticks about `origin` (ticks). O(cells
    /// that are reached).
    ///
    /// # Errors
    /// [`Error::Unsupported`] for cells smaller than a tick, or larger than 10⁹ m.
    pub(crate) fn new(first: i64, count: usize, cell_size: f64, origin: i64) -> Result<Self> {
        if !(TICK..=1e9).contains(&cell_size) {
            return Err(Error::Unsupported {
                operation: "rasterise cells smaller than a tick or larger than 10^9 m",
            });
        }
        let [lowest, highest] =
            [i32::MIN, i32::MAX].map(|tick| cell_of_tick(origin + i64::from(tick), cell_size));
        let low = first.max(lowest);
        let high = first
            .saturating_add(count as i64)
            .min(highest.saturating_add(1));
        if low >= high {
            return Ok(Self {
                first: 0,
                starts: Vec::new(),
                last: 0,
            });
        }
        let start_of = |cell: i64| first_tick(cell, cell_size) - origin;
        Ok(Self {
            first: (low - first) as usize,
            starts: (low..high).map(|cell| clamp_tick(start_of(cell))).collect(),
            last: clamp_tick(start_of(high) - 1),
        })
    }
}

fn clamp_tick(tick: i64) -> i32 {
    tick.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        /// For ticks anywhere, and on both sides of every kind of edge.
        #[test]
        fn edges_decide_as_the_cells_do(
            size in prop::sample::select(vec![1.0, 0.5, 0.1, 0.2, 0.3, 0.7, 1.1, 33.3, 5000.0, 1e5]), metre in -7_000_000_i64..7_000_000,
            from in -200_i64..200, count in 1_usize..300, ticks in prop::collection::vec(any::<i32>(), 20),
        ) {
            let origin = metre << 18;
            let first = cell_of_tick(origin, size) + from;
            let edges = CellEdges::new(first, count, size, origin).unwrap();
            let beside = edges.starts.iter().flat_map(|&s| [s.saturating_sub(1), s, s.saturating_add(1)]);
            for tick in ticks.into_iter().chain(beside).chain([edges.last, edges.last.saturating_add(1), i32::MIN, i32::MAX]) {
                let cell = cell_of_tick(origin + i64::from(tick), size) - first;
                let expected = (0..count as i64).contains(&cell).then_some(cell as usize);
                let inside = edges.starts.first().is_some_and(|&s| s <= tick) && tick <= edges.last;
                let found = inside.then(|| edges.first + edges.starts.partition_point(|&s| s <= tick) - 1);
                prop_assert_eq!(found, expected, "tick {}", tick);
            }
        }
    }

    #[test]
    fn cells_of_no_size_are_declined() {
        for size in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
            assert!(matches!(
                CellEdges::new(0, 3, size, 0),
                Err(Error::Unsupported { .. })
            ));
        }
    }
}
