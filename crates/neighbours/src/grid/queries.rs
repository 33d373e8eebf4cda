//! Queries: brought to the index's origin, worked on in parallel, in an order that keeps the cache warm.

use super::{Grid, walk::Query};
use isopach_cloud::Positions;
use rayon::prelude::*;

/// Queries that one thread works on before it asks for more.
const CHUNK: usize = 1 << 13;

/// A query in ticks about the index's origin.
#[derive(Clone, Copy, Debug)]
pub(super) enum Located {
    /// So near that squared distances to all points fit a `u64`.
    Near(Query),
    /// Kilometres away: handled one point at a time, in `u128`.
    Far([i64; 3]),
}

impl Grid<'_> {
    /// Brings query `i` to the index's origin.
    #[inline]
    pub(super) fn locate(&self, queries: Positions<'_>, shift: [i64; 3], i: usize) -> Located {
        let ticks = queries.ticks()[i];
        let local: [i64; 3] = std::array::from_fn(|axis| i64::from(ticks[axis]) + shift[axis]);
        // Three squares below 2⁶² fit a u64.
        let near = (0..3).all(|axis| {
            let (low, high) = (i64::from(self.low[axis]), i64::from(self.high[axis]));
            (high - local[axis]).abs() < 1 << 31
                && (local[axis] - low).abs() < 1 << 31
                && i32::try_from(local[axis]).is_ok()
        });
        if near { Located::Near(local.map(|tick| tick as i32)) } else { Located::Far(local) }
    }

    /// The queries of a chunk in an order that walks the grid: as they are where they already do.
    pub(super) fn order(&self, queries: Positions<'_>, shift: [i64; 3], chunk: std::ops::Range<usize>) -> Vec<u32> {
        let cell = |i: usize| -> [u32; 2] {
            let ticks = queries.ticks()[i];
            [1, 0].map(|axis| self.cell_along(axis, i64::from(ticks[axis]) + shift[axis]) as u32)
        };
        let mut order: Vec<u32> = (0..chunk.len() as u32).collect();
        let sampled: Vec<[u32; 2]> =
            chunk.clone().step_by(64).flat_map(|i| [i, (i + 1).min(chunk.end - 1)]).map(cell).collect();
        let jumps = sampled
            .chunks_exact(2)
            .map(|pair| pair[0][0].abs_diff(pair[1][0]) as u64 * 64 + u64::from(pair[0][1].abs_diff(pair[1][1])));
        // Neighbours in order that are some tens of cells apart in a row are as good as sorted.
        if jumps.sum::<u64>() > 128 * (sampled.len() as u64 / 2) {
            order.sort_by_cached_key(|&i| cell(chunk.start + i as usize));
        }
        order
    }
}

/// One result a query, in the order of the queries.
pub(super) fn each<T: Send + Clone + Default>(
    grid: &Grid<'_>,
    queries: Positions<'_>,
    answer: impl Fn(usize, Located) -> T + Sync,
) -> Vec<T> {
    let shift = queries.shift_to(grid.points.origin());
    let mut results = vec![T::default(); queries.len()];
    results.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, results)| {
        let start = chunk * CHUNK;
        for i in grid.order(queries, shift, start..start + results.len()) {
            let query = start + i as usize;
            results[i as usize] = answer(query, grid.locate(queries, shift, query));
        }
    });
    results
}

/// The ranges of queries that are worked on together.
pub(super) fn chunks(count: usize) -> impl IndexedParallelIterator<Item = std::ops::Range<usize>> {
    (0..count.div_ceil(CHUNK)).into_par_iter().map(move |chunk| chunk * CHUNK..((chunk + 1) * CHUNK).min(count))
}
