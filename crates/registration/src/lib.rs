//! Alignment of one cloud to another: source → target.
//!
//! [`Icp`] pairs each source point with its nearest target point, takes one Gauss–Newton step that brings the pairs together as a
//! [`Factor`] measures it, and repeats until the step is negligible (Besl & McKay 1992; point to plane: Chen & Medioni 1991; trimming:
//! Chetverikov et al. 2005). Everything is solved about a pivot near the data, and the [`isopach_cloud::Rigid`] that comes out
//! carries it. [`coarse`] brings clouds near enough for that.
//!
//! Nearest neighbours and sums run on whatever backend has the capability [`Align`]; the 6 × 6 system is solved on the host, once.
//! The suite in [`conformance`] holds any of them, a stranger's too, to the plain definition.

mod align;
pub mod coarse;
pub mod conformance;
mod equations;
mod factor;
mod icp;
mod robust;

pub use align::{Align, Pairing, Rejection, Searched, Target, target_normals};
pub use equations::NormalEquations;
pub use factor::{Factor, Measure, PointToPlane, PointToPoint};
pub use icp::{Alignment, Icp, NORMAL_NEIGHBOURS, Pair, Termination};
pub use robust::{Huber, Tukey};
