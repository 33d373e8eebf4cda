//! Alignment of one cloud to another: source → target.
//!
//! [`Icp`] pairs each source point with its nearest target point, takes one Gauss–Newton step that
//! brings the pairs together as a [`Factor`] measures it, and repeats until the step is negligible
//! (Besl & McKay 1992; point to plane: Chen & Medioni 1991; trimming: Chetverikov et al. 2005).
//! Everything is solved about a pivot near the data, and the [`isopach_cloud::Rigid`] that comes
//! out carries it. [`coarse`] brings clouds near enough for that.
//!
//! [`RobustIcp`] is the one to embed: it resists change, says how well it knows the pose and which
//! directions it does not know, and leaves the source where it is unless another pose is shown to
//! be better.
//!
//! ```
//! use isopach_cloud::{Cloud, Rigid};
//! use isopach_compute::Cpu;
//! use isopach_registration::{Pair, RobustIcp};
//!
//! let survey = |up: f64| (0..6400_u32).map(move |i| [f64::from(i % 80), f64::from(i / 80), up]);
//! let hill = |[x, y, up]: [f64; 3]| [x, y, up + 3.0 * (x / 9.0).sin() * (y / 7.0).cos()];
//! let target = Cloud::from_points(&survey(0.0).map(hill).collect::<Vec<_>>())?;
//! let source = Cloud::from_points(&survey(0.25).map(hill).collect::<Vec<_>>())?;
//! let pair = Pair { source: source.positions(), target: target.positions() };
//! let found = RobustIcp::default().align(&Cpu, pair, Rigid::identity([0.0; 3]))?;
//! println!("{}: {:?} m, free: {:?}", found.outcome, found.target_from_source.translation, found.undetermined());
//! # assert!((found.target_from_source.translation[2] + 0.25).abs() < 0.01, "{found:?}");
//! # Ok::<(), isopach_compute::Error>(())
//! ```
//!
//! Nearest neighbours and sums run on whatever backend has the capability [`Align`]; the 6 × 6
//! system is solved on the host, once. The suite in [`conformance`] holds any of them, a stranger's
//! too, to the plain definition.

mod align;
pub mod coarse;
pub mod conformance;
mod equations;
mod factor;
mod icp;
pub mod kernel;
mod optimizer;
mod rejector;
mod robust;
mod robust_icp;

pub use align::{
    Align, AlignSurface, AlignTarget, BlockCorrespondences, Correspondences, HostCorrespondences,
    Rejection, estimate_covariances, estimate_normals,
};
pub use equations::NormalEquations;
pub use factor::{Factor, FactorKind, GeneralizedIcp, PairShapes, PointToPlane, PointToPoint};
pub use icp::{Alignment, Icp, NORMAL_NEIGHBOURS, Pair, Termination};
pub use kernel::{Robust, RobustKernel};
pub use optimizer::Optimizer;
pub use rejector::{Candidate, NormalAngle, Rejector};
pub use robust::{Huber, Tukey};
pub use robust_icp::{
    AlignmentOutcome, NotMoved, ResidualMode, RobustAlignment, RobustIcp, StartReport, SurveyBlock,
};
