//! How values between pixels, at edges and beside masked pixels are found.

use crate::Sampling;

/// How values are gathered. The default interpolates linearly, within the image, and leaves masked
/// pixels out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Gathering {
    /// Interpolation between the centres of pixels.
    pub sampling: Sampling,
    /// Values at and beyond the edges of the image.
    pub edges: Edges,
    /// Values beside masked pixels.
    pub masked: Masked,
}

impl Default for Gathering {
    fn default() -> Self {
        Self {
            sampling: Sampling::Bilinear,
            edges: Edges::default(),
            masked: Masked::default(),
        }
    }
}

/// Values at and beyond the edges of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Edges {
    /// The image ends at its outer edges: no value beyond. Between the outer centres and the edges,
    /// the outer pixels are repeated.
    #[default]
    Bounded,
    /// Columns wrap around, as those of a 360° panorama: the last column is the left neighbour of
    /// the first. Rows do not: places beyond the first or last row are moved to the outer edge, and
    /// the outer pixels are repeated. Every finite place has a value.
    WrapColumns,
}

/// Values beside masked pixels. A NaN in an image of numbers is a masked pixel of its band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Masked {
    /// Masked pixels are left out and the weights of the others scaled up; no value where the pixel
    /// that holds the place is masked (the rule of GDAL's warper). A bicubic value with a masked
    /// pixel among its sixteen is the bilinear one, as weights below zero cannot be scaled up.
    #[default]
    Renormalised,
    /// No value if a masked pixel has a weight other than zero.
    Strict,
}
