//! Masks: each direction belongs to one camera.

use crate::Rig;

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
        let lens = self.cameras()[number].view().lens;
        let mut mask = vec![0; lens.columns * lens.rows];
        for (row, values) in mask.chunks_exact_mut(lens.columns).enumerate() {
            self.fill_mask_row(number, row, values);
        }
        mask
    }

    /// One row of [`Self::mask_of`].
    ///
    /// # Panics
    /// For a number that the rig does not have.
    pub fn fill_mask_row(&self, number: usize, row: usize, values: &mut [u8]) {
        let camera = &self.cameras()[number];
        for (column, value) in values.iter_mut().enumerate() {
            let ray = camera.ray_of([column as f64 + 0.5, row as f64 + 0.5]);
            *value = if self.belongs_to(number, ray) {
                USED
            } else {
                0
            };
        }
    }

    /// Whether a direction that camera `number` sees belongs to it. Its component along the
    /// camera's own axis is 1.
    fn belongs_to(&self, number: usize, ray: [f64; 3]) -> bool {
        let own = self.cameras()[number].along_axis(ray);
        !self.cameras().iter().enumerate().any(|(other, camera)| {
            let along = camera.along_axis(ray);
            let is_nearer = along > own || (along == own && other < number);
            is_nearer && camera.sees(ray)
        })
    }
}
