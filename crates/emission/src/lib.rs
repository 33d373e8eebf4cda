//! Differential emission measure (DEM) of solar images: how much plasma there is at which
//! temperature, for every pixel, with vertical and horizontal errors.
//!
//! Counts of channel *f* are `∫ K_f(T) ξ(T) dT`, with the temperature response `K` and the
//! differential emission measure `ξ`. An [`Inversion`] holds the response, the temperature bins and
//! the regularisation; [`Inversion::run`] inverts one pixel or an image:
//!
//! ```
//! use isopach_emission::{Cpu, Inversion, Observation, PixelStatus, TemperatureResponse};
//! use ndarray::arr1;
//!
//! let edges: Vec<f64> = (0..=42).map(|i| 5.7 + 1.4 / 42.0 * f64::from(i)).collect();
//! let inversion = Inversion::new(TemperatureResponse::aia(), edges);
//! // DN per second of the channels 94, 131, 171, 193, 211 and 335 Å, and their errors.
//! let counts = arr1(&[3.4, 13.8, 520.0, 680.0, 230.0, 15.0]);
//! let sigma = arr1(&[0.75, 1.2, 7.0, 7.5, 4.3, 0.86]);
//! let seen = Observation { counts: counts.view().into_dyn(), sigma: sigma.view().into_dyn() };
//! let map = inversion.run(&Cpu, seen)?;
//! assert_eq!((map.emission.len(), map.status[[]].has_result()), (42, true));
//! # Ok::<(), isopach_emission::Error>(())
//! ```
//!
//! The default method is the regularised inversion of Hannah & Kontar (2012, A&A 539, A146; the
//! program DEMREG). Its solution may be negative. [`Method::Positive`] and [`Method::NonNegative`]
//! allow no negative emission:
//!
//! ```
//! use isopach_emission::{Cpu, Inversion, Method, Observation, TemperatureResponse};
//! use ndarray::arr1;
//!
//! let edges: Vec<f64> = (0..=42).map(|i| 5.7 + 1.4 / 42.0 * f64::from(i)).collect();
//! let response = TemperatureResponse::aia();
//! let counts = arr1(&[3.4, 13.8, 520.0, 680.0, 230.0, 15.0]);
//! let sigma = arr1(&[0.75, 1.2, 7.0, 7.5, 4.3, 0.86]);
//! for method in [Method::Positive, Method::NonNegative] {
//!     let inversion = Inversion { method, ..Inversion::new(response.clone(), edges.clone()) };
//!     let seen = Observation { counts: counts.view().into_dyn(), sigma: sigma.view().into_dyn() };
//!     let map = inversion.run(&Cpu, seen)?;
//!     assert!(map.emission.iter().all(|&x| x >= 0.0) && map.chi_squared[[]] < 1.0);
//! }
//! # Ok::<(), isopach_emission::Error>(())
//! ```
//!
//! # Images, noise and errors by trial
//!
//! Arrays have any leading shape; the last axis is the channels. [`Noise`] gives the errors of the
//! counts, [`PixelStatus`] says how each pixel ended, [`MonteCarlo`] repeats the inversion with
//! noise added. [`Inversion::forward`] computes the counts of a known emission measure:
//!
//! ```
//! use isopach_emission::{AIA, Cpu, Inversion, MonteCarlo, Noise, Observation, TemperatureResponse};
//! use ndarray::Array3;
//!
//! let edges: Vec<f64> = (0..=42).map(|i| 5.7 + 1.4 / 42.0 * f64::from(i)).collect();
//! let inversion = Inversion::new(TemperatureResponse::aia(), edges);
//! // An image of 2 × 3 pixels: Gaussians about log T = 6.1 to 6.35.
//! let truth = Array3::from_shape_fn((2, 3, 42), |(row, column, t)| {
//!     let peak = 6.1 + 0.05 * (3 * row + column) as f64;
//!     1e22 * (-0.5 * ((5.717 + 0.0333 * t as f64 - peak) / 0.2).powi(2)).exp()
//! });
//! let counts = inversion.forward(truth.view().into_dyn())?;
//! let noise = AIA.map(|channel| Noise::aia(&channel, 2.9, 1.0, 0.1)); // 2.9 s, 10 % systematic
//! let sigma = Noise::sigma_of_counts(&noise, counts.view())?;
//! let seen = || Observation { counts: counts.view(), sigma: sigma.view() };
//! let map = inversion.run(&Cpu, seen())?;
//! assert_eq!(map.emission.shape(), [2, 3, 42]);
//! assert!((map.emission[[0, 2, 14]] / truth[[0, 2, 14]] - 1.0).abs() < 0.3);
//!
//! let spread = MonteCarlo { draws: 8, seed: 1 }.run(&inversion, &Cpu, &seen())?;
//! assert_eq!(spread.deviation.shape(), [2, 3, 42]);
//! # Ok::<(), isopach_emission::Error>(())
//! ```
//!
//! # More
//!
//! * [`Instrument::from_json`] reads the channels and responses of another instrument.
//! * [`Inversion::stream`] inverts images of any size in bounded memory; [`Inversion::in_bands`]
//!   and [`Inversion::mean_temperature`] summarise the result.
//! * [`InvertPixels`] is the capability of a backend. [`mod@reference`] defines it, in plain loops;
//!   the CPU's version puts pixels into SIMD lanes. [`conformance`] compares any backend with the
//!   definition, and [`backend`] has the parts that backends share.
//! * The derivation is in `docs/algorithms/emission.md`.

pub mod backend;
mod bands;
pub mod conformance;
mod cpu;
mod dictionary;
mod discretised;
mod error;
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
pub use error::EmissionError;
pub use instrument::{Channel, Instrument, InstrumentError};
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

// Types of other crates in signatures of this one.
pub use isopach_compute::{Compute, Cpu, Dispatcher, Error, Result};
