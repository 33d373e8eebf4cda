//! EPSG tables: datums by code or name, and the well-known text of a code.

use crate::wkt::Node;
use isopach_cloud::LengthUnit;
pub(crate) use isopach_cloud::epsg::{unit_of_projected, unit_of_vertical};

/// Datums and vertical systems by their names.
const NAMES: &str = include_str!("../data/epsg_names.tsv");

/// Codes among which EPSG's geographic systems in two dimensions are.
const FIRST_GEOGRAPHIC: u16 = 4001;
const LAST_GEOGRAPHIC: u16 = 10_999;

/// A vertical system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VerticalSystem {
    pub(crate) code: u16,
    pub(crate) name: &'static str,
    pub(crate) datum: u16,
    pub(crate) datum_name: &'static str,
}

impl VerticalSystem {
    /// The system with this code.
    pub(crate) fn by_code(code: u16) -> Option<Self> {
        Self::iter_rows().find(|system| system.code == code)
    }

    /// The first system of heights in metres about this datum.
    pub(crate) fn by_datum(datum: u16) -> Option<Self> {
        Self::iter_rows().find(|system| {
            system.datum == datum
                && unit_of_vertical(system.code) == LengthUnit::Metre
                && !system.is_depth()
        })
    }

    /// Whether it counts downwards.
    pub(crate) fn is_depth(self) -> bool {
        self.name.contains("depth")
    }

    fn iter_rows() -> impl Iterator<Item = Self> {
        NAMES.lines().filter_map(|line| {
            let mut fields = line.split('\t');
            (fields.next() == Some("datum_of")).then_some(())?;
            let code = fields.next()?.parse().ok()?;
            let datum = fields.next()?.parse().ok()?;
            Some(Self {
                code,
                datum,
                name: fields.next()?,
                datum_name: fields.next()?,
            })
        })
    }
}

/// Code of the geodetic datum with this name in EPSG, ESRI or PROJ.
pub(crate) fn geodetic_datum(name: &str) -> Option<u16> {
    code_of_name("geodetic", &normalised_key(name))
}

/// Code of the vertical datum with this name.
pub(crate) fn vertical_datum(name: &str) -> Option<u16> {
    code_of_name("vertical", &normalised_key(name))
}

/// Code of the vertical system with this name.
pub(crate) fn vertical_system(name: &str) -> Option<u16> {
    code_of_name("system", &normalised_key(name))
}

/// Well-known text (version 1) of a horizontal or compound system.
pub(crate) fn wkt_of_code(code: u16) -> Option<&'static str> {
    crs_definitions::from_code(code).map(|definition| definition.wkt)
}

/// The datum, ellipsoid or prime meridian (`DATUM`, `SPHEROID`, `PRIMEM`) with this code, out of
/// the first geographic system that has it.
pub(crate) fn part_of_geographic(keyword: &str, code: u16) -> Option<Node> {
    // Most datums have the code of their system and 2000 more.
    let likely = code.checked_sub(2000).into_iter();
    let texts = likely
        .chain(FIRST_GEOGRAPHIC..=LAST_GEOGRAPHIC)
        .filter_map(wkt_of_code);
    texts
        .filter(|text| text.starts_with("GEOGCS"))
        .find_map(|text| {
            let system = Node::parse(text)?;
            let datum = system.child(&["DATUM"])?;
            let part = match keyword {
                "DATUM" => datum,
                "SPHEROID" => datum.child(&["SPHEROID"])?,
                _ => system.child(&[keyword])?,
            };
            (part.epsg_code() == Some(code)).then(|| part.clone().without_child("TOWGS84"))
        })
}

/// A name as names are compared: letters and digits in lower case, without ESRI's `D_` and the word
/// "ensemble".
pub(crate) fn normalised_key(name: &str) -> String {
    let name = name.to_lowercase();
    let name = name.strip_prefix("d_").unwrap_or(&name);
    let name = name.strip_suffix(" ensemble").unwrap_or(name);
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn code_of_name(kind: &str, key: &str) -> Option<u16> {
    NAMES.lines().find_map(|line| {
        let mut fields = line.split('\t');
        let found = fields.next() == Some(kind) && fields.next() == Some(key);
        found.then(|| fields.next()?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datum_is_found_by_any_of_its_names() {
        for name in [
            "D_WGS_1984",
            "WGS_1984",
            "World Geodetic System 1984 ensemble",
            "World Geodetic System 1984",
        ] {
            assert_eq!(geodetic_datum(name), Some(6326), "{name}");
        }
        for name in [
            "NAD83_National_Spatial_Reference_System_2011",
            "D_NAD_1983_2011",
        ] {
            assert_eq!(geodetic_datum(name), Some(1116), "{name}");
        }
        assert_eq!(
            vertical_datum("North_American_Vertical_Datum_1988"),
            Some(5103)
        );
        assert_eq!(vertical_system("NAVD88 height (ftUS)"), Some(6360));
        assert_eq!(geodetic_datum("nowhere"), None);
        let (heights, depths) = (
            VerticalSystem::by_datum(5103).unwrap(),
            VerticalSystem::by_code(6358).unwrap(),
        );
        assert_eq!(
            (
                heights.code,
                heights.is_depth(),
                depths.datum,
                depths.is_depth()
            ),
            (5703, false, 5103, true)
        );
    }

    #[test]
    fn the_table_is_whole() {
        let lines = NAMES.lines().filter(|line| !line.starts_with('#'));
        let whole = |line: &str| {
            let fields: Vec<&str> = line.split('\t').collect();
            match fields[0] {
                "datum_of" => {
                    fields.len() == 5
                        && fields[1].parse::<u16>().is_ok()
                        && fields[2].parse::<u16>().is_ok()
                }
                "geodetic" | "vertical" | "system" => {
                    fields.len() == 3 && fields[2].parse::<u16>().is_ok()
                }
                _ => false,
            }
        };
        assert!(lines.clone().count() > 2000);
        assert_eq!(
            lines.filter(|line| !whole(line)).collect::<Vec<_>>(),
            [""; 0]
        );
    }
}
