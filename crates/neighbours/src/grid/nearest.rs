//! The nearest.
//!
//! The nearest point of the query before is near this one, too: it is the first candidate, and the
//! ball around the query through it is all that has to be looked at.

use super::{
    Grid, ball::Ball, queries::LocalQuery, sums::LANES, trees::CellTrees, walk::Query, widest,
};
use crate::distance;
use std::ops::Range;

/// State that one thread keeps from query to query.
#[derive(Debug)]
pub(super) struct Nearest<'a> {
    /// The grid of the distinct points.
    grid: &'a Grid<'a>,
    trees: Option<&'a CellTrees>,
    /// Squared distance beyond which nothing is looked for, square ticks.
    limit: u128,
    /// The answer to the query before.
    last: Option<Best>,
    /// Squared distance within which there are three points on the mean, if none is above another,
    /// square ticks.
    usual: u64,
}

/// The best found so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    /// Squared distance, or that beyond which nothing is looked for, square ticks.
    squared: u64,
    /// Index; above all indices if none is found.
    id: u32,
    /// Position among the sorted points.
    place: u32,
}

impl<'a> Nearest<'a> {
    /// For the nearest within `limit` square ticks.
    pub(super) fn new(grid: &'a Grid<'a>, limit: u128) -> Self {
        let grid = grid.distinct.as_deref().unwrap_or(grid);
        let cells = (grid.columns * grid.rows) as f64 * (1_u64 << (2 * grid.shift)) as f64;
        let usual = 3.0 / std::f64::consts::PI * cells / grid.id.len() as f64;
        Self {
            grid,
            trees: grid.trees(),
            limit,
            last: None,
            usual: (usual as u64).max(1),
        }
    }

    /// Squared distance (square ticks) and index of the nearest, of equally near ones of that with
    /// the lowest index.
    #[inline]
    pub(super) fn find_nearest(&mut self, query: LocalQuery) -> Option<(u128, u32)> {
        match query {
            LocalQuery::Near(query) => {
                let best = widest::find_nearest(self, query)?;
                self.last = Some(best);
                Some((u128::from(best.squared), best.id))
            }
            LocalQuery::Far(query) => {
                let ticks = self.grid.points.ticks();
                let all = (0..ticks.len() as u32).map(|id| {
                    let point = ticks[id as usize].map(i64::from);
                    (distance::squared_distance(point, query), id)
                });
                all.filter(|(squared, _)| *squared <= self.limit).min()
            }
        }
    }

    #[inline(always)]
    pub(super) fn find_nearest_here(&self, query: Query) -> Option<Best> {
        if self.grid.id.is_empty() {
            return None;
        }
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        let mut reach = self.first_reach();
        loop {
            let mut best = Best {
                squared: reach.min(limit),
                id: u32::MAX,
                place: 0,
            };
            if let Some(last) = self.last {
                best.try_place(self.grid, last.place as usize, query);
            }
            self.grid.add_ball(self.trees, query, &mut best);
            if best.id != u32::MAX {
                return Some(best);
            }
            if reach >= limit {
                return None;
            }
            reach = reach.saturating_mul(8);
        }
    }

    /// Squared reach, if the point before should be far away, square ticks.
    #[inline]
    fn first_reach(&self) -> u64 {
        let last = self.last.map_or(0, |last| last.squared.saturating_mul(8));
        last.max(self.usual)
    }
}

impl Best {
    /// Takes a sorted point if it is better.
    #[inline(always)]
    fn try_place(&mut self, grid: &Grid<'_>, place: usize, query: Query) {
        let squared = grid.squared_distance_to(place, query);
        if squared <= self.squared {
            self.take_if_better(squared, grid.id[place], place);
        }
    }

    #[inline(always)]
    fn take_if_better(&mut self, squared: u64, id: u32, place: usize) {
        if (squared, id) < (self.squared, self.id) {
            *self = Self {
                squared,
                id,
                place: place as u32,
            };
        }
    }
}

impl Ball for Best {
    #[inline(always)]
    fn reach(&self) -> u64 {
        self.squared
    }

    #[inline(always)]
    fn is_settled(&self) -> bool {
        self.squared == 0 && self.id != u32::MAX
    }

    #[inline(always)]
    fn add_span(&mut self, grid: &Grid<'_>, span: Range<usize>, query: Query) {
        let mut start = span.start;
        while start < span.end {
            let squared = grid.square_four_distances(start, query);
            let is_near = squared.iter().fold(false, |is_near, &squared| {
                is_near | (squared <= self.squared)
            });
            if is_near {
                for (place, squared) in (start..span.end).zip(squared) {
                    if squared <= self.squared {
                        self.take_if_better(squared, grid.id[place], place);
                    }
                }
                if self.is_settled() {
                    return;
                }
            }
            start += LANES;
        }
    }

    #[inline(always)]
    fn add_listed(&mut self, grid: &Grid<'_>, base: usize, offsets: &[u16], query: Query) {
        for &offset in offsets {
            self.try_place(grid, base + usize::from(offset), query);
        }
    }
}

/// Squared distance of a key of squared distance and index, square ticks.
#[inline]
pub(super) fn squared_of(key: u128) -> u128 {
    key >> 32
}

/// Index of a key.
#[inline]
pub(super) fn id_of(key: u128) -> u32 {
    key as u32
}
