//! Points in a cylinder, seen along its axis.

use super::{Grid, queries::Located};
use crate::{AxialStatistic, AxialStatistics, Cylinder, Moments};
use isopach_cloud::{TICK, TICKS_PER_METRE};

impl Grid<'_> {
    /// Location and spread along `axis` of the points in the cylinder around the query.
    ///
    /// Mean and deviation come from exact moments: with S and C the sum of offsets and their covariance, the mean offset along the axis n
    /// is n·S/N and its variance nᵀ C n. So they do not depend on the order of the points.
    pub(super) fn axial_statistics(
        &self,
        query: Located,
        axis: [f64; 3],
        cylinder: Cylinder,
        statistic: AxialStatistic,
    ) -> AxialStatistics {
        if axis == [0.0; 3] || self.points.is_empty() {
            return AxialStatistics::default();
        }
        match statistic {
            AxialStatistic::MeanDeviation => {
                let mut moments = Moments::default();
                self.each_in_cylinder(query, axis, cylinder, |d, _| moments.add(d));
                mean_deviation(moments, axis)
            }
            AxialStatistic::MedianIqr => {
                let mut along = Vec::new();
                self.each_in_cylinder(query, axis, cylinder, |_, offset| along.push(offset));
                AxialStatistics::median_iqr(&mut along)
            }
        }
    }

    /// Calls `visit` with the offset (ticks) and the offset along the axis (metres) of each point in the cylinder.
    fn each_in_cylinder(
        &self,
        query: Located,
        axis: [f64; 3],
        cylinder: Cylinder,
        mut visit: impl FnMut([i32; 3], f64),
    ) {
        let Located::Near(query) = query else {
            // Kilometres from every point, and a cylinder ends below 8 km: looked at one by one.
            let Located::Far(query) = query else { return };
            for point in self.points.ticks() {
                let d: [i64; 3] = std::array::from_fn(|a| i64::from(point[a]) - query[a]);
                if let Some(along) = cylinder.offset_along(d.map(|tick| tick as f64 * TICK), axis) {
                    visit(d.map(|tick| tick as i32), along);
                }
            }
            return;
        };
        let footprint = Footprint::new(query, axis, cylinder);
        let rows = [1_i64, -1].map(|sign| self.cell_along(1, i64::from(query[1]) - sign * footprint.reach[1]));
        for row in rows[0]..=rows[1] {
            let bottom = i64::from(self.low[1]) + ((row as i64) << self.shift);
            let Some([left, right]) = footprint.columns_of(bottom, bottom + (1 << self.shift)) else { continue };
            let columns = [self.cell_along(0, left), self.cell_along(0, right) + 1];
            for i in self.span(row, columns) {
                let d = self.offset(i, query);
                if let Some(along) = cylinder.offset_along(d.map(|tick| tick as f64 * TICK), axis) {
                    visit(d.map(|tick| tick as i32), along);
                }
            }
        }
    }
}

/// What a tilted cylinder covers in the plane, from above: the shadow of its axis, widened by its radius. A little too large.
struct Footprint {
    centre: [f64; 2],
    /// Half the shadow of the axis, ticks.
    half: [f64; 2],
    radius: f64,
    /// Half sides of the bounding rectangle, ticks.
    reach: [i64; 2],
}

impl Footprint {
    fn new(query: [i32; 3], axis: [f64; 3], cylinder: Cylinder) -> Self {
        let half = [0, 1].map(|a| axis[a].abs().min(1.0) * axis[a].signum() * cylinder.half_length * TICKS_PER_METRE);
        let radius = cylinder.radius * TICKS_PER_METRE + 2.0;
        let reach = half.map(|h| (h.abs() + radius).ceil() as i64);
        Self { centre: [f64::from(query[0]), f64::from(query[1])], half, radius, reach }
    }

    /// First and last x (ticks) of the part between two y; `None` where there is none.
    ///
    /// The axis' shadow is centre + t · half, t in [−1, 1]. Only the part with y within the radius of the strip can matter.
    #[inline]
    fn columns_of(&self, bottom: i64, top: i64) -> Option<[i64; 2]> {
        let strip = [bottom as f64 - self.radius - self.centre[1], top as f64 + self.radius - self.centre[1]];
        let [first, last] = if self.half[1].abs() < 1.0 {
            [-1.0, 1.0]
        } else {
            let ends = strip.map(|y| y / self.half[1]);
            [ends[0].min(ends[1]).max(-1.0), ends[0].max(ends[1]).min(1.0)]
        };
        if first > last {
            return None;
        }
        let ends = [first * self.half[0], last * self.half[0]];
        let left = ends[0].min(ends[1]) - self.radius;
        let right = ends[0].max(ends[1]) + self.radius;
        Some([(self.centre[0] + left).floor() as i64 - 1, (self.centre[0] + right).ceil() as i64 + 1])
    }
}

/// Mean and deviation along an axis from moments.
fn mean_deviation(moments: Moments, axis: [f64; 3]) -> AxialStatistics {
    let count = moments.count();
    if count == 0 {
        return AxialStatistics::default();
    }
    let covariance = moments.covariance();
    let [x, y, z] = axis;
    let location = x * covariance.mean[0] + y * covariance.mean[1] + z * covariance.mean[2];
    let [xx, xy, xz, yy, yz, zz] = covariance.upper;
    let variance = x * x * xx + y * y * yy + z * z * zz + 2.0 * (x * y * xy + x * z * xz + y * z * yz);
    AxialStatistics { count, location, spread: if variance < 0.0 { 0.0 } else { variance.sqrt() } }
}
