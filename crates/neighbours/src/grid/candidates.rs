//! Candidates for the k nearest: collected as they come, thinned and ordered by rank.

use super::{
    Grid,
    ball::Ball,
    sums::LANES,
    walk::{Query, square_distances},
};
use std::ops::Range;

/// Points whose distances are computed at once.
const PIECE: usize = 64;

/// Candidates that are ranked by comparing each with each, which takes no branch.
const RANKED: usize = 48;

/// Bits of a key that hold the number of a candidate.
const SLOT_BITS: u32 = 12;

/// Squared distances below this fit a key beside the number of a candidate, and the key an `i64`.
const LARGEST_IN_KEY: u64 = 1 << (63 - SLOT_BITS);

/// Points that may be among the k nearest of a query.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// How many are wanted.
    k: usize,
    /// The squared distance that a candidate must not exceed, square ticks.
    worst: u64,
    /// Candidates there are; the lists below are longer.
    len: usize,
    squared: Vec<u64>,
    /// Positions among the sorted points.
    places: Vec<u32>,
    keys: Vec<i64>,
    /// Keys where distances tie or are large: squared distance, index, position.
    wide: Vec<u128>,
    /// The keys in order.
    ordered: Vec<i64>,
    /// Squared distance and position of the k nearest, in order.
    nearest: Vec<(u64, u32)>,
}

impl Candidates {
    /// No candidates yet for the `k` nearest within `worst` square ticks.
    #[inline]
    pub(super) fn restart(&mut self, k: usize, worst: u64) {
        self.k = k;
        self.worst = worst;
        self.len = 0;
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Makes the lists long enough for another piece.
    #[inline]
    fn make_room(&mut self) {
        let needed = self.len + PIECE + 1;
        if self.squared.len() < needed {
            self.squared.resize(2 * needed, 0);
            self.places.resize(2 * needed, 0);
        }
    }

    /// Leaves the k nearest, and no farther ones to come.
    #[inline(never)]
    fn keep_k_nearest(&mut self, grid: &Grid<'_>) {
        if self.len < self.k {
            return;
        }
        self.collect_wide_keys(grid);
        let (_, kth, _) = self.wide.select_nth_unstable(self.k - 1);
        self.worst = (*kth >> 64) as u64;
        self.len = self.k;
        for (i, key) in self.wide[..self.k].iter().enumerate() {
            self.squared[i] = (key >> 64) as u64;
            self.places[i] = *key as u32;
        }
    }

    /// Candidates as numbers that compare by distance, of equal ones by index.
    fn collect_wide_keys(&mut self, grid: &Grid<'_>) {
        self.wide.clear();
        let candidates = self.squared[..self.len].iter().zip(&self.places);
        self.wide.extend(candidates.map(|(&squared, &place)| {
            u128::from(squared) << 64
                | u128::from(grid.id[place as usize]) << 32
                | u128::from(place)
        }));
    }

    /// Puts the k nearest into order, nearest first, of equal ones the lower index first.
    #[inline(always)]
    pub(super) fn order_k_nearest(&mut self, grid: &Grid<'_>) {
        let taken = self.len.min(self.k);
        self.nearest.clear();
        if self.order_by_keys(taken) {
            let keys = self.ordered[..taken].iter().map(|key| {
                let slot = (key & ((1 << SLOT_BITS) - 1)) as usize;
                ((key >> SLOT_BITS) as u64, self.places[slot])
            });
            self.nearest.extend(keys);
        } else {
            self.collect_wide_keys(grid);
            self.wide.sort_unstable();
            let keys = self.wide[..taken].iter();
            self.nearest
                .extend(keys.map(|&key| ((key >> 64) as u64, key as u32)));
        }
    }

    /// Squared distance and position of the k nearest in order, once they are in order.
    #[inline]
    pub(super) fn nearest(&self) -> &[(u64, u32)] {
        &self.nearest
    }

    /// Puts the keys of the nearest `taken` into order. `false` if indices decide, because
    /// distances tie, or keys cannot hold the distances.
    #[inline(always)]
    fn order_by_keys(&mut self, taken: usize) -> bool {
        let squared = &self.squared[..self.len];
        if self.len >> SLOT_BITS > 0 || squared.iter().any(|&s| s >= LARGEST_IN_KEY) {
            return false;
        }
        self.keys.clear();
        let keys = squared.iter().zip(0..);
        self.keys
            .extend(keys.map(|(&squared, slot)| (squared << SLOT_BITS) as i64 | slot));
        if self.len > RANKED && taken > 0 {
            let (_, kth, rest) = self.keys.select_nth_unstable(taken - 1);
            let kth = *kth >> SLOT_BITS;
            if rest.iter().any(|key| key >> SLOT_BITS == kth) {
                return false;
            }
            self.keys.truncate(taken);
        }
        self.rank_keys();
        // One more than is taken: the first that is not taken may tie with the last that is.
        let compared = &self.ordered[..self.keys.len().min(taken + 1)];
        !compared
            .windows(2)
            .any(|pair| pair[0] >> SLOT_BITS == pair[1] >> SLOT_BITS)
    }

    /// Puts `keys`, which are all different, into order.
    #[inline(always)]
    fn rank_keys(&mut self) {
        let count = self.keys.len();
        self.ordered.clear();
        if count > RANKED {
            self.keys.sort_unstable();
            self.ordered.extend_from_slice(&self.keys);
            return;
        }
        self.ordered.resize(count, 0);
        let mut padded = [i64::MAX; RANKED];
        padded[..count].copy_from_slice(&self.keys);
        let compared = &padded[..count.next_multiple_of(4)];
        for &key in &self.keys {
            let mut below = [0_i64; 4];
            for four in compared.as_chunks::<4>().0 {
                for lane in 0..4 {
                    below[lane] += i64::from(four[lane] < key);
                }
            }
            self.ordered[below.iter().sum::<i64>() as usize] = key;
        }
    }
}

impl Ball for Candidates {
    #[inline(always)]
    fn reach(&self) -> u64 {
        self.worst
    }

