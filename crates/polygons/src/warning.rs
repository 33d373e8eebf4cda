//! Warnings about polygons that are usable all the same.

use std::fmt;

/// A doubt about the polygons that does not prevent their use. It belongs into the report of a run.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum PolygonWarning {
    /// Rings of one polygon cross each other or themselves, or share a stretch of boundary.
    RingsCross {
        /// Name of the zone.
        zone: String,
        /// A place of one of the edges, metres.
        at: [f64; 2],
    },
    /// A part of a MultiPolygon lies within another one. It counts once.
    PartWithinPart {
        /// Name of the zone.
        zone: String,
        /// A position of the inner part, metres.
        at: [f64; 2],
    },
    /// A hole lies outside the ring that it should cut. By the even-odd rule it is filled.
    HoleOutside {
        /// Name of the zone.
        zone: String,
        /// A position of the hole, metres.
        at: [f64; 2],
    },
    /// The edges lie so close that whether they cross was not checked.
    NotChecked {
        /// Name of the zone.
        zone: String,
        /// Number of its edges.
        edges: usize,
    },
    /// Neither a `crs` member nor degrees: the coordinates are taken to be those of the survey.
    SystemNotStated,
    /// The polygons name a system, the survey does not: nothing was compared.
    SurveySystemNotStated,
    /// A zone lies outside the survey as a whole.
    OutsideSurvey {
        /// Name of the zone.
        zone: String,
    },
}

impl fmt::Display for PolygonWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RingsCross { zone, at: [x, y] } => write!(
                f,
                "polygon {zone}: boundaries cross or overlap near {x:.2} E {y:.2} N; the even-odd rule decides, its area is not stated"
            ),
            Self::PartWithinPart { zone, at: [x, y] } => {
                write!(f, "polygon {zone}: one part lies within another at {x:.2} E {y:.2} N; its area is not stated")
            }
            Self::HoleOutside { zone, at: [x, y] } => write!(
                f,
                "polygon {zone}: a hole lies outside its ring at {x:.2} E {y:.2} N and counts as filled; its area is not stated"
            ),
            Self::NotChecked { zone, edges } => write!(
                f,
                "polygon {zone}: {edges} edges lie too close to check whether they cross; its area is not stated"
            ),
            Self::SystemNotStated => {
                f.write_str("the polygons state no coordinate system; they are taken to be in that of the survey")
            }
            Self::SurveySystemNotStated => {
                f.write_str("the survey states no coordinate system to compare that of the polygons with")
            }
            Self::OutsideSurvey { zone } => write!(f, "polygon {zone} lies outside the survey"),
        }
    }
}
