//! Views: angles and a lens.

use crate::Equirectangular;
use isopach_compute::{Error, Result};
use std::f64::consts::{PI, TAU};

/// Most pixels of a side of a panorama or a view.
pub const MOST_PIXELS_A_SIDE: usize = 1 << 16;

/// The lens and the size of a view: square pixels, the axis in the middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// Angle between the left and the right edge of the picture, radians: above 0, below π.
    pub horizontal_fov: f64,
    /// Columns of the picture.
    pub columns: usize,
    /// Rows of the picture.
    pub rows: usize,
}

impl Lens {
    /// A square view that has columns of the panorama in proportion to its angle, rounded down:
    /// the size that `pycolmap.panorama` gives its views.
    ///
    /// ```
    /// use isopach_panorama::{Equirectangular, Lens};
    /// let lens = Lens::of_panorama(Equirectangular::new(7680, 3840)?, 90_f64.to_radians())?;
    /// assert_eq!([lens.columns, lens.rows], [1920, 1920]);
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for an angle that no picture can have, or less than a pixel.
    pub fn of_panorama(panorama: Equirectangular, horizontal_fov: f64) -> Result<Self> {
        check_fov(horizontal_fov)?;
        // Degrees as they were given: 90° of 7680 columns are 1920, whatever radians round to.
        let share = panorama.columns() as f64 * horizontal_fov / TAU;
        let side = (share * (1.0 + 4.0 * f64::EPSILON)).floor() as usize;
        let lens = Self {
            horizontal_fov,
            columns: side,
            rows: side,
        };
        lens.check()?;
        Ok(lens)
    }

    /// Focal length, pixels: columns / (2·tan(h/2)).
    #[must_use]
    pub fn focal_length(&self) -> f64 {
        self.columns as f64 / (2.0 * (self.horizontal_fov / 2.0).tan())
    }

    /// Angle between the upper and the lower edge, radians: tan(v/2) = tan(h/2)·rows/columns.
    #[must_use]
    pub fn vertical_fov(&self) -> f64 {
        2.0 * (self.rows as f64 / (2.0 * self.focal_length())).atan()
    }

    /// Pixels of the panorama to one of the picture, at its axis: above 1 the picture is coarser.
    #[must_use]
    pub fn coarseness(&self, panorama: Equirectangular) -> f64 {
        panorama.pixels_per_radian() / self.focal_length()
    }

    /// Places a pixel and axis that are averaged so that a coarse picture is no alias of the
    /// panorama: the coarseness, rounded. The places are then at most 1.5 pixels of the panorama
    /// apart at the axis, and nearer together towards the edges.
    #[must_use]
    pub fn places_a_side(&self, panorama: Equirectangular) -> usize {
        (self.coarseness(panorama).round() as usize).max(1)
    }

    /// The same angle in `parts` times as many columns and rows.
    #[must_use]
    pub fn subdivided(&self, parts: usize) -> Self {
        Self {
            columns: self.columns.saturating_mul(parts),
            rows: self.rows.saturating_mul(parts),
            ..*self
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_fov(self.horizontal_fov)?;
        check_side("columns of a view", self.columns)?;
        check_side("rows of a view", self.rows)
    }
}

/// A perspective view of a panorama.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Angle to the right, radians.
    pub yaw: f64,
    /// Angle upwards, radians.
    pub pitch: f64,
    /// Turn of the picture's content about the axis, clockwise, radians.
    pub roll: f64,
    /// Lens and size.
    pub lens: Lens,
}

impl View {
    /// The view straight ahead.
    #[must_use]
    pub fn ahead(lens: Lens) -> Self {
        Self {
            yaw: 0.0,
            pitch: 0.0,
            roll: 0.0,
            lens,
        }
    }
}

fn check_fov(horizontal_fov: f64) -> Result<()> {
    let holds = horizontal_fov > 0.0 && horizontal_fov < PI;
    let must = "be above 0 and below π: a plane shows no half of all directions";
    Error::check("horizontal field of view", horizontal_fov, holds, must).map(drop)
}

pub(crate) fn check_side(name: &'static str, pixels: usize) -> Result<()> {
    let holds = (1..=MOST_PIXELS_A_SIDE).contains(&pixels);
    Error::check(name, pixels as f64, holds, "be from 1 to 65536").map(drop)
}
