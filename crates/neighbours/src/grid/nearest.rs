//! The nearest, and the k nearest.

use super::{
    Grid,
    queries::LocalQuery,
    walk::{CellBlock, Query},
};
use crate::{Covariance, Moments, distance};

/// The best found so far: squared distance (square ticks) and index, so that ties go to the lower
/// index.
type Best = (u64, u32);

impl Grid<'_> {
    /// The nearest point within `limit` square ticks.
    #[inline]
    pub(super) fn nearest_to(&self, query: LocalQuery, limit: u128) -> Option<(u128, u32)> {
        if self.points.is_empty() {
            return None;
        }
        match query {
            LocalQuery::Near(query) => self
                .distinct
                .as_deref()
                .unwrap_or(self)
                .nearest_near(query, limit),
            LocalQuery::Far(query) => {
                let all = (0..self.points.len() as u32).map(|id| {
                    (
                        distance::squared_distance(
                            self.points.ticks()[id as usize].map(i64::from),
                            query,
                        ),
                        id,
                    )
                });
                all.filter(|(squared, _)| *squared <= limit).min()
            }
        }
    }

    #[inline]
    fn nearest_near(&self, query: Query, limit: u128) -> Option<(u128, u32)> {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut best: Best = (limit, u32::MAX);
        let mut block = self.four_cells(query);
        self.update_nearest_in(&block, query, &mut best);
        let mut step = 1;
        while let Some(clearance) = self.distance_to_outside(query, &block)
            && ((clearance * clearance) as u64) < best.0.saturating_add(1)
        {
            let grown = self.grow_block(&block, step);
            for part in &block.ring_within(&grown) {
                self.update_nearest_in(part, query, &mut best);
            }
            (block, step) = (grown, step * 2);
        }
        (best.1 != u32::MAX).then_some((u128::from(best.0), best.1))
    }

    /// The 2 × 2 cells nearest to the query: their edge is at least half a cell away.
    #[inline]
    fn four_cells(&self, query: Query) -> CellBlock {
        self.block_around(query, (1_i64 << self.shift) >> 1)
    }

    #[inline]
    fn update_nearest_in(&self, block: &CellBlock, query: Query, best: &mut Best) {
        self.visit_block(block, query, &mut |span| {
            for i in span {
                let squared = self.squared_distance_to(i, query);
                if squared <= best.0 && (squared, self.id[i]) < *best {
                    *best = (squared, self.id[i]);
                }
            }
            Some(best.0)
        });
    }

    /// Puts the `k` nearest within `limit` square ticks into `found`, nearest first.
    pub(super) fn k_nearest_to(
        &self,
        query: LocalQuery,
        k: usize,
        limit: u128,
        found: &mut Vec<u128>,
    ) {
        match query {
            LocalQuery::Near(query) => {
                self.collect_closest(
                    query,
                    &mut Closest::new(k, u64::try_from(limit).unwrap_or(u64::MAX), found),
                );
                found.sort_unstable();
            }
            LocalQuery::Far(query) => {
                // Beyond 2⁴⁸ ticks a squared distance and an index no longer fit a key, and no
                // cloud lies so far from another.
                let keys = (0..self.points.len() as u32).filter_map(|id| {
                    let squared = distance::squared_distance(
                        self.points.ticks()[id as usize].map(i64::from),
                        query,
                    );
                    (squared <= limit).then_some(squared << 32 | u128::from(id))
                });
                found.extend(keys);
                found.sort_unstable();
                found.truncate(k);
            }
        }
    }

    /// Moments of the `k` nearest; `None` where one of them is more than 8 km away.
    pub(super) fn moments_of_nearest(
        &self,
        query: LocalQuery,
        k: usize,
        keys: &mut Vec<u128>,
    ) -> Option<Covariance> {
        let mut moments = Moments::default();
        if let (LocalQuery::Near(query), false) = (query, self.points.is_empty()) {
            keys.clear();
            self.collect_closest(query, &mut Closest::new(k, u64::MAX, keys));
            for &key in keys.iter() {
                let point = self.points.ticks()[id_of(key) as usize];
                let [x, y, z] = std::array::from_fn(|axis| point[axis].checked_sub(query[axis]));
                moments.add_offset([x?, y?, z?]);
            }
        } else if !self.points.is_empty() {
            return None;
        }
        Some(moments.covariance())
    }

    /// Finds the k nearest, in any order. Grows a block until it must hold them: by 1, 2, 4, …
    /// cells, and no farther than the k-th found so far.
    fn collect_closest(&self, query: Query, best: &mut Closest<'_>) {
        if self.points.is_empty() {
            return;
        }
        // The radius that at the mean density of the grid holds k points, and those that chance
        // leaves out.
        let wanted = best.k as f64 + (best.k as f64).sqrt();
        let cells = (self.columns * self.rows) as f64;
        let share = wanted / self.points.len() as f64 * cells / std::f64::consts::PI;
        let reach = (share.sqrt() * (1_i64 << self.shift) as f64) as i64;
        let mut block = self.block_around(query, reach.max((1_i64 << self.shift) >> 1));
        self.collect_closest_in(&block, query, best);
        best.keep_k_nearest();
        let mut step = 1;
        while let Some(clearance) = self.distance_to_outside(query, &block)
            && ((clearance * clearance) as u64) < best.worst.saturating_add(1)
        {
            let doubled = self.grow_block(&block, step);
            let grown = match best.is_full() {
                // On a wall the first k lie far above and below each other, so their k-th says
                // nothing of how far to look to the side.
                true => self
                    .block_around(query, best.worst.isqrt() as i64 + 1)
                    .union(&block)
                    .intersection(&doubled),
                false => doubled,
            };
            for part in &block.ring_within(&grown) {
                self.collect_closest_in(part, query, best);
            }
            best.keep_k_nearest();
            (block, step) = (grown, step * 2);
        }
    }

    #[inline]
    fn collect_closest_in(&self, block: &CellBlock, query: Query, best: &mut Closest<'_>) {
        self.visit_block(block, query, &mut |span| {
            for i in span {
                let squared = self.squared_distance_to(i, query);
                if squared <= best.worst {
                    best.keys.push(pack_key(squared, self.id[i]));
                }
            }
            // As soon as there are k, so that a walk through heights knows how far it has to go.
            if best.keys.len() > best.enough || (best.worst == best.limit && best.is_full()) {
                best.keep_k_nearest();
            }
            // Equal points share a cell and come in the order of their indices: nothing can be
            // nearer than k points at no distance.
            (best.worst > 0 || !best.is_full()).then_some(best.worst)
        });
    }
}

