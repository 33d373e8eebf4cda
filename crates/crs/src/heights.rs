//! Vertical references: datum and geoid model, from the names and elements that files use.

use crate::{
    epsg::{self, VerticalSystem},
    wkt::Node,
};
use isopach_cloud::{Crs, VerticalReference};

/// Key of heights above an ellipsoid.
const ELLIPSOID: &str = "ellipsoid";
/// Suffix of a datum's key for systems whose values count downwards.
const DEPTH: &str = " depth";
/// First letters of geoid models, followed by a year or a number.
const MODELS: [&str; 11] = [
    "geoid", "egm", "cgg", "ht2", "gcg", "osgm", "ausgeoid", "raf", "nzgeoid", "gsigeo", "eggg",
];
/// WKT 1 type of a vertical datum of ellipsoidal heights.
const ELLIPSOIDAL_TYPE: &str = "2002";

/// Reference of a vertical element of well-known text: `VERT_CS`, ESRI's `VERTCS`, `VERTCRS`.
pub(crate) fn reference_of_element(vertical: &Node, code: Option<u16>) -> VerticalReference {
    let datum = vertical.child(&["VERT_DATUM", "VDATUM", "VERTICALDATUM", "VRF", "ENSEMBLE"]);
    let name = vertical.name().unwrap_or_default();
    let is_ellipsoidal = vertical.child(&["DATUM"]).is_some()
        || datum.and_then(|datum| datum.value_at(1)) == Some(ELLIPSOIDAL_TYPE)
        || is_above_ellipsoid(name);
    let model = vertical.child(&["GEOIDMODEL"]).and_then(Node::name);
    let grids = datum
        .and_then(|datum| datum.child(&["EXTENSION"]))
        .and_then(|extension| extension.value_at(1));
    let geoid = model.map(|model| geoid_in(model).unwrap_or_else(|| epsg::normalised_key(model)));
    let key = match is_ellipsoidal {
        true => Some(ELLIPSOID.to_owned()),
        false => datum_of(
            code,
            datum.and_then(Node::epsg_code),
            datum.and_then(Node::name),
            name,
        ),
    };
    let key = match key {
        Some(key) if is_down(vertical) && !key.ends_with(DEPTH) => Some(key + DEPTH),
        key => key,
    };
    VerticalReference {
        name: Some(name.to_owned()).filter(|name| !name.is_empty()),
        datum: key,
        geoid: geoid
            .or_else(|| geoid_in(name))
            .or_else(|| grids.and_then(geoid_in)),
    }
}

/// Whether an element says that its values count downwards: by its axis, or as ESRI says it.
fn is_down(vertical: &Node) -> bool {
    let axis = vertical.child(&["AXIS"]).and_then(|axis| axis.value_at(1));
    let direction = vertical
        .children(&["PARAMETER"])
        .find(|parameter: &&Node| {
            parameter
                .name()
                .is_some_and(|name| name.eq_ignore_ascii_case("direction"))
        })
        .and_then(|parameter| parameter.number_at(1));
    axis.is_some_and(|axis| axis.eq_ignore_ascii_case("down")) || direction == Some(-1.0)
}

/// Whether the heights of a system are depths, counted downwards: a positive change is then a loss.
#[must_use]
pub fn counts_downwards(crs: &Crs) -> bool {
    crs.heights
        .datum
        .as_ref()
        .is_some_and(|datum| datum.ends_with(DEPTH))
}

/// Reference of GeoTIFF's vertical key and its citation. Codes of datums and of ellipsoids, as in
/// GeoTIFF 1.0, are understood.
pub(crate) fn reference_of_keys(code: Option<u16>, citation: Option<&str>) -> VerticalReference {
    let name = citation
        .map(str::to_owned)
        .or_else(|| VerticalSystem::by_code(code?).map(|system| system.name.to_owned()));
    let datum = match code {
        Some(5001..=5099) => Some(ELLIPSOID.to_owned()),
        _ if citation.is_some_and(is_above_ellipsoid) => Some(ELLIPSOID.to_owned()),
        _ => datum_of(code, None, None, citation.unwrap_or_default()),
    };
    VerticalReference {
        geoid: name.as_deref().and_then(geoid_in),
        name,
        datum,
    }
}

/// Heights that come with coordinates in three dimensions.
pub(crate) fn above_ellipsoid(system: &str) -> VerticalReference {
    let name = format!("ellipsoidal height of {system}");
    VerticalReference {
        name: Some(name),
        datum: Some(ELLIPSOID.into()),
        geoid: None,
    }
}

/// The code of the system in metres that a vertical code means: one of a datum stands for its
/// system, as GDAL has it.
pub(crate) fn system_of_key(code: u16) -> u16 {
    match VerticalSystem::by_code(code) {
        Some(_) => code,
        None => VerticalSystem::by_datum(code).map_or(code, |system| system.code),
    }
}

/// The geoid model that a text names: "NAVD88 - Geoid12B (Feet)" has "geoid12b",
/// "us_noaa_g2018u0.tif" "geoid18".
pub(crate) fn geoid_in(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.iter().enumerate().find_map(|(i, word)| {
        let joined = match words.get(i + 1) {
            Some(next) if *word == "geoid" && next.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("{word}{next}")
            }
            _ => (*word).to_owned(),
        };
        find_geoid_model(&joined)
    })
}

