//! Thinning to one point a cell.

use crate::{Cloud, Positions, TICKS_PER_METRE, cell_of, from_ticks, to_ticks};
use isopach_compute::{Error, Result};
use rayon::prelude::*;

impl Positions<'_> {
    /// Indices of one point per `spacing` × `spacing` cell (metres) of the absolute grid: the one
    /// nearest to the cell's centre in the plane, the lowest coordinates on a tie; rows from south
    /// to north, each from west to east.
    ///
    /// The choice depends on the coordinates alone: not on the order of the points, nor on which
    /// others are present in *other* cells, so tiles agree on it. O(n log n).
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] unless `spacing` is a finite number above zero.
    pub fn subsample_grid_indices(&self, spacing: f64) -> Result<Vec<u32>> {
        one_per_cell(*self, [1, 0], spacing)
    }

    /// Indices of one point per cube of `spacing` metres of the absolute grid: the point nearest to
    /// the cube's centre, with the lowest coordinates on a tie. The order is by cubes: south to
    /// north, then west to east, then upwards. Use it on steep ground, where one point per square
    /// of the plan is too few.
    ///
    /// As with [`Self::subsample_grid_indices`], the choice depends on the coordinates alone. O(n
    /// log n).
    ///
    /// ```
    /// use isopach_cloud::Cloud;
    /// let wall = Cloud::from_points(&[[0.5, 0.5, 0.4], [0.5, 0.5, 1.4], [0.5, 0.5, 1.9]])?;
    /// assert_eq!(wall.positions().subsample_grid_indices(1.0)?.len(), 1);
    /// assert_eq!(wall.positions().subsample_voxels_indices(1.0)?, [0, 1]);
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] unless `spacing` is a finite number above zero.
    pub fn subsample_voxels_indices(&self, spacing: f64) -> Result<Vec<u32>> {
        one_per_cell(*self, [1, 0, 2], spacing)
    }
}

/// One point a cell in the dimensions `axes`, cells in ascending order of their numbers along the
/// axes, the first axis first.
fn one_per_cell<const D: usize>(
    points: Positions<'_>,
    axes: [usize; D],
    spacing: f64,
) -> Result<Vec<u32>> {
    Error::positive("spacing", spacing)?;
    if let Some(table) = CellTable::of_points(points, axes, spacing) {
        return Ok(table.choose_points());
    }
    let mut keyed: Vec<([i64; D], u32)> = (0..points.len())
        .into_par_iter()
        .map(|i| (cell_of_point(points, axes, spacing, i), i as u32))
        .collect();
    keyed.par_sort_unstable();
    Ok(keyed
        .chunk_by(|a, b| a.0 == b.0)
        .map(|cell| nearest_to_centre(points, axes, spacing, cell))
        .collect())
}

/// Numbers of the cell of point `i` along the axes.
fn cell_of_point<const D: usize>(
    points: Positions<'_>,
    axes: [usize; D],
    spacing: f64,
    i: usize,
) -> [i64; D] {
    let ticks = points.absolute_ticks(i);
    axes.map(|axis| cell_of(from_ticks(ticks[axis]), spacing))
}

/// All cells between the outermost ones, where they are not many more than points: then one pass
/// over the points finds the best of each, and nothing has to be sorted.
struct CellTable<'a, const D: usize> {
    points: Positions<'a>,
    axes: [usize; D],
    spacing: f64,
    /// Numbers of the first cell along the axes.
    first: [i64; D],
    /// Number of cells along the axes.
    counts: [usize; D],
}

/// No point of a cell is chosen yet.
const NONE: u32 = u32::MAX;

impl<'a, const D: usize> CellTable<'a, D> {
    /// Cells for each point, at most.
    const SPARSEST: u64 = 4;
    /// Largest spacing, ticks: squares of distances within a cell fit a `u64`.
    const WIDEST: f64 = (1_u64 << 30) as f64;

    /// `None` where there are many more cells than points.
    fn of_points(points: Positions<'a>, axes: [usize; D], spacing: f64) -> Option<Self> {
        let [low, high] = points.bounds()?;
        if spacing * TICKS_PER_METRE > Self::WIDEST || points.len() >= NONE as usize {
            return None;
        }
        let shift = points.origin().ticks();
        let cell = |corner: [i32; 3], axis: usize| {
            cell_of(from_ticks(i64::from(corner[axis]) + shift[axis]), spacing)
        };
        let first = axes.map(|axis| cell(low, axis));
        let last = axes.map(|axis| cell(high, axis));
        let mut all = 1_u64;
        for axis in 0..D {
            let count = last[axis].abs_diff(first[axis]).checked_add(1)?;
            all = all.checked_mul(count)?;
        }
        let most = (Self::SPARSEST * points.len() as u64).min(u64::from(u32::MAX));
        (all <= most).then(|| Self {
            points,
            axes,
            spacing,
            first,
            counts: std::array::from_fn(|axis| (last[axis] - first[axis] + 1) as usize),
        })
    }

    /// The cell of a point among all, and the squared distance from its centre, square ticks.
    fn place_point(&self, i: usize) -> (u32, u64) {
        let ticks = self.points.absolute_ticks(i);
        let numbers = cell_of_point(self.points, self.axes, self.spacing, i);
        let mut cell = 0;
        let mut squared = 0;
        for axis in 0..D {
            cell = cell * self.counts[axis] + (numbers[axis] - self.first[axis]) as usize;
            let centre = centre_of(numbers[axis], self.spacing);
            squared += ticks[self.axes[axis]].abs_diff(centre).pow(2);
        }
        (cell as u32, squared)
    }

