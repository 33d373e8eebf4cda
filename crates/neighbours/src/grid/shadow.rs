//! The cells that a cylinder meets: its shadow on the grid, row by row.

use super::{
    Grid,
    bounds::whole_ticks,
    cylinder::CylinderShape,
    heights,
    runs::Runs,
    walk::{CellBlock, Query},
};
use isopach_cloud::TICKS_PER_METRE;

/// Points in a row of cells from which on it pays to ask for the heights of each block.
const MANY_IN_ROW: usize = 512;

impl Grid<'_> {
    /// The runs that hold the points of a cylinder.
    #[inline(always)]
    pub(super) fn collect_cylinder(&self, query: Query, shape: &CylinderShape, runs: &mut Runs) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::queries::{LocalQuery, QueryOrder};
    use crate::{
        AxialStatistic, BruteForce, Cylinder, CylinderQuery, NeighbourIndex, NeighbourSearch,
    };
    use isopach_cloud::Cloud;
    use isopach_compute::conformance::random;

    const CYLINDER: Cylinder = Cylinder {
        radius: 0.4,
        half_length: 6.0,
    };

    /// A dense wall along x, with ground before it.
    fn wall() -> Cloud {
        let point = |i: u64| {
            let [x, y, z] = [0, 1, 2].map(|axis| random(3 * i + axis));
            match i % 4 {
                0 => [12.0 * x, -4.0 * y, 0.05 * z],
                _ => [12.0 * x, 0.05 * y, 9.0 * z],
            }
        };
        let points: Vec<[f64; 3]> = (0..60_000).map(point).collect();
        Cloud::from_points(&points).unwrap()
    }

    fn unit(v: [f64; 3]) -> [f64; 3] {
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v.map(|x| x / length)
    }

    /// Axes in the wall and out of it, level, tilted and upright.
    fn axes() -> Vec<[f64; 3]> {
        let tilts = [0.0, 1e-9, 0.02, 0.3, 1.0, 4.0, -0.7];
        let level = [[1.0, 0.0], [-1.0, 0.1], [0.2, 1.0], [0.0, -1.0]];
        let tilted = tilts.map(|z| level.map(|[x, y]| unit([x, y, z])));
        let upright = [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]];
        tilted.into_iter().flatten().chain(upright).collect()
    }

    #[test]
    fn steep_cylinders_have_the_points_that_they_have() {
        let cloud = wall();
        let index = Grid::new(cloud.positions());
        let defined = BruteForce.index(cloud.positions()).unwrap();
        let places = [0, 13, 20_001, 40_004, 59_999];
        for axis in axes() {
            let queries = cloud.select(&places);
            let axes = vec![axis; places.len()];
            for statistic in [AxialStatistic::MeanDeviation, AxialStatistic::MedianIqr] {
                let query = CylinderQuery {
                    cylinder: CYLINDER,
                    statistic,
                };
                let [found, expected] = [&index as &dyn NeighbourIndex, &*defined].map(|index| {
                    index
                        .cylinder_statistics(queries.positions(), &axes, query)
                        .unwrap()
                });
                for (found, expected) in found.iter().zip(&expected) {
                    assert!(found.count > 0, "{axis:?}");
                    assert_eq!(found.count, expected.count, "{axis:?} {statistic:?}");
                    assert!(
                        (found.location - expected.location).abs() < 1e-9,
                        "{axis:?}"
                    );
                }
            }
        }
    }

    /// Points that are looked at, which no load of the machine changes.
    #[test]
    fn a_steep_cylinder_leaves_out_what_is_above_and_below_it() {
        let cloud = wall();
        let index = Grid::new(cloud.positions());
        let centre = Cloud::from_points(&[[6.0, 0.02, 4.5]]).unwrap();
        let local = QueryOrder::new(&index, centre.positions()).localise(0);
        let LocalQuery::Near(query) = local else {
            panic!("{local:?} is among the points");
        };
        let shape = CylinderShape::new(CYLINDER, unit([1.0, 0.0, 0.7]));
        let mut runs = Runs::default();
        index.collect_cylinder(query, &shape, &mut runs);
        let looked_at = runs.points().count();
        // The part of the wall within 0.4 m of the axis, of its 12 m by 9 m and 45,000 points.
        let inside = 45_000.0 * 12.0 * 0.8 / (12.0 * 9.0);
        assert!((looked_at as f64) < 3.0 * inside, "{looked_at} {inside}");
    }
}
