//! Thinning to one point a cell.

use crate::{Cloud, Positions, cell_of, from_ticks, to_ticks};
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
    let mut keyed: Vec<([i64; D], u32)> = (0..points.len())
        .into_par_iter()
        .map(|i| {
            let ticks = points.absolute_ticks(i);
            (
                axes.map(|axis| cell_of(from_ticks(ticks[axis]), spacing)),
                i as u32,
            )
        })
        .collect();
    keyed.par_sort_unstable();
    Ok(keyed
        .chunk_by(|a, b| a.0 == b.0)
        .map(|cell| nearest_to_centre(points, axes, spacing, cell))
        .collect())
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
    let centre = numbers.map(|number| to_ticks((number as f64 + 0.5) * spacing));
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
