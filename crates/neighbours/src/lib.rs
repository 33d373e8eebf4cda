//! Neighbour search: the capability that almost everything on points is made of.
//!
//! [`NeighbourSearch`] puts points where they can be searched; the [`NeighbourIndex`] that it
//! returns *is* the residency: dropping it frees the memory, wherever that is. Three methods are
//! required; the others are *provided*, and the provided bodies (in [`mod@reference`]) are the
//! definitions that every faster override is tested against by the suite in [`conformance`], which
//! a stranger's backend can be put through as well.

pub mod arguments;
mod axial;
pub mod conformance;
mod covariance;
mod eigen;
mod grid;
mod index;
mod moments;
mod normal;
pub mod reference;

pub use axial::{AxialStatistic, AxialStatistics, Cylinder};
pub use covariance::Covariance;
pub use eigen::{Eigen, symmetric_eigen};
pub use index::{Neighbour, NeighbourIndex, NeighbourLists, NeighbourSearch};
pub use moments::Moments;
pub use normal::{AlongNormals, AlongNormalsQuery, Normal, NormalQuery};
