//! Errors of single points, from the scanner that measured them.

use isopach_compute::{Error, Result};

/// Errors of single points of an epoch that was scanned from one position (M3C2-EP; Winiwarter,
/// Anders & Höfle 2021, doi:10.1016/j.isprsjprs.2021.06.011).
///
/// With u the unit vector from the scanner to a point at the range ρ, the covariance of the point
/// is σ_ρ² u uᵀ + (ρ σ_α)² (1 − u uᵀ), and its variance along a unit vector n is nᵀ C n. M3C2-EP
/// adds up the covariances of the points in a cylinder; here all of them have that at the core
/// point, which is the same as long as the cylinder is small beside the range. Divided by the
/// number of points it is the variance of their mean: points have independent errors, and the
/// surface no roughness.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PointErrors {
    /// Position of the scanner, absolute metres.
    pub scanner: [f64; 3],
    /// Standard deviation of a range, metres.
    pub range: f64,
    /// Standard deviation of a direction across the beam, radians; the same horizontally and
    /// vertically.
    pub angle: f64,
}

impl PointErrors {
    /// Variance of a point at `point` (absolute metres) along the unit vector `axis`, m².
    ///
    /// ```
    /// use isopach_change::PointErrors;
    /// let errors = PointErrors { scanner: [0.0; 3], range: 0.005, angle: 1e-4 };
    /// assert!((errors.variance_along([100.0, 0.0, 0.0], [1.0, 0.0, 0.0]) - 0.005_f64.powi(2)).abs() < 1e-12);
    /// assert!((errors.variance_along([100.0, 0.0, 0.0], [0.0, 0.0, 1.0]) - 0.01_f64.powi(2)).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn variance_along(&self, point: [f64; 3], axis: [f64; 3]) -> f64 {
        let beam: [f64; 3] = std::array::from_fn(|a| point[a] - self.scanner[a]);
        let squared_range: f64 = beam.iter().map(|part| part * part).sum();
        let along: f64 = (0..3).map(|a| beam[a] * axis[a]).sum();
        // At the scanner itself there is no direction: the beam is taken to lie along the axis.
        let along_share = if squared_range > 0.0 {
            along * along / squared_range
        } else {
            1.0
        };
        self.range.powi(2) * along_share
            + squared_range * self.angle.powi(2) * (1.0 - along_share).max(0.0)
    }

    /// Checks all parameters.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names the parameter, its value and its range.
    pub fn check(&self) -> Result<()> {
        for coordinate in self.scanner {
            Error::check(
                "coordinate of the scanner",
                coordinate,
                coordinate.is_finite(),
                "be a finite number",
            )?;
        }
        Error::positive("standard deviation of a range", self.range)?;
        Error::not_negative("standard deviation of an angle", self.angle).map(drop)
    }
}
