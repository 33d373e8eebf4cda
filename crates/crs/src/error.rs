//! Error of looking up a coordinate system by name.

use isopach_cloud::CrsKind;
use std::fmt;

/// The names that [`crate::named_crs`] accepts.
const FORMS: &str =
    "EPSG:32617, EPSG:2260+6360 (with a vertical system), local (metres), local:ft or local:us-ft";

/// Reason why [`crate::named_crs`] does not accept a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrsNameError {
    /// The name is neither an EPSG code nor "local".
    NotACode(String),
    /// The code of the horizontal system is not a known projected system.
    UnknownHorizontal(String),
    /// The code is that of a system whose coordinates are not in a plane.
    NotAPlane {
        /// The EPSG code.
        code: String,
        /// Kind of its coordinates.
        kind: CrsKind,
    },
    /// The code of the vertical system is unknown.
    UnknownVertical(String),
}

impl fmt::Display for CrsNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACode(name) => write!(f, "{name:?} is not a coordinate system")?,
            Self::UnknownHorizontal(code) => {
                write!(f, "EPSG:{code} is not a known projected system")?;
            }
            Self::NotAPlane { code, kind } => {
                write!(
                    f,
                    "EPSG:{code} is {kind}, and coordinates must be in a plane"
                )?;
            }
            Self::UnknownVertical(code) => write!(f, "EPSG:{code} is not a known vertical system")?,
        }
        write!(f, ": give {FORMS}")
    }
}

impl std::error::Error for CrsNameError {}
