//! Points in a cylinder, seen along its axis.

use isopach_compute::{Error, Result};

/// A cylinder centred on a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cylinder {
    /// Largest distance from the axis, metres (closed).
    pub radius: f64,
    /// Largest offset along the axis to either side, metres (closed).
    pub half_length: f64,
}

impl Cylinder {
    /// Radius of the smallest ball that holds the cylinder, metres, rounded up by a hair so that it
    /// really does.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a radius or half length that is not a finite number above
    /// zero.
    pub fn enclosing_radius(&self) -> Result<f64> {
        Error::positive("cylinder radius", self.radius)?;
        Error::positive("projection depth", self.half_length)?;
        Ok(self.radius.hypot(self.half_length) * (1.0 + 1e-12) + isopach_cloud::TICK)
    }

    /// Whether the offset `d` (metres, from the centre) along and away from the unit vector `axis`
    /// is inside, and if so where along it.
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

/// Which location and spread are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AxialStatistic {
    /// Mean and standard deviation (divisor n − 1).
    #[default]
    MeanDeviation,
    /// Median and inter-quartile range, by order statistics: the quantile q ∈ {¼, ½, ¾} of n sorted
    /// values v is v[⌊q n⌋], averaged with the element before where q n is whole.
    MedianIqr,
}

/// Location and spread of the points in a cylinder along its axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AxialStatistics {
    /// Number of points in the cylinder.
    pub count: u32,
    /// Mean or median offset from the query, metres; NaN for no point.
    pub location: f64,
    /// Standard deviation or inter-quartile range, metres; NaN for fewer than two points.
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
    /// Median and inter-quartile range of `offsets` (metres), which are left sorted. O(n log n).
    #[must_use]
    pub fn median_iqr(offsets: &mut [f64]) -> Self {
        offsets.sort_unstable_by(f64::total_cmp);
        let n = offsets.len();
        if n == 0 {
            return Self::default();
        }
        let quantile = |quarters: usize| {
            let at = quarters * n / 4;
            if (quarters * n).is_multiple_of(4) {
                0.5 * (offsets[at - 1] + offsets[at])
            } else {
                offsets[at]
            }
        };
        let spread = if n < 2 {
            f64::NAN
        } else {
            quantile(3) - quantile(1)
        };
        Self {
            count: n as u32,
            location: quantile(2),
            spread,
        }
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
