//! Capability of neighbour search: the trait of backends and the trait of their indexes.

use crate::{
    AlongNormals, AlongNormalsQuery, AxialStatistics, Covariance, CylinderQuery, EigenShape,
    Neighbour, NeighbourLists, Normal, NormalQuery, arguments, reference,
};
use isopach_cloud::Positions;
use isopach_compute::{Compute, Result};
use rayon::prelude::*;
use std::any::Any;

/// Capability of a backend: builds indexes for neighbour search.
pub trait NeighbourSearch: Compute {
    /// Builds an index of `points`. O(n) on the CPU.
    ///
    /// Every cloud has an index: an empty one, one point, equal points, points on a line or on a
    /// lattice. The index holds the points on the backend's device until it is dropped; build it
    /// once and query it often.
    ///
    /// ```
    /// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]])?;
    /// let index = Cpu.index(cloud.positions())?;
    /// assert_eq!(index.positions().len(), 2);
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`isopach_compute::Error::OutOfMemory`] if the points do not fit.
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>>;
}

/// Index of a point cloud that answers neighbour queries.
///
/// Distances are Euclidean in three dimensions and compared exactly: coordinates are whole ticks,
/// so a squared distance is a whole number, and `distance ≤ radius` means d² ≤ ⌊(radius in
/// ticks)²⌋ ([`crate::squared_ticks`]). Equal distances are ordered by index. Query points may have
/// another origin than the indexed points. Results have one entry per query, in the order of the
/// queries.
///
/// Two methods are required. The others are provided; their bodies are the definitions that an
/// override must agree with ([`crate::conformance`]).
pub trait NeighbourIndex: Send + Sync {
    /// The indexed points.
    fn positions(&self) -> Positions<'_>;

