//! Coordinate reference systems as files state them: well-known text, GeoTIFF keys, EPSG codes.
//!
//! ```
//! use isopach_crs::{from_wkt, in_metres, metre_factors, named_crs, well_known_text};
//! let feet = named_crs("EPSG:2992")?; // Oregon, international feet
//! assert_eq!(metre_factors(&feet), Some([0.3048; 3]));
//! let metres = well_known_text(&in_metres(&feet)).expect("a code of EPSG has a text");
//! assert!(from_wkt(&metres).expect("a system").is_metric());
//! # Ok::<(), isopach_crs::CrsNameError>(())
//! ```
//!
//! # Reading
//!
//! [`from_wkt`] (versions 1 and 2, ESRI's and GDAL's dialects), [`from_geokeys`] and [`named_crs`]
//! read the three forms into one [`Crs`]. Its `definition` is equal for equal systems, in any form,
//! so two epochs can be compared.
//!
//! ```
//! use isopach_crs::{from_wkt, named_crs, well_known_text};
//! let utm = named_crs("EPSG:32617")?;
//! let same = from_wkt(&well_known_text(&utm).expect("a text")).expect("a system");
//! assert_eq!(utm.find_contradiction(&same), None);
//! let other = named_crs("EPSG:32618")?;
//! assert_eq!(utm.find_contradiction(&other).as_deref(), Some("horizontal EPSG 32617 against 32618"));
//! # Ok::<(), isopach_crs::CrsNameError>(())
//! ```
//!
//! # Writing and converting
//!
//! [`well_known_text`] and [`to_geokeys`] write a system. [`metre_factors`] and [`in_metres`]
//! convert a system in feet: factors for the coordinates, and the metric equivalent of the system.
//! [`counts_downwards`] recognises depths. Points are never reprojected.

mod definition;
mod epsg;
mod error;
mod heights;
mod keys;
mod metric;
mod named;
mod text;
mod wkt;

pub use error::CrsNameError;
pub use heights::counts_downwards;
pub use isopach_cloud::{Crs, CrsKind, LengthUnit, VerticalReference};
pub use keys::{GeoKeys, from_geokeys, to_geokeys};
pub use metric::{in_metres, metre_factors};
pub use named::{named_crs, well_known_text};
pub use text::from_wkt;

/// The program of the crate's page, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeProgram;