/// One word that is a geoid model, in one spelling.
fn find_geoid_model(word: &str) -> Option<String> {
    // Grids of the National Geodetic Survey: g2012bu0, g2018u0.
    let grid = word
        .strip_prefix("g20")
        .filter(|rest| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_digit));
    if let Some(rest) = grid {
        let letter = rest[2..]
            .chars()
            .next()
            .filter(|letter| matches!(letter, 'a' | 'b'));
        return Some(format!(
            "geoid{}{}",
            &rest[..2],
            letter.map_or(String::new(), String::from)
        ));
    }
    let (prefix, rest) = MODELS
        .iter()
        .find_map(|prefix| Some((*prefix, word.strip_prefix(prefix)?)))?;
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(match (prefix, rest) {
        ("geoid", rest) if rest.len() >= 4 && rest.starts_with("20") => {
            format!("geoid{}", &rest[2..])
        }
        ("egm", "08") => "egm2008".into(),
        _ => word.to_owned(),
    })
}

fn is_above_ellipsoid(name: &str) -> bool {
    name.to_lowercase().contains("ellips")
}

/// Key of a vertical datum: by the system's code, by the datum's own, by its name, by that of the
/// system.
fn datum_of(
    code: Option<u16>,
    datum: Option<u16>,
    datum_name: Option<&str>,
    system_name: &str,
) -> Option<String> {
    let system = code
        .and_then(VerticalSystem::by_code)
        .or_else(|| epsg::vertical_system(system_name).and_then(VerticalSystem::by_code));
    let is_depth = system.is_some_and(VerticalSystem::is_depth);
    let by_code = code.filter(|code| {
        VerticalSystem::by_code(*code).is_none() && VerticalSystem::by_datum(*code).is_some()
    });
    let number = datum
        .or(system.map(|system| system.datum))
        .or(by_code)
        .or_else(|| datum_name.and_then(epsg::vertical_datum))
        .or_else(|| epsg::vertical_datum(&letters_and_digits(system_name)));
    let key = number.map(|number| number.to_string()).or_else(|| {
        let name = datum_name.map_or_else(
            || epsg::normalised_key(&letters_and_digits(system_name)),
            epsg::normalised_key,
        );
        Some(name).filter(|name| !name.is_empty() && name != "unknown" && name != "unnamed")
    })?;
    Some(if is_depth { key + DEPTH } else { key })
}

/// The name of a vertical system without its unit, its geoid, and the word "height".
fn letters_and_digits(name: &str) -> String {
    const NOTHING: [&str; 13] = [
        "height", "heights", "meters", "metres", "meter", "metre", "feet", "foot", "ft", "ftus",
        "us", "survey", "m",
    ];
    const UNTIL: [&str; 5] = ["geoid", "using", "via", "with", "by"];
    let lower = name.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let words = words.take_while(|word| !UNTIL.contains(word) && find_geoid_model(word).is_none());
    words
        .filter(|word| !NOTHING.contains(word))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geoid_models_are_found_in_any_wording() {
        for (text, expected) in [
            ("NAVD88 height - Geoid12B", Some("geoid12b")),
            ("NAVD88 - GEOID 18 (Feet)", Some("geoid18")),
            ("NAVD_1988_Geoid_03", Some("geoid03")),
            ("us_noaa_g2018u0.tif", Some("geoid18")),
            ("g2012bu0.gtx", Some("geoid12b")),
            ("Geoid2012B", Some("geoid12b")),
            ("EGM08", Some("egm2008")),
            ("EGM2008 height", Some("egm2008")),
            ("CGVD2013(CGG2013a)", Some("cgg2013a")),
            ("NAVD88 height", None),
            ("WGS_1984_Geoid", None),
            ("geoidal height", None),
        ] {
            assert_eq!(geoid_in(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn one_datum_in_the_words_of_several() {
        let element = |text: &str, code: Option<u16>| {
            reference_of_element(&Node::parse(text).unwrap(), code).datum
        };
        let navd88 = Some("5103".to_owned());
        assert_eq!(
            element(
                r#"VERT_CS["NAVD88 height",VERT_DATUM["North American Vertical Datum 1988",2005]]"#,
                None
            ),
            navd88
        );
        assert_eq!(
            element(
                r#"VERTCS["NAVD_1988",VDATUM["North_American_Vertical_Datum_1988"]]"#,
                None
            ),
            navd88
        );
        assert_eq!(element(r#"VERTCRS["x",VDATUM["y"]]"#, Some(6360)), navd88);
        assert_eq!(reference_of_keys(Some(5103), None).datum, navd88);
        assert_eq!(reference_of_keys(Some(5703), None).datum, navd88);
        let cited = reference_of_keys(None, Some("NAVD88 - Geoid12B (Feet)"));
        assert_eq!(
            (cited.datum, cited.geoid.as_deref()),
            (navd88, Some("geoid12b"))
        );
        assert_eq!(
            reference_of_keys(Some(6358), None).datum.as_deref(),
            Some("5103 depth")
        );
        assert_eq!((system_of_key(5103), system_of_key(6360)), (5703, 6360));
    }

    #[test]
    fn heights_above_an_ellipsoid_are_their_own_kind() {
        for text in [
            r#"VERT_CS["Ellipsoid",VERT_DATUM["Ellipsoid",2002]]"#,
            r#"VERTCS["WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]]]"#,
            r#"VERT_CS["NAD83(2011) ellipsoid height",VERT_DATUM["x",2005]]"#,
        ] {
            let found = reference_of_element(&Node::parse(text).unwrap(), None);
            assert_eq!(found.datum.as_deref(), Some(ELLIPSOID), "{text}");
        }
        assert_eq!(
            reference_of_keys(Some(5030), None).datum.as_deref(),
            Some(ELLIPSOID)
        );
    }
}
