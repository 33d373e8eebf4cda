//! Cameras: rays of pixels, and pixels of rays.

use crate::{Rotation, View, rotation::dot_product};
use isopach_compute::{Error, Result};

/// A checked view: the ray of every pixel, and the pixel of every ray.
#[derive(Clone, Copy, Debug)]
pub struct Camera {
    view: View,
    rotation: Rotation,
    focal_length: f64,
    centre: [f64; 2],
}

impl Camera {
    /// The camera of a view.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a field of view that no plane has, a size out of 1 to
    /// [`MOST_PIXELS_A_SIDE`](crate::MOST_PIXELS_A_SIDE), an angle that is no finite number.
    pub fn new(view: View) -> Result<Self> {
        view.lens.check()?;
        for (name, angle) in [
            ("yaw", view.yaw),
            ("pitch", view.pitch),
            ("roll", view.roll),
        ] {
            Error::check(name, angle, angle.is_finite(), "be a finite angle")?;
        }
        Ok(Self {
            view,
            rotation: Rotation::camera_from_panorama(view.yaw, view.pitch, view.roll),
            focal_length: view.lens.focal_length(),
            centre: [view.lens.columns as f64 / 2.0, view.lens.rows as f64 / 2.0],
        })
    }

    /// The view.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The rotation of the camera from the panorama.
    #[must_use]
    pub fn rotation(&self) -> &Rotation {
        &self.rotation
    }

    /// Focal length, pixels.
    #[must_use]
    pub fn focal_length(&self) -> f64 {
        self.focal_length
    }

    /// The direction that the camera looks along, of length 1, in the panorama.
    #[must_use]
    pub fn axis(&self) -> [f64; 3] {
        self.rotation.0[2]
    }

    /// The ray at a place of the picture (pixels from its upper left corner), in the panorama. Its
    /// component along the axis is 1.
    #[must_use]
    pub fn ray_of(&self, place: [f64; 2]) -> [f64; 3] {
        self.rotation.apply_inverse(self.ray_in_camera(place))
    }

    /// The ray at a place of the picture, in the camera: +Z along the axis, where it is 1.
    #[must_use]
    pub fn ray_in_camera(&self, [x, y]: [f64; 2]) -> [f64; 3] {
        [
            (x - self.centre[0]) / self.focal_length,
            (y - self.centre[1]) / self.focal_length,
            1.0,
        ]
    }

    /// The place in the picture of a direction of any length, pixels from its upper left corner;
    /// it may lie outside the picture. `None` for a direction that is not ahead of the camera.
    #[must_use]
    pub fn place_of(&self, ray: [f64; 3]) -> Option<[f64; 2]> {
        let [x, y, z] = self.rotation.apply(ray);
        (z > 0.0).then(|| {
            [
                self.focal_length * x / z + self.centre[0],
                self.focal_length * y / z + self.centre[1],
            ]
        })
    }

    /// Whether a direction is in the picture: its left and upper edges are, the others are not.
    #[must_use]
    pub fn sees(&self, ray: [f64; 3]) -> bool {
        let lens = &self.view.lens;
        self.place_of(ray).is_some_and(|[x, y]| {
            (0.0..lens.columns as f64).contains(&x) && (0.0..lens.rows as f64).contains(&y)
        })
    }

    /// Component of a direction along the axis: the larger of two cameras' is nearer.
    #[must_use]
    pub fn along_axis(&self, ray: [f64; 3]) -> f64 {
        dot_product(self.axis(), ray)
    }
}
