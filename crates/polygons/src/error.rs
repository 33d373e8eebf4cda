//! Errors: each names the feature, the value and the remedy.

use crate::PolygonCrs;
use isopach_cloud::Rect;
use std::path::PathBuf;

/// Result of reading or checking polygons.
pub type Result<T> = std::result::Result<T, PolygonError>;

/// Reason why polygons cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolygonError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The text is larger than [`crate::MOST_BYTES`].
    #[error(
        "the polygons take {bytes} bytes, but at most {most} are read: simplify them (ogr2ogr -simplify 0.1)"
    )]
    TooLarge {
        /// Bytes of the text.
        bytes: u64,
        /// Bytes that are read at most.
        most: u64,
    },
    /// The text is no GeoJSON: a syntax error, nesting without end, a missing member.
    #[error("not GeoJSON: {0}. Convert the file with ogr2ogr -f GeoJSON")]
    Malformed(String),
    /// There is no polygon at all.
    #[error("the file has no polygon: it needs at least one Polygon or MultiPolygon")]
    Empty,
    /// A feature is no polygon.
    #[error(
        "{feature} is a {found}, but must be a Polygon or MultiPolygon: leave it out, or convert it to an area"
    )]
    NotAnArea {
        /// The feature, by number and name.
        feature: String,
        /// Type of its geometry, or "feature without geometry".
        found: &'static str,
    },
    /// A ring has fewer than four positions.
    #[error(
        "{feature}: ring {ring} has {positions} positions, but must have at least 4 (a triangle, closed)"
    )]
    RingTooShort {
        /// The feature, by number and name.
        feature: String,
        /// Number of the ring in the feature, from 0.
        ring: usize,
        /// Positions that it has.
        positions: usize,
    },
    /// A ring does not end at its first position.
    #[error(
        "{feature}: ring {ring} starts at {first:?} and ends at {last:?}: repeat the first position at the end"
    )]
    RingNotClosed {
        /// The feature, by number and name.
        feature: String,
        /// Number of the ring in the feature, from 0.
        ring: usize,
        /// First position, metres.
        first: [f64; 2],
        /// Last position, metres.
        last: [f64; 2],
    },
    /// A position is no place.
    #[error(
        "{feature}: ring {ring} has the coordinate {value}, but coordinates must be finite and within ±2e9 m"
    )]
    NoPlace {
        /// The feature, by number and name.
        feature: String,
        /// Number of the ring in the feature, from 0.
        ring: usize,
        /// The coordinate.
        value: f64,
    },
    /// The `crs` member is not understood.
    #[error(
        "the polygons' crs member is {found}: name an EPSG code, such as \"urn:ogc:def:crs:EPSG::32617\""
    )]
    UnknownSystem {
        /// Text of the member, shortened.
        found: String,
    },
    /// Polygons in degrees beside a survey in metres.
    #[error(
        "the polygons are in degrees ({bounds}), the survey in metres ({survey}): reproject them (ogr2ogr -t_srs {target} out.geojson in.geojson)"
    )]
    Degrees {
        /// Bounds of the polygons, degrees.
        bounds: Rect,
        /// Extent of the survey, metres.
        survey: Rect,
        /// System of the survey for the command: "EPSG:32617", or a placeholder if it is unknown.
        target: String,
    },
    /// Polygons and survey state different systems.
    #[error(
        "the polygons are in {polygons}, the survey in {survey}: reproject them (ogr2ogr -t_srs {target} out.geojson in.geojson)"
    )]
    OtherSystem {
        /// The system stated by the polygons.
        polygons: PolygonCrs,
        /// The system stated by the survey.
        survey: String,
        /// System of the survey for the command.
        target: String,
    },
    /// No polygon meets the survey.
    #[error(
        "no polygon ({bounds}) meets the survey ({survey}): check the coordinate system of the polygons"
    )]
    Apart {
        /// Bounds of all polygons.
        bounds: Rect,
        /// Extent of the survey.
        survey: Rect,
    },
}

impl From<PolygonError> for isopach_compute::Error {
    /// A file that cannot be used is a source's fault; polygons that do not fit the survey are the
    /// caller's.
    fn from(error: PolygonError) -> Self {
        match &error {
            PolygonError::Degrees { .. }
            | PolygonError::OtherSystem { .. }
            | PolygonError::Apart { .. } => Self::invalid_input(error),
            _ => Self::source(error),
        }
    }
}
