//! Statistics of the points in a cylinder along its axis.

use super::{
    Grid,
    queries::LocalQuery,
    runs::Runs,
    sums::{LANES, Region, Visit, runs_summed_exactly, sum_region, visit_region},
};
use crate::{
    AxialStatistic, AxialStatistics, Cylinder, CylinderQuery, Moments, lanes::Lanes,
    moments::ExactSums,
};
use isopach_cloud::{TICK, TICKS_PER_METRE};

/// Memory that is used again from cylinder to cylinder.
#[derive(Debug, Default)]
pub(super) struct CylinderScratch {
    runs: Runs,
    along: Vec<f64>,
}

/// A cylinder along an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct CylinderShape {
    pub(super) cylinder: Cylinder,
    pub(super) axis: [f64; 3],
    /// Half length, ticks.
    pub(super) half: f64,
    /// Square of the radius, square ticks.
    widest: f64,
}

impl CylinderShape {
    pub(super) fn new(cylinder: Cylinder, axis: [f64; 3]) -> Self {
        Self {
            cylinder,
            axis,
            half: cylinder.half_length * TICKS_PER_METRE,
            widest: cylinder.radius * cylinder.radius * (TICKS_PER_METRE * TICKS_PER_METRE),
        }
    }

    /// Upper limit of the distance of its points from the query, ticks.
    fn reach(&self) -> f64 {
        (self.widest + self.half * self.half).sqrt() * (1.0 + 1e-9) + 1.0
    }
}

/// [`Cylinder::offset_along`] in ticks instead of metres: a power of two apart, so that it decides
/// the same to the last bit.
#[derive(Clone, Copy)]
struct CylinderLanes<L> {
    axis: [L; 3],
    half: L,
    widest: L,
}

impl<L: Lanes> CylinderLanes<L> {
    #[inline(always)]
    fn new(shape: &CylinderShape) -> Self {
        Self {
            axis: [
                L::splat(shape.axis[0]),
                L::splat(shape.axis[1]),
                L::splat(shape.axis[2]),
            ],
            half: L::splat(shape.half),
            widest: L::splat(shape.widest),
        }
    }

    #[inline(always)]
    fn offset_along(&self, [x, y, z]: [L; 3]) -> L {
        x * self.axis[0] + y * self.axis[1] + z * self.axis[2]
    }
}

impl<L: Lanes> Region<L> for CylinderLanes<L> {
    #[inline(always)]
    fn contains(&self, [x, y, z]: [L; 3]) -> L::Mask {
        let along = self.offset_along([x, y, z]);
        let squared = x * x + y * y + z * z;
        L::both_masks(
            along.abs().at_most(self.half),
            (squared - along * along).at_most(self.widest),
        )
    }
}

/// Collects offsets along the axis, in metres.
struct CollectAlong<'a, L> {
    region: CylinderLanes<L>,
    along: &'a mut Vec<f64>,
    count: usize,
}

impl<L: Lanes> Visit<L> for CollectAlong<'_, L> {
    #[inline(always)]
    fn visit_run(&mut self, offset: [L; 3], kept: L::Mask) {
        if self.along.len() < self.count + LANES {
            self.along.resize(2 * self.count + LANES, 0.0);
        }
        let metres = self.region.offset_along(offset) * L::splat(TICK);
        if let Some(to) = self.along[self.count..].first_chunk_mut() {
            self.count += metres.store_where(kept, to);
        }
    }
}

