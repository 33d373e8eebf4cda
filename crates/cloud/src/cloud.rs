//! Owned points.

use crate::{Attributes, CloudError, Origin, Positions, REACH, Rigid, TICKS_PER_METRE, to_ticks};
use isopach_compute::{Error, Result};

/// A point cloud in memory: coordinates in ticks about an origin, and columns beside them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cloud {
    origin: Origin,
    ticks: Vec<[i32; 3]>,
    /// Attribute columns, each with one value per point.
    pub attributes: Attributes,
}

impl Cloud {
    /// Wraps `ticks` (`n` × 3) counted from `origin`, without attributes.
    #[must_use]
    pub fn new(origin: Origin, ticks: Vec<[i32; 3]>) -> Self {
        Self {
            origin,
            ticks,
            attributes: Attributes::default(),
        }
    }

    /// Builds a cloud from absolute metres, about an origin in the middle of the points. Rounds to
    /// the nearest tick. O(n).
    ///
    /// ```
    /// use isopach_cloud::Cloud;
    /// let cloud = Cloud::from_points(&[[596_000.25, 6_653_000.5, 180.0]])?;
    /// assert_eq!(cloud.positions().absolute(0), [596_000.25, 6_653_000.5, 180.0]);
    /// assert!(Cloud::from_points(&[[f64::NAN, 0.0, 0.0]]).is_err());
    /// # Ok::<(), isopach_cloud::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidPoint`] with the index of a coordinate that is not finite, or farther than
    /// [`REACH`] from the middle.
    pub fn from_points(xyz: &[[f64; 3]]) -> Result<Self> {
        let Some(first) = xyz.first() else {
            return Ok(Self::default());
        };
        let mut bounds = [*first, *first];
        for point in xyz {
            for axis in 0..3 {
                bounds[0][axis] = bounds[0][axis].min(point[axis]);
                bounds[1][axis] = bounds[1][axis].max(point[axis]);
            }
        }
        // An infinite or missing bound is the fault of one point, which the conversion names: any
        // origin will do.
        let middle = std::array::from_fn(|axis| 0.5 * (bounds[0][axis] + bounds[1][axis]));
        Self::from_points_about(xyz, Origin::near(middle).unwrap_or_default())
    }

    /// Builds a cloud from absolute metres about a given origin. Rounds to the nearest tick. O(n).
    ///
    /// # Errors
    /// [`Error::InvalidPoint`] with the index of a coordinate that is not finite, or farther than
    /// [`REACH`] from `origin`.
    pub fn from_points_about(xyz: &[[f64; 3]], origin: Origin) -> Result<Self> {
        let base = origin.ticks();
        let reach = (REACH * TICKS_PER_METRE) as i64;
        let mut ticks = Vec::with_capacity(xyz.len());
        for (index, point) in xyz.iter().enumerate() {
            let local: [i64; 3] =
                std::array::from_fn(|axis| to_ticks(point[axis]).saturating_sub(base[axis]));
            for axis in 0..3 {
                let value = point[axis];
                if !value.is_finite() {
                    return Err(Error::InvalidPoint {
                        index,
                        value,
                        must: "be a finite number",
                    });
                }
                if !(-reach..reach).contains(&local[axis]) {
                    return Err(Error::InvalidPoint {
                        index,
                        value,
                        must: "be within 8192 m of the origin",
                    });
                }
            }
            ticks.push(local.map(|tick| tick as i32)); // in range: checked above
        }
        Ok(Self::new(origin, ticks))
    }