    #[inline(always)]
    fn is_settled(&self) -> bool {
        self.worst == 0 && self.len >= self.k
    }

    #[inline(always)]
    fn add_span(&mut self, grid: &Grid<'_>, span: Range<usize>, query: Query) {
        let mut start = span.start;
        while start < span.end {
            let count = (span.end - start).min(PIECE);
            self.make_room();
            let worst = self.worst;
            let mut len = 0;
            if let (Some(squared), Some(places)) = (
                self.squared[self.len..].first_chunk_mut::<PIECE>(),
                self.places[self.len..].first_chunk_mut::<PIECE>(),
            ) {
                grid.square_piece(start, count, query, squared);
                for i in 0..count {
                    let one = squared[i % PIECE];
                    squared[len % PIECE] = one;
                    places[len % PIECE] = (start + i) as u32;
                    len += usize::from(one <= worst);
                }
            }
            self.len += len;
            start += count;
            if self.len > 4 * self.k + PIECE {
                self.keep_k_nearest(grid);
                if self.is_settled() {
                    return;
                }
            }
        }
    }

    #[inline]
    fn add_listed(&mut self, grid: &Grid<'_>, base: usize, offsets: &[u16], query: Query) {
        for offsets in offsets.chunks(PIECE) {
            self.make_room();
            for &offset in offsets {
                let place = base + usize::from(offset);
                let squared = grid.squared_distance_to(place, query);
                self.squared[self.len] = squared;
                self.places[self.len] = place as u32;
                self.len += usize::from(squared <= self.worst);
            }
            if self.len > 4 * self.k + PIECE {
                self.keep_k_nearest(grid);
            }
        }
    }
}

impl Grid<'_> {
    /// Squared distances of `count` sorted points, from position `start` on, square ticks.
    #[inline(always)]
    fn square_piece(&self, start: usize, count: usize, query: Query, squared: &mut [u64; PIECE]) {
        #[cfg(test)]
        super::walk::LOOKS.set(super::walk::LOOKS.get() + count as u64);
        let end = start + count.next_multiple_of(LANES);
        let [x, y, z] =
            [&self.x, &self.y, &self.z].map(|sorted| sorted[start..end].as_chunks::<LANES>().0);
        let to = squared.as_chunks_mut::<LANES>().0;
        for (((to, x), y), z) in to.iter_mut().zip(x).zip(y).zip(z) {
            *to = square_distances(x, y, z, query);
        }
    }
}
