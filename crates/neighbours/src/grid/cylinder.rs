//! Statistics of the points in a cylinder along its axis.

use super::{
    Grid,
    queries::LocalQuery,
    sums::ExactSums,
    walk::{CellBlock, Query},
};
use crate::{AxialStatistic, AxialStatistics, Cylinder, CylinderQuery, Moments};
use isopach_cloud::{TICK, TICKS_PER_METRE};
use std::ops::Range;

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
    ) -> AxialStatistics {
        if axis == [0.0; 3] || self.points.is_empty() {
            return AxialStatistics::default();
        }
        match statistic {
            AxialStatistic::MeanDeviation => {
                mean_deviation(self.moments_in_cylinder(query, axis, cylinder), axis)
            }
            AxialStatistic::MedianIqr => {
                let mut along = Vec::new();
                self.visit_cylinder(query, axis, cylinder, |_, offset| along.push(offset));
                AxialStatistics::median_iqr(&mut along)
            }
        }
    }

    /// Exact moments of the points in the cylinder.
    #[inline(always)]
    pub(super) fn moments_in_cylinder_here(
        &self,
        query: LocalQuery,
        axis: [f64; 3],
        cylinder: Cylinder,
    ) -> Moments {
        let [radius, half] =
            [cylinder.radius, cylinder.half_length].map(|length| length * TICKS_PER_METRE);
        let sums = ExactSums::new((radius * radius + half * half).sqrt() * (1.0 + 1e-9) + 1.0);
        let (LocalQuery::Near(near), Some(mut sums)) = (query, sums) else {
            let mut moments = Moments::default();
            self.visit_cylinder(query, axis, cylinder, |d, _| moments.add_offset(d));
            return moments;
        };
        // `Cylinder::offset_along` in ticks instead of metres: a power of two apart, so that it
        // decides the same to the last bit.
        let widest = cylinder.radius * cylinder.radius * (TICKS_PER_METRE * TICKS_PER_METRE);
        for span in self.spans_of_cylinder(near, axis, cylinder) {
            sums.add_span(self, span, near, |[x, y, z]| {
                let along = x * axis[0] + y * axis[1] + z * axis[2];
                (along.abs() <= half) & (x * x + y * y + z * z - along * along <= widest)
            });
        }
        sums.into_moments()
    }

    /// The spans of sorted points that hold the cylinder's.
    #[inline(always)]
    fn spans_of_cylinder(
        &self,
        query: Query,
        axis: [f64; 3],
        cylinder: Cylinder,
    ) -> impl Iterator<Item = Range<usize>> {
        self.footprint_of_cylinder(query, axis, cylinder)
            .into_iter()
            .flat_map(move |footprint| {
                let rows = footprint.y.map(|y| self.cell_along(1, y));
                (rows[0]..=rows[1]).filter_map(move |row| {
                    let [bottom, top] = self.edges_of_cell(1, row);
                    let [left, right] = footprint.columns_between(bottom, top)?;
                    Some(self.span_of_cells(
                        row,
                        [self.cell_along(0, left), self.cell_along(0, right) + 1],
                    ))
                })
            })
    }

    /// Calls `visit` with the offset (ticks) and the offset along the axis (metres) of each point
    /// in the cylinder.
    fn visit_cylinder(
        &self,
        query: LocalQuery,
        axis: [f64; 3],
        cylinder: Cylinder,
        mut visit: impl FnMut([i32; 3], f64),
    ) {
        let LocalQuery::Near(query) = query else {
            // Kilometres from every point, and a cylinder ends below 8 km: looked at one by one.
            let LocalQuery::Far(query) = query else {
                return;
            };
            for point in self.points.ticks() {
                let d: [i64; 3] = std::array::from_fn(|a| i64::from(point[a]) - query[a]);
                if let Some(along) = cylinder.offset_along(d.map(|tick| tick as f64 * TICK), axis) {
                    visit(d.map(|tick| tick as i32), along);
                }
            }
            return;
        };
        for i in self.spans_of_cylinder(query, axis, cylinder).flatten() {
            let d = self.offset_from(i, query);
            if let Some(along) = cylinder.offset_along(d.map(|tick| tick as f64 * TICK), axis) {
                visit(d.map(|tick| tick as i32), along);
            }
        }
    }
}

