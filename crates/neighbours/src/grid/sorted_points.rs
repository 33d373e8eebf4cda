//! Sorted points as seen from a query, some at once.
//!
//! With a check of each array the loop of `sums` has 39 instead of 29 instructions.
#![allow(unsafe_code)]

use super::{Grid, walk::Query};
use crate::lanes::{LANES, Lanes};

/// The sorted points, and a query.
pub(super) struct SortedPoints<'a, L> {
    x: &'a [i32],
    y: &'a [i32],
    z: &'a [i32],
    /// The last place from which all three have [`LANES`] numbers.
    last: usize,
    query: [L; 3],
}

impl<'a, L: Lanes> SortedPoints<'a, L> {
    #[inline(always)]
    pub(super) fn new(grid: &'a Grid<'_>, query: Query) -> Self {
        let Grid { x, y, z, .. } = grid;
        let count = x.len().min(y.len()).min(z.len());
        assert!(count >= LANES, "the sorted arrays are longer by as many");
        Self {
            x,
            y,
            z,
            last: count - LANES,
            query: [
                L::splat(f64::from(query[0])),
                L::splat(f64::from(query[1])),
                L::splat(f64::from(query[2])),
            ],
        }
    }

    /// Coordinates of [`LANES`] points, ticks. Runs start within the arrays.
    #[inline(always)]
    pub(super) fn run_from(&self, start: u32) -> [&'a [i32; LANES]; 3] {
        let start = (start as usize).min(self.last);
        // SAFETY: there are LANES numbers from `last` on in each of the arrays, as `new` has
        // checked, and `start` is not behind it.
        unsafe {
            [
                run_at(self.x, start),
                run_at(self.y, start),
                run_at(self.z, start),
            ]
        }
    }

    /// Offsets of [`LANES`] points from the query, ticks.
    #[inline(always)]
    pub(super) fn offsets_from(&self, start: u32) -> [L; 3] {
        let [x, y, z] = self.run_from(start);
        [
            L::from_ticks(x) - self.query[0],
            L::from_ticks(y) - self.query[1],
            L::from_ticks(z) - self.query[2],
        ]
    }
}

/// [`LANES`] numbers from `start` on.
///
/// # Safety
/// There are as many.
#[inline(always)]
unsafe fn run_at(sorted: &[i32], start: usize) -> &[i32; LANES] {
    // SAFETY: the caller's; an array is aligned as its numbers.
    unsafe { &*sorted.as_ptr().add(start).cast::<[i32; LANES]>() }
}
