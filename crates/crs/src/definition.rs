//! A projected system in one wording: datum, method and parameters in SI units, so that equal
//! systems are equal texts.
//!
//! Files name one system in several ways: `WGS 84 / UTM zone 17N` (EPSG) is `WGS_1984_UTM_Zone_17N`
//! (ESRI), false eastings are in feet or metres, parameters have three sets of names. Values are
//! rounded to 1e-7 degrees (azimuths to 1e-6: Křovák's has been stated as 30.28813975 and as
//! 30.28813972) and a centimetre: no two systems in use are so close.

use crate::{epsg, wkt::Node};
use std::{collections::BTreeMap, fmt::Write};

const GEOGRAPHIC: [&str; 8] = [
    "GEOGCS",
    "GEOGCRS",
    "GEODCRS",
    "GEODETICCRS",
    "GEOGRAPHICCRS",
    "BASEGEOGCRS",
    "BASEGEODCRS",
    "BASEGCRS",
];
/// Radians of a degree.
const DEGREE: f64 = std::f64::consts::PI / 180.0;
/// An element of this name and text is a sphere's Mercator on an ellipsoid's coordinates.
const WEB_MERCATOR: &str = "mercatorauxiliarysphere";

/// The canonical definition of a projected element; `None` for other elements and incomplete ones.
pub(crate) fn define_system(system: &Node) -> Option<String> {
    if !system.is(&["PROJCS", "PROJCRS", "PROJECTEDCRS"]) {
        return None;
    }
    let base = system.child(&GEOGRAPHIC)?;
    let mut text = describe_datum(base)?;
    append_projection(system, base, &mut text)?;
    Some(text)
}

/// Datum and prime meridian.
fn describe_datum(base: &Node) -> Option<String> {
    let datum = base.child(&["DATUM", "GEODETICDATUM", "TRF", "ENSEMBLE"])?;
    let name = datum.name()?;
    let code = datum.epsg_code().or_else(|| epsg::geodetic_datum(name));
    let mut text = match code {
        Some(code) => format!("datum {code}"),
        None => {
            let ellipsoid = datum.child(&["SPHEROID", "ELLIPSOID"])?;
            format!(
                "datum {} {:.1} {:.4}",
                epsg::normalised_key(name),
                ellipsoid.number_at(1)?,
                ellipsoid.number_at(2)?
            )
        }
    };
    let meridian = base.child(&["PRIMEM", "PRIMEMERIDIAN"]);
    let offset = meridian.and_then(|meridian| {
        // Degrees in version 1, as written by GDAL and ESRI, regardless of the angle unit.
        let unit = meridian.own_unit().unwrap_or(DEGREE);
        Some(meridian.number_at(1)? * unit / DEGREE)
    });
    if let Some(offset) = offset.filter(|offset| *offset != 0.0) {
        let _ = write!(text, " meridian {offset:.7}");
    }
    Some(text)
}

/// Method and parameters.
fn append_projection(system: &Node, base: &Node, text: &mut String) -> Option<()> {
    let conversion = system.child(&["CONVERSION"]).unwrap_or(system);
    let method = conversion.child(&["PROJECTION", "METHOD"])?.name()?;
    let length = system.unit_factor().unwrap_or(1.0);
    let angle = base.unit_factor().unwrap_or(DEGREE);
    let mut parameters = BTreeMap::new();
    for parameter in conversion.children(&["PARAMETER"]) {
        let name = epsg::normalised_key(parameter.name()?);
        let value = parameter.number_at(1)?;
        let own = parameter
            .own_unit()
            .or_else(|| parameter.child(&["SCALEUNIT"])?.number_at(1));
        let (key, kind) = parameter_meaning(&name);
        let value = match kind {
            Kind::Angle if matches!(key, "azimuth" | "rectified") => {
                wrap_degrees(value * own.unwrap_or(angle) / DEGREE)
            }
            Kind::Angle => value * own.unwrap_or(angle) / DEGREE,
            Kind::Length => value * own.unwrap_or(length),
            Kind::Number => value * own.unwrap_or(1.0),
        };
        parameters.insert(key.to_owned(), (kind, value));
    }
    let mut method = method_of(&epsg::normalised_key(method), &parameters);
    let extension = system
        .child(&["EXTENSION"])
        .and_then(|extension| extension.value_at(1))
        .unwrap_or_default();
    if extension.contains("+b=6378137") {
        method = WEB_MERCATOR.into();
    }
    if method == "lcc1" {
        parameters.remove("parallel 1"); // ESRI repeats the latitude of the origin
    }
    // Left out, it is the azimuth.
    let azimuth = parameters.get("azimuth").map(|(_, azimuth)| *azimuth);
    if parameters.get("rectified").map(|(_, angle)| *angle) == azimuth {
        parameters.remove("rectified");
    }
    let _ = write!(text, " {method}");
    for (key, (kind, value)) in &parameters {
        let written = match kind {
            Kind::Angle => format!("{value:.7}"),
            Kind::Length => format!("{value:.2}"),
            Kind::Number => format!("{value:.9}"),
        };
        let is_default = match *key == "scale" {
            true => written == "1.000000000",
            false => written
                .trim_start_matches('-')
                .chars()
                .all(|c| c == '0' || c == '.'),
        };
        if !is_default {
            let _ = write!(text, " {key} {written}");
        }
    }
    Some(())
}