    /// Finds up to `k` nearest points within `max_distance` (metres, may be infinite) of each
    /// query, nearest first, ties by index.
    ///
    /// ```
    /// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])?;
    /// let query = Cloud::from_points(&[[0.9, 0.0, 0.0]])?;
    /// let index = Cpu.index(cloud.positions())?;
    /// let lists = index.k_nearest(query.positions(), 2, f64::INFINITY)?;
    /// assert_eq!(lists.indices_of(0), [1, 0]);
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidParameter`] if `k` is 0, or if `max_distance` is negative
    /// or NaN.
    fn k_nearest(
        &self,
        queries: Positions<'_>,
        k: usize,
        max_distance: f64,
    ) -> Result<NeighbourLists>;

    /// Finds all points within `radius` (metres, closed ball) of each query, ordered by index.
    ///
    /// ```
    /// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])?;
    /// let index = Cpu.index(cloud.positions())?;
    /// // The ball is closed: a point at exactly 1 m counts.
    /// assert_eq!(index.within_radius(cloud.positions(), 1.0)?.indices_of(0), [0, 1]);
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidParameter`] if `radius` is negative or not finite.
    fn within_radius(&self, queries: Positions<'_>, radius: f64) -> Result<NeighbourLists>;

    /// Finds the nearest point within `max_distance` (metres, may be infinite) of each query, the
    /// lowest index on a tie; `None` if no point is that near.
    ///
    /// ```
    /// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]])?;
    /// let queries = Cloud::from_points(&[[3.5, 0.0, 0.0], [2.0, 9.0, 0.0]])?;
    /// let nearest = Cpu.index(cloud.positions())?.nearest(queries.positions(), 1.0)?;
    /// let first = nearest[0].expect("a point within 1 m");
    /// assert_eq!((first.index, first.squared_distance), (1, 0.25));
    /// assert!(nearest[1].is_none());
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::k_nearest`].
    fn nearest(&self, queries: Positions<'_>, max_distance: f64) -> Result<Vec<Option<Neighbour>>> {
        let lists = self.k_nearest(queries, 1, max_distance)?;
        Ok((0..lists.len())
            .map(|i| lists.neighbours_of(i).next())
            .collect())
    }

    /// Computes mean and covariance of the points within `radius` (metres) of each query.
    ///
    /// Sums are exact and rounded once. An override gives the same bits on the CPU, and entries to
    /// 10⁻⁵ of the largest eigenvalue on other devices.
    ///
    /// ```
    /// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [9.0, 0.0, 0.0]])?;
    /// let index = Cpu.index(cloud.positions())?;
    /// let found = index.covariances_within(cloud.positions(), 3.0)?;
    /// assert_eq!((found[0].count, found[0].mean), (2, [1.0, 0.0, 0.0]));
    /// assert_eq!(found[0].upper[0], 2.0); // variance along x, divisor n − 1
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::within_radius`], and [`isopach_compute::Error::InvalidParameter`] or
    /// [`isopach_compute::Error::InvalidInput`] if offsets of 8192 m or more would be summed.
    fn covariances_within(&self, queries: Positions<'_>, radius: f64) -> Result<Vec<Covariance>> {
        let lists = self.within_radius(queries, radius)?;
        reference::covariances_of_lists(self.positions(), queries, &lists)
    }

    /// Computes mean and covariance of the points within each of several `radii` (metres) of each
    /// query: `radii.len()` entries a query, in the order of the radii; exactness as
    /// [`Self::covariances_within`].
    ///
    /// One call for all the scales of a neighbourhood: an override can share the work.
    ///
    /// ```
    /// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [9.0, 0.0, 0.0]])?;
    /// let index = Cpu.index(cloud.positions())?;
    /// let found = index.covariances_within_radii(cloud.positions(), &[1.0, 3.0])?;
    /// assert_eq!(found.iter().map(|c| c.count).collect::<Vec<_>>(), [1, 2, 1, 2, 1, 1]);
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::covariances_within`], for each radius.
    fn covariances_within_radii(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
    ) -> Result<Vec<Covariance>> {
        let by_radius: Vec<Vec<Covariance>> = radii
            .iter()
            .map(|&radius| self.covariances_within(queries, radius))
            .collect::<Result<_>>()?;
        let of_query = |i: usize| by_radius.iter().map(move |covariances| covariances[i]);
        Ok((0..queries.len()).flat_map(of_query).collect())
    }

    /// Computes eigenvalues and normals of the points within each of several `radii` (metres) of
    /// each query: `radii.len()` entries a query, in the order of the radii.
    ///
    /// The core of features at several scales: an override keeps sums and covariances to itself. It
    /// gives the same bits on the CPU; on other devices the same counts, eigenvalues to 10⁻⁵ of the
    /// largest, and normals to 10⁻⁴ radians (NaN where they are NaN).
    ///
    /// ```
    /// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
    /// // A level lattice.
    /// let points: Vec<[f64; 3]> = (0..100).map(|i| [f64::from(i % 10), f64::from(i / 10), 7.0]).collect();
    /// let cloud = Cloud::from_points(&points)?;
    /// let index = Cpu.index(cloud.positions())?;
    /// let shapes = index.shapes_within_radii(cloud.positions(), &[1.0, 1.5])?;
    /// let [small, large] = [shapes[2 * 55], shapes[2 * 55 + 1]];
    /// assert_eq!([small.count, large.count], [5, 9]);
    /// assert!(large.values[0].abs() < 1e-15 && large.normal[2].abs() > 0.999_999);
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::covariances_within`], for each radius.
    fn shapes_within_radii(
        &self,
        queries: Positions<'_>,
        radii: &[f64],
    ) -> Result<Vec<EigenShape>> {
        let covariances = self.covariances_within_radii(queries, radii)?;
        Ok(covariances
            .par_iter()
            .map(EigenShape::of_covariance)
            .collect())
    }

    /// Computes mean and covariance of the `k` nearest points of each query; exactness as
    /// [`Self::covariances_within`].
    ///
    /// ```
    /// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [9.0, 0.0, 0.0]])?;
    /// let index = Cpu.index(cloud.positions())?;
    /// assert_eq!(index.covariances_of_nearest(cloud.positions(), 2)?[2].mean, [-3.5, 0.0, 0.0]);
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::k_nearest`]; [`isopach_compute::Error::InvalidInput`] if a neighbour is more than
    /// 8 km from its query.
    fn covariances_of_nearest(&self, queries: Positions<'_>, k: usize) -> Result<Vec<Covariance>> {
        let lists = self.k_nearest(queries, k, f64::INFINITY)?;
        reference::covariances_of_lists(self.positions(), queries, &lists)
    }

    /// Estimates the surface normal at each query from the most planar of several neighbourhoods,
    /// oriented towards `query.towards`.
    ///
    /// A normal is the eigenvector of the smallest eigenvalue of the covariance within a radius;
    /// [`Normal::take_if_more_planar`] defines the choice among radii. Queries without three points
    /// that span a plane get zeros. An override gives the same bits on the CPU; on other devices
    /// the same radius, and the axis to 10⁻⁴ radians.
    ///
    /// ```
    /// use isopach_neighbours::{Cloud, Cpu, NeighbourSearch, NormalQuery};
    /// // A plane that rises by 1 in 1 towards the east.
    /// let points: Vec<[f64; 3]> =
    ///     (0..100).map(|i| [f64::from(i % 10), f64::from(i / 10), f64::from(i % 10)]).collect();
    /// let cloud = Cloud::from_points(&points)?;
    /// let up = NormalQuery { radii: &[2.0, 4.0], towards: [0.0, 0.0, 1.0] };
    /// let normals = Cpu.index(cloud.positions())?.estimate_normals(cloud.positions(), up)?;
    /// let [x, y, z] = normals[55].axis;
    /// assert!((x + 0.5_f64.sqrt()).abs() < 1e-9 && y.abs() < 1e-9 && z > 0.7);
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::covariances_within`], for each radius.
    fn estimate_normals(
        &self,
        queries: Positions<'_>,
        query: NormalQuery<'_>,
    ) -> Result<Vec<Normal>> {
        let NormalQuery { radii, towards } = query;
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

    /// Computes location and spread, along `axes`, of the points inside a cylinder centred on each
    /// query.
    ///
    /// Axes are unit vectors, one per query; a zero vector means "no axis" and gives count 0. An
    /// override gives equal counts, and lengths to 10⁻⁹ m on the CPU and 10⁻⁴ m on other devices.
    ///
    /// ```
    /// use isopach_neighbours::{AxialStatistic, Cloud, Cpu, Cylinder, CylinderQuery, NeighbourSearch};
    /// let cloud = Cloud::from_points(&[[0.0, 0.0, 1.0], [0.1, 0.0, 2.0], [5.0, 0.0, 0.0]])?;
    /// let centre = Cloud::from_points(&[[0.0, 0.0, 0.0]])?;
    /// let query = CylinderQuery {
    ///     cylinder: Cylinder { radius: 0.5, half_length: 3.0 },
    ///     statistic: AxialStatistic::MeanDeviation,
    /// };
    /// let index = Cpu.index(cloud.positions())?;
    /// let found = index.cylinder_statistics(centre.positions(), &[[0.0, 0.0, 1.0]], query)?;
    /// assert_eq!((found[0].count, found[0].location), (2, 1.5));
    /// # Ok::<(), isopach_neighbours::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`isopach_compute::Error::InvalidParameter`] for a radius or half length that is not above
    /// zero, or for a cylinder that reaches 8192 m from its centre;
    /// [`isopach_compute::Error::InvalidInput`] unless there is one finite axis per query.
    fn cylinder_statistics(
        &self,
        queries: Positions<'_>,
        axes: &[[f64; 3]],
        query: CylinderQuery,
    ) -> Result<Vec<AxialStatistics>> {
        let enclosing = arguments::check_cylinders(queries, axes, query.cylinder)?;
        let lists = self.within_radius(queries, enclosing)?;
        reference::cylinder_statistics_of_lists(self.positions(), queries, axes, query, &lists)
    }

