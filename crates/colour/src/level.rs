//! The overview that colours are taken from.

use crate::CataloguedImage;

/// Which level of an image is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LevelChoice {
    /// The coarsest whose pixels are not larger, on their longer side, than the mean distance of
    /// points on the ground, metres: 1/√density. The image itself if all are larger.
    ///
    /// Each point then has about a pixel of its own, which holds the mean of the finer ones if the
    /// overviews do: a finer level would give each point an arbitrary one of these.
    Spacing(f64),
    /// This one, or the coarsest of images that have fewer; 0 is the image itself.
    Number(usize),
}

impl LevelChoice {
    /// The level of an image.
    #[must_use]
    pub fn of(self, image: &CataloguedImage) -> usize {
        let coarsest = image.description().levels.len() - 1;
        match self {
            Self::Number(level) => level.min(coarsest),
            Self::Spacing(spacing) => (0..=coarsest)
                .rev()
                .find(|&level| image.pixel_side(level) <= spacing)
                .unwrap_or(0),
        }
    }
}