    /// The coordinates.
    #[must_use]
    pub fn positions(&self) -> Positions<'_> {
        Positions::new(self.origin, &self.ticks)
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ticks.len()
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ticks.is_empty()
    }

    /// Copies the points `indices`, in that order, with their columns.
    #[must_use]
    pub fn select(&self, indices: &[u32]) -> Self {
        Self {
            origin: self.origin,
            ticks: indices.iter().map(|&i| self.ticks[i as usize]).collect(),
            attributes: self.attributes.select(indices),
        }
    }

    /// Appends points given in ticks about this cloud's origin, with the matching rows of columns.
    pub fn append(&mut self, ticks: &mut Vec<[i32; 3]>, attributes: &mut Attributes) {
        if self.ticks.is_empty() {
            self.ticks = std::mem::take(ticks);
            self.attributes = std::mem::take(attributes);
        } else {
            self.ticks.append(ticks);
            self.attributes.append(attributes);
        }
    }

    /// Keeps the points whose class is one of `classes`; all of them where `classes` is empty.
    ///
    /// ```
    /// use isopach_cloud::Cloud;
    /// let mut cloud = Cloud::from_points(&[[0.0, 0.0, 1.0], [1.0, 0.0, 9.0]])?;
    /// cloud.attributes.classification = Some(vec![2, 5]); // ground, high vegetation
    /// assert_eq!(cloud.filter_classes(&[2])?.len(), 1);
    /// # Ok::<(), isopach_cloud::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if classes are asked for and the cloud carries none.
    pub fn filter_classes(&self, classes: &[u8]) -> Result<std::borrow::Cow<'_, Self>> {
        if classes.is_empty() {
            return Ok(std::borrow::Cow::Borrowed(self));
        }
        let Some(class) = &self.attributes.classification else {
            return Err(CloudError::NoClassification {
                classes: classes.to_vec(),
            }
            .into());
        };
        let kept: Vec<u32> = (0..self.len() as u32)
            .filter(|&i| classes.contains(&class[i as usize]))
            .collect();
        Ok(std::borrow::Cow::Owned(self.select(&kept)))
    }

    /// Applies a rigid transform to every point, about the same origin. Rounds to the nearest tick.
    ///
    /// ```
    /// use isopach_cloud::{Cloud, Rigid};
    /// let cloud = Cloud::from_points(&[[10.0, 20.0, 30.0]])?;
    /// let moved = cloud.transformed(&Rigid::from_translation([0.5, 0.0, -1.0]))?;
    /// assert_eq!(moved.positions().absolute(0), [10.5, 20.0, 29.0]);
    /// # Ok::<(), isopach_cloud::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidPoint`] if a point ends out of reach of the origin.
    pub fn transformed(&self, by: &Rigid) -> Result<Self> {
        let positions = self.positions();
        let moved: Vec<_> = (0..self.len())
            .map(|i| by.apply(positions.absolute(i)))
            .collect();
        let mut cloud = Self::from_points_about(&moved, self.origin)?;
        cloud.attributes = self.attributes.clone();
        Ok(cloud)
    }
}

impl TryFrom<&[[f64; 3]]> for Cloud {
    type Error = Error;

    /// As [`Cloud::from_points`].
    fn try_from(points: &[[f64; 3]]) -> Result<Self> {
        Self::from_points(points)
    }
}

impl<'a> From<&'a Cloud> for Positions<'a> {
    fn from(cloud: &'a Cloud) -> Self {
        cloud.positions()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TICK;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn coordinates_survive_to_half_a_tick_ten_thousand_kilometres_out(
            offset in -1e7..1e7f64, local in prop::collection::vec(prop::array::uniform3(-1000.0..1000.0f64), 1..50),
        ) {
            let absolute: Vec<[f64; 3]> = local.iter().map(|p| p.map(|x| x + offset)).collect();
            let cloud = Cloud::from_points(&absolute).unwrap();
            for (i, point) in absolute.iter().enumerate() {
                for axis in 0..3 {
                    prop_assert!((cloud.positions().absolute(i)[axis] - point[axis]).abs() <= TICK / 2.0);
                }
            }
        }

        #[test]
        fn the_origin_changes_no_point(local in prop::collection::vec(prop::array::uniform3(-500.0..500.0f64), 1..20), shift in -700i32..700) {
            let a = Cloud::from_points_about(&local, Origin::default()).unwrap();
            let b = Cloud::from_points_about(&local, Origin([shift, -shift, shift / 2])).unwrap();
            for i in 0..local.len() {
                prop_assert_eq!(a.positions().absolute_ticks(i), b.positions().absolute_ticks(i));
            }
        }
    }

    #[test]
    fn a_coordinate_that_is_no_number_is_named_by_its_index() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = Cloud::from_points(&[[0.0; 3], [0.0, bad, 0.0]]).unwrap_err();
            assert!(
                matches!(error, Error::InvalidPoint { index: 1, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn a_point_out_of_reach_is_refused() {
        let error = Cloud::from_points(&[[0.0; 3], [20_000.0, 0.0, 0.0]]).unwrap_err();
        assert!(error.to_string().contains("8192"), "{error}");
    }

    #[test]
    fn classes_without_a_column_are_an_error_and_no_classes_mean_all() {
        let cloud = Cloud::from_points(&[[0.0; 3]]).unwrap();
        assert_eq!(cloud.filter_classes(&[]).unwrap().len(), 1);
        assert!(cloud.filter_classes(&[2]).is_err());
    }
}
