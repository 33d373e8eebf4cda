//! Rigid registration of point clouds: finds the transform that moves a source onto a target.
//!
//! ```
//! use isopach_registration::{Cloud, Cpu, Pair, Rigid, RobustIcp};
//!
//! let survey = |up: f64| (0..6400_u32).map(move |i| [f64::from(i % 80), f64::from(i / 80), up]);
//! let hill = |[x, y, up]: [f64; 3]| [x, y, up + 3.0 * (x / 9.0).sin() * (y / 7.0).cos()];
//! let target = Cloud::from_points(&survey(0.0).map(hill).collect::<Vec<_>>())?;
//! let source = Cloud::from_points(&survey(0.25).map(hill).collect::<Vec<_>>())?;
//! let pair = Pair { source: source.positions(), target: target.positions() };
//! let found = RobustIcp::default().align(&Cpu, pair, Rigid::identity([0.0; 3]))?;
//! println!("{}: {:?} m", found.outcome, found.target_from_source.translation);
//! # assert!((found.target_from_source.translation[2] + 0.25).abs() < 0.01, "{found:?}");
//! # Ok::<(), isopach_registration::Error>(())
//! ```
//!
//! # Which method
//!
//! | method | use it for |
//! |---|---|
//! | [`RobustIcp`] | change detection: resists changed ground, states a covariance and free directions, and leaves the source in place unless another pose is shown to be better |
//! | [`Icp`] | any other alignment, from interchangeable parts |
//! | [`coarse`] | a start that is near enough for ICP |
//!
//! # The parts of ICP
//!
//! [`Icp`] pairs each source point with its nearest target point, takes a step that brings the
//! pairs together, and repeats until the step is negligible (Besl & McKay 1992). Each part is a
//! type:
//!
//! | part | trait or type | provided |
//! |---|---|---|
//! | residual of a pair | [`Factor`] | [`PointToPoint`], [`PointToPlane`], [`GeneralizedIcp`] |
//! | weight of a residual | [`RobustKernel`], on a factor by [`Robust`] | see [`kernel`] |
//! | selection of pairs | [`Rejector`] | [`Rejection`] (distance, trimming), [`NormalAngle`] |
//! | step | [`Optimizer`] | Gauss–Newton, Levenberg–Marquardt |
//!
//! An own kernel is ten lines; so is an own factor or rejector ([`Factor`], [`Rejector`]):
//!
//! ```
//! use isopach_registration::{Cloud, Cpu, Icp, Pair, PointToPlane, Rigid, Robust, RobustKernel};
//!
//! /// Full weight up to a width, half of it beyond.
//! struct Halved { width: f64 }
//!
//! impl RobustKernel for Halved {
//!     fn weight(&self, residual: f64) -> f64 {
//!         if residual.abs() <= self.width { 1.0 } else { 0.5 }
//!     }
//! }
//!
//! # let hills = |up: f64| -> Vec<[f64; 3]> {
//! #     let at = |i: u32| [f64::from(i % 60) * 0.5, f64::from(i / 60) * 0.5];
//! #     (0..3600).map(at).map(|[x, y]| [x, y, up + (x / 3.0).sin() + (y / 4.0).cos()]).collect()
//! # };
//! # let [target, source] = [Cloud::from_points(&hills(0.0))?, Cloud::from_points(&hills(0.1))?];
//! # let pair = Pair { source: source.positions(), target: target.positions() };
//! let factor = Robust { factor: PointToPlane, kernel: Halved { width: 0.05 } };
//! let found = Icp::with_factor(factor, 1.0).align(&Cpu, pair, Rigid::identity([15.0, 15.0, 0.0]))?;
//! assert!((found.target_from_source.translation[2] + 0.1).abs() < 1e-3);
//! # Ok::<(), isopach_registration::Error>(())
//! ```
//!
//! # Transforms
//!
//! A [`Rigid`] carries its pivot, so it can be applied to absolute coordinates. As a 4 × 4 matrix:
//! [`Rigid::from_matrix`] and [`Rigid::to_matrix`].
//!
//! # Backends
//!
//! Nearest neighbours and sums run on any backend with the capability [`Align`]; the 6 × 6 system
//! is solved on the host. The suite in [`conformance`] compares a backend with the reference
//! implementation.

mod align;
pub mod coarse;
pub mod conformance;
mod correspondences;
mod equations;
mod error;
mod factor;
mod host;
mod icp;
pub mod kernel;
mod optimizer;
mod rejector;
mod robust_icp;
mod surfaces;

pub use align::Align;
pub use correspondences::{BlockCorrespondences, Correspondences};
pub use equations::NormalEquations;
pub use error::AlignError;
pub use factor::{Factor, FactorKind, GeneralizedIcp, PairShapes, PointToPlane, PointToPoint};
pub use host::HostCorrespondences;
pub use icp::{Alignment, Icp, NORMAL_NEIGHBOURS, Pair, Termination};
pub use isopach_cloud::{Cloud, FreeDirection, Origin, PoseCovariance, Positions, Rigid};
pub use isopach_compute::{Compute, Cpu, Error, Result};
pub use isopach_neighbours::{NeighbourIndex, NeighbourSearch};
pub use kernel::{Robust, RobustKernel};
pub use optimizer::Optimizer;
pub use rejector::{Candidate, NormalAngle, Rejection, Rejector};
pub use robust_icp::{
    AlignmentOutcome, NotMoved, ResidualMode, RobustAlignment, RobustIcp, StartReport, SurveyBlock,
};
pub use surfaces::{AlignSurface, AlignTarget, estimate_covariances, estimate_normals};

/// The program of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