/// Squared distance and index as one number, so that comparing it compares the distance and, of
/// equal ones, the index.
#[inline]
fn pack_key(squared: u64, id: u32) -> u128 {
    u128::from(squared) << 32 | u128::from(id)
}

/// Squared distance of a key, square ticks.
#[inline]
pub(super) fn squared_of(key: u128) -> u128 {
    key >> 32
}

/// Index of a key.
#[inline]
pub(super) fn id_of(key: u128) -> u32 {
    key as u32
}

/// Candidates for the k nearest. They are collected as they come and thinned to k by selection:
/// twice as fast as keeping a sorted list, of which nobody asks the order before the end.
struct Closest<'a> {
    k: usize,
    /// Candidates above which it pays to thin them.
    enough: usize,
    /// The squared distance that a candidate must not exceed: that of the k-th when there last were
    /// k, or the limit.
    worst: u64,
    /// Squared distance beyond which nothing is looked for.
    limit: u64,
    keys: &'a mut Vec<u128>,
}

impl<'a> Closest<'a> {
    fn new(k: usize, limit: u64, keys: &'a mut Vec<u128>) -> Self {
        Self {
            k,
            enough: 8 * k + 64,
            worst: limit,
            limit,
            keys,
        }
    }

    fn is_full(&self) -> bool {
        self.keys.len() >= self.k
    }

    /// Leaves the k nearest. O(candidates).
    fn keep_k_nearest(&mut self) {
        if self.is_full() {
            let (_, kth, _) = self.keys.select_nth_unstable(self.k - 1);
            self.worst = squared_of(*kth) as u64;
            self.keys.truncate(self.k);
        }
    }
}
