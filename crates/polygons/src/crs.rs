//! The coordinate system that a GeoJSON text may state.

use std::fmt;

/// Names of longitude and latitude on WGS 84, which have no EPSG code.
const DEGREES: [&str; 2] = ["CRS84", "CRS83"];
/// EPSG codes of geographic systems in two dimensions that files name often; all in degrees.
const GEOGRAPHIC: [u16; 8] = [4326, 4269, 4258, 4267, 4283, 7844, 4617, 4955];

/// Coordinate system of polygons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PolygonCrs {
    /// No `crs` member: WGS 84 degrees by RFC 7946, often projected metres in practice.
    NotStated,
    /// Longitude and latitude in degrees, stated by name (CRS84).
    Degrees,
    /// An EPSG code, of a projected or geographic system.
    Epsg(u16),
}

impl PolygonCrs {
    /// Whether the system is known to be in degrees.
    #[must_use]
    pub fn is_degrees(self) -> bool {
        match self {
            Self::NotStated => false,
            Self::Degrees => true,
            Self::Epsg(code) => GEOGRAPHIC.contains(&code),
        }
    }

    /// `urn:ogc:def:crs:EPSG::32617`, `urn:ogc:def:crs:EPSG:9.6:32617`,
    /// `http://www.opengis.net/def/crs/EPSG/0/32617`, `EPSG:32617`; CRS84 in the same forms. A
    /// compound name is no system of a plane.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split([':', '/', '#']).collect();
        let last = *parts.last()?;
        if DEGREES.iter().any(|known| last.eq_ignore_ascii_case(known)) {
            return Some(Self::Degrees);
        }
        let is_epsg = parts
            .iter()
            .rev()
            .skip(1)
            .take(2)
            .any(|part| part.eq_ignore_ascii_case("EPSG"));
        let code = last
            .parse()
            .ok()
            .filter(|code| *code > 0 && is_epsg && !name.contains(','));
        code.map(Self::Epsg)
    }
}

impl fmt::Display for PolygonCrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStated => f.write_str("a system that is not stated"),
            Self::Degrees => f.write_str("degrees (CRS84)"),
            Self::Epsg(code) => write!(f, "EPSG:{code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_programs_write_are_understood() {
        for (name, expected) in [
            ("urn:ogc:def:crs:EPSG::32617", Some(PolygonCrs::Epsg(32617))),
            (
                "urn:ogc:def:crs:EPSG:9.6:32617",
                Some(PolygonCrs::Epsg(32617)),
            ),
            ("urn:x-ogc:def:crs:epsg::2958", Some(PolygonCrs::Epsg(2958))),
            ("EPSG:25832", Some(PolygonCrs::Epsg(25832))),
            (
                "http://www.opengis.net/def/crs/EPSG/0/3857",
                Some(PolygonCrs::Epsg(3857)),
            ),
            ("http://www.opengis.net/gml/srs/epsg.xml#4326", None),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", Some(PolygonCrs::Degrees)),
            ("urn:ogc:def:crs,crs:EPSG::2958,crs:EPSG::5713", None),
            ("urn:ogc:def:crs:ESRI::102100", None),
            ("EPSG:99999", None),
            ("EPSG:0", None),
            ("32617", None),
            ("", None),
        ] {
            assert_eq!(PolygonCrs::from_name(name), expected, "{name}");
        }
        assert!(PolygonCrs::Epsg(4326).is_degrees() && !PolygonCrs::Epsg(32617).is_degrees());
    }
}
