//! Feet to metres: the factors, and the coordinate system that the converted coordinates are in.
//!
//! The well-known text of a projected system in feet becomes that of the same projection in metres:
//! its false easting and northing, which text of version 1 gives in the system's own unit, are
//! converted, and its EPSG code is left out, because the code means feet.

use crate::{
    named,
    text::{AROUND, PLANES, VERTICALS},
    wkt::Node,
};
use isopach_cloud::{Crs, CrsKind, LengthUnit};

/// Metres per unit of easting, northing and height; `None` if one of them is not a length or is
/// unknown.
///
/// ```
/// use isopach_crs::{metre_factors, named_crs};
/// let state_plane = named_crs("EPSG:2260+6360")?; // US survey feet
/// assert_eq!(metre_factors(&state_plane), Some([1200.0 / 3937.0; 3]));
/// # Ok::<(), isopach_crs::CrsNameError>(())
/// ```
#[must_use]
pub fn metre_factors(crs: &Crs) -> Option<[f64; 3]> {
    if crs.kind != CrsKind::Plane {
        return None;
    }
    let [plane, height] = [crs.unit, crs.height_unit()].map(LengthUnit::metres);
    let (plane, height) = plane.zip(height)?;
    Some([plane, plane, height])
}

/// The metric equivalent of a system, for coordinates that have been multiplied by the
/// [`metre_factors`].
#[must_use]
pub fn in_metres(crs: &Crs) -> Crs {
    if crs.is_metric() {
        return crs.clone();
    }
    let plane = crs.unit == LengthUnit::Metre;
    let height = crs.height_unit() == LengthUnit::Metre;
    let stated = crs
        .name
        .clone()
        .or_else(|| crs.horizontal.map(|code| format!("EPSG:{code}")));
    let text = named::well_known_text(crs);
    Crs {
        wkt: text.as_deref().and_then(text_in_metres),
        plane: crs
            .plane
            .clone()
            .or_else(|| named::crs_of_code(crs.horizontal?)?.plane)
            .as_deref()
            .and_then(text_in_metres),
        horizontal: crs.horizontal.filter(|_| plane),
        vertical: crs.vertical.filter(|_| height),
        name: if plane {
            crs.name.clone()
        } else {
            stated.map(|name| metric_name(&name))
        },
        unit: LengthUnit::Metre,
        vertical_unit: Some(LengthUnit::Metre),
        ..crs.clone()
    }
}

const UNIT: [&str; 2] = ["UNIT", "LENGTHUNIT"];
const CODE: [&str; 2] = ["AUTHORITY", "ID"];

/// The text of the metric equivalent of a text.
fn text_in_metres(text: &str) -> Option<String> {
    Node::parse(text).map(|node| system_in_metres(node).to_string())
}

/// Whether an element states no unit of its own, or the metre.
fn has_metres(part: &Node) -> bool {
    part.own_unit().is_none_or(|factor| factor == 1.0)
}

/// The name of the metric equivalent.
fn metric_name(name: &str) -> String {
    format!("{name}, in metres")
}

/// A system by its parts, as they are put together or wrapped; a plane or heights in metres,
/// anything else as it is.
fn system_in_metres(node: Node) -> Node {
    let is_around = node.is(&AROUND);
    let is_length = node.is(&PLANES) || node.is(&VERTICALS);
    // A plane in metres may have a third axis, of heights, in feet.
    let is_metric = !is_length || has_metres(&node) && node.children(&["AXIS"]).all(has_metres);
    let factor = node.unit_factor().filter(|_| !is_metric);
    let is_compound = node.is(&["COMPD_CS", "COMPOUNDCRS"]);
    let Node::Element { keyword, arguments } = node else {
        return node;
    };
    let arguments = match factor {
        Some(factor) => scale_values(arguments, factor),
        None if is_around => {
            let kept = arguments
                .into_iter()
                .filter(|part| !(is_compound && part.is(&CODE)));
            kept.map(system_in_metres).collect()
        }
        None => arguments,
    };
    Node::Element { keyword, arguments }
}

/// Converts the parts of a system from units of `factor` metres.
fn scale_values(arguments: Vec<Node>, factor: f64) -> Vec<Node> {
    let kept = arguments
        .into_iter()
        .enumerate()
        .filter(|(_, part)| !part.is(&CODE));
    kept.map(|(place, part)| match part {
        Node::Text(name) if place == 0 => Node::Text(metric_name(&name)),
        Node::Element { keyword, arguments } if keyword.eq_ignore_ascii_case("AXIS") => {
            Node::Element {
                keyword,
                arguments: arguments.into_iter().map(metre_unit).collect(),
            }
        }
        Node::Element { keyword, arguments } if keyword.eq_ignore_ascii_case("PARAMETER") => {
            Node::Element {
                arguments: scale_parameter(arguments, factor),
                keyword,
            }
        }
        part => metre_unit(part),
    })
    .collect()
}

