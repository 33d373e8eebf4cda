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
pub mod kernel;
mod rejector;
mod robust;
mod robust_icp;

pub use align::{Align, Blocks, Pairing, Rejection, Searched, Surface, Target, surface_covariances, target_normals};
pub use equations::NormalEquations;
pub use factor::{Factor, GeneralizedIcp, Measure, PointToPlane, PointToPoint, Shapes};
pub use icp::{Alignment, Icp, NORMAL_NEIGHBOURS, Pair, Termination};
pub use kernel::{Kernel, Robust};
pub use rejector::{Candidate, NormalAngle, Rejector};
pub use robust::{Huber, Tukey};
pub use robust_icp::{Block, Mode, Outcome, RobustAlignment, RobustIcp, StartReport, Stay};
