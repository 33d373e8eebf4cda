//! Cylinders, and statistics of the points inside along the axis.

use isopach_compute::{Error, Result};

/// Cylinder centred on a query point; closed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cylinder {
    /// Largest distance from the axis, metres.
    pub radius: f64,
    /// Largest offset along the axis to either side, metres: half the length.
    pub half_length: f64,
}

impl Cylinder {
    /// Radius of the smallest ball that encloses the cylinder, metres, rounded up by a tick so that
    /// rounding excludes no point.
    ///
    /// ```
    /// use isopach_neighbours::Cylinder;
    /// let radius = Cylinder { radius: 3.0, half_length: 4.0 }.enclosing_radius()?;
    /// assert!(radius > 5.0 && radius < 5.00001);
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a radius or half length that is not a finite number above
    /// zero.
    pub fn enclosing_radius(&self) -> Result<f64> {
        Error::positive("cylinder radius", self.radius)?;
        Error::positive("cylinder half length", self.half_length)?;
        Ok(self.radius.hypot(self.half_length) * (1.0 + 1e-12) + isopach_cloud::TICK)
    }

    /// Offset along the unit vector `axis` of a point at `d` from the centre (metres); `None` if
    /// the point is outside.
    #[inline]
    #[must_use]
    pub fn offset_along(&self, d: [f64; 3], axis: [f64; 3]) -> Option<f64> {
        let along = d[0] * axis[0] + d[1] * axis[1] + d[2] * axis[2];
        let squared = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
        let inside =
            along.abs() <= self.half_length && squared - along * along <= self.radius * self.radius;
        inside.then_some(along)
    }
}

/// Choice of location and spread along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AxialStatistic {
    /// Mean and standard deviation (divisor n − 1).
    #[default]
    MeanDeviation,
    /// Median and inter-quartile range by order statistics: the quantile q ∈ {¼, ½, ¾} of n sorted
    /// values v is v[⌊q n⌋], or the mean of it and the element before if q n is whole.
    MedianIqr,
}

/// Location and spread, along the axis, of the points inside a cylinder.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AxialStatistics {
    /// Number of points in the cylinder.
    pub count: u32,
    /// Mean or median offset from the query, metres; NaN if there is no point.
    pub location: f64,
    /// Standard deviation or inter-quartile range, metres; NaN if there are fewer than two points.
    pub spread: f64,
}

impl Default for AxialStatistics {
    fn default() -> Self {
        Self {
            count: 0,
            location: f64::NAN,
            spread: f64::NAN,
        }
    }
}

impl AxialStatistics {
    /// Median and inter-quartile range of `offsets` (metres); reorders them. O(n).
    ///
    /// ```
    /// use isopach_neighbours::AxialStatistics;
    /// let found = AxialStatistics::median_iqr(&mut [4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!((found.count, found.location, found.spread), (4, 2.5, 2.0));
    /// ```
    #[must_use]
    pub fn median_iqr(offsets: &mut [f64]) -> Self {
        let n = offsets.len();
        if n <= SORTED {
            offsets.sort_unstable_by(f64::total_cmp);
        } else {
            arrange_quartiles(offsets);
        }
        if n == 0 {
            return Self::default();
        }
        let spread = if n < 2 {
            f64::NAN
        } else {
            quartile_of_sorted(offsets, 3) - quartile_of_sorted(offsets, 1)
        };
        Self {
            count: n as u32,
            location: quartile_of_sorted(offsets, 2),
            spread,
        }
    }
}

/// Values up to which sorting all is faster than selecting some.
const SORTED: usize = 64;

/// Brings the values that [`quartile_of_sorted`] reads to where they were if all were sorted; for
/// more than [`SORTED`]. O(n).
fn arrange_quartiles(values: &mut [f64]) {
    let [first, median, third] = [1, 2, 3].map(|quarters| quarters * values.len() / 4);
    let (low, _, high) = values.select_nth_unstable_by(median, f64::total_cmp);
    let below_median = move_largest_last(low);
    let (lowest, _, _) = below_median.select_nth_unstable_by(first, f64::total_cmp);
    move_largest_last(lowest);
    let (above_median, _, _) = high.select_nth_unstable_by(third - median - 1, f64::total_cmp);
    move_largest_last(above_median);
}

/// Swaps the largest value to the end, and returns the others.
fn move_largest_last(values: &mut [f64]) -> &mut [f64] {
    let largest = (0..values.len()).max_by(|&i, &j| values[i].total_cmp(&values[j]));
    let Some(last) = values.len().checked_sub(1) else {
        return values;
    };
    values.swap(largest.unwrap_or(last), last);
    &mut values[..last]
}

/// Quantile (in quarters) of sorted values, by order statistics.
fn quartile_of_sorted(sorted: &[f64], quarters: usize) -> f64 {
    let n = sorted.len();
    let at = quarters * n / 4;
    if (quarters * n).is_multiple_of(4) {
        0.5 * (sorted[at - 1] + sorted[at])
    } else {
        sorted[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isopach_compute::conformance::random;

    #[test]
    fn quartiles_follow_the_order_statistics() {
        let statistics = |values: &[f64]| {
            let s = AxialStatistics::median_iqr(&mut values.to_vec());
            (s.count, s.location, s.spread)
        };
        assert_eq!(statistics(&[4.0, 1.0, 3.0, 2.0]), (4, 2.5, 3.5 - 1.5));
        assert_eq!(statistics(&[5.0, 1.0, 4.0, 2.0, 3.0]), (5, 3.0, 4.0 - 2.0));
        assert_eq!(statistics(&[2.0, 1.0]), (2, 1.5, 2.0 - 1.0));
        let one = AxialStatistics::median_iqr(&mut [7.0]);
        assert!(one.location == 7.0 && one.spread.is_nan());
        assert!(AxialStatistics::median_iqr(&mut []).location.is_nan());
    }

    #[test]
    fn quartiles_of_many_are_those_of_the_sorted() {
        for n in 60..400_u64 {
            let values: Vec<f64> = (0..n)
                .map(|i| (random(i * 1000 + n) * [5.0, 1e6][n as usize % 2]).floor() - 2.0)
                .collect();
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let found = AxialStatistics::median_iqr(&mut values.clone());
            assert_eq!(found.location, quartile_of_sorted(&sorted, 2));
            let spread = quartile_of_sorted(&sorted, 3) - quartile_of_sorted(&sorted, 1);
            assert_eq!(found.spread, spread);
        }
    }

    #[test]
    fn the_cylinder_is_closed() {
        let c = Cylinder {
            radius: 1.0,
            half_length: 2.0,
        };
        let up = [0.0, 0.0, 1.0];
        assert_eq!(c.offset_along([1.0, 0.0, 2.0], up), Some(2.0));
        assert_eq!(c.offset_along([0.0, 0.0, 0.0], up), Some(0.0));
        assert_eq!(c.offset_along([1.001, 0.0, 0.0], up), None);
        assert_eq!(c.offset_along([0.0, 0.0, -2.001], up), None);
    }
}
