//! Normals of the most planar of several neighbourhoods, of a few queries at once.

use super::{
    Grid, groups,
    nested_balls::{BallScratch, NestedBalls, NestedLimits},
    queries::LocalQuery,
};
use crate::{
    Normal, NormalQuery,
    eigen_lanes::planarity_lanes,
    lanes::{LANES, Lanes},
    moments::ExactSums,
};
use isopach_cloud::{Positions, TICK};
use isopach_compute::Result;

/// At most [`LANES`] queries whose normals are estimated together.
pub(super) struct NormalGroup<'a> {
    pub(super) queries: &'a [LocalQuery],
    pub(super) balls: NestedBalls<'a>,
    pub(super) towards: [f64; 3],
}

impl Grid<'_> {
    pub(super) fn normals_at(
        &self,
        queries: Positions<'_>,
        NormalQuery { radii, towards }: NormalQuery<'_>,
    ) -> Result<Vec<Normal>> {
        let limits = NestedLimits::new(radii)?;
        let blocks = self.blocks_for(&limits, queries.len());
        let balls = NestedBalls {
            limits: &limits,
            blocks: blocks.as_ref(),
        };
        let answer = |scratch: &mut BallScratch, queries: &[LocalQuery], to: &mut [Normal]| {
            let group = NormalGroup {
                queries,
                balls,
                towards,
            };
            self.normals_of_group(&group, scratch, to);
        };
        Ok(groups::answer_groups(self, queries, 1, answer))
    }

    /// Sets the normals of the group's queries, which are none before.
    #[inline(always)]
    pub(super) fn normals_of_group_in_lanes<L: Lanes>(
        &self,
        group: &NormalGroup<'_>,
        scratch: &mut BallScratch,
        normals: &mut [Normal],
    ) {
        let NormalGroup {
            queries,
            balls,
            towards,
        } = *group;
        self.sum_group_in_lanes::<L>(queries, balls, scratch);
        let width = balls.limits.len();
        for (at, limit) in balls.limits.limits().iter().enumerate() {
            let counts = counts_of_group(&scratch.sums, width, at);
            let found = planarity_lanes(covariance_lanes::<L>(&scratch.sums, width, at));
            for (lane, normal) in normals.iter_mut().take(LANES).enumerate() {
                if counts[lane] >= 3 {
                    let axis = found.axis.map(|axis| axis[lane]);
                    normal.take_if_larger(found.planarity[lane], axis, limit.radius, towards);
                }
            }
        }
    }
}

/// Points within the radius at a place of the widths, a query a lane.
#[inline(always)]
pub(super) fn counts_of_group(sums: &[ExactSums], width: usize, at: usize) -> [u32; LANES] {
    let mut counts = [0; LANES];
    for (count, sums) in counts.iter_mut().zip(sums.chunks(width)) {
        *count = sums[at].count;
    }
    counts
}

/// Covariances xx, xy, xz, yy, yz, zz of the points within the radius at a place of the width, a
/// query a lane; 0 where there are fewer than two points.
#[inline(always)]
pub(super) fn covariance_lanes<L: Lanes>(sums: &[ExactSums], width: usize, at: usize) -> [L; 6] {
    let mut scatters = [[0.0; LANES]; 6];
    let mut divisors = [1.0; LANES];
    for (lane, sums) in sums.chunks(width).take(LANES).enumerate() {
        let sums = &sums[at];
        if sums.count >= 2 {
            divisors[lane] = sums.divisor();
            for (entry, scatter) in scatters.iter_mut().zip(sums.scatter()) {
                entry[lane] = scatter;
            }
        }
    }
    let divisor = L::from_array(divisors);
    let unit = L::splat(TICK * TICK);
    let [xx, xy, xz, yy, yz, zz] = scatters;
    [
        L::from_array(xx) / divisor * unit,
        L::from_array(xy) / divisor * unit,
        L::from_array(xz) / divisor * unit,
        L::from_array(yy) / divisor * unit,
        L::from_array(yz) / divisor * unit,
        L::from_array(zz) / divisor * unit,
    ]
}