impl Grid<'_> {
    /// Outline in the plane of the part of a cylinder that has points at its height: most of a long
    /// tilted cylinder is high above the ground or deep below it.
    #[inline]
    fn footprint_of_cylinder(
        &self,
        query: [i32; 3],
        axis: [f64; 3],
        cylinder: Cylinder,
    ) -> Option<Footprint> {
        let whole = [-1.0, 1.0].map(|side| side * cylinder.half_length * TICKS_PER_METRE);
        let footprint = Footprint::new(query, axis, cylinder, whole);
        let [x, y] = [(0, footprint.x), (1, footprint.y)]
            .map(|(a, ends)| ends.map(|end| self.cell_along(a, end)));
        let cells = CellBlock {
            columns: [x[0], x[1] + 1],
            rows: [y[0], y[1] + 1],
        };
        let heights = self.heights.range_within(&cells)?;
        // A point at t along the axis is at the height t · nz, and at most a radius off it.
        let margin = footprint.radius;
        let [low, high] = heights.map(|z| f64::from(z) - f64::from(query[2]));
        let part = if axis[2] == 0.0 {
            whole
        } else {
            let ends = [(low - margin) / axis[2], (high + margin) / axis[2]];
            [
                ends[0].min(ends[1]).max(whole[0]),
                ends[0].max(ends[1]).min(whole[1]),
            ]
        };
        (part[0] <= part[1]).then(|| Footprint::new(query, axis, cylinder, part))
    }
}

/// Outline in the plane of a part of a tilted cylinder, seen from above: the shadow of its axis,
/// widened by its radius. Slightly too large.
struct Footprint {
    /// The shadow's ends, ticks.
    ends: [[f64; 2]; 2],
    radius: f64,
    /// Lowest and highest coordinates, ticks.
    x: [i64; 2],
    y: [i64; 2],
}

impl Footprint {
    /// Of the part of the axis between two offsets along it, ticks.
    #[inline]
    fn new(query: [i32; 3], axis: [f64; 3], cylinder: Cylinder, part: [f64; 2]) -> Self {
        let ends = part.map(|t| [0, 1].map(|a| f64::from(query[a]) + t * axis[a]));
        let radius = cylinder.radius * TICKS_PER_METRE + 4.0;
        let range = |a: usize| {
            let [low, high] = [ends[0][a].min(ends[1][a]), ends[0][a].max(ends[1][a])];
            [(low - radius) as i64, (high + radius) as i64]
        };
        Self {
            ends,
            radius,
            x: range(0),
            y: range(1),
        }
    }

    /// First and last x (ticks) of the part between two y; `None` if there is no such part.
    ///
    /// Only the part of the shadow whose y is within the radius of the strip can matter.
    #[inline]
    fn columns_between(&self, bottom: i64, top: i64) -> Option<[i64; 2]> {
        let [[x, y], [end_x, end_y]] = self.ends;
        let dx = end_x - x;
        let dy = end_y - y;
        let strip = [
            bottom as f64 - self.radius - y,
            top as f64 + self.radius - y,
        ];
        let [first, last] = if dy.abs() < 1.0 {
            [0.0, 1.0]
        } else {
            let cuts = strip.map(|y| y / dy);
            [cuts[0].min(cuts[1]).max(0.0), cuts[0].max(cuts[1]).min(1.0)]
        };
        if first > last {
            return None;
        }
        let ends = [x + first * dx, x + last * dx];
        Some([
            (ends[0].min(ends[1]) - self.radius) as i64,
            (ends[0].max(ends[1]) + self.radius) as i64,
        ])
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
    let variance =
        x * x * xx + y * y * yy + z * z * zz + 2.0 * (x * y * xy + x * z * xz + y * z * yz);
    AxialStatistics {
        count,
        location,
        spread: if variance < 0.0 { 0.0 } else { variance.sqrt() },
    }
}
