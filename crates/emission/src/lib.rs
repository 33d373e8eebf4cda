//! How much plasma is there at which temperature? The differential emission measure of every pixel
//! of a set of images, by the regularised inversion of Hannah & Kontar (2012, A&A 539, A146; the
//! program DEMREG), with vertical and horizontal errors.
//!
//! Counts of channel *f* are `∫ K_f(T) ξ(T) dT`, with the temperature response `K` and the
//! differential emission measure `ξ`. An [`Inversion`] holds the response, the temperature bins and
//! how to regularise; [`InvertPixels`] is the capability to run it. [`mod@reference`] is the
//! definition, in plain loops; the CPU's version puts pixels into SIMD lanes and is held to it by
//! the suite in [`conformance`], which a stranger's backend can be put through as well. The
//! derivation is in `docs/algorithms/emission.md`.
//!
//! That solution may be negative. [`Method::Positive`] and [`Method::NonNegative`] know no negative
//! emission:
//!
//! ```
//! # use isopach_compute::Cpu;
//! # use isopach_emission::{Inversion, Method, Observation, TemperatureResponse};
//! # use ndarray::arr1;
//! let edges: Vec<f64> = (0..=42).map(|i| 5.7 + 1.4 / 42.0 * f64::from(i)).collect();
//! let inversion = Inversion { method: Method::Positive, ..Inversion::new(TemperatureResponse::aia(), edges) };
//! let (counts, sigma) = (arr1(&[3.4, 13.8, 520.0, 680.0, 230.0, 15.0]), arr1(&[0.75, 1.2, 7.0, 7.5, 4.3, 0.86]));
//! let seen = Observation { counts: counts.view().into_dyn(), sigma: sigma.view().into_dyn() };
//! let map = inversion.run(&Cpu, seen)?;
//! assert!(map.emission.iter().all(|&x| x >= 0.0) && map.chi_squared[[]] < 1.0);
//! # Ok::<(), isopach_compute::Error>(())
//! ```
//!
//! [`PixelStatus`] says how a pixel ended.
//!
//! ```
//! use isopach_compute::Cpu;
//! use isopach_emission::{Inversion, Observation, Status, TemperatureResponse};
//! use ndarray::Array1;
//!
//! let edges: Vec<f64> = (0..=42).map(|i| 5.7 + 1.4 / 42.0 * f64::from(i)).collect();
//! let inversion = Inversion::new(TemperatureResponse::aia(), edges);
//!
//! // What the six channels of AIA would count of a Gaussian emission measure about log T = 6.3, and what is found from that.
//! let gaussian = |t: i32| 1e22 * (-0.5 * ((5.717 + 0.0333 * f64::from(t) - 6.3) / 0.2).powi(2)).exp();
//! let truth: Array1<f64> = (0..42).map(gaussian).collect();
//! let counts = inversion.forward(truth.view().into_dyn())?;
//! let sigma = counts.mapv(|c| 0.05 * c + 0.1);
//! let map = inversion.run(&Cpu, Observation { counts: counts.view(), sigma: sigma.view() })?;
//! assert_eq!(map.status[[]], Status::Converged);
//! assert!((map.emission[[17]] / truth[[17]] - 1.0).abs() < 0.2);
//! # Ok::<(), isopach_compute::Error>(())
//! ```

pub mod backend;
mod bands;
pub mod conformance;
mod cpu;
mod dictionary;
mod discretised;
mod forward;
mod instrument;
mod inversion;
mod invert;
mod kernel;
mod lanes;
mod map;
mod method;
mod monte_carlo;
mod noise;
mod quirks;
mod real;
pub mod reference;
mod reinvert;
mod response;
mod screen;
mod status;
mod stream;

pub use discretised::{Discretised, ResolutionPoint};
pub use instrument::{Channel, Instrument};
pub use inversion::{
    Compatibility, Constraint, Inversion, MissingCounts, Outputs, Quantity, Saturation, Weights,
};
pub use invert::{InvertPixels, Observation};
pub use map::EmissionMap;
pub use method::Method;
pub use monte_carlo::{MonteCarlo, Spread};
pub use noise::{AIA, AiaChannel, Noise};
pub use real::Real;
pub use response::TemperatureResponse;
pub use status::PixelStatus;
pub use stream::RowBlock;
