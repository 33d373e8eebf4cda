//! Capability of alignment: prepares two clouds to be paired at many poses.

use crate::{AlignSurface, AlignTarget, Correspondences, HostCorrespondences};
use isopach_cloud::Positions;
use isopach_compute::{Cpu, Result};
use isopach_neighbours::{BruteForce, NeighbourIndex, NeighbourSearch};

/// Capability of a backend: holds two clouds together and sums normal equations over their pairs.
///
/// Both methods are provided for every backend that can search neighbours.
pub trait Align: NeighbourSearch {
    /// Prepares a source and a target for pairing.
    ///
    /// ```
    /// use isopach_registration::{
    ///     Align, AlignTarget, Cloud, Correspondences, Cpu, PointToPoint, Rejection, Rigid,
    /// };
    /// let target = Cloud::from_points(&[[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]])?;
    /// let source = Cloud::from_points(&[[0.0, 0.0, 0.5], [5.0, 0.0, 0.5]])?;
    /// let to = AlignTarget { positions: target.positions(), normals: &[] };
    /// let prepared = Cpu.prepare_points(source.positions(), to)?;
    /// let within = Rejection { max_distance: 1.0, kept_share: 1.0 };
    /// let sums = prepared.linearize_pairs(&PointToPoint, within, &Rigid::identity([0.0; 3]))?;
    /// assert_eq!((sums.inliers, sums.error), (2, 0.5)); // two residuals of 0.5 m, squared
    /// # Ok::<(), isopach_registration::Error>(())
    /// ```
    ///
    /// # Errors
    /// Any error of the backend.
    fn prepare_points<'a>(
        &self,
        source: Positions<'a>,
        target: AlignTarget<'a>,
    ) -> Result<Box<dyn Correspondences + 'a>> {
        Ok(Box::new(HostCorrespondences::new(
            source,
            target,
            self.index(target.positions)?,
        )))
    }

    /// Prepares two clouds with the shape of their surfaces, for factors that need covariances and
    /// rejectors that need source normals.
    ///
    /// Pairs are summed on the host with this backend's neighbour search, unless the backend
    /// overrides it.
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidInput`] unless there are as many normals and covariances as
    /// points, or none; any error of the backend.
    fn prepare_surfaces<'a>(
        &self,
        source: AlignSurface<'a>,
        target: AlignSurface<'a>,
    ) -> Result<Box<dyn Correspondences + 'a>> {
        prepare_on_host(source, target, self.index(target.positions)?)
    }

    /// Prepares two clouds as [`Self::prepare_surfaces`], with an index of the target's points that
    /// is there already, for instance because their normals were estimated with it.
    ///
    /// A backend that cannot use such an index makes its own: the provided body does.
    ///
    /// # Errors
    /// As [`Self::prepare_surfaces`].
    fn prepare_indexed<'a>(
        &self,
        source: AlignSurface<'a>,
        target: AlignSurface<'a>,
        index: Box<dyn NeighbourIndex + 'a>,
    ) -> Result<Box<dyn Correspondences + 'a>> {
        drop(index);
        let has_no_more_than_target_normals = source.normals.is_empty()
            && source.covariances.is_empty()
            && target.covariances.is_empty();
        if has_no_more_than_target_normals {
            let target = AlignTarget {
                positions: target.positions,
                normals: target.normals,
            };
            return self.prepare_points(source.positions, target);
        }
        self.prepare_surfaces(source, target)
    }
}

/// Pairs are summed on the host, with the index that is given.
fn prepare_on_host<'a>(
    source: AlignSurface<'a>,
    target: AlignSurface<'a>,
    index: Box<dyn NeighbourIndex + 'a>,
) -> Result<Box<dyn Correspondences + 'a>> {
    source.check_lengths("source")?;
    target.check_lengths("target")?;
    Ok(Box::new(HostCorrespondences::of_surfaces(
        source, target, index,
    )))
}

impl Align for Cpu {
    fn prepare_indexed<'a>(
        &self,
        source: AlignSurface<'a>,
        target: AlignSurface<'a>,
        index: Box<dyn NeighbourIndex + 'a>,
    ) -> Result<Box<dyn Correspondences + 'a>> {
        prepare_on_host(source, target, index)
    }
}

impl Align for BruteForce {}
