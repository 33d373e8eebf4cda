//! Thinning to one point a cell.

use crate::{Cloud, Positions, from_ticks, to_ticks};
use isopach_compute::{Error, Result};

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
        let mut keyed: Vec<([i64; 2], i128, u32)> = (0..self.len())
            .map(|i| {
                let point = self.absolute_ticks(i);
                let cell = [point[1], point[0]].map(|t| (from_ticks(t) / spacing).floor() as i64);
                let centre = cell.map(|c| to_ticks((c as f64 + 0.5) * spacing));
                let [dy, dx] = [point[1] - centre[0], point[0] - centre[1]].map(i128::from);
                (cell, dx * dx + dy * dy, i as u32)
            })
            .collect();
        keyed.sort_unstable_by(|a, b| {
            (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| self.ticks()[a.2 as usize].cmp(&self.ticks()[b.2 as usize]))
        });
        keyed.dedup_by_key(|(cell, ..)| *cell);
        Ok(keyed.into_iter().map(|(.., i)| i).collect())
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
