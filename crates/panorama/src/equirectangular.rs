//! The panorama: directions as places, and back.

use crate::{PanoramaError, view::check_side};
use isopach_compute::Result;
use std::f64::consts::{PI, TAU};

/// An equirectangular picture of all directions: longitude along its columns, latitude along its
/// rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equirectangular {
    columns: usize,
    rows: usize,
}

impl Equirectangular {
    /// A panorama of `columns` × `rows` pixels.
    ///
    /// ```
    /// use isopach_panorama::{Equirectangular, PanoramaError};
    ///
    /// let error = Equirectangular::new(4000, 1900).unwrap_err();
    /// assert!(matches!(error.find_cause(), Some(PanoramaError::NotTwoToOne { .. })));
    /// ```
    ///
    /// # Errors
    /// [`PanoramaError::NotTwoToOne`] unless `columns` is twice `rows`;
    /// [`Error::InvalidParameter`](isopach_compute::Error) for more than
    /// [`MOST_PIXELS_A_SIDE`](crate::MOST_PIXELS_A_SIDE).
    pub fn new(columns: usize, rows: usize) -> Result<Self> {
        if rows.checked_mul(2) != Some(columns) {
            return Err(PanoramaError::NotTwoToOne { columns, rows }.into());
        }
        check_side("columns of the panorama", columns)?;
        check_side("rows of the panorama", rows)?;
        Ok(Self { columns, rows })
    }

    /// Columns, all around.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Rows, from the zenith to the nadir.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Pixels to a radian at the equator: columns / 2π.
    #[must_use]
    pub fn pixels_per_radian(&self) -> f64 {
        self.columns as f64 / TAU
    }

    /// The place `[x, y]` of a direction of any length, pixels from the upper left corner: 0 ≤ x ≤
    /// columns, 0 ≤ y ≤ rows. The direction backwards has x = columns or 0, by the sign of its X.
    #[must_use]
    pub fn place_of(&self, [x, y, z]: [f64; 3]) -> [f64; 2] {
        let longitude = x.atan2(z);
        let down = y.atan2(x.hypot(z));
        [
            (longitude / TAU + 0.5) * self.columns as f64,
            (down / PI + 0.5) * self.rows as f64,
        ]
    }

    /// The direction at a place, of length 1.
    #[must_use]
    pub fn ray_of(&self, [x, y]: [f64; 2]) -> [f64; 3] {
        let longitude = (x / self.columns as f64 - 0.5) * TAU;
        let down = (y / self.rows as f64 - 0.5) * PI;
        let [sin_longitude, cos_longitude] = [longitude.sin(), longitude.cos()];
        [
            down.cos() * sin_longitude,
            down.sin(),
            down.cos() * cos_longitude,
        ]
    }
}
