//! Mean and covariance of a neighbourhood.

/// Mean and covariance of the points around a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Covariance {
    /// Number of points.
    pub count: u32,
    /// Mean offset from the query, metres; NaN for no point.
    pub mean: [f64; 3],
    /// xx, xy, xz, yy, yz, zz with divisor n − 1, m²; NaN for fewer than two points.
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
    /// Of the points of both neighbourhoods of one query, those in both counted twice (Chan et al.
    /// 1979).
    #[must_use]
    pub fn merged_with(&self, other: &Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { *other } else { *self };
        }
        let [n, m] = [self.count, other.count].map(f64::from);
        let apart: [f64; 3] = std::array::from_fn(|a| other.mean[a] - self.mean[a]);
        let scatter = |c: &Self, i: usize| {
            if c.count > 1 {
                c.upper[i] * f64::from(c.count - 1)
            } else {
                0.0
            }
        };
        let axes = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
        let upper = std::array::from_fn(|i| {
            let between = apart[axes[i].0] * apart[axes[i].1] * (n * m / (n + m));
            (scatter(self, i) + scatter(other, i) + between) / (n + m - 1.0)
        });
        let mean = std::array::from_fn(|a| self.mean[a] + apart[a] * (m / (n + m)));
        Self {
            count: self.count + other.count,
            mean,
            upper,
        }
    }
}

#[cfg(test)]
mod tests {

    use crate::Moments;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn merging_is_counting_together(a in prop::collection::vec(prop::array::uniform3(-900_000..900_000i32), 0..20), b in prop::collection::vec(prop::array::uniform3(-900_000..900_000i32), 0..20)) {
            let of = |points: &[[i32; 3]]| {
                let mut moments = Moments::default();
                points.iter().for_each(|&d| moments.add_offset(d));
                moments.covariance()
            };
            let (merged, together) = (of(&a).merged_with(&of(&b)), of(&[a, b].concat()));
            prop_assert_eq!(merged.count, together.count);
            for (x, y) in merged.upper.iter().chain(&merged.mean).zip(together.upper.iter().chain(&together.mean)) {
                prop_assert!((x - y).abs() < 1e-9 || (x.is_nan() && y.is_nan()), "{} {}", x, y);
            }
        }
    }
}
