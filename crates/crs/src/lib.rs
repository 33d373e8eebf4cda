//! Coordinate systems as files state them.
//!
//! A file states its system as well-known text (versions 1 and 2, ESRI's dialect), as GeoTIFF keys,
//! or as an EPSG code. [`from_wkt`], [`from_geokeys`] and [`named_crs`] read these into one
//! [`Crs`](isopach_cloud::Crs), whose `definition` is equal for equal systems in whatever words
//! they come; [`well_known_text`] and [`to_geokeys`] write it. [`metre_factors`] and [`in_metres`]
//! convert a system in feet, coordinates and text.
//!
//! Points are never reprojected here.
//!
//! ```
//! use isopach_crs::{from_wkt, in_metres, metre_factors, named_crs, well_known_text};
//! let feet = named_crs("EPSG:2992")?; // Oregon, international feet
//! assert_eq!(metre_factors(&feet), Some([0.3048; 3]));
//! let metres = well_known_text(&in_metres(&feet)).expect("a code of EPSG has a text");
//! assert!(from_wkt(&metres).expect("a system").is_metric());
//! # Ok::<(), String>(())
//! ```

mod definition;
mod epsg;
mod heights;
mod keys;
mod metric;
mod named;
mod text;
mod wkt;

pub use heights::counts_downwards;
pub use keys::{GeoKeys, from_geokeys, to_geokeys};
pub use metric::{in_metres, metre_factors};
pub use named::{named_crs, well_known_text};
pub use text::from_wkt;
