//! Everything within a radius.

use super::{
    Grid,
    block_sums::BlockSums,
    bounds::whole_ticks,
    queries::LocalQuery,
    runs::Runs,
    sums::{Region, sum_region},
    walk::Query,
};
use crate::{Moments, distance, lanes::Lanes, moments::ExactSums};

/// Points no farther from the query than a square in square ticks.
#[derive(Clone, Copy)]
pub(super) struct Ball<L> {
    largest: L,
}

impl<L: Lanes> Ball<L> {
    #[inline(always)]
    pub(super) fn new(largest: f64) -> Self {
        Self {
            largest: L::splat(largest),
        }
    }
}

impl<L: Lanes> Region<L> for Ball<L> {
    #[inline(always)]
    fn contains(&self, [x, y, z]: [L; 3]) -> L::Mask {
        // Exact up to 2⁵³, and beyond that never rounded to less.
        let squared = (z * z).add_exact_product(y, y).add_exact_product(x, x);
        squared.at_most(self.largest)
    }
}

/// The part of a row of cells that a ball meets.
pub(super) struct Chord {
    pub(super) columns: [usize; 2],
    /// Lowest and highest, ticks.
    pub(super) heights: [i64; 2],
}

impl Grid<'_> {
    /// Calls `visit` with id, squared distance (square ticks) and offset (ticks) of every point
    /// within `limit` square ticks.
    #[inline]
    pub(super) fn visit_within(
        &self,
        query: LocalQuery,
        limit: u128,
        mut visit: impl FnMut(u32, u128, [i32; 3]),
    ) {
        match query {
            LocalQuery::Near(query) => {
                self.visit_within_near(query, u64::try_from(limit).unwrap_or(u64::MAX), visit)
            }
            LocalQuery::Far(query) => {
                for id in 0..self.points.len() as u32 {
                    let point = self.points.ticks()[id as usize].map(i64::from);
                    let squared = distance::squared_distance(point, query);
                    if squared <= limit {
                        // The callers that look at offsets have radii below 8 km, so that these
                        // fit.
                        visit(
                            id,
                            squared,
                            std::array::from_fn(|axis| (point[axis] - query[axis]) as i32),
                        );
                    }
                }
            }
        }
    }

    /// Exact sums over the points of a ball that is many cells wide.
    #[inline(always)]
    pub(super) fn sums_around_blocks<L: Lanes>(
        &self,
        query: Query,
        largest: f64,
        blocks: &BlockSums,
        room: usize,
        runs: &mut Runs,
    ) -> ExactSums {
        let ball = Ball::<L>::new(largest);
        let inside = self.collect_ball_around_blocks(blocks, query, largest, runs);
        // Below 2⁶², whatever was rounded here.
        if inside.count() as f64 * largest < (1_u64 << 62) as f64 {
            let mut sums = sum_region(self, runs, query, ball, room);
            inside.add_about(query, &mut sums);
            return sums;
        }
        self.collect_ball(query, largest, runs);
        sum_region(self, runs, query, ball, room)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn sums_one_by_one(&self, query: LocalQuery, limit: u128) -> ExactSums {
        let mut moments = Moments::default();
        self.visit_within(query, limit, |_, _, d| moments.add_offset(d));
        moments.into_sums()
    }

    /// The runs that hold the points of a ball.
    #[inline(always)]
    pub(super) fn collect_ball(&self, query: Query, largest: f64, runs: &mut Runs) {
        runs.clear();
        let [first, last] = self.rows_of_ball(query, largest);
        for row in first..=last {
            let chord = self.chord_of_ball(row, query, largest);
            self.push_row(row, chord.columns, chord.heights, runs);
        }
    }

    /// First and last row of cells that meet a ball.
    #[inline(always)]
    pub(super) fn rows_of_ball(&self, query: Query, largest: f64) -> [usize; 2] {
        let reach = whole_ticks(largest.sqrt()) + 1;
        let y = i64::from(query[1]);
        [self.cell_along(1, y - reach), self.cell_along(1, y + reach)]
    }

    /// The part of a row of cells that a ball meets: the columns between the ends of its chord, and
    /// heights as far above and below.
    #[inline(always)]
    pub(super) fn chord_of_ball(&self, row: usize, query: Query, largest: f64) -> Chord {
        let gap = self.gap_to_cells(1, query[1], [row, row + 1]) as f64;
        let half = whole_ticks((largest - gap * gap).max(0.0).sqrt()) + 1;
        let [x, z] = [query[0], query[2]].map(i64::from);
        Chord {
            columns: [
                self.cell_along(0, x - half),
                self.cell_along(0, x + half) + 1,
            ],
            heights: [z - half, z + half],
        }
    }

    #[inline]
    fn visit_within_near(
        &self,
        query: Query,
        limit: u64,
        mut visit: impl FnMut(u32, u128, [i32; 3]),
    ) {
        let reach = limit.isqrt() as i64;
        let block = self.block_around(query, reach);
        // Three roundings of 2⁻²⁴ in each square and two in their sum stay below a millionth.
        let roughly = limit as f32 * (1.0 + 1e-6);
        self.visit_block(&block, query, &mut |span| {
            let rough = |[x, y, z]: [f32; 3]| x * x + y * y + z * z <= roughly;
            self.visit_likely(span, query, rough, |i| {
                let d = self.offset_from(i, query);
                let squared = (d[0] * d[0]) as u64 + (d[1] * d[1]) as u64 + (d[2] * d[2]) as u64;
                if squared <= limit {
                    visit(self.id[i], u128::from(squared), d.map(|tick| tick as i32));
                }
            });
            Some(limit)
        });
    }
}
