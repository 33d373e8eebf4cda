//! Clouds with normals and covariances, as factors and rejectors need them.

use crate::AlignError;
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_neighbours::{Covariance, NeighbourIndex, NeighbourSearch, symmetric_eigen};
use rayon::prelude::*;

/// Target cloud of an alignment, with normals if the factor needs them.
#[derive(Clone, Copy, Debug)]
pub struct AlignTarget<'a> {
    /// Points of the target.
    pub positions: Positions<'a>,
    /// One unit normal per point, zeros where there is none; empty if not needed.
    pub normals: &'a [[f64; 3]],
}

/// Cloud with the local shape of its surface, for factors and rejectors that need it.
#[derive(Clone, Copy, Debug)]
pub struct AlignSurface<'a> {
    /// Points of the cloud.
    pub positions: Positions<'a>,
    /// One unit normal per point, zeros where there is none; empty if not needed.
    pub normals: &'a [[f64; 3]],
    /// Covariance of each point's neighbourhood, xx, xy, xz, yy, yz, zz in m²; empty if not needed.
    pub covariances: &'a [[f64; 6]],
}

impl<'a> From<Positions<'a>> for AlignSurface<'a> {
    /// A surface without normals and covariances.
    fn from(positions: Positions<'a>) -> Self {
        Self {
            positions,
            normals: &[],
            covariances: &[],
        }
    }
}

impl<'a> From<AlignTarget<'a>> for AlignSurface<'a> {
    /// A surface without covariances.
    fn from(target: AlignTarget<'a>) -> Self {
        Self {
            positions: target.positions,
            normals: target.normals,
            covariances: &[],
        }
    }
}

impl AlignSurface<'_> {
    /// Checks that there are as many normals and covariances as points, or none.
    pub(crate) fn check_lengths(&self, cloud: &'static str) -> Result<()> {
        let points = self.positions.len();
        let is_complete = |length: usize| length == 0 || length == points;
        if is_complete(self.normals.len()) && is_complete(self.covariances.len()) {
            return Ok(());
        }
        Err(AlignError::ShapeCount {
            cloud,
            points,
            normals: self.normals.len(),
            covariances: self.covariances.len(),
        }
        .into())
    }
}

/// Estimates unit normals from the `neighbours` nearest points of each point: the eigenvector of
/// the smallest eigenvalue, of either sign ([`isopach_neighbours::Eigen::normal`]).
///
/// Zeros if the points lie on a line or in one place, or if there are fewer than three. O(n k).
///
/// ```
/// use isopach_registration::{Cloud, Cpu, estimate_normals};
/// let plane: Vec<[f64; 3]> = (0..100).map(|i| [f64::from(i % 10), f64::from(i / 10), 5.0]).collect();
/// let normals = estimate_normals(&Cpu, Cloud::from_points(&plane)?.positions(), 8)?;
/// assert!(normals.iter().all(|normal| normal[2].abs() > 0.999));
/// # Ok::<(), isopach_registration::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidParameter`] for fewer than 3 neighbours; any error of the backend.
pub fn estimate_normals(
    on: &(impl NeighbourSearch + ?Sized),
    points: Positions<'_>,
    neighbours: usize,
) -> Result<Vec<[f64; 3]>> {
    check_neighbours("neighbours for a normal", neighbours)?;
    normals_of_index(&*on.index(points)?, neighbours)
}

/// Normals of the points of an index, as [`estimate_normals`].
pub(crate) fn normals_of_index(
    index: &dyn NeighbourIndex,
    neighbours: usize,
) -> Result<Vec<[f64; 3]>> {
    let covariances = index.covariances_of_nearest(index.positions(), neighbours)?;
    Ok(covariances.into_par_iter().map(normal_or_zero).collect())
}

fn normal_or_zero(covariance: Covariance) -> [f64; 3] {
    if covariance.count < 3 {
        return [0.0; 3];
    }
    symmetric_eigen(covariance.upper)
        .normal()
        .unwrap_or_default()
}

/// Computes the covariance of the `neighbours` nearest points of each point, xx, xy, xz, yy, yz, zz
/// in m²: the input of [`crate::GeneralizedIcp`]. NaN if there are fewer than two points. O(n k).
///
/// # Errors
/// [`Error::InvalidParameter`] for fewer than 3 neighbours; any error of the backend.
pub fn estimate_covariances(
    on: &(impl NeighbourSearch + ?Sized),
    points: Positions<'_>,
    neighbours: usize,
) -> Result<Vec<[f64; 6]>> {
    check_neighbours("neighbours for a covariance", neighbours)?;
    covariances_of_index(&*on.index(points)?, neighbours)
}

/// Covariances of the neighbourhoods of the points of an index, as [`estimate_covariances`].
pub(crate) fn covariances_of_index(
    index: &dyn NeighbourIndex,
    neighbours: usize,
) -> Result<Vec<[f64; 6]>> {
    let covariances = index.covariances_of_nearest(index.positions(), neighbours)?;
    Ok(covariances
        .into_iter()
        .map(|covariance| covariance.upper)
        .collect())
}

fn check_neighbours(name: &'static str, neighbours: usize) -> Result<()> {
    Error::check(name, neighbours as f64, neighbours >= 3, "be at least 3")?;
    Ok(())
}
