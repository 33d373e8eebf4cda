//! Thinning to one point a cell.

use crate::{Cloud, Positions, cell_of, from_ticks, to_ticks};
use isopach_compute::{Error, Result};
use rayon::prelude::*;

impl Positions<'_> {
    /// Indices of one point a `spacing` × `spacing` cell (metres) of the absolute grid: the one nearest to the cell's
    /// centre in the plane, the lowest coordinates on a tie; rows from south to north, each from west to east.
    ///
    /// The choice depends on the coordinates alone: not on the order of the points, nor on which others are present in
    /// *other* cells, so tiles agree on it. O(n log n).
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] unless `spacing` is a finite number above zero.
    pub fn spaced(&self, spacing: f64) -> Result<Vec<u32>> {
        Error::positive("spacing", spacing)?;
        let cell = |ticks: i64| cell_of(from_ticks(ticks), spacing);
        let mut keyed: Vec<([i64; 2], u32)> = (0..self.len())
            .into_par_iter()
            .map(|i| {
                let [x, y, _] = self.absolute_ticks(i);
                ([cell(y), cell(x)], i as u32)
            })
            .collect();
        keyed.par_sort_unstable();
        let nearest = |cell: &[([i64; 2], u32)]| {
            let centre = cell[0].0.map(|c| to_ticks((c as f64 + 0.5) * spacing));
            let rank = |i: u32| {
                let [x, y, _] = self.absolute_ticks(i as usize);
                let [dy, dx] = [y - centre[0], x - centre[1]].map(i128::from);
                (dx * dx + dy * dy, self.ticks()[i as usize], i)
            };
            match cell {
                [(_, only)] => *only,
                several => several.iter().map(|(_, i)| rank(*i)).min().map_or(cell[0].1, |(.., i)| i),
            }
        };
        Ok(keyed.chunk_by(|a, b| a.0 == b.0).map(nearest).collect())
    }
}

impl Cloud {
    /// One point a cell, as [`Positions::spaced`] chooses them, with their columns.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] unless `spacing` is a finite number above zero.
    pub fn spaced(&self, spacing: f64) -> Result<Self> {
        Ok(self.select(&self.positions().spaced(spacing)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn neither_order_nor_origin_matters(
            points in prop::collection::vec(prop::array::uniform3(-20.0..20.0f64), 1..200), seed in any::<u64>(), spacing in 0.3..7.0f64,
        ) {
            let chosen = |points: &[[f64; 3]]| -> Vec<[i64; 3]> {
                let cloud = Cloud::from_points(points).unwrap();
                let thin = cloud.spaced(spacing).unwrap();
                (0..thin.len()).map(|i| thin.positions().absolute_ticks(i)).collect()
            };
            let mut shuffled = points.clone();
            shuffled.sort_by_key(|p| (p[0].to_bits() ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            prop_assert_eq!(chosen(&points), chosen(&shuffled));
            let cells: Vec<_> = chosen(&points).iter().map(|p| [p[0], p[1]].map(|t| (from_ticks(t) / spacing).floor() as i64)).collect();
            let distinct: std::collections::BTreeSet<_> = cells.iter().collect();
            prop_assert_eq!(distinct.len(), cells.len());
        }
    }

    #[test]
    fn a_spacing_that_is_no_length_is_refused() {
        let cloud = Cloud::from_points(&[[0.0; 3]]).unwrap();
        assert!(cloud.spaced(0.0).is_err() && cloud.spaced(f64::NAN).is_err() && cloud.spaced(-1.0).is_err());
    }
}
