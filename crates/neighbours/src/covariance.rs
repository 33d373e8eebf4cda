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
        Self { count: 0, mean: [f64::NAN; 3], upper: [f64::NAN; 6] }
    }
}