/// A direction in degrees from 0 to 360, in millionths: ESRI's azimuths are negative where EPSG's
/// are above 180. Which millionth changes away from the halves, where stated values lie: one value
/// in two forms must not fall on both sides.
fn wrap_degrees(degrees: f64) -> f64 {
    const UP_TO: f64 = 0.7463;
    (degrees * 1e6 + UP_TO).floor().rem_euclid(360e6) / 1e6
}

#[derive(Clone, Copy)]
enum Kind {
    Angle,
    Length,
    Number,
}

/// Meaning of a parameter, by its name in any dialect.
fn parameter_meaning(name: &str) -> (&str, Kind) {
    match name {
        "latitudeoforigin"
        | "latitudeofnaturalorigin"
        | "latitudeoffalseorigin"
        | "latitudeofcenter"
        | "latitudeofprojectioncentre"
        | "centralparallel"
        | "latitudeofstandardparallel" => ("latitude", Kind::Angle),
        "centralmeridian"
        | "longitudeofnaturalorigin"
        | "longitudeoffalseorigin"
        | "longitudeofcenter"
        | "longitudeofprojectioncentre"
        | "longitudeoforigin" => ("longitude", Kind::Angle),
        "standardparallel1" | "latitudeof1ststandardparallel" => ("parallel 1", Kind::Angle),
        "standardparallel2" | "latitudeof2ndstandardparallel" => ("parallel 2", Kind::Angle),
        "azimuth" | "azimuthofinitialline" | "azimuthatprojectioncentre" => {
            ("azimuth", Kind::Angle)
        }
        "rectifiedgridangle" | "anglefromrectifiedtoskewgrid" | "xyplanerotation" => {
            ("rectified", Kind::Angle)
        }
        "scalefactor"
        | "scalefactoratnaturalorigin"
        | "scalefactoronpseudostandardparallel"
        | "scalefactoratprojectioncentre"
        | "scalefactoroninitialline" => ("scale", Kind::Number),
        "falseeasting" | "eastingatfalseorigin" | "eastingatprojectioncentre" => {
            ("easting", Kind::Length)
        }
        "falsenorthing" | "northingatfalseorigin" | "northingatprojectioncentre" => {
            ("northing", Kind::Length)
        }
        name if name.starts_with("lat") || name.starts_with("lon") || name.contains("azimuth") => {
            (name, Kind::Angle)
        }
        name => (name, Kind::Number),
    }
}

