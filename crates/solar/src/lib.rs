//! What the header of a solar image says, and whether images belong together.
//!
//! [`SolarHeader::from_keywords`] reads the unit of the counts, the exposure, the wavelength, the
//! place on the Sun, the time and the quality from the keywords of a FITS file, as JSOC, sunpy and
//! aiapy write them. [`find_disagreements`] says what keeps several images from being inverted as one.
//! Nothing here reads a pixel.
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
//! let found = SolarHeader::from_keywords(&cards);
//! assert_eq!((found.wavelength, found.unit), (Some(171.0), Ok(Some(CountUnit::PerSecond))));
//! let [x, y] = found.wcs.unwrap().pixel_to_world([19.0, 9.0]);
//! assert!((x - 6.0).abs() < 1e-6 && y.abs() < 1e-6, "arcseconds");
//! ```

mod consistency;
mod header;
mod keywords;
mod quality;
mod time;
mod unit;
mod wcs;

pub use consistency::{Disagreement, DisagreementKind, find_disagreements};
pub use header::SolarHeader;
pub use keywords::Keywords;
pub use quality::Quality;
pub use time::ObservationTime;
pub use unit::CountUnit;
pub use wcs::Wcs;
