//! Mean and covariance of a neighbourhood.

/// Mean and covariance of the points in the neighbourhood of a query point.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Covariance {
    /// Number of points.
    pub count: u32,
    /// Mean offset from the query, metres; NaN if there is no point.
    pub mean: [f64; 3],
    /// Covariance xx, xy, xz, yy, yz, zz with divisor n − 1, m²; NaN if there are fewer than two
    /// points.
    pub upper: [f64; 6],
}

impl Default for Covariance {
    fn default() -> Self {
        Self {
            count: 0,
            mean: [f64::NAN; 3],
            upper: [f64::NAN; 6],
        }
    }
}

impl Covariance {
    /// Mean and covariance of the points of two neighbourhoods of one query together (Chan et al.
    /// 1979). Points in both count twice.
    ///
    /// ```
    /// use isopach_neighbours::Moments;
    /// let mut one = Moments::default();
    /// one.add_offset([1, 0, 0]);
    /// let mut two = Moments::default();
    /// two.add_offset([3, 0, 0]);
    /// let both = one.covariance().merged_with(&two.covariance());
    /// assert_eq!((both.count, both.mean[0]), (2, 2.0 * isopach_cloud::TICK));
    /// ```
    #[must_use]
    pub fn merged_with(&self, other: &Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { *other } else { *self };
        }
        let [n, m] = [self.count, other.count].map(f64::from);
        let apart: [f64; 3] = std::array::from_fn(|a| other.mean[a] - self.mean[a]);
        let axes = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
        let upper = std::array::from_fn(|i| {
            let between = apart[axes[i].0] * apart[axes[i].1] * (n * m / (n + m));
            (self.scatter(i) + other.scatter(i) + between) / (n + m - 1.0)
        });
        let mean = std::array::from_fn(|a| self.mean[a] + apart[a] * (m / (n + m)));
        Self {
            count: self.count + other.count,
            mean,
            upper,
        }
    }

    /// Entry `i` of the sum of squares and products about the mean, m²; 0 if there are fewer than
    /// two points.
    fn scatter(&self, i: usize) -> f64 {
        if self.count > 1 {
            self.upper[i] * f64::from(self.count - 1)
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {

    use crate::Moments;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn merging_is_counting_together(
            a in prop::collection::vec(prop::array::uniform3(-900_000..900_000i32), 0..20),
            b in prop::collection::vec(prop::array::uniform3(-900_000..900_000i32), 0..20),
        ) {
            let of = |points: &[[i32; 3]]| {
                let mut moments = Moments::default();
                points.iter().for_each(|&d| moments.add_offset(d));
                moments.covariance()
            };
            let merged = of(&a).merged_with(&of(&b));
            let together = of(&[a, b].concat());
            prop_assert_eq!(merged.count, together.count);
            for (x, y) in merged.upper.iter().chain(&merged.mean).zip(together.upper.iter().chain(&together.mean)) {
                prop_assert!((x - y).abs() < 1e-9 || (x.is_nan() && y.is_nan()), "{} {}", x, y);
            }
        }
    }
}
