//! Points as a source delivers them, before they have an origin.

use crate::{Attributes, Cloud, Origin, Rigid};
use isopach_compute::Result;

/// Points with absolute coordinates, as a source delivers them: absolute metres in `f64`, columns
/// beside them.
///
/// This is the only form in which absolute coordinates are held, and it lives as long as a chunk is
/// decoded and routed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// Absolute coordinates, metres, `n` × 3.
    pub xyz: Vec<[f64; 3]>,
    /// Columns beside the coordinates.
    pub attributes: Attributes,
}

impl From<Vec<[f64; 3]>> for Points {
    /// Points without attributes.
    fn from(xyz: Vec<[f64; 3]>) -> Self {
        Self {
            xyz,
            attributes: Attributes::default(),
        }
    }
}

impl Points {
    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.xyz.len()
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.xyz.is_empty()
    }

    /// Applies a rigid transform to every point, in `f64`.
    pub fn transform(&mut self, by: &Rigid) {
        for point in &mut self.xyz {
            *point = by.apply(*point);
        }
    }

    /// Converts to a cloud in ticks about `origin`, with its columns. O(n).
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidPoint`] with the index of the first point that is not
    /// finite or out of reach.
    pub fn about(self, origin: Origin) -> Result<Cloud> {
        let mut cloud = Cloud::from_points_about(&self.xyz, origin)?;
        cloud.attributes = self.attributes;
        Ok(cloud)
    }
}
