//! Normals of the most planar of several neighbourhoods, of a few queries at once.

use super::{Grid, groups, queries::LocalQuery, runs::Runs};
use crate::{
    Covariance, Normal, NormalQuery, arguments,
    eigen_lanes::planarity_lanes,
    lanes::{LANES, Lanes},
};
use isopach_cloud::Positions;
use isopach_compute::Result;

/// A radius in metres, and the largest squared distance that it allows, in square ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    radius: f64,
    pub(super) squared: u128,
}

/// The limits of moments within some radii (metres).
pub(super) fn limits_of(radii: &[f64]) -> Result<Vec<Limit>> {
    radii
        .iter()
        .map(|&radius| {
            let squared = arguments::check_moment_radius(radius)?;
            Ok(Limit { radius, squared })
        })
        .collect()
}

/// At most [`LANES`] queries whose normals are estimated together.
pub(super) struct NormalGroup<'a> {
    queries: &'a [LocalQuery],
    limits: &'a [Limit],
    towards: [f64; 3],
}

impl Grid<'_> {
    pub(super) fn normals_at(
        &self,
        queries: Positions<'_>,
        NormalQuery { radii, towards }: NormalQuery<'_>,
    ) -> Result<Vec<Normal>> {
        let limits = limits_of(radii)?;
        Ok(groups::answer_groups(
            self,
            queries,
            1,
            |runs: &mut Runs, queries, normals| {
                let group = NormalGroup {
                    queries,
                    limits: &limits,
                    towards,
                };
                self.normals_of_group(&group, runs, normals);
            },
        ))
    }

    /// Covariances within several radii, those of one query next to each other.
    pub(super) fn covariances_at(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
    ) -> Result<Vec<Covariance>> {
        let limits = limits_of(radii)?;
        let answer = |runs: &mut Runs, queries: &[LocalQuery], found: &mut [Covariance]| {
            for (query, found) in queries.iter().zip(found.chunks_mut(limits.len())) {
                for (limit, found) in limits.iter().zip(found) {
                    *found = self.sums_within(*query, limit.squared, runs).covariance();
                }
            }
        };
        Ok(groups::answer_groups(self, queries, limits.len(), answer))
    }

    /// Sets the normals of the group's queries, which are none before.
    #[inline(always)]
    pub(super) fn normals_of_group_in_lanes<L: Lanes>(
        &self,
        group: &NormalGroup<'_>,
        runs: &mut Runs,
        normals: &mut [Normal],
    ) {
        for limit in group.limits {
            let mut upper = [[0.0; LANES]; 6];
            let mut counts = [0; LANES];
            for (lane, &query) in group.queries.iter().take(LANES).enumerate() {
                let sums = self.sums_within_in_lanes::<L>(query, limit.squared, runs);
                if sums.count >= 3 {
                    counts[lane] = sums.count;
                    let covariance = sums.covariance();
                    for (entry, value) in upper.iter_mut().zip(covariance.upper) {
                        entry[lane] = value;
                    }
                }
            }
            let [xx, xy, xz, yy, yz, zz] = upper;
            let found = planarity_lanes([
                L::from_array(xx),
                L::from_array(xy),
                L::from_array(xz),
                L::from_array(yy),
                L::from_array(yz),
                L::from_array(zz),
            ]);
            for (lane, normal) in normals.iter_mut().take(LANES).enumerate() {
                if counts[lane] >= 3 {
                    let [x, y, z] = found.axis;
                    let axis = [x[lane], y[lane], z[lane]];
                    normal.take_if_larger(found.planarity[lane], axis, limit.radius, group.towards);
                }
            }
        }
    }
}
