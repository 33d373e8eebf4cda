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
    /// Median and inter-quartile range of `offsets` (metres); sorts them. O(n log n).
    ///
    /// ```
    /// use isopach_neighbours::AxialStatistics;
    /// let found = AxialStatistics::median_iqr(&mut [4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!((found.count, found.location, found.spread), (4, 2.5, 2.0));
    /// ```
    #[must_use]
    pub fn median_iqr(offsets: &mut [f64]) -> Self {
        offsets.sort_unstable_by(f64::total_cmp);
        let n = offsets.len();
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
