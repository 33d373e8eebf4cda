//! Coordinate systems from well-known text: finds the elements of the plane and of the heights, and
//! reads each.
//!
//! Systems may be wrapped (`BOUNDCRS[SOURCECRS[…]]`, `COORDINATEMETADATA[…]`) and put together
//! (`COMPOUNDCRS`, `COMPD_CS`), to any depth.

use crate::{definition, epsg, epsg::VerticalSystem, heights, wkt::Node};
use isopach_cloud::{Crs, CrsKind, LengthUnit, VerticalReference};

/// Elements that put systems together or wrap one.
pub(crate) const AROUND: [&str; 5] = [
    "COMPD_CS",
    "COMPOUNDCRS",
    "BOUNDCRS",
    "SOURCECRS",
    "COORDINATEMETADATA",
];
/// Elements whose coordinates are lengths in a plane.
pub(crate) const PLANES: [&str; 7] = [
    "PROJCS",
    "PROJCRS",
    "PROJECTEDCRS",
    "DERIVEDPROJCRS",
    "LOCAL_CS",
    "ENGCRS",
    "ENGINEERINGCRS",
];
/// Elements of heights.
pub(crate) const VERTICALS: [&str; 4] = ["VERT_CS", "VERTCS", "VERTCRS", "VERTICALCRS"];
const GEOGRAPHIC: [&str; 5] = [
    "GEOGCS",
    "GEOGCRS",
    "GEODCRS",
    "GEODETICCRS",
    "GEOGRAPHICCRS",
];
const GEOCENTRIC: [&str; 1] = ["GEOCCS"];
const DERIVING: [&str; 3] = ["DERIVINGCONVERSION", "BASEGEOGCRS", "BASEGEODCRS"];
/// Characters of a text that cannot be read that a message repeats.
const SHOWN: usize = 60;

/// Reads the coordinate system of a well-known text: `None` for an empty text, a system of
/// [`CrsKind::Unreadable`] for a malformed one.
#[must_use]
pub fn from_wkt(wkt: &str) -> Option<Crs> {
    let wkt = wkt.trim_start_matches('\u{feff}'); // a byte order mark
    if wkt.trim().is_empty() {
        return None;
    }
    let crs = Node::parse_closing(wkt).and_then(|(root, was_open)| {
        // A text that lacks brackets at its end would lack them in results, too.
        if was_open {
            interpret_root(&root.to_string(), &root)
        } else {
            interpret_root(wkt, &root)
        }
    });
    Some(crs.unwrap_or_else(|| unreadable_crs(wkt)))
}

fn unreadable_crs(wkt: &str) -> Crs {
    let shown: String = wkt
        .chars()
        .filter(|c| !c.is_control())
        .take(SHOWN)
        .collect();
    Crs {
        kind: CrsKind::Unreadable,
        name: Some(shown),
        unit: LengthUnit::Other,
        ..Crs::default()
    }
}

/// The elements that matter.
#[derive(Default)]
struct Parts<'a> {
    horizontal: Option<&'a Node>,
    vertical: Option<&'a Node>,
    epoch: Option<String>,
    /// Geoid model of a vertical system that is bound to another.
    geoid: Option<String>,
}

impl<'a> Parts<'a> {
    fn collect_parts(&mut self, node: &'a Node) {
        if node.is(&["BOUNDCRS"])
            && let Some(grid) = node
                .child(&["ABRIDGEDTRANSFORMATION"])
                .and_then(|by| by.child(&["PARAMETERFILE"]))
        {
            self.geoid = grid.value_at(1).and_then(heights::geoid_in);
        }
        if node.is(&["COORDINATEMETADATA"]) {
            let epoch = node.child(&["EPOCH", "COORDEPOCH"]).and_then(Node::name);
            self.epoch = epoch.map(str::to_owned);
        }
        if node.is(&AROUND) {
            node.arguments()
                .iter()
                .for_each(|part| self.collect_parts(part));
        } else if node.is(&VERTICALS) {
            self.vertical = self.vertical.or(Some(node));
        } else if [&PLANES[..], &GEOGRAPHIC, &GEOCENTRIC, &["FITTED_CS"]]
            .iter()
            .any(|kind| node.is(kind))
        {
            self.horizontal = self.horizontal.or(Some(node));
        }
    }
}

