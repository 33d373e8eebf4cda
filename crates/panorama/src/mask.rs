//! Masks: each direction belongs to one camera.

use crate::{Camera, Rig};

/// Value of a mask where features are used.
const USED: u8 = 255;

impl Rig {
    /// The camera that a direction of any length belongs to: of those that see it, the one whose
    /// axis is nearest, the first of equals. `None` if no camera sees it.
    ///
    /// `pycolmap.panorama` takes the nearest of all cameras, and so leaves a direction without any
    /// where that one does not reach as far as another.
    #[must_use]
    pub fn owner_of(&self, ray: [f64; 3]) -> Option<usize> {
        let mut owner = None;
        let mut nearest = f64::NEG_INFINITY;
        for (number, camera) in self.cameras().iter().enumerate() {
            let along = camera.along_axis(ray);
            if along > nearest && camera.sees(ray) {
                nearest = along;
                owner = Some(number);
            }
        }
        owner
    }

    /// The mask of a camera, a byte a pixel, row by row: 255 where the direction of the pixel's
    /// centre belongs to this camera, 0 where it belongs to another. Features of all views of a
    /// panorama are then found once.
    ///
    /// # Panics
    /// For a number that the rig does not have.
    #[must_use]
    pub fn mask_of(&self, number: usize) -> Vec<u8> {
        let camera = &self.cameras()[number];
        let others = Other::all_of(self, number);
        let lens = camera.view().lens;
        let mut mask = vec![0; lens.columns * lens.rows];
        for (row, values) in mask.chunks_exact_mut(lens.columns).enumerate() {
            for (column, value) in values.iter_mut().enumerate() {
                let centre = [column as f64 + 0.5, row as f64 + 0.5];
                let [x, y, _] = camera.ray_in_camera(centre);
                let is_own = !others.iter().any(|other| {
                    let nearer = other.nearer_by(x, y);
                    nearer > -TIE && other.takes(camera.ray_of(centre), nearer)
                });
                *value = if is_own { USED } else { 0 };
            }
        }
        mask
    }
}

/// Difference of two components along axes that may be rounding.
const TIE: f64 = 1e-10;

/// Another camera of the rig, as one camera sees it.
struct Other<'a> {
    camera: &'a Camera,
    own: &'a Camera,
    /// Its axis in the frame of the own camera.
    axis: [f64; 3],
    /// Whether it comes first among equals.
    is_before: bool,
}

impl<'a> Other<'a> {
    fn all_of(rig: &'a Rig, number: usize) -> Vec<Self> {
        let own = &rig.cameras()[number];
        let cameras = rig.cameras().iter().enumerate();
        cameras
            .filter(|(other, _)| *other != number)
            .map(|(other, camera)| Self {
                camera,
                own,
                axis: own.rotation().apply(camera.axis()),
                is_before: other < number,
            })
            .collect()
    }

    /// How much longer the ray (x, y, 1) of the own camera is along the other axis: nearer to it if
    /// above 0. A plane of x and y, so it takes no ray in the panorama.
    fn nearer_by(&self, x: f64, y: f64) -> f64 {
        self.axis[0] * x + self.axis[1] * y + self.axis[2] - 1.0
    }

    /// Whether a ray belongs rather to the other camera, which may be nearer.
    fn takes(&self, ray: [f64; 3], nearer_by: f64) -> bool {
        let is_nearer = if nearer_by > TIE {
            true
        } else {
            let [other, own] = [self.camera, self.own].map(|camera| camera.along_axis(ray));
            other > own || (other == own && self.is_before)
        };
        is_nearer && self.camera.sees(ray)
    }
}