/// A unit becomes the metre.
fn metre_unit(node: Node) -> Node {
    match node {
        Node::Element { keyword, .. }
            if UNIT.iter().any(|unit| keyword.eq_ignore_ascii_case(unit)) =>
        {
            Node::Element {
                keyword,
                arguments: vec![Node::Text("metre".into()), Node::Word("1".into())],
            }
        }
        other => other,
    }
}

/// The parameters of text of version 1 that are lengths.
fn scale_parameter(arguments: Vec<Node>, factor: f64) -> Vec<Node> {
    let is_length = matches!(&arguments[..], [Node::Text(name), ..]
        if ["false_easting", "false_northing"].iter().any(|length| name.eq_ignore_ascii_case(length)));
    if is_length && factor != 1.0 {
        arguments
            .into_iter()
            .map(|part: Node| match &part {
                Node::Word(value) => value
                    .parse()
                    .map_or(part, |value: f64| Node::Word((value * factor).to_string())),
                _ => part,
            })
            .collect()
    } else {
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::from_wkt;

    const OREGON: &str = r#"PROJCS["Oregon Lambert",GEOGCS["NAD83",UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4269"]],PROJECTION["Lambert_Conformal_Conic_2SP"],PARAMETER["latitude_of_origin",41.75],PARAMETER["false_easting",1312335.958],PARAMETER["false_northing",0],UNIT["foot",0.3048],AXIS["X",EAST],AUTHORITY["EPSG","2992"]]"#;

    #[test]
    fn a_projection_in_feet_becomes_the_same_in_metres() {
        let feet = from_wkt(OREGON).unwrap();
        assert_eq!(
            (feet.unit, metre_factors(&feet)),
            (LengthUnit::Foot, Some([0.3048; 3]))
        );
        let metres = in_metres(&feet);
        assert!(metres.is_metric());
        assert_eq!(
            (metres.horizontal, metres.name.as_deref()),
            (None, Some("Oregon Lambert, in metres"))
        );
        let text = metres.wkt.unwrap();
        // 1312335.958 ft is 400 km, the false easting of the metric twin of this system, EPSG:2991.
        let easting = text
            .split("\"false_easting\",")
            .nth(1)
            .unwrap()
            .split(']')
            .next()
            .unwrap();
        assert!(
            (easting.parse::<f64>().unwrap() - 400_000.0).abs() < 1e-3,
            "{text}"
        );
        assert!(
            text.contains(r#"PARAMETER["latitude_of_origin",41.75]"#),
            "angles stay"
        );
        assert!(
            text.contains(r#"UNIT["degree",0.0174532925199433]"#)
                && text.contains(r#"["EPSG","4269"]"#)
        );
        assert!(!text.contains("2992"), "the code means feet");
        assert!(from_wkt(&text).unwrap().is_metric());
    }

    #[test]
    fn version_two_has_a_unit_in_each_axis_and_parameter() {
        let feet = from_wkt(
            r#"PROJCRS["x ft",BASEGEOGCRS["NAD83"],CONVERSION["c",PARAMETER["False easting",100,LENGTHUNIT["foot",0.3048]]],CS[Cartesian,2],AXIS["(E)",east,LENGTHUNIT["US survey foot",0.304800609601219]],ID["EPSG",2226]]"#,
        )
        .unwrap();
        assert_eq!(feet.unit, LengthUnit::SurveyFoot);
        let text = in_metres(&feet).wkt.unwrap();
        assert!(
            text.contains(r#"PARAMETER["False easting",100,LENGTHUNIT["foot",0.3048]]"#),
            "{text}"
        );
        assert!(
            text.contains(r#"AXIS["(E)",east,LENGTHUNIT["metre",1]]"#),
            "{text}"
        );
    }

    #[test]
    fn heights_alone_may_be_in_feet() {
        let both = from_wkt(
            r#"COMPD_CS["x",PROJCS["UTM",GEOGCS["g"],UNIT["metre",1],AUTHORITY["EPSG","26917"]],VERT_CS["NAVD88 (ftUS)",UNIT["US survey foot",0.304800609601219],AUTHORITY["EPSG","6360"]],AUTHORITY["EPSG","9999"]]"#,
        )
        .unwrap();
        assert_eq!(metre_factors(&both), Some([1.0, 1.0, 1200.0 / 3937.0]));
        let metres = in_metres(&both);
        assert_eq!((metres.horizontal, metres.vertical), (Some(26917), None));
        let text = metres.wkt.unwrap();
        assert!(
            text.contains("26917") && !text.contains("6360") && !text.contains("9999"),
            "{text}"
        );
    }

    #[test]
    fn systems_are_converted_inside_what_wraps_them() {
        let plane = r#"PROJCRS["x ft",BASEGEOGCRS["NAD83"],CS[Cartesian,2],AXIS["(E)",east],LENGTHUNIT["US survey foot",0.304800609601219],ID["EPSG",2260]]"#;
        let target =
            r#"GEOGCRS["WGS 84",CS[ellipsoidal,2],ANGLEUNIT["degree",0.0174532925199433]]"#;
        for around in [
            format!("BOUNDCRS[SOURCECRS[{plane}],TARGETCRS[{target}]]"),
            format!("COORDINATEMETADATA[{plane},EPOCH[2010]]"),
            format!(
                r#"COMPOUNDCRS["a",COMPOUNDCRS["b",BOUNDCRS[SOURCECRS[{plane}],TARGETCRS[{target}]]]]"#
            ),
        ] {
            let feet = from_wkt(&around).unwrap();
            assert_eq!(feet.unit, LengthUnit::SurveyFoot, "{around}");
            let metres = in_metres(&feet);
            let text = metres.wkt.unwrap();
            assert!(
                text.contains(r#"LENGTHUNIT["metre",1]"#) && !text.contains("2260"),
                "{text}"
            );
            assert!(from_wkt(&text).unwrap().is_metric(), "{text}");
            assert!(
                metres
                    .plane
                    .unwrap()
                    .starts_with("PROJCRS[\"x ft, in metres\"")
            );
        }
        let local =
            r#"LOCAL_CS["Mine grid",LOCAL_DATUM["d",0],UNIT["foot",0.3048],AXIS["X",EAST]]"#;
        let text = in_metres(&from_wkt(local).unwrap()).wkt.unwrap();
        assert_eq!(
            text,
            r#"LOCAL_CS["Mine grid, in metres",LOCAL_DATUM["d",0],UNIT["metre",1],AXIS["X",EAST]]"#
        );
    }

    #[test]
    fn a_third_axis_has_a_unit_of_its_own() {
        let axes = r#"CS[Cartesian,3],AXIS["(E)",east,LENGTHUNIT["metre",1]],AXIS["(N)",north,LENGTHUNIT["metre",1]],AXIS["h",up,LENGTHUNIT["foot",0.3048]]"#;
        let text =
            format!(r#"PROJCRS["x",BASEGEOGCRS["NAD83"],CONVERSION["c",METHOD["m"]],{axes}]"#);
        let crs = from_wkt(&text).unwrap();
        assert_eq!(metre_factors(&crs), Some([1.0, 1.0, 0.3048]));
        let metres = in_metres(&crs).wkt.unwrap();
        assert_eq!(
            metres,
            text.replace("foot\",0.3048", "metre\",1")
                .replace("\"x\"", "\"x, in metres\"")
        );
    }

    #[test]
    fn a_code_alone_in_feet_keeps_its_system_as_text() {
        let feet = Crs {
            vertical: Some(6360),
            vertical_unit: Some(LengthUnit::SurveyFoot),
            unit: LengthUnit::SurveyFoot,
            ..Crs::from_epsg(2226)
        };
        let metres = in_metres(&feet);
        let text = metres.wkt.unwrap();
        assert!(
            text.starts_with("COMPD_CS[")
                && text.contains("California zone 2")
                && text.contains("NAVD88"),
            "{text}"
        );
        assert!(
            !text.contains("2226") && !text.contains("6360") && !text.contains("survey foot\","),
            "{text}"
        );
        assert_eq!((metres.horizontal, metres.vertical), (None, None));
    }

    #[test]
    fn what_is_no_length_is_not_converted() {
        assert_eq!(
            metre_factors(&Crs {
                unit: LengthUnit::Degree,
                ..Crs::default()
            }),
            None
        );
        assert_eq!(
            metre_factors(&Crs {
                vertical_unit: Some(LengthUnit::Other),
                ..Crs::default()
            }),
            None
        );
    }
}