fn interpret_root(wkt: &str, root: &Node) -> Option<Crs> {
    let mut parts = Parts::default();
    parts.collect_parts(root);
    let horizontal = parts.horizontal?;
    let kind = kind_of(horizontal);
    let code = horizontal.epsg_code();
    let stated = horizontal
        .unit_factor()
        .map(LengthUnit::from_metres)
        .or(code.map(epsg::unit_of_projected));
    let unit = match kind {
        CrsKind::Geographic => LengthUnit::Degree,
        CrsKind::Plane => stated?,
        CrsKind::Geocentric | CrsKind::Derived | CrsKind::Unreadable => {
            stated.unwrap_or(LengthUnit::Other)
        }
    };
    let name = horizontal.name().map(str::to_owned);
    let vertical_code = parts.vertical.and_then(Node::epsg_code);
    let third = third_axis(horizontal);
    let mut heights = match parts.vertical {
        Some(vertical) => heights::reference_of_element(vertical, vertical_code),
        None if third.is_some() => heights::above_ellipsoid(name.as_deref().unwrap_or("its datum")),
        None => VerticalReference::default(),
    };
    heights.geoid = heights.geoid.or(parts.geoid);
    let own_unit = parts
        .vertical
        .and_then(Node::unit_factor)
        .or_else(|| third?.own_unit())
        .map(LengthUnit::from_metres);
    Some(Crs {
        kind,
        wkt: Some(wkt.to_owned()),
        plane: Some(horizontal.to_string()),
        horizontal: code,
        vertical: vertical_code,
        name,
        unit,
        vertical_unit: own_unit.or(vertical_code.map(epsg::unit_of_vertical)),
        heights,
        epoch: parts.epoch,
        definition: if kind == CrsKind::Plane {
            definition::define_system(horizontal)
        } else {
            None
        },
    })
}

fn kind_of(system: &Node) -> CrsKind {
    let axes = system.child(&["CS"]).and_then(Node::name);
    let is_cartesian = axes.is_some_and(|axes| axes.eq_ignore_ascii_case("Cartesian"));
    match () {
        () if system.is(&PLANES) => CrsKind::Plane,
        () if system.is(&GEOCENTRIC) => CrsKind::Geocentric,
        () if system.is(&GEOGRAPHIC) && system.child(&DERIVING).is_some() => CrsKind::Derived,
        () if system.is(&GEOGRAPHIC) && is_cartesian => CrsKind::Geocentric,
        () if system.is(&GEOGRAPHIC) => CrsKind::Geographic,
        () => CrsKind::Derived,
    }
}

/// The axis of heights of a system in three dimensions that is not local.
fn third_axis(system: &Node) -> Option<&Node> {
    let is_local = system.is(&["LOCAL_CS", "ENGCRS", "ENGINEERINGCRS"]);
    system
        .children(&["AXIS"])
        .find(|axis: &&Node| {
            axis.value_at(1)
                .is_some_and(|direction| direction.eq_ignore_ascii_case("up"))
        })
        .filter(|_| !is_local)
}

/// The element of a unit of length, in version 1; `None` for other units.
pub(crate) fn unit_element(unit: LengthUnit) -> Option<Node> {
    let name = match unit {
        LengthUnit::Metre => "metre",
        LengthUnit::Foot => "foot",
        LengthUnit::SurveyFoot => "US survey foot",
        LengthUnit::ClarkeFoot => "Clarke's foot",
        LengthUnit::Degree | LengthUnit::Other => return None,
    };
    Some(Node::new(
        "UNIT",
        vec![
            Node::Text(name.into()),
            Node::Word(unit.metres()?.to_string()),
        ],
    ))
}

/// The element of a vertical system that EPSG knows, in version 1.
pub(crate) fn vertical_element(code: u16) -> Option<Node> {
    let system = VerticalSystem::by_code(code)?;
    let unit = unit_element(epsg::unit_of_vertical(code))?;
    let (axis, direction) = if system.is_depth() {
        ("Depth", "DOWN")
    } else {
        ("Gravity-related height", "UP")
    };
    Some(Node::new(
        "VERT_CS",
        vec![
            Node::Text(system.name.into()),
            Node::new(
                "VERT_DATUM",
                vec![
                    Node::Text(system.datum_name.into()),
                    Node::Word("2005".into()),
                    epsg_authority(system.datum),
                ],
            ),
            unit,
            Node::new(
                "AXIS",
                vec![Node::Text(axis.into()), Node::Word(direction.into())],
            ),
            epsg_authority(code),
        ],
    ))
}

