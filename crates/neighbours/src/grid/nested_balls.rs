//! Exact sums within several radii of a query, by one walk.

use super::{
    Grid,
    block_sums::{BlockSums, is_wide},
    groups,
    near_points::NearPoints,
    queries::LocalQuery,
    runs::Runs,
    sums::{runs_summed_exactly, sum_near},
    within::Ball,
};
use crate::{Covariance, arguments, lanes::Lanes, moments::ExactSums};
use isopach_cloud::Positions;
use isopach_compute::Result;

/// A ball by its radius.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// Metres.
    pub(super) radius: f64,
    /// The largest squared distance that it allows, square ticks.
    pub(super) squared: u128,
    /// The same: a whole number, exact as far as sums in lanes are.
    largest: f64,
    /// Runs that may be summed in lanes before the sums become whole numbers.
    room: Option<usize>,
}

/// The radii of nested balls, in the order of the results.
#[derive(Clone, Debug)]
pub(super) struct NestedLimits {
    limits: Vec<Limit>,
    /// Places in `limits`, from the largest radius to the smallest.
    falling: Vec<usize>,
}

impl NestedLimits {
    /// The limits of moments within some radii (metres).
    pub(super) fn new(radii: &[f64]) -> Result<Self> {
        let limit_of = |&radius: &f64| {
            let squared = arguments::check_moment_radius(radius)?;
            Ok(Limit {
                radius,
                squared,
                largest: squared as u64 as f64,
                room: runs_summed_exactly((squared as f64).sqrt() + 1.0),
            })
        };
        let limits: Vec<Limit> = radii.iter().map(limit_of).collect::<Result<_>>()?;
        let mut falling: Vec<usize> = (0..limits.len()).collect();
        falling.sort_by_key(|&at| std::cmp::Reverse(limits[at].squared));
        Ok(Self { limits, falling })
    }

    pub(super) fn limits(&self) -> &[Limit] {
        &self.limits
    }

    pub(super) fn len(&self) -> usize {
        self.limits.len()
    }
}

/// Nested balls around each query, and memory that is used again from query to query.
#[derive(Clone, Copy, Debug)]
pub(super) struct NestedBalls<'a> {
    pub(super) limits: &'a NestedLimits,
    pub(super) blocks: Option<&'a BlockSums>,
}

/// Memory that is used again from query to query.
#[derive(Debug, Default)]
pub(super) struct BallScratch {
    pub(super) runs: Runs,
    /// The points of the ball that was summed last, and room for those of the next.
    near: [NearPoints; 2],
    /// Sums of the queries of a group, query by query.
    pub(super) sums: Vec<ExactSums>,
}

impl Grid<'_> {
    /// Exact sums over the points within each radius: `sums` has one entry a radius.
    ///
    /// The points of the largest ball are found in the grid; those of the others among them.
    #[inline(always)]
    pub(super) fn sums_within_radii_in_lanes<L: Lanes>(
        &self,
        query: LocalQuery,
        balls: NestedBalls<'_>,
        runs: &mut Runs,
        [first, second]: &mut [NearPoints; 2],
        sums: &mut [ExactSums],
    ) {
        let mut held = first;
        let mut next = second;
        let mut has_points = false;
        for &at in &balls.limits.falling {
            let Limit {
                squared,
                largest,
                room,
                ..
            } = balls.limits.limits[at];
            let (LocalQuery::Near(near), Some(room)) = (query, room) else {
                sums[at] = self.sums_one_by_one(query, squared);
                continue;
            };
            if let Some(blocks) = balls.blocks.filter(|_| is_wide(self, largest)) {
                sums[at] = self.sums_around_blocks::<L>(near, largest, blocks, room, runs);
                continue;
            }
            if has_points {
                next.take_nearer::<L>(held, largest);
                std::mem::swap(&mut held, &mut next);
            } else {
                self.collect_ball(near, largest, runs);
                held.take_runs::<L>(self, runs, near, largest);
                has_points = true;
            }
            sums[at] = sum_near(held, Ball::<L>::new(largest), room);
        }
    }

    /// The sums of some queries into `scratch`, query by query.
    #[inline(always)]
    pub(super) fn sum_group_in_lanes<L: Lanes>(
        &self,
        queries: &[LocalQuery],
        balls: NestedBalls<'_>,
        scratch: &mut BallScratch,
    ) {
        let width = balls.limits.len();
        let BallScratch { runs, near, sums } = scratch;
        sums.resize(queries.len() * width, ExactSums::default());
        for (&query, sums) in queries.iter().zip(sums.chunks_mut(width.max(1))) {
            self.sums_within_radii_in_lanes::<L>(query, balls, runs, near, sums);
        }
    }

    /// Covariances within several radii, those of one query next to each other.
    pub(super) fn covariances_at(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
    ) -> Result<Vec<Covariance>> {
        let limits = NestedLimits::new(radii)?;
        let blocks = self.blocks_for(&limits, queries.len());
        let balls = NestedBalls {
            limits: &limits,
            blocks: blocks.as_ref(),
        };
        let answer = |scratch: &mut BallScratch, queries: &[LocalQuery], to: &mut [Covariance]| {
            self.sum_group(queries, balls, scratch);
            for (sums, to) in scratch.sums.iter().zip(to) {
                *to = sums.covariance();
            }
        };
        Ok(groups::answer_groups(self, queries, limits.len(), answer))
    }

    /// Sums of blocks, where the largest neighbourhoods are so wide that they pay.
    pub(super) fn blocks_for(&self, limits: &NestedLimits, queries: usize) -> Option<BlockSums> {
        let &largest = limits.falling.first()?;
        BlockSums::if_worthwhile(self, limits.limits[largest].squared, queries)
    }
}