    /// Estimates normals of this index's points, and computes cylinder statistics of two clouds
    /// along them: the core of M3C2.
    ///
    /// Equivalent to [`Self::estimate_normals`] followed by [`Self::cylinder_statistics`] of each
    /// of `clouds`, which may contain this index. An override can save the transfers in between;
    /// its counts are those along the normals that it returns.
    ///
    /// # Errors
    /// The errors of the two.
    fn along_normals(
        &self,
        queries: Positions<'_>,
        clouds: [&dyn NeighbourIndex; 2],
        query: AlongNormalsQuery<'_>,
    ) -> Result<AlongNormals> {
        along_normals_in_two_steps(self, queries, clouds, query)
    }

    /// Handle by which a backend recognises its own indexes. Only the backend that built the index
    /// can interpret it; return `None` unless you need one.
    fn residency(&self) -> Option<&dyn Any> {
        None
    }
}

/// Definition of [`NeighbourIndex::along_normals`]: normals first, then the cylinders of each
/// cloud. For overrides that cannot fuse the two for some clouds.
///
/// # Errors
/// The errors of [`NeighbourIndex::estimate_normals`] and [`NeighbourIndex::cylinder_statistics`].
pub fn along_normals_in_two_steps(
    index: &(impl NeighbourIndex + ?Sized),
    queries: Positions<'_>,
    clouds: [&dyn NeighbourIndex; 2],
    query: AlongNormalsQuery<'_>,
) -> Result<AlongNormals> {
    let normals = index.estimate_normals(queries, query.normals)?;
    let axes: Vec<[f64; 3]> = normals.iter().map(|normal| normal.axis).collect();
    let [first, second] =
        clouds.map(|cloud| cloud.cylinder_statistics(queries, &axes, query.cylinders));
    Ok(AlongNormals {
        normals,
        statistics: [first?, second?],
    })
}