    /// The best point of each cell that has any.
    fn choose_points(&self) -> Vec<u32> {
        let placed: Vec<(u32, u64)> = (0..self.points.len())
            .into_par_iter()
            .map(|i| self.place_point(i))
            .collect();
        let ticks = self.points.ticks();
        let mut best = vec![(u64::MAX, NONE); self.counts.iter().product()];
        for (i, (cell, squared)) in placed.into_iter().enumerate() {
            let chosen = &mut best[cell as usize];
            let is_better =
                squared < chosen.0 || squared == chosen.0 && ticks[i] < ticks[chosen.1 as usize];
            if is_better {
                *chosen = (squared, i as u32);
            }
        }
        best.retain(|(_, i)| *i != NONE);
        best.into_iter().map(|(_, i)| i).collect()
    }
}

/// Centre of a cell along one axis, ticks.
fn centre_of(number: i64, spacing: f64) -> i64 {
    to_ticks((number as f64 + 0.5) * spacing)
}

/// The point nearest to the centre of a cell, which has one point at least.
fn nearest_to_centre<const D: usize>(
    points: Positions<'_>,
    axes: [usize; D],
    spacing: f64,
    cell: &[([i64; D], u32)],
) -> u32 {
    let (numbers, first) = cell[0];
    if cell.len() == 1 {
        return first;
    }
    let centre = numbers.map(|number| centre_of(number, spacing));
    cell.iter()
        .map(|(_, i)| rank_of(points, axes, centre, *i))
        .min()
        .map_or(first, |(.., i)| i)
}

/// Rank of a point for the choice: squared distance from the centre, then coordinates, then index.
fn rank_of<const D: usize>(
    points: Positions<'_>,
    axes: [usize; D],
    centre: [i64; D],
    i: u32,
) -> (i128, [i32; 3], u32) {
    let ticks = points.absolute_ticks(i as usize);
    let squared = (0..D)
        .map(|d| i128::from(ticks[axes[d]] - centre[d]).pow(2))
        .sum();
    (squared, points.ticks()[i as usize], i)
}

impl Cloud {
    /// Thins the cloud to one point per grid cell ([`Positions::subsample_grid_indices`]), with its
    /// columns.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] unless `spacing` is a finite number above zero.
    pub fn subsample_grid(&self, spacing: f64) -> Result<Self> {
        Ok(self.select(&self.positions().subsample_grid_indices(spacing)?))
    }

    /// Thins the cloud to one point per voxel ([`Positions::subsample_voxels_indices`]), with its
    /// columns.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] unless `spacing` is a finite number above zero.
    pub fn subsample_voxels(&self, spacing: f64) -> Result<Self> {
        Ok(self.select(&self.positions().subsample_voxels_indices(spacing)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell_of_tick;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn neither_order_nor_origin_matters(
            points in prop::collection::vec(prop::array::uniform3(-20.0..20.0f64), 1..200), seed in any::<u64>(), spacing in 0.3..7.0f64,
        ) {
            let chosen = |points: &[[f64; 3]]| -> Vec<[i64; 3]> {
                let cloud = Cloud::from_points(points).unwrap();
                let thin = cloud.subsample_grid(spacing).unwrap();
                (0..thin.len()).map(|i| thin.positions().absolute_ticks(i)).collect()
            };
            let mut shuffled = points.clone();
            shuffled.sort_by_key(|p| (p[0].to_bits() ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            prop_assert_eq!(chosen(&points), chosen(&shuffled));
            let cell = |p: &[i64; 3]| [p[0], p[1]].map(|tick| cell_of_tick(tick, spacing));
            let expected: std::collections::BTreeSet<_> = points.iter().map(|p| cell(&p.map(to_ticks))).collect();
            let found: Vec<_> = chosen(&points).iter().map(cell).collect();
            prop_assert_eq!(found.len(), expected.len());
            prop_assert_eq!(found.into_iter().collect::<std::collections::BTreeSet<_>>(), expected);
        }

        #[test]
        fn one_point_a_cube_in_any_order(
            points in prop::collection::vec(prop::array::uniform3(-5.0..5.0f64), 1..200), seed in any::<u64>(), spacing in 0.3..7.0f64,
        ) {
            let chosen = |points: &[[f64; 3]]| -> Vec<[i64; 3]> {
                let thin = Cloud::from_points(points).unwrap().subsample_voxels(spacing).unwrap();
                (0..thin.len()).map(|i| thin.positions().absolute_ticks(i)).collect()
            };
            let mut shuffled = points.clone();
            shuffled.sort_by_key(|p| (p[0].to_bits() ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            prop_assert_eq!(chosen(&points), chosen(&shuffled));
            let cube = |p: [f64; 3]| p.map(|x| cell_of(from_ticks(to_ticks(x)), spacing));
            let expected: std::collections::BTreeSet<_> = points.iter().map(|p| cube(*p)).collect();
            let found: std::collections::BTreeSet<_> = chosen(&points).into_iter().map(|p| cube(p.map(from_ticks))).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(chosen(&points).len(), cloud_of_cubes(&points, spacing));
        }
    }

    fn cloud_of_cubes(points: &[[f64; 3]], spacing: f64) -> usize {
        let cube = |p: &[f64; 3]| p.map(|x| cell_of(from_ticks(to_ticks(x)), spacing));
        points
            .iter()
            .map(cube)
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    }

    #[test]
    fn a_spacing_that_is_no_length_is_refused() {
        let cloud = Cloud::from_points(&[[0.0; 3]]).unwrap();
        assert!(
            cloud.subsample_grid(0.0).is_err()
                && cloud.subsample_grid(f64::NAN).is_err()
                && cloud.subsample_grid(-1.0).is_err()
        );
    }
}