/// Identifier of a method, by its name in any dialect.
fn method_of(name: &str, parameters: &BTreeMap<String, (Kind, f64)>) -> String {
    match name {
        "transversemercator" | "gausskruger" => "tmerc",
        _ if name.starts_with("lambertconformalconic")
            || name.starts_with("lambertconicconformal") =>
        {
            if parameters.contains_key("parallel 2") {
                "lcc2"
            } else {
                "lcc1"
            }
        }
        "albers" | "albersconicequalarea" | "albersequalarea" => "albers",
        "popularvisualisationpseudomercator" | WEB_MERCATOR => WEB_MERCATOR,
        "mercator" | "mercator1sp" | "mercator2sp" | "mercatorvarianta" | "mercatorvariantb" => {
            "mercator"
        }
        "hotineobliquemercator"
        | "hotineobliquemercatorvarianta"
        | "hotineobliquemercatorazimuthnaturalorigin" => "omerc a",
        "hotineobliquemercatorazimuthcenter"
        | "hotineobliquemercatorvariantb"
        | "obliquemercator"
        | "rectifiedskeworthomorphiccenter" => "omerc b",
        "obliquestereographic" | "doublestereographic" => "sterea",
        "cassinisoldner" | "cassini" => "cassini",
        other => other,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(text: &str) -> String {
        define_system(&Node::parse(text).unwrap()).unwrap()
    }

    const ESRI: &str = r#"PROJCS["WGS_1984_UTM_Zone_17N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-81.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
    const WKT2: &str = r#"PROJCRS["WGS 84 / UTM zone 17N",BASEGEOGCRS["WGS 84",ENSEMBLE["World Geodetic System 1984 ensemble",MEMBER["World Geodetic System 1984 (Transit)"],ELLIPSOID["WGS 84",6378137,298.257223563,LENGTHUNIT["metre",1]]],PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]]],CONVERSION["UTM zone 17N",METHOD["Transverse Mercator"],PARAMETER["Latitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Longitude of natural origin",-81,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Scale factor at natural origin",0.9996,SCALEUNIT["unity",1]],PARAMETER["False easting",500000,LENGTHUNIT["metre",1]],PARAMETER["False northing",0,LENGTHUNIT["metre",1]]],CS[Cartesian,2],AXIS["(E)",east,LENGTHUNIT["metre",1]],AXIS["(N)",north,LENGTHUNIT["metre",1]]]"#;

    #[test]
    fn one_system_in_three_dialects_is_one() {
        let ogc = epsg::wkt_of_code(32617).unwrap();
        assert_eq!(definition(ESRI), definition(ogc));
        assert_eq!(definition(WKT2), definition(ogc));
        for other in [26917, 32618, 32717] {
            assert_ne!(
                definition(ESRI),
                definition(epsg::wkt_of_code(other).unwrap()),
                "{other}"
            );
        }
        let unknown = ESRI
            .replace("D_WGS_1984", "D_Mars")
            .replace("298.257", "298.5");
        assert_ne!(definition(ESRI), definition(&unknown));
    }

    #[test]
    fn lengths_are_metres_and_angles_degrees() {
        // NAD83 / California zone 2 in feet and in metres; NTF (Paris) has grads and a meridian.
        assert_eq!(
            definition(epsg::wkt_of_code(2226).unwrap()),
            definition(epsg::wkt_of_code(26942).unwrap())
        );
        assert!(
            definition(epsg::wkt_of_code(27572).unwrap()).contains("meridian 2.3372292"),
            "{:?}",
            epsg::wkt_of_code(27572)
        );
        let sphere = definition(epsg::wkt_of_code(3857).unwrap());
        assert!(
            sphere.contains(WEB_MERCATOR) && sphere != definition(epsg::wkt_of_code(3395).unwrap()),
            "{sphere}"
        );
    }

    #[test]
    fn the_rectified_angle_counts_where_it_is_not_the_azimuth() {
        // Kertau (RSO) / RSO Malaya: 323.0257905 and 323.1301023611111.
        let oblique = |azimuth: &str, rectified: &str| {
            definition(&format!(
                r#"PROJCS["o",GEOGCS["g",DATUM["Kertau_RSO",SPHEROID["Everest 1830",6377295.664,300.8017]],UNIT["degree",0.0174532925199433]],PROJECTION["Hotine_Oblique_Mercator"],PARAMETER["azimuth",{azimuth}]{rectified},UNIT["metre",1]]"#
            ))
        };
        let angle = |degrees: &str| format!(r#",PARAMETER["rectified_grid_angle",{degrees}]"#);
        let plain = oblique("323.0257905", "");
        assert_eq!(plain, oblique("323.0257905", &angle("323.0257905")));
        assert_eq!(plain, oblique("-36.9742095", &angle("323.0257905")));
        assert_eq!(plain, oblique("323.0257905", &angle("0")));
        let turned = oblique("323.0257905", &angle("323.1301023611111"));
        assert!(
            turned != plain && turned.contains("rectified 323.1301030"),
            "{turned}"
        );
        assert_ne!(turned, oblique("323.0257905", &angle("322")));
    }

    #[test]
    fn what_is_not_projected_has_none() {
        for text in [
            r#"GEOGCS["g",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]]]"#,
            r#"LOCAL_CS["l",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],UNIT["metre",1]]"#,
        ] {
            assert_eq!(define_system(&Node::parse(text).unwrap()), None);
        }
    }
}
