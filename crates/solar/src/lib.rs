//! Metadata of solar images from their FITS headers, and whether images belong together.
//!
//! ```
//! use isopach_solar::{CountUnit, Keywords, SolarHeader};
//!
//! struct Cards(Vec<(&'static str, f64)>);
//! impl Keywords for Cards {
//!     fn number(&self, keyword: &str) -> Option<f64> {
//!         self.0.iter().find(|(name, _)| *name == keyword).map(|(_, value)| *value)
//!     }
//!     fn text(&self, keyword: &str) -> Option<&str> {
//!         (keyword == "BUNIT").then_some("DN / s")
//!     }
//! }
//! let cards = Cards(vec![("WAVELNTH", 171.0), ("EXPTIME", 2.0), ("CDELT1", 0.6), ("CDELT2", 0.6), ("CRPIX1", 10.0), ("CRPIX2", 10.0)]);
//! let header = SolarHeader::from_keywords(&cards);
//! assert_eq!((header.wavelength, header.unit), (Some(171.0), Ok(Some(CountUnit::PerSecond))));
//! let [x, y] = header.wcs.unwrap().pixel_to_world([19.0, 9.0]);
//! assert!((x - 6.0).abs() < 1e-6 && y.abs() < 1e-6, "arcseconds");
//! ```
//!
//! # One image
//!
//! [`SolarHeader::from_keywords`] reads unit, exposure, wavelength, world coordinates, time and
//! quality, in the spellings of JSOC, sunpy and aiapy. `isopach_fits::FitsHeader` implements
//! [`Keywords`]. A part that is stated but unusable is an `Err` with the reason; an unstated part
//! is `None`. [`Wcs`], [`ObservationTime`], [`CountUnit`] and [`Quality`] can be used by
//! themselves.
//!
//! ```
//! use isopach_solar::{CountUnit, ObservationTime};
//! let tai = ObservationTime::parse("2011.02.15_01:48:46.34_TAI").unwrap();
//! let utc = ObservationTime::parse("2011-02-15T01:48:12.34Z").unwrap();
//! assert!(tai.seconds_since(utc).abs() < 1e-3, "TAI was 34 s ahead");
//! assert_eq!(CountUnit::parse("DN/s").unwrap(), CountUnit::PerSecond);
//! ```
//!
//! # Several images
//!
//! [`find_disagreements`] lists the reasons why images cannot be inverted together: other places,
//! times or observers, unusable quality. No pixel is read.

mod consistency;
mod error;
mod header;
mod keywords;
mod quality;
mod time;
mod unit;
mod wcs;

pub use consistency::{Disagreement, DisagreementKind, find_disagreements};
pub use error::SolarError;
pub use header::SolarHeader;
pub use keywords::Keywords;
pub use quality::Quality;
pub use time::ObservationTime;
pub use unit::CountUnit;
pub use wcs::Wcs;

/// The program of the crate's page, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeProgram;