impl Grid<'_> {
    /// Location and spread along `axis` of the points in the cylinder around the query.
    ///
    /// Mean and deviation come from exact moments: with S and C the sum of offsets and their
    /// covariance, the mean offset along the axis n is n·S/N and its variance nᵀ C n. So they do
    /// not depend on the order of the points.
    pub(super) fn axial_statistics(
        &self,
        query: LocalQuery,
        axis: [f64; 3],
        CylinderQuery {
            cylinder,
            statistic,
        }: CylinderQuery,
        CylinderScratch { runs, along }: &mut CylinderScratch,
    ) -> AxialStatistics {
        if axis == [0.0; 3] || self.points.is_empty() {
            return AxialStatistics::default();
        }
        let shape = CylinderShape::new(cylinder, axis);
        match statistic {
            AxialStatistic::MeanDeviation => {
                mean_deviation(&self.sums_in_cylinder(query, &shape, runs), axis)
            }
            AxialStatistic::MedianIqr => self.median_in_cylinder(query, &shape, runs, along),
        }
    }

    /// Exact sums over the points in the cylinder.
    #[inline(always)]
    pub(super) fn sums_in_cylinder_in_lanes<L: Lanes>(
        &self,
        query: LocalQuery,
        shape: &CylinderShape,
        runs: &mut Runs,
    ) -> ExactSums {
        let room = runs_summed_exactly(shape.reach());
        let (LocalQuery::Near(near), Some(room)) = (query, room) else {
            return self.sums_of_long_cylinder(query, shape, runs);
        };
        self.collect_cylinder(near, shape, runs);
        sum_region(self, runs, near, CylinderLanes::<L>::new(shape), room)
    }

    /// Sums over points whose products do not fit the lanes.
    #[cold]
    #[inline(never)]
    fn sums_of_long_cylinder(
        &self,
        query: LocalQuery,
        shape: &CylinderShape,
        runs: &mut Runs,
    ) -> ExactSums {
        let mut moments = Moments::default();
        match query {
            LocalQuery::Near(near) => {
                self.collect_cylinder(near, shape, runs);
                for i in runs.points() {
                    let d = self.offset_from(i, near);
                    if offset_along(shape, d).is_some() {
                        moments.add_offset(d.map(|tick| tick as i32));
                    }
                }
            }
            LocalQuery::Far(far) => {
                self.visit_far_cylinder(far, shape, |d, _| moments.add_offset(d));
            }
        }
        moments.into_sums()
    }

    /// Median and inter-quartile range of the points in the cylinder.
    #[inline(always)]
    pub(super) fn median_in_cylinder_in_lanes<L: Lanes>(
        &self,
        query: LocalQuery,
        shape: &CylinderShape,
        runs: &mut Runs,
        along: &mut Vec<f64>,
    ) -> AxialStatistics {
        let near = match query {
            LocalQuery::Near(near) => near,
            LocalQuery::Far(far) => {
                along.clear();
                self.visit_far_cylinder(far, shape, |_, offset| along.push(offset));
                return AxialStatistics::median_iqr(along);
            }
        };
        self.collect_cylinder(near, shape, runs);
        let region = CylinderLanes::<L>::new(shape);
        let mut collected = CollectAlong {
            region,
            along,
            count: 0,
        };
        visit_region(self, runs, near, region, &mut collected);
        let count = collected.count;
        AxialStatistics::median_iqr(&mut along[..count])
    }

    /// Calls `visit` with the offset (ticks) and the offset along the axis (metres) of each point
    /// in a cylinder around a query kilometres from every point: a cylinder ends below 8 km.
    fn visit_far_cylinder(
        &self,
        query: [i64; 3],
        shape: &CylinderShape,
        mut visit: impl FnMut([i32; 3], f64),
    ) {
        for point in self.points.ticks() {
            let d: [i64; 3] = std::array::from_fn(|a| i64::from(point[a]) - query[a]);
            if let Some(along) = offset_along(shape, d) {
                visit(d.map(|tick| tick as i32), along);
            }
        }
    }
}

/// Offset along the axis (metres) of a point at `d` (ticks) in the cylinder.
fn offset_along(shape: &CylinderShape, d: [i64; 3]) -> Option<f64> {
    let metres = d.map(|tick| tick as f64 * TICK);
    shape.cylinder.offset_along(metres, shape.axis)
}

/// Mean and deviation along an axis from moments.
fn mean_deviation(sums: &ExactSums, axis: [f64; 3]) -> AxialStatistics {
    let count = sums.count;
    if count == 0 {
        return AxialStatistics::default();
    }
    let covariance = sums.covariance();
    let [x, y, z] = axis;
    let location = x * covariance.mean[0] + y * covariance.mean[1] + z * covariance.mean[2];
    let [xx, xy, xz, yy, yz, zz] = covariance.upper;
    let variance =
        x * x * xx + y * y * yy + z * z * zz + 2.0 * (x * y * xy + x * z * xz + y * z * yz);
    AxialStatistics {
        count,
        location,
        spread: if variance < 0.0 { 0.0 } else { variance.sqrt() },
    }
}
