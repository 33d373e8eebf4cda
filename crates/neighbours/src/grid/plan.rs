//! Where the cells lie in the plane, and how large they are.

use super::Grid;
use isopach_cloud::Positions;

/// Edge of a cell that has none on that side, ticks: beyond every coordinate, and small enough that
/// sums and differences with coordinates do not overflow.
pub(super) const UNBOUNDED: i64 = 1 << 40;

/// Points that the extent of most points is estimated from.
const SAMPLED: usize = 1 << 10;

/// Cells over a rectangle. Points beyond it belong to the cells at its edge.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CellPlan {
    /// Lowest coordinates of the first cell, ticks.
    pub(super) corner: [i32; 2],
    /// Highest coordinates that count; those above belong to the last cells, too.
    end: [i32; 2],
    /// A cell's side is 2^shift ticks.
    pub(super) shift: u32,
}

impl CellPlan {
    /// The smallest cells of which there are at most half as many as points, over the rectangle of
    /// most points.
    pub(super) fn of_points(points: Positions<'_>, [low, high]: [[i32; 3]; 2]) -> Self {
        let [x, y] = [0, 1].map(|axis| extent_of_most(points, axis, [low[axis], high[axis]]));
        let mut plan = Self {
            corner: [x[0], y[0]],
            end: [x[1], y[1]],
            shift: 0,
        };
        let most = (points.len() as u64).max(2);
        while plan.shift < 31 && plan.cells_along(0) * plan.cells_along(1) * 2 > most {
            plan.shift += 1;
        }
        plan
    }

    /// The same rectangle in cells of another size.
    pub(super) fn with_shift(self, shift: u32) -> Self {
        Self { shift, ..self }
    }

    /// Number of columns (axis 0) or rows (axis 1).
    pub(super) fn cells_along(&self, axis: usize) -> u64 {
        u64::from(self.end[axis].abs_diff(self.corner[axis]) >> self.shift) + 1
    }

    /// Column (axis 0) or row (axis 1) of a coordinate.
    #[inline]
    pub(super) fn cell_along(&self, axis: usize, coordinate: i32) -> u32 {
        coordinate
            .clamp(self.corner[axis], self.end[axis])
            .abs_diff(self.corner[axis])
            >> self.shift
    }
}

impl Grid<'_> {
    /// Lowest coordinate of a column (axis 0) or row (axis 1), and the lowest above it, ticks.
    ///
    /// The cells at the grid's edge hold the points beyond it: they are [`UNBOUNDED`] outwards.
    #[inline]
    pub(super) fn edges_of_cell(&self, axis: usize, cell: usize) -> [i64; 2] {
        let count = if axis == 0 { self.columns } else { self.rows };
        let low = i64::from(self.corner[axis]) + ((cell as i64) << self.shift);
        [
            if cell == 0 { -UNBOUNDED } else { low },
            if cell + 1 == count {
                UNBOUNDED
            } else {
                low + (1 << self.shift)
            },
        ]
    }
}

/// The interval of a coordinate that most points are in: that of the 1st to the 99th percentile of
/// a sample, widened by half its length to both sides and cut to the points there are. It is all of
/// them unless a few lie far off the others, which would make the cells of the others large.
fn extent_of_most(points: Positions<'_>, axis: usize, [low, high]: [i32; 2]) -> [i32; 2] {
    let ticks = points.ticks();
    let step = (ticks.len() / SAMPLED).max(1);
    let mut sample: Vec<i32> = ticks.iter().step_by(step).map(|p| p[axis]).collect();
    if sample.is_empty() {
        return [low, high];
    }
    sample.sort_unstable();
    let rank = sample.len() / 100;
    let first = i64::from(sample[rank]);
    let last = i64::from(sample[sample.len() - 1 - rank]);
    let margin = (last - first) / 2;
    if margin == 0 {
        return [low, high];
    }
    [
        (first - margin).max(i64::from(low)) as i32,
        (last + margin).min(i64::from(high)) as i32,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_cloud::Cloud;
    use isopach_compute::conformance::random;

    fn plan_of(points: &[[f64; 3]]) -> (CellPlan, [[i32; 3]; 2]) {
        let cloud = Cloud::from_points(points).unwrap();
        let bounds = cloud.positions().bounds().unwrap();
        (CellPlan::of_points(cloud.positions(), bounds), bounds)
    }

    fn even(count: u64) -> Vec<[f64; 3]> {
        (0..count)
            .map(|i| [random(2 * i) * 100.0, random(2 * i + 1) * 50.0, 0.0])
            .collect()
    }

    #[test]
    fn cells_of_even_points_are_over_all_of_them() {
        let (plan, [low, high]) = plan_of(&even(5_000));
        assert_eq!(plan.corner, [low[0], low[1]]);
        assert_eq!(plan.end, [high[0], high[1]]);
    }

    #[test]
    fn a_few_far_points_do_not_make_cells_large() {
        let (near, _) = plan_of(&even(5_000));
        let mut points = even(5_000);
        points.extend([[5_000.0, 0.0, 0.0], [-4_000.0, 6_000.0, 0.0]]);
        let (far, _) = plan_of(&points);
        assert!(far.shift <= near.shift + 1, "{far:?} {near:?}");
        assert!(far.cells_along(0) * far.cells_along(1) * 2 <= 5_002);
    }
}
