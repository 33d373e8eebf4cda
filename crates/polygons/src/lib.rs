//! Polygons from GeoJSON, as masks of a survey.
//!
//! A mask answers one question for many points: which polygons hold `[easting, northing]`?
//! Registration asks it for stable ground, change asks it for volumes by zone. A point on a
//! boundary has one answer: see [`Zone::contains`].
//!
//! Field files differ from RFC 7946, which allows longitude and latitude only. Most hold projected
//! metres and name their system in the `crs` member of the 2008 specification. [`Polygons::check`]
//! compares that with the survey.
//!
//! ```
//! use isopach_cloud::{Crs, Rect};
//! use isopach_polygons::Polygons;
//!
//! let polygons = Polygons::read(r#"{
//!   "type": "FeatureCollection",
//!   "crs": { "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::32617" } },
//!   "features": [
//!     { "type": "Feature", "properties": { "name": "west bank" }, "geometry": { "type": "Polygon",
//!       "coordinates": [[[630000, 4833000], [630050, 4833000], [630050, 4833100], [630000, 4833100], [630000, 4833000]]] } },
//!     { "type": "Feature", "properties": { "name": "east bank" }, "geometry": { "type": "Polygon",
//!       "coordinates": [[[630050, 4833000], [630100, 4833000], [630100, 4833100], [630050, 4833100], [630050, 4833000]]] } }
//!   ] }"#)?;
//!
//! let survey = Rect { min: [629_900.0, 4_832_900.0], max: [630_200.0, 4_833_200.0] };
//! assert!(polygons.check(Some(&Crs::from_epsg(32617)), &survey)?.is_empty());
//! assert!(polygons.check(Some(&Crs::from_epsg(26917)), &survey).is_err());
//!
//! // A point on the shared edge belongs to exactly one of the two.
//! let owners: Vec<usize> = polygons.zones_of([630_050.0, 4_833_020.0]).collect();
//! assert_eq!(polygons.zones()[owners[0]].name(), "east bank");
//! assert_eq!(owners.len(), 1);
//! assert_eq!(polygons.zones()[0].area(), 5000.0);
//! # Ok::<(), isopach_polygons::PolygonError>(())
//! ```

mod check;
mod crs;
mod edges;
mod error;
mod faults;
mod polygons;
mod read;
mod warning;
mod zone;

pub use crs::PolygonCrs;
pub use error::{PolygonError, Result};
pub use isopach_cloud::{Crs, Rect};
pub use polygons::Polygons;
pub use read::MOST_BYTES;
pub use warning::PolygonWarning;
pub use zone::Zone;

/// The program of the crate's page, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeProgram;
