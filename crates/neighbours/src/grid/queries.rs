//! Queries: brought to the index's origin, worked on in parallel, in an order that keeps the cache
//! warm.
//!
//! A query reads a few kilobytes around it. Queries that come in no order (a cloud as a scanner or
//! a thinning left it) would fetch those anew each time, so they are walked block of cells by block
//! of cells; the answers go back to where the queries were.

use super::{Grid, walk::Query};
use isopach_cloud::Positions;
use rayon::prelude::*;

/// Queries that one thread works on before it asks for more.
pub(super) const CHUNK: usize = 1 << 11;

/// A block is 2^this cells wide and high.
const BLOCK_SHIFT: u32 = 2;

/// A query in ticks about the index's origin.
#[derive(Clone, Copy, Debug)]
pub(super) enum LocalQuery {
    /// So near that squared distances to all points fit a `u64`.
    Near(Query),
    /// Kilometres away: handled one point at a time, in `u128`.
    Far([i64; 3]),
}

/// Queries in the order in which they are worked on.
pub(super) struct QueryOrder<'a> {
    grid: &'a Grid<'a>,
    queries: Positions<'a>,
    shift: [i64; 3],
    /// Which query is worked on when; empty for as they come.
    order: Vec<u32>,
}

impl<'a> QueryOrder<'a> {
    pub(super) fn new(grid: &'a Grid<'a>, queries: Positions<'a>) -> Self {
        let mut walk = Self {
            grid,
            queries,
            shift: queries.shift_to(grid.points.origin()),
            order: Vec::new(),
        };
        if walk.is_scattered() {
            walk.order = walk.order_by_block();
        }
        walk
    }

    /// Number of queries.
    pub(super) fn len(&self) -> usize {
        self.queries.len()
    }

    /// Which query is worked on at a step.
    #[inline]
    pub(super) fn query_at_step(&self, step: usize) -> usize {
        self.order.get(step).map_or(step, |&query| query as usize)
    }

    /// Brings query `i` to the index's origin.
    #[inline]
    pub(super) fn localise(&self, i: usize) -> LocalQuery {
        let [x, y, z] = self.queries.ticks()[i];
        let local = [
            i64::from(x) + self.shift[0],
            i64::from(y) + self.shift[1],
            i64::from(z) + self.shift[2],
        ];
        // Three squares below 2⁶² fit a u64.
        let near = (0..3).all(|axis| {
            let low = i64::from(self.grid.lowest[axis]);
            let high = i64::from(self.grid.highest[axis]);
            (high - local[axis]).abs() < 1 << 31
                && (local[axis] - low).abs() < 1 << 31
                && i32::try_from(local[axis]).is_ok()
        });
        if near {
            LocalQuery::Near([local[0] as i32, local[1] as i32, local[2] as i32])
        } else {
            LocalQuery::Far(local)
        }
    }

    /// Column and row of query `i`'s cell.
    fn cell_of_query(&self, i: usize) -> [usize; 2] {
        let ticks = self.queries.ticks()[i];
        [0, 1].map(|axis| {
            self.grid
                .cell_along(axis, i64::from(ticks[axis]) + self.shift[axis])
        })
    }

    /// Whether consecutive queries are, on the mean of a sample, farther apart than
    /// a cache forgives: eight rows, or some hundred cells of one.
    fn is_scattered(&self) -> bool {
        let sampled = (1..self.len()).step_by((self.len() / 1000).max(1));
        let apart = sampled.clone().map(|i| {
            let here = self.cell_of_query(i);
            let before = self.cell_of_query(i - 1);
            here[0].abs_diff(before[0]) + 64 * here[1].abs_diff(before[1])
        });
        self.len() > CHUNK / 8 && apart.sum::<usize>() > 512 * sampled.len()
    }

    /// The queries by block, rows of blocks from low to high; within a block as they come. A
    /// counting sort, O(queries).
    fn order_by_block(&self) -> Vec<u32> {
        let across = (self.grid.columns >> BLOCK_SHIFT) + 1;
        let block = |i: usize| {
            let [column, row] = self.cell_of_query(i);
            ((row >> BLOCK_SHIFT) * across + (column >> BLOCK_SHIFT)) as u32
        };
        let blocks: Vec<u32> = (0..self.len()).into_par_iter().map(block).collect();
        let mut next = vec![0_u32; ((self.grid.rows >> BLOCK_SHIFT) + 1) * across + 1];
        for &block in &blocks {
            next[block as usize + 1] += 1;
        }
        for block in 1..next.len() {
            next[block] += next[block - 1];
        }
        let mut order = vec![0; blocks.len()];
        for (i, &block) in blocks.iter().enumerate() {
            let to = &mut next[block as usize];
            order[*to as usize] = i as u32;
            *to += 1;
        }
        order
    }

    /// Whether queries are worked on as they come.
    pub(super) fn is_as_given(&self) -> bool {
        self.order.is_empty()
    }

    /// Brings lists of `k` entries in the order of the walk into the order of the queries.
    pub(super) fn restore_lists<T: Copy + Default>(&self, lists: &[T], k: usize) -> Vec<T> {
        let mut restored = vec![T::default(); lists.len()];
        for (&query, list) in self.order.iter().zip(lists.chunks(k)) {
            let start = query as usize * k;
            restored[start..start + k].copy_from_slice(list);
        }
        restored
    }

    /// Brings answers in the order of the walk into the order of the queries.
    fn restore_query_order<T: Send + Clone + Default>(&self, answers: Vec<T>) -> Vec<T> {
        if self.order.is_empty() {
            return answers;
        }
        let mut results = vec![T::default(); answers.len()];
        for (&query, answer) in self.order.iter().zip(answers) {
            results[query as usize] = answer;
        }
        results
    }
}

/// One result a query, in the order of the queries; `scratch` is used again from query to query.
pub(super) fn answer_each_with<T: Send + Clone + Default, S>(
    grid: &Grid<'_>,
    queries: Positions<'_>,
    scratch: impl Fn() -> S + Sync,
    answer: impl Fn(&mut S, usize, LocalQuery) -> T + Sync,
) -> Vec<T> {
    let walk = QueryOrder::new(grid, queries);
    let mut answers = vec![T::default(); walk.len()];
    answers
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, answers)| {
            let mut scratch = scratch();
            for (i, slot) in answers.iter_mut().enumerate() {
                let query = walk.query_at_step(chunk * CHUNK + i);
                *slot = answer(&mut scratch, query, walk.localise(query));
            }
        });
    walk.restore_query_order(answers)
}

/// The ranges of steps that are worked on together.
pub(super) fn step_chunks(
    count: usize,
) -> impl IndexedParallelIterator<Item = std::ops::Range<usize>> {
    (0..count.div_ceil(CHUNK))
        .into_par_iter()
        .map(move |chunk| chunk * CHUNK..((chunk + 1) * CHUNK).min(count))
}
