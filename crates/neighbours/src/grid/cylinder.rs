//! Statistics of the points in a cylinder along its axis.

use super::{
    Grid,
    bounds::whole_ticks,
    heights,
    queries::LocalQuery,
    runs::Runs,
    sums::{LANES, Region, Visit, runs_summed_exactly, sum_region, visit_region},
    walk::{CellBlock, Query},
};
use crate::{
    AxialStatistic, AxialStatistics, Cylinder, CylinderQuery, Moments, lanes::Lanes,
    moments::ExactSums,
};
use isopach_cloud::{TICK, TICKS_PER_METRE};

/// Points in a row of cells from which on it pays to ask for the heights of each block.
const MANY_IN_ROW: usize = 512;

/// Memory that is used again from cylinder to cylinder.
#[derive(Debug, Default)]
pub(super) struct CylinderScratch {
    runs: Runs,
    along: Vec<f64>,
}

/// A cylinder along an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct CylinderShape {
    cylinder: Cylinder,
    axis: [f64; 3],
    /// Half length, ticks.
    half: f64,
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

    /// The runs that hold the points of a cylinder.
    #[inline(always)]
    fn collect_cylinder(&self, query: Query, shape: &CylinderShape, runs: &mut Runs) {
        runs.clear();
        let Some(shadow) = self.shadow_of_cylinder(query, shape) else {
            return;
        };
        let rows = shadow
            .range_along(1, shadow.part)
            .map(|y| self.cell_along(1, i64::from(query[1]) + y));
        for row in rows[0]..=rows[1] {
            let strip = self
                .bounds_of_cells(1, [row, row + 1])
                .map(|y| (y - i64::from(query[1])) as f64);
            let Some(part) = shadow.part_over(1, strip) else {
                continue;
            };
            let [left, right] = shadow
                .range_along(0, part)
                .map(|x| self.cell_along(0, i64::from(query[0]) + x));
            let columns = [left, right + 1];
            let here = Shadow { part, ..shadow };
            let is_long = self.span_of_cells(row, columns).len() >= MANY_IN_ROW;
            if is_long && here.is_steep() && self.is_crowded_row(row, columns) {
                self.push_steep_row(query, row, columns, here, runs);
            } else {
                let heights = here.range_along(2, part).map(|z| i64::from(query[2]) + z);
                self.push_row(row, columns, heights, runs);
            }
        }
    }

    /// Adds the points of a row block of cells by block, each with the heights that the cylinder has
    /// there.
    #[inline(never)]
    fn push_steep_row(
        &self,
        query: Query,
        row: usize,
        [first, end]: [usize; 2],
        shadow: Shadow,
        runs: &mut Runs,
    ) {
        let ranges = self.heights.ranges_of_row(row >> heights::SHIFT);
        for block in heights::blocks_of([first, end]) {
            let columns = heights::cells_of(block).map(|column| column.clamp(first, end));
            let strip = self
                .bounds_of_cells(0, columns)
                .map(|x| (x - i64::from(query[0])) as f64);
            let Some(part) = shadow.part_over(0, strip) else {
                continue;
            };
            let heights = shadow.range_along(2, part).map(|z| i64::from(query[2]) + z);
            let [lowest, highest] = ranges[block].map(i64::from);
            if lowest <= heights[1] && heights[0] <= highest {
                self.push_closed_row(row, columns, heights, runs);
            }
        }
    }

    /// The part of a cylinder that has points at its height: most of a long tilted cylinder is high
    /// above the ground or deep below it.
    #[inline(always)]
    fn shadow_of_cylinder(&self, query: Query, shape: &CylinderShape) -> Option<Shadow> {
        let mut shadow = Shadow::new(shape);
        let [columns, rows] = [0, 1].map(|axis| {
            let [first, last] = shadow
                .range_along(axis, shadow.part)
                .map(|end| self.cell_along(axis, i64::from(query[axis]) + end));
            [first, last + 1]
        });
        let heights = self.heights.range_within(&CellBlock { columns, rows })?;
        let [low, high] = heights.map(|z| f64::from(z) - f64::from(query[2]));
        shadow.cut_to_heights(low, high).then_some(shadow)
    }
}

/// Part of a tilted cylinder as offsets from its centre in ticks: that of its axis, and the radius
/// about it. Slightly too large.
#[derive(Clone, Copy)]
struct Shadow {
    axis: [f64; 3],
    /// First and last offset along the axis.
    part: [f64; 2],
    /// 1 over the first and the second component of the axis, or 0 where the whole part has one x
    /// or one y.
    over: [f64; 2],
    radius: f64,
}

impl Shadow {
    #[inline(always)]
    fn new(shape: &CylinderShape) -> Self {
        let [x, y, _] = shape.axis;
        let over = |across: f64| {
            let is_one = (across * shape.half).abs() < 1.0;
            if is_one { 0.0 } else { 1.0 / across }
        };
        Self {
            axis: shape.axis,
            part: [-shape.half, shape.half],
            over: [over(x), over(y)],
            radius: shape.cylinder.radius * TICKS_PER_METRE + 4.0,
        }
    }

    /// Leaves the part that has points between two heights; whether there is any.
    #[inline(always)]
    fn cut_to_heights(&mut self, low: f64, high: f64) -> bool {
        // A point at t along the axis is at the height t · nz, and at most a radius off it.
        let up = self.axis[2];
        if up != 0.0 {
            let ends = [(low - self.radius) / up, (high + self.radius) / up];
            self.part = [
                ends[0].min(ends[1]).max(self.part[0]),
                ends[0].max(ends[1]).min(self.part[1]),
            ];
        }
        self.part[0] <= self.part[1]
    }

    /// Whether the part rises by more than it is wide.
    #[inline(always)]
    fn is_steep(&self) -> bool {
        let rise = (self.part[1] - self.part[0]) * self.axis[2];
        self.over[0] != 0.0 && rise.abs() > 2.0 * self.radius
    }

    /// Lowest and highest coordinate of a part.
    #[inline(always)]
    fn range_along(&self, axis: usize, part: [f64; 2]) -> [i64; 2] {
        // Farther than any cloud, for axes that are no unit vectors.
        const FAR: f64 = (1_i64 << 40) as f64;
        let [a, b] = [part[0] * self.axis[axis], part[1] * self.axis[axis]];
        [
            whole_ticks((a.min(b) - self.radius).max(-FAR)),
            whole_ticks((a.max(b) + self.radius).min(FAR)),
        ]
    }

    /// The part over a strip between two x (axis 0) or y (axis 1); `None` if there is none.
    ///
    /// Only the part of the axis that is within the radius of the strip can matter.
    #[inline(always)]
    fn part_over(&self, axis: usize, [bottom, top]: [f64; 2]) -> Option<[f64; 2]> {
        let over = self.over[axis];
        if over == 0.0 {
            return Some(self.part);
        }
        let a = (bottom - self.radius) * over;
        let b = (top + self.radius) * over;
        let part = [a.min(b).max(self.part[0]), a.max(b).min(self.part[1])];
        (part[0] <= part[1]).then_some(part)
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
