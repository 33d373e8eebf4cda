//! The nearest, and the k nearest.

use super::{
    Grid,
    queries::Located,
    walk::{Block, Query},
};
use crate::{Covariance, Moments, plain};

/// The best found so far: squared distance (square ticks) and index, so that ties go to the lower index.
type Best = (u64, u32);

impl Grid<'_> {
    /// The nearest point within `limit` square ticks.
    #[inline]
    pub(super) fn nearest_to(&self, query: Located, limit: u128) -> Option<(u128, u32)> {
        if self.points.is_empty() {
            return None;
        }
        match query {
            Located::Near(query) => {
                let limit = u64::try_from(limit).unwrap_or(u64::MAX);
                let mut best: Best = (limit, u32::MAX);
                let mut block = self.four_cells(query);
                self.nearest_in(&block, query, &mut best);
                let mut step = 1;
                while let Some(clearance) = self.clearance(query, &block)
                    && ((clearance * clearance) as u64) < best.0.saturating_add(1)
                {
                    let grown = self.grown(&block, step);
                    for part in &block.ring(&grown) {
                        self.nearest_in(part, query, &mut best);
                    }
                    (block, step) = (grown, step * 2);
                }
                (best.1 != u32::MAX).then_some((u128::from(best.0), best.1))
            }
            Located::Far(query) => {
                let all = (0..self.points.len() as u32)
                    .map(|id| (plain::squared_distance(self.points.ticks()[id as usize].map(i64::from), query), id));
                all.filter(|(squared, _)| *squared <= limit).min()
            }
        }
    }

    /// The 2 × 2 cells nearest to the query: their edge is at least half a cell away.
    #[inline]
    fn four_cells(&self, query: Query) -> Block {
        self.block_around(query, (1_i64 << self.shift) >> 1)
    }

    #[inline]
    fn nearest_in(&self, block: &Block, query: Query, best: &mut Best) {
        self.each_in(block, query, &mut |span| {
            for i in span {
                let squared = self.squared(i, query);
                if squared <= best.0 && (squared, self.id[i]) < *best {
                    *best = (squared, self.id[i]);
                }
            }
            Some(best.0)
        });
    }

    /// Puts the `k` nearest within `limit` square ticks into `found`, nearest first.
    pub(super) fn k_nearest_to(&self, query: Located, k: usize, limit: u128, found: &mut Vec<(u128, u32)>) {
        match query {
            Located::Near(query) => {
                let mut best = KBest::new(k, u64::try_from(limit).unwrap_or(u64::MAX));
                self.fill(query, &mut best);
                found.extend(best.sorted().iter().map(|&(squared, i)| (u128::from(squared), self.id[i as usize])));
            }
            Located::Far(query) => {
                let all = (0..self.points.len() as u32)
                    .map(|id| (plain::squared_distance(self.points.ticks()[id as usize].map(i64::from), query), id));
                found.extend(all.filter(|(squared, _)| *squared <= limit));
                found.sort_unstable();
                found.truncate(k);
            }
        }
    }

    /// Moments of the `k` nearest; `None` where one of them is more than 8 km away.
    pub(super) fn moments_of_nearest(&self, query: Located, k: usize) -> Option<Covariance> {
        let mut moments = Moments::default();
        if let (Located::Near(query), false) = (query, self.points.is_empty()) {
            let mut best = KBest::new(k, u64::MAX);
            self.fill(query, &mut best);
            for &(_, i) in &best.entries {
                let [x, y, z] = self.offset(i as usize, query).map(|tick| i32::try_from(tick).ok());
                moments.add([x?, y?, z?]);
            }
        } else if !self.points.is_empty() {
            return None;
        }
        Some(moments.covariance())
    }

    /// Grows a block until it must hold the k nearest.
    fn fill(&self, query: Query, best: &mut KBest) {
        if self.points.is_empty() {
            return;
        }
        // The radius that at the mean density of the grid holds k points, and those that chance leaves out.
        let wanted = best.k as f64 + (best.k as f64).sqrt();
        let cells = (self.columns * self.rows) as f64;
        let share = wanted / self.points.len() as f64 * cells / std::f64::consts::PI;
        let reach = (share.sqrt() * (1_i64 << self.shift) as f64) as i64;
        let mut block = self.block_around(query, reach.max((1_i64 << self.shift) >> 1));
        // The row of the query first, then outwards: the nearest are found soon, and the others refused at once.
        let middle = self.cell_along(1, i64::from(query[1])).clamp(block.rows[0], block.rows[1] - 1);
        let rows = block.rows[1] - block.rows[0];
        for step in 0..rows {
            let outwards = [middle.checked_sub(step).filter(|row| *row >= block.rows[0]), Some(middle + step)];
            for row in outwards.into_iter().skip(usize::from(step == 0)).flatten().filter(|row| *row < block.rows[1]) {
                self.fill_from(&Block { columns: block.columns, rows: [row, row + 1] }, query, best);
            }
        }
        let mut step = 1;
        while let Some(clearance) = self.clearance(query, &block)
            && ((clearance * clearance) as u64) < best.worst().saturating_add(1)
        {
            let grown = match best.is_full() {
                true => self.block_around(query, best.worst().isqrt() as i64 + 1).union(&block),
                false => self.grown(&block, step),
            };
            for part in &block.ring(&grown) {
                self.fill_from(part, query, best);
            }
            (block, step) = (grown, step * 2);
        }
    }

    #[inline]
    fn fill_from(&self, block: &Block, query: Query, best: &mut KBest) {
        self.each_in(block, query, &mut |span| {
            for i in span {
                let squared = self.squared(i, query);
                if squared <= best.worst {
                    best.offer(squared, i as u32, &self.id);
                }
            }
            // Equal points share a cell and come in the order of their indices: nothing can be nearer than k points at no distance.
            (best.worst() > 0 || !best.is_full()).then(|| best.worst())
        });
    }
}

/// The k best so far, ordered; entries are squared distance and *sorted* position.
struct KBest {
    k: usize,
    /// The squared distance that a candidate must not exceed: that of the k-th, or the limit.
    worst: u64,
    entries: Vec<(u64, u32)>,
}

impl KBest {
    fn new(k: usize, limit: u64) -> Self {
        Self { k, worst: limit, entries: Vec::with_capacity(k.min(1024) + 1) }
    }

    fn is_full(&self) -> bool {
        self.entries.len() == self.k
    }

    #[inline]
    fn worst(&self) -> u64 {
        self.worst
    }

    /// Inserts a candidate no farther than the worst where it belongs, moving the farther ones up. O(k), of which little happens once the
    /// list is full.
    #[inline]
    fn offer(&mut self, squared: u64, i: u32, id: &[u32]) {
        let new = (squared, i);
        let comes_after =
            |entry: (u64, u32)| entry.0 > squared || (entry.0 == squared && id[entry.1 as usize] > id[i as usize]);
        let mut at = self.entries.len();
        if at < self.k {
            self.entries.push(new);
        } else if comes_after(self.entries[at - 1]) {
            at -= 1;
        } else {
            return;
        }
        while at > 0 && comes_after(self.entries[at - 1]) {
            self.entries[at] = self.entries[at - 1];
            at -= 1;
        }
        self.entries[at] = new;
        if self.is_full() {
            self.worst = self.entries[self.k - 1].0;
        }
    }

    fn sorted(&self) -> &[(u64, u32)] {
        &self.entries
    }
}