fn epsg_authority(code: u16) -> Node {
    let words = ["EPSG".to_owned(), code.to_string()];
    Node::new("AUTHORITY", words.map(Node::Text).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_systems_have_two_codes() {
        let wkt = r#"COMPD_CS["x",PROJCS["NAD83 / UTM 17N",GEOGCS["g"],UNIT["metre",1],AUTHORITY["EPSG","26917"]],VERT_CS["CGVD2013",UNIT["US survey foot",0.304800609601219],AUTHORITY["EPSG","6647"]]]"#;
        let crs = from_wkt(wkt).unwrap();
        assert_eq!((crs.horizontal, crs.vertical), (Some(26917), Some(6647)));
        assert_eq!(
            (crs.unit, crs.vertical_unit),
            (LengthUnit::Metre, Some(LengthUnit::SurveyFoot))
        );
    }

    #[test]
    fn local_grids_have_units_too() {
        for text in [
            r#"LOCAL_CS["Mine grid",LOCAL_DATUM["Mine datum",0],UNIT["US survey foot",0.304800609601219],AXIS["X",EAST],AXIS["Y",NORTH]]"#,
            r#"ENGCRS["site",EDATUM["d"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["US survey foot",0.304800609601219]]"#,
            r#"DERIVEDPROJCRS["site",BASEPROJCRS["b",BASEGEOGCRS["g"],CONVERSION["c"]],DERIVINGCONVERSION["d"],CS[Cartesian,2],AXIS["x",east,LENGTHUNIT["US survey foot",0.304800609601219]]]"#,
        ] {
            let crs = from_wkt(text).unwrap();
            assert_eq!(
                (crs.kind, crs.unit),
                (CrsKind::Plane, LengthUnit::SurveyFoot),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_plane_says_what_it_is() {
        for (text, kind) in [
            (
                r#"GEOGCS["g",DATUM["d"],UNIT["degree",0.0174532925199433]]"#,
                CrsKind::Geographic,
            ),
            (
                r#"GEOCCS["g",DATUM["d"],UNIT["metre",1]]"#,
                CrsKind::Geocentric,
            ),
            (
                r#"GEODCRS["g",DATUM["d"],CS[Cartesian,3],AXIS["X",geocentricX,LENGTHUNIT["metre",1]]]"#,
                CrsKind::Geocentric,
            ),
            (
                r#"GEOGCRS["r",BASEGEOGCRS["g"],DERIVINGCONVERSION["c"],CS[ellipsoidal,2],ANGLEUNIT["degree",0.0174532925199433]]"#,
                CrsKind::Derived,
            ),
            (
                r#"FITTED_CS["f",PARAM_MT["Affine"],PROJCS["p",UNIT["metre",1]]]"#,
                CrsKind::Derived,
            ),
            (r#"PROJCS["x",GEOGCS["g"],PARAM"#, CrsKind::Unreadable),
            ("EPSG:32617", CrsKind::Unreadable),
            (r#"VERT_CS["v",UNIT["metre",1]]"#, CrsKind::Unreadable),
        ] {
            let crs = from_wkt(text).unwrap();
            assert_eq!(crs.kind, kind, "{text}");
            assert!(!crs.is_metric(), "{text}");
        }
        assert_eq!(from_wkt(" \0"), Some(unreadable_crs(" \0")));
        assert_eq!(from_wkt("  "), None);
    }

    #[test]
    fn a_text_without_its_last_brackets_is_closed() {
        let whole = r#"PROJCS["p",GEOGCS["g"],UNIT["foot",0.3048],AUTHORITY["EPSG","2992"]]"#;
        for missing in [1, 2] {
            let crs = from_wkt(&whole[..whole.len() - missing]).unwrap();
            assert_eq!(
                (crs.wkt.as_deref(), crs.unit, crs.horizontal),
                (Some(whole), LengthUnit::Foot, Some(2992))
            );
        }
    }

    #[test]
    fn a_projected_system_may_end_with_its_axes() {
        let cut = r#"PROJCS["p",GEOGCS["g"],PROJECTION["Mercator"],UNIT["foot",0.3048],AXIS["X",EAST],AXIS["Y",NORTH]"#;
        assert_eq!(from_wkt(cut).unwrap().unit, LengthUnit::Foot);
        for shorter in [cut.len() - 1, cut.len() - 6, cut.len() - 16] {
            assert_eq!(
                from_wkt(&cut[..shorter]).unwrap().kind,
                CrsKind::Unreadable,
                "{}",
                &cut[..shorter]
            );
        }
    }

    /// A text that is cut anywhere either reads like the whole text or not at all: never as another
    /// code, never as a plane without its heights.
    #[test]
    fn a_text_that_is_cut_is_unreadable_or_as_the_whole() {
        for whole in [
            r#"PROJCS["p",GEOGCS["g",DATUM["d",SPHEROID["s",6378137,298.257222101]],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4269"]],PROJECTION["Transverse_Mercator"],PARAMETER["central_meridian",-81.5],UNIT["US survey foot",0.304800609601219],AXIS["X",EAST],EXTENSION["PROJ4","+proj=x"],AUTHORITY["EPSG","2236"]]"#,
            r#"COMPD_CS["c",PROJCS["p",GEOGCS["g"],UNIT["US survey foot",0.304800609601219],AUTHORITY["EPSG","2236"]],VERT_CS["NAVD88 depth",VERT_DATUM["North American Vertical Datum 1988",2005,AUTHORITY["EPSG","5103"]],UNIT["metre",1.0],AXIS["Depth",DOWN],AUTHORITY["EPSG","6357"]],AUTHORITY["EPSG","9999"]]"#,
            r#"COMPOUNDCRS["c",PROJCRS["p",BASEGEOGCRS["g"],CS[Cartesian,2],AXIS["x",east],LENGTHUNIT["foot",0.3048],ID["EPSG",2992]],VERTCRS["NAVD88 height",VDATUM["North American Vertical Datum 1988"],CS[vertical,1],AXIS["h",up],LENGTHUNIT["metre",1.0],ID["EPSG",5703]]]"#,
            r#"PROJCS["NAD_1983_StatePlane",GEOGCS["GCS"],PROJECTION["Mercator"],PARAMETER["False_Easting",2000000.0],UNIT["Foot_US",0.3048006096012192]]"#,
            r#"GEOGCS["g",DATUM["d"],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4269"]]"#,
        ] {
            let said = |text: &str| Crs {
                wkt: None,
                ..from_wkt(text).unwrap()
            };
            let of_whole = said(whole);
            let mut as_whole = 0;
            for cut in 1..whole.len() {
                let found = said(&whole[..cut]);
                if found.kind == CrsKind::Unreadable {
                    continue;
                }
                assert_eq!(found, of_whole, "{}", &whole[..cut]);
                as_whole += 1;
            }
            assert!(as_whole < 20, "{as_whole} of {whole}");
        }
    }

    #[test]
    fn wrapped_systems_are_found_with_epoch_and_geoid() {
        let plane = r#"PROJCRS["p",BASEGEOGCRS["g"],CS[Cartesian,2],AXIS["x",east],LENGTHUNIT["foot",0.3048]]"#;
        let vertical = r#"VERTCRS["NAVD88 height",VDATUM["North American Vertical Datum 1988"],CS[vertical,1],AXIS["h",up,LENGTHUNIT["metre",1]]]"#;
        let bound = format!(
            r#"BOUNDCRS[SOURCECRS[{vertical}],TARGETCRS[{plane}],ABRIDGEDTRANSFORMATION["a",METHOD["m"],PARAMETERFILE["grid","us_noaa_g2018u0.tif"]]]"#
        );
        let whole = format!(
            r#"COORDINATEMETADATA[COMPOUNDCRS["c",COMPOUNDCRS["d",BOUNDCRS[SOURCECRS[{plane}]],{bound}]],EPOCH[2010.5]]"#
        );
        let crs = from_wkt(&whole).unwrap();
        assert_eq!(
            (crs.unit, crs.vertical_unit),
            (LengthUnit::Foot, Some(LengthUnit::Metre))
        );
        assert_eq!(crs.epoch.as_deref(), Some("2010.5"));
        assert_eq!(crs.heights.geoid.as_deref(), Some("geoid18"));
        assert_eq!(crs.plane.as_deref(), Some(plane));
    }
}
