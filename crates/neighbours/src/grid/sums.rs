//! Exact moments of many points at once.
//!
//! Offsets are whole ticks. While a sum of products stays below 2⁵³, `f64` holds it exactly, so it
//! may be formed in any order and in several lanes, without a branch: points that do not belong are
//! multiplied by zero. Sums are handed over to whole numbers before they could get larger.

use super::{Grid, walk::Query};
use crate::Moments;
use std::ops::Range;

/// Points at once. The sorted arrays are longer by this, so that the last points of a span are read
/// like all others.
pub(super) const LANES: usize = 4;

/// `f64` counts without gaps up to here.
const EXACT: f64 = (1_u64 << 53) as f64;

/// Sums over points no farther from a query than a given distance.
pub(super) struct ExactSums {
    moments: Moments,
    /// Points that may still be added before the sums in lanes might not be exact.
    room: usize,
    capacity: usize,
    lanes: Lanes,
}

/// Count, sums and products of offsets, one a lane.
#[derive(Clone, Copy, Default)]
struct Lanes {
    count: [f64; LANES],
    sum: [[f64; LANES]; 3],
    products: [[f64; LANES]; 6],
}

impl ExactSums {
    /// For points of which none that is kept is farther than `reach` ticks; `None` where even a few
    /// products would be too large (128 m).
    #[inline]
    pub(super) fn new(reach: f64) -> Option<Self> {
        let capacity = (EXACT / (reach * reach).max(1.0)) as usize;
        let empty = Self {
            moments: Moments::default(),
            room: capacity,
            capacity,
            lanes: Lanes::default(),
        };
        (capacity >= 2 * LANES).then_some(empty)
    }

    /// Adds the points of a span whose offsets (ticks) pass `keep`.
    #[inline(always)]
    pub(super) fn add_span(
        &mut self,
        grid: &Grid<'_>,
        mut span: Range<usize>,
        query: Query,
        keep: impl Fn([f64; 3]) -> bool + Copy,
    ) {
        while span.len() > self.room {
            let piece = span.start..span.start + self.room;
            span.start = piece.end;
            self.lanes.add_span(grid, piece, query, keep);
            self.flush_lanes();
        }
        self.room -= span.len();
        self.lanes.add_span(grid, span, query, keep);
    }

    #[inline(never)]
    fn flush_lanes(&mut self) {
        let lanes = std::mem::take(&mut self.lanes);
        let whole = |lanes: [f64; LANES]| lanes.iter().sum::<f64>() as i64;
        self.moments.add_sums(
            whole(lanes.count) as u32,
            lanes.sum.map(whole),
            lanes.products.map(whole),
        );
        self.room = self.capacity;
    }

    /// All that was added.
    #[inline]
    pub(super) fn into_moments(mut self) -> Moments {
        self.flush_lanes();
        self.moments
    }
}

impl Lanes {
    #[inline(always)]
    fn add_span(
        &mut self,
        grid: &Grid<'_>,
        span: Range<usize>,
        query: Query,
        keep: impl Fn([f64; 3]) -> bool + Copy,
    ) {
        /// Which lane is which.
        const LANE: [f64; LANES] = [0.0, 1.0, 2.0, 3.0];
        let whole = span.start..span.start + span.len().next_multiple_of(LANES);
        let [x, y, z] =
            [&grid.x, &grid.y, &grid.z].map(|sorted| sorted[whole.clone()].as_chunks::<LANES>().0);
        let mut left = span.len() as f64;
        let mut sums = *self;
        for ((x, y), z) in x.iter().zip(y).zip(z) {
            // Queries are near: nothing wraps.
            let x: [f64; LANES] = std::array::from_fn(|l| f64::from(x[l].wrapping_sub(query[0])));
            let y: [f64; LANES] = std::array::from_fn(|l| f64::from(y[l].wrapping_sub(query[1])));
            let z: [f64; LANES] = std::array::from_fn(|l| f64::from(z[l].wrapping_sub(query[2])));
            let kept: [f64; LANES] = std::array::from_fn(|l| {
                if (LANE[l] < left) & keep([x[l], y[l], z[l]]) {
                    1.0
                } else {
                    0.0
                }
            });
            left -= LANES as f64;
            for l in 0..LANES {
                let [mx, my, mz] = [x[l] * kept[l], y[l] * kept[l], z[l] * kept[l]];
                sums.count[l] += kept[l];
                sums.sum[0][l] += mx;
                sums.sum[1][l] += my;
                sums.sum[2][l] += mz;
                sums.products[0][l] += mx * x[l];
                sums.products[1][l] += mx * y[l];
                sums.products[2][l] += mx * z[l];
                sums.products[3][l] += my * y[l];
                sums.products[4][l] += my * z[l];
                sums.products[5][l] += mz * z[l];
            }
        }
        *self = sums;
    }
}
