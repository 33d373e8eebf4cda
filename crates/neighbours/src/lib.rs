//! Neighbour search in point clouds: k nearest, within a radius, covariances, normals and cylinder
//! statistics.
//!
//! ```
//! use isopach_neighbours::{Cloud, Cpu, NeighbourSearch};
//!
//! let cloud = Cloud::from_points(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])?;
//! let queries = Cloud::from_points(&[[0.9, 0.0, 0.0], [0.0, 1.5, 0.0]])?;
//! let index = Cpu.index(cloud.positions())?;
//! let lists = index.k_nearest(queries.positions(), 2, f64::INFINITY)?;
//! assert_eq!(lists.indices_of(0), [1, 0]);
//! assert_eq!(lists.indices_of(1), [2, 0]);
//! # Ok::<(), isopach_neighbours::Error>(())
//! ```
//!
//! # Queries
//!
//! Build an index once, then query it as often as needed. Queries are answered in parallel; results
//! are in the order of the queries.
//!
//! | question | method |
//! |---|---|
//! | which `k` points are nearest? | [`NeighbourIndex::k_nearest`] |
//! | which point is nearest? | [`NeighbourIndex::nearest`] |
//! | which points are within a radius? | [`NeighbourIndex::within_radius`] |
//! | mean and covariance of a neighbourhood | [`NeighbourIndex::covariances_within`], [`NeighbourIndex::covariances_of_nearest`] |
//! | the same at several radii | [`NeighbourIndex::covariances_within_radii`] |
//! | eigenvalues and normals at several radii | [`NeighbourIndex::shapes_within_radii`] |
//! | surface normals at several scales | [`NeighbourIndex::estimate_normals`] with a [`NormalQuery`] |
//! | mean or median along an axis, in a cylinder | [`NeighbourIndex::cylinder_statistics`] with a [`CylinderQuery`] |
//! | normals, and two clouds along them (M3C2) | [`NeighbourIndex::along_normals`] with an [`AlongNormalsQuery`] |
//!
//! Results are exact. Coordinates are whole ticks of 2⁻¹⁸ m, so distances are compared as whole
//! numbers and ties go to the lower index; moments are summed as whole numbers and rounded once.
//! The order of the points, the number of threads and the tiling do not change a bit.
//!
//! # Shape of a neighbourhood
//!
//! A covariance has an eigen-decomposition, and that has the usual shape features:
//!
//! ```
//! use isopach_neighbours::{Cloud, Cpu, NeighbourSearch, symmetric_eigen};
//!
//! // A power line: points along x.
//! let points: Vec<[f64; 3]> = (0..50).map(|i| [f64::from(i) * 0.2, 0.001 * f64::from(i % 3), 9.0]).collect();
//! let cloud = Cloud::from_points(&points)?;
//! let index = Cpu.index(cloud.positions())?;
//! let covariance = index.covariances_within(cloud.positions(), 1.0)?[25];
//! let eigen = symmetric_eigen(covariance.upper);
//! assert!(eigen.linearity() > 0.99 && eigen.planarity() < 0.01);
//! # Ok::<(), isopach_neighbours::Error>(())
//! ```
//!
//! # An own backend
//!
//! [`NeighbourSearch`] has one required method and [`NeighbourIndex`] three; the provided methods
//! build on those. [`conformance::conformance`] compares every operation of a backend with the
//! [`mod@reference`] implementations and reports each deviation.
//!
//! ```
//! use isopach_neighbours::{Cpu, conformance::conformance};
//! assert_eq!(conformance(&Cpu), []);
//! ```
//!
//! Feature `serde` (off by default) makes results serialisable.

pub mod arguments;
mod axial;
mod brute_force;
pub mod conformance;
mod covariance;
mod distance;
mod eigen;
mod eigen_lanes;
mod error;
mod grid;
mod index;
mod lanes;
mod lists;
mod moments;
mod normal;
mod query;
pub mod reference;
mod shape;

pub use axial::{AxialStatistic, AxialStatistics, Cylinder};
pub use brute_force::BruteForce;
pub use covariance::Covariance;
pub use distance::{square_metres, squared_distance, squared_ticks};
pub use eigen::{Eigen, symmetric_eigen};
pub use error::NeighbourError;
pub use index::{NeighbourIndex, NeighbourSearch, along_normals_in_two_steps};
pub use isopach_cloud::{Cloud, Origin, Positions};
pub use isopach_compute::{Compute, Cpu, Device, Error, Result};
pub use lists::{Neighbour, NeighbourLists};
pub use moments::Moments;
pub use normal::{AlongNormals, Normal};
pub use query::{AlongNormalsQuery, CylinderQuery, NormalQuery};
pub use shape::EigenShape;

/// The program of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
