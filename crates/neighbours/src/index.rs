//! The capability and its index.

use crate::{
    AlongNormals, AlongNormalsQuery, AxialStatistic, AxialStatistics, Covariance, Cylinder, Normal,
    reference,
};
use isopach_cloud::Positions;
use isopach_compute::{Compute, Result};
use rayon::prelude::*;
use std::any::Any;

/// One neighbour of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Its position in the indexed points.
    pub index: u32,
    /// Squared distance, m²; exact difference, rounded once to `f32`.
    pub squared_distance: f32,
}

/// Ragged lists (compressed rows): the neighbours of query `i` are `indices[offsets[i]..offsets[i +
/// 1]]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NeighbourLists {
    /// Where each query's list starts; one more than there are queries, the first 0.
    pub offsets: Vec<usize>,
    /// Positions in the indexed points.
    pub indices: Vec<u32>,
    /// Squared distances, m², one an index.
    pub squared_distances: Vec<f32>,
}

impl NeighbourLists {
    /// The indices of query `i`'s neighbours.
    #[must_use]
    pub fn indices_of(&self, i: usize) -> &[u32] {
        &self.indices[self.offsets[i]..self.offsets[i + 1]]
    }

    /// Number of queries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there is no query.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Capability: puts points where they can be searched.
pub trait NeighbourSearch: Compute {
    /// An index of `points`. Any set of points has one: none, one, all equal, on a line, on a
    /// lattice. The index *is* the residency of the points: build it once and ask it often;
    /// dropping it gives the memory back.
    ///
    /// # Errors
    /// [`isopach_compute::Error::OutOfMemory`] where the points do not fit.
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>>;
}

/// Points that can be searched.
///
/// Distances are Euclidean in three dimensions. They are compared exactly: coordinates are whole
/// ticks, so a squared distance is a whole number, and `distance ≤ radius` means `d² ≤ ⌊(radius in
/// ticks)²⌋` ([`reference::squared_ticks`]). Equal distances are ordered by index. Queries may have
/// any origin.
pub trait NeighbourIndex: Send + Sync {
    /// The indexed points.
    fn positions(&self) -> Positions<'_>;

    /// Up to `k` nearest points within `max_distance` (metres, may be infinite) of each query,
    /// nearest first, ties by index.
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidParameter`] where `k` is 0 or `max_distance` is negative or
    /// NaN.
    fn k_nearest(
        &self,
        queries: Positions<'_>,
        k: usize,
        max_distance: f64,
    ) -> Result<NeighbourLists>;

    /// All points within `radius` (metres, closed ball) of each query, in the order of their
    /// indices.
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidParameter`] where `radius` is negative or not finite.
    fn within_radius(&self, queries: Positions<'_>, radius: f64) -> Result<NeighbourLists>;

    /// The nearest point within `max_distance` (metres, may be infinite) of each query, the lowest
    /// index on a tie; `None` where there is none.
    ///
    /// # Errors
    /// As [`Self::k_nearest`].
    fn nearest(&self, queries: Positions<'_>, max_distance: f64) -> Result<Vec<Option<Neighbour>>> {
        let lists = self.k_nearest(queries, 1, max_distance)?;
        Ok((0..lists.len())
            .map(|i| reference::first_neighbour(&lists, i))
            .collect())
    }

    /// Mean and covariance of the points within `radius` of each query. Exact sums, rounded once:
    /// an override must give the same bits on the CPU, 10⁻⁵ relative to the largest eigenvalue
    /// elsewhere.
    ///
    /// # Errors
    /// As [`Self::within`].
    fn covariances_within(&self, queries: Positions<'_>, radius: f64) -> Result<Vec<Covariance>> {
        reference::covariances_of_lists(
            self.positions(),
            queries,
            &self.within_radius(queries, radius)?,
        )
    }

    /// Mean and covariance of the `k` nearest points of each query; else as [`Self::covariances`].
    ///
    /// # Errors
    /// As [`Self::k_nearest`].
    fn covariances_of_nearest(&self, queries: Positions<'_>, k: usize) -> Result<Vec<Covariance>> {
        reference::covariances_of_lists(
            self.positions(),
            queries,
            &self.k_nearest(queries, k, f64::INFINITY)?,
        )
    }

    /// The normal of the surface around each query, on the side of `towards`: of the neighbourhoods
    /// within each of the `radii`, that of the most planar one, the first on a tie
    /// ([`Normal::improve`]). An override must give the same bits on the CPU; elsewhere the same
    /// radius, and the axis to 10⁻⁴ radians.
    ///
    /// # Errors
    /// As [`Self::within`].
    fn estimate_normals(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
        towards: [f64; 3],
    ) -> Result<Vec<Normal>> {
        let mut normals = vec![Normal::default(); queries.len()];
        for &radius in radii {
            let covariances = self.covariances_within(queries, radius)?;
            let pairs = normals.par_iter_mut().zip(&covariances);
            pairs.for_each(|(normal, covariance)| {
                normal.take_if_more_planar(covariance, radius, towards)
            });
        }
        Ok(normals)
    }

    /// Statistics along `axes` (unit vectors, one a query; a zero vector means "no axis" and gives
    /// count 0) of the points in a cylinder centred on each query. The tolerance of an override is
    /// 10⁻⁹ m on the CPU, 10⁻⁴ m elsewhere; counts are equal.
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidParameter`] for a radius or half length that is not above
    /// zero; [`isopach_compute::Error::InvalidInput`] where axes and queries differ in number.
    fn cylinder_statistics(
        &self,
        queries: Positions<'_>,
        axes: &[[f64; 3]],
        cylinder: Cylinder,
        statistic: AxialStatistic,
    ) -> Result<Vec<AxialStatistics>> {
        let lists = self.within_radius(queries, cylinder.enclosing_radius()?)?;
        reference::cylinder_statistics_of_lists(
            self.positions(),
            queries,
            axes,
            cylinder,
            statistic,
            &lists,
        )
    }

    /// [`Self::normals`] of this index's points around each query, and along them the
    /// [`Self::cylinders`] of two clouds, this one among them or not: what M3C2 is made of. An
    /// override may leave out what else travels in between; counts are those along the normals that
    /// it returns.
    ///
    /// # Errors
    /// Those of the two.
    fn along_normals(
        &self,
        queries: Positions<'_>,
        clouds: [&dyn NeighbourIndex; 2],
        sight: AlongNormalsQuery<'_>,
    ) -> Result<AlongNormals> {
        reference::along_normals(self, queries, clouds, sight)
    }

    /// What the backend that made this index knows its own by; nobody else can make anything of it.
    fn residency(&self) -> Option<&dyn Any> {
        None
    }
}
