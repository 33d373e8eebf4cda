//! Well-known text of a projected system that GeoTIFF keys define by a method and its parameters,
//! without a code (OGC GeoTIFF 1.1, 7.5).
//!
//! The text is version 1, with GDAL's names. Angles are in the unit of the geographic system,
//! lengths in that of the plane. No text is written if a parameter that places depend on is missing
//! (a longitude, a standard parallel, an azimuth), if the ellipsoid is unknown, or if the method
//! has no row in [`METHODS`]. As in GDAL, an omitted latitude is 0 and an omitted scale factor 1,
//! except for polar projections, whose pole would be unknown.

use super::{GeoKeys, USER_DEFINED, key, quoted_part};
use crate::{epsg, named, text, wkt::Node};
use isopach_cloud::LengthUnit;
use std::f64::consts::PI;

const DEGREE: f64 = PI / 180.0;
/// Text states units with 15 digits.
const SAME_UNIT: f64 = 1e-12;

/// Name of a method in well-known text, and its parameters besides false easting and northing.
struct Method {
    name: &'static str,
    parameters: &'static [(&'static str, Parameter)],
}

#[derive(Clone, Copy)]
enum Parameter {
    Latitude,
    Longitude,
    /// The longitude that goes straight up from a pole.
    PolarLongitude,
    Parallel1,
    Parallel2,
    Azimuth,
    RectifiedAngle,
    Scale,
}

const LATITUDES: [u16; 3] = [3081, 3085, 3089];
const LONGITUDES: [u16; 3] = [3080, 3084, 3088];
const PARALLEL_1: u16 = 3078;
const FALSE_EASTINGS: [u16; 3] = [3082, 3086, 3090];
const FALSE_NORTHINGS: [u16; 3] = [3083, 3087, 3091];
const SCALES: [u16; 2] = [3092, 3093];

const ORIGIN: (&str, Parameter) = ("latitude_of_origin", Parameter::Latitude);
const MERIDIAN: (&str, Parameter) = ("central_meridian", Parameter::Longitude);
const CENTER_LATITUDE: (&str, Parameter) = ("latitude_of_center", Parameter::Latitude);
const CENTER_LONGITUDE: (&str, Parameter) = ("longitude_of_center", Parameter::Longitude);
const FIRST: (&str, Parameter) = ("standard_parallel_1", Parameter::Parallel1);
const SECOND: (&str, Parameter) = ("standard_parallel_2", Parameter::Parallel2);
const SCALE: (&str, Parameter) = ("scale_factor", Parameter::Scale);
const AZIMUTH: (&str, Parameter) = ("azimuth", Parameter::Azimuth);
const RECTIFIED: (&str, Parameter) = ("rectified_grid_angle", Parameter::RectifiedAngle);

/// Methods by the number that the key of the coordinate transformation (3075) gives them.
#[rustfmt::skip]
const METHODS: [(u16, Method); 15] = [
    (1, Method { name: "Transverse_Mercator", parameters: &[ORIGIN, MERIDIAN, SCALE] }),
    (3, Method { name: "Hotine_Oblique_Mercator", parameters: &[CENTER_LATITUDE, CENTER_LONGITUDE, AZIMUTH, RECTIFIED, SCALE] }),
    (8, Method { name: "Lambert_Conformal_Conic_2SP", parameters: &[FIRST, SECOND, ORIGIN, MERIDIAN] }),
    (9, Method { name: "Lambert_Conformal_Conic_1SP", parameters: &[ORIGIN, MERIDIAN, SCALE] }),
    (10, Method { name: "Lambert_Azimuthal_Equal_Area", parameters: &[CENTER_LATITUDE, CENTER_LONGITUDE] }),
    (11, Method { name: "Albers_Conic_Equal_Area", parameters: &[FIRST, SECOND, CENTER_LATITUDE, CENTER_LONGITUDE] }),
    (12, Method { name: "Azimuthal_Equidistant", parameters: &[CENTER_LATITUDE, CENTER_LONGITUDE] }),
    (13, Method { name: "Equidistant_Conic", parameters: &[FIRST, SECOND, CENTER_LATITUDE, CENTER_LONGITUDE] }),
    (15, Method { name: "Polar_Stereographic", parameters: &[ORIGIN, ("central_meridian", Parameter::PolarLongitude), SCALE] }),
    (16, Method { name: "Oblique_Stereographic", parameters: &[ORIGIN, MERIDIAN, SCALE] }),
    (18, Method { name: "Cassini_Soldner", parameters: &[ORIGIN, MERIDIAN] }),
    (22, Method { name: "Polyconic", parameters: &[ORIGIN, MERIDIAN] }),
    (26, Method { name: "New_Zealand_Map_Grid", parameters: &[ORIGIN, MERIDIAN] }),
    (28, Method { name: "Cylindrical_Equal_Area", parameters: &[FIRST, MERIDIAN] }),
    (9815, Method { name: "Hotine_Oblique_Mercator_Azimuth_Center", parameters: &[CENTER_LATITUDE, CENTER_LONGITUDE, AZIMUTH, RECTIFIED, SCALE] }),
];
const TRANSVERSE_MERCATOR: u16 = 1;
const MERCATOR: u16 = 7;
const POLAR_STEREOGRAPHIC: u16 = 15;
const MERCATOR_1: Method = Method {
    name: "Mercator_1SP",
    parameters: &[MERIDIAN, SCALE],
};
const MERCATOR_2: Method = Method {
    name: "Mercator_2SP",
    parameters: &[FIRST, MERIDIAN],
};

/// The element of the projected system; `None` if the keys do not define one that can be written.
pub(super) fn projected_element(keys: &GeoKeys<'_>, unit: LengthUnit) -> Option<Node> {
    let base = geographic_element(keys)?;
    let angles = Angles {
        keys,
        written: base.own_unit()?,
        read: angular_unit(keys, base.own_unit()?)?,
    };
    let projection = match keys.read_code(key::METHOD) {
        Some(method) => by_method(method, &angles)?,
        None => by_utm_zone(keys.read_code(key::PROJECTION)?, &angles, unit.metres()?)?,
    };
    let name = [key::PROJECTED_CITATION, key::CITATION]
        .into_iter()
        .find_map(|key| keys.read_ascii(key));
    let mut arguments = vec![Node::Text(name.unwrap_or_else(|| "unnamed".into())), base];
    arguments.extend(projection);
    arguments.push(text::unit_element(unit)?);
    Some(Node::new("PROJCS", arguments))
}

/// Method and parameters.
fn by_method(number: u16, angles: &Angles<'_, '_>) -> Option<Vec<Node>> {
    let has_parallel = angles.keys.read_double(PARALLEL_1).is_some();
    let method = match number {
        MERCATOR if has_parallel => &MERCATOR_2,
        MERCATOR => &MERCATOR_1,
        _ => METHODS
            .iter()
            .find(|(code, _)| *code == number)
            .map(|(_, method)| method)?,
    };
    let stated = first_double(angles.keys, &LATITUDES);
    let latitude = stated.unwrap_or(0.0) * angles.read / DEGREE;
    let scale = first_double(angles.keys, &SCALES).unwrap_or(1.0);
    // A latitude is the equator's in Mercator; at a pole a scale belongs to it, elsewhere it is
    // that of the true scale, and without one the pole is unknown.
    let is_ambiguous = match number {
        MERCATOR => latitude != 0.0,
        POLAR_STEREOGRAPHIC => {
            stated.is_none() || (latitude.abs() - 90.0).abs() > 1e-9 && scale != 1.0
        }
        _ => false,
    };
    if is_ambiguous {
        return None;
    }
    let mut nodes = vec![Node::new(
        "PROJECTION",
        vec![Node::Text(method.name.into())],
    )];
    for (name, of) in method.parameters {
        nodes.push(parameter_node(name, angles.read_parameter(*of)?)?);
    }
    nodes.push(parameter_node(
        "false_easting",
        first_double(angles.keys, &FALSE_EASTINGS).unwrap_or(0.0),
    )?);
    nodes.push(parameter_node(
        "false_northing",
        first_double(angles.keys, &FALSE_NORTHINGS).unwrap_or(0.0),
    )?);
    Some(nodes)
}

/// UTM zones by the code of their projection: 16001 to 16060 north, 16101 to 16160 south, for
/// planes whose unit is `metres` metres.
fn by_utm_zone(code: u16, angles: &Angles<'_, '_>, metres: f64) -> Option<Vec<Node>> {
    let (zone, northing) = match code {
        16001..=16060 => (code - 16000, 0.0),
        16101..=16160 => (code - 16100, 10_000_000.0),
        _ => return None,
    };
    let meridian = (6.0 * f64::from(zone) - 183.0) * convert_unit(DEGREE, angles.written);
    let method = METHODS
        .iter()
        .find(|(code, _)| *code == TRANSVERSE_MERCATOR)
        .map(|(_, method)| method.name)?;
    let values = [0.0, meridian, 0.9996, 500_000.0 / metres, northing / metres];
    let names = [
        "latitude_of_origin",
        "central_meridian",
        "scale_factor",
        "false_easting",
        "false_northing",
    ];
    let parameters = names
        .iter()
        .zip(values)
        .map(|(name, value)| parameter_node(name, value));
    std::iter::once(Some(Node::new(
        "PROJECTION",
        vec![Node::Text(method.into())],
    )))
    .chain(parameters)
    .collect()
}

/// Angles among the keys: the unit that they are in and the one that they are written in, radians.
struct Angles<'a, 'b> {
    keys: &'a GeoKeys<'b>,
    read: f64,
    written: f64,
}

impl Angles<'_, '_> {
    fn read_parameter(&self, parameter: Parameter) -> Option<f64> {
        match parameter {
            Parameter::Latitude => Some(self.read_angle(&LATITUDES).unwrap_or(0.0)),
            Parameter::Longitude => self.read_angle(&LONGITUDES),
            Parameter::PolarLongitude => self
                .read_angle(&[3095])
                .or_else(|| self.read_angle(&LONGITUDES)),
            Parameter::Parallel1 => self.read_angle(&[PARALLEL_1]),
            Parameter::Parallel2 => self.read_angle(&[3079]),
            Parameter::Azimuth => {
                let unit = self
                    .keys
                    .read_short(key::AZIMUTH_UNIT)
                    .filter(|code| *code != 0)
                    .map_or(Some(self.read), angle_of_code)?;
                Some(self.keys.read_double(3094)? * convert_unit(unit, self.written))
            }
            Parameter::RectifiedAngle => self.read_angle(&[3096]),
            Parameter::Scale => Some(first_double(self.keys, &SCALES).unwrap_or(1.0)),
        }
    }

    /// The first of these keys that is stated, in the unit to be written.
    fn read_angle(&self, keys: &[u16]) -> Option<f64> {
        Some(first_double(self.keys, keys)? * convert_unit(self.read, self.written))
    }
}

/// The first of several keys that is there: methods share parameters under several names.
fn first_double(keys: &GeoKeys<'_>, wanted: &[u16]) -> Option<f64> {
    wanted.iter().find_map(|key| keys.read_double(*key))
}

fn parameter_node(name: &str, value: f64) -> Option<Node> {
    let value = Some(value).filter(|value| value.is_finite())?;
    Some(Node::new(
        "PARAMETER",
        vec![Node::Text(name.into()), Node::Word(value.to_string())],
    ))
}

/// Factor from values in one unit to values in another.
fn convert_unit(from: f64, to: f64) -> f64 {
    let factor = from / to;
    if (factor - 1.0).abs() < SAME_UNIT {
        1.0
    } else {
        factor
    }
}

/// Unit of angles, radians: the unit of the geographic system if the keys state none.
fn angular_unit(keys: &GeoKeys<'_>, of_base: f64) -> Option<f64> {
    match keys.read_short(key::ANGULAR_UNIT) {
        None | Some(0) => Some(of_base),
        Some(USER_DEFINED) => keys
            .read_double(key::ANGULAR_UNIT_SIZE)
            .filter(|size| size.is_finite() && *size > 0.0),
        Some(code) => angle_of_code(code),
    }
}

/// Radians of the angular units of EPSG; of those in degrees, minutes and seconds (9110) there are
/// none.
fn angle_of_code(code: u16) -> Option<f64> {
    match code {
        9101 => Some(1.0),
        9102 | 9122 => Some(DEGREE),
        9103 => Some(DEGREE / 60.0),
        9104 => Some(DEGREE / 3600.0),
        9105 | 9106 => Some(PI / 200.0),
        _ => None,
    }
}

/// The geographic system that the plane is of: its code's, that of its datum, or one of an
/// ellipsoid alone.
fn geographic_element(keys: &GeoKeys<'_>) -> Option<Node> {
    if let Some(code) = keys.read_code(key::GEOGRAPHIC) {
        return Node::parse(named::crs_of_code(code)?.wkt.as_deref()?)
            .filter(|node| node.is(&["GEOGCS"]));
    }
    let citation = keys
        .read_ascii(key::GEOGRAPHIC_CITATION)
        .unwrap_or_else(|| "unknown".into());
    let name = quoted_part(&citation, "GCS Name")
        .unwrap_or(&citation)
        .to_owned();
    let datum_name = quoted_part(&citation, "Datum")
        .unwrap_or(&citation)
        .to_owned();
    let datum = match keys.read_code(key::DATUM) {
        Some(code) => epsg::part_of_geographic("DATUM", code)?,
        None => {
            let spheroid = match keys.read_code(key::ELLIPSOID) {
                Some(code) => epsg::part_of_geographic("SPHEROID", code)?,
                None => spheroid_element(keys)?,
            };
            Node::new("DATUM", vec![Node::Text(datum_name), spheroid])
        }
    };
    let degree = Node::new(
        "UNIT",
        vec![Node::Text("degree".into()), Node::Word(DEGREE.to_string())],
    );
    Some(Node::new(
        "GEOGCS",
        vec![Node::Text(name), datum, prime_meridian(keys)?, degree],
    ))
}

/// An ellipsoid of the user's own: semi-major axis, and inverse flattening or semi-minor axis.
fn spheroid_element(keys: &GeoKeys<'_>) -> Option<Node> {
    let unit = match keys.read_short(key::AXIS_UNIT) {
        None | Some(0) => 1.0,
        Some(USER_DEFINED) => keys
            .read_double(key::AXIS_UNIT_SIZE)
            .filter(|size| size.is_finite() && *size > 0.0)?,
        Some(code) => LengthUnit::from_epsg(code).metres()?,
    };
    let major = keys
        .read_double(key::SEMI_MAJOR)
        .filter(|axis| axis.is_finite() && *axis > 0.0)?;
    let inverse = match (
        keys.read_double(key::INVERSE_FLATTENING),
        keys.read_double(key::SEMI_MINOR),
    ) {
        (Some(inverse), _) => inverse,
        (None, Some(minor)) if minor == major => 0.0, // well-known text's word for a sphere
        (None, Some(minor)) => major / (major - minor),
        (None, None) => return None,
    };
    let is_flat = inverse.is_finite() && (inverse == 0.0 || inverse > 1.0);
    let numbers = [major * unit, inverse].map(|number| Node::Word(number.to_string()));
    is_flat.then(|| {
        Node::new(
            "SPHEROID",
            std::iter::once(Node::Text("unknown".into()))
                .chain(numbers)
                .collect(),
        )
    })
}

/// Degrees, as GDAL reads version 1, for any angle unit.
fn prime_meridian(keys: &GeoKeys<'_>) -> Option<Node> {
    match keys.read_code(key::PRIME_MERIDIAN) {
        Some(code) => epsg::part_of_geographic("PRIMEM", code),
        None => {
            let unit = angular_unit(keys, DEGREE)?;
            let degrees = keys.read_double(key::MERIDIAN_LONGITUDE).unwrap_or(0.0)
                * convert_unit(unit, DEGREE);
            let name = if degrees == 0.0 {
                "Greenwich"
            } else {
                "unknown"
            };
            let longitude = Some(degrees).filter(|degrees| degrees.is_finite())?;
            Some(Node::new(
                "PRIMEM",
                vec![Node::Text(name.into()), Node::Word(longitude.to_string())],
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition;

    /// Short values and real ones, as a directory has them.
    fn text(shorts: &[(u16, u16)], reals: &[(u16, f64)], unit: LengthUnit) -> Option<Node> {
        let in_doubles = |(place, (key, _)): (usize, &(u16, f64))| {
            [*key, super::super::DOUBLES, 1, place as u16]
        };
        let keys = shorts
            .iter()
            .map(|(key, value)| [*key, 0, 1, *value])
            .chain(reals.iter().enumerate().map(in_doubles));
        let directory: Vec<u16> = [0; 4].into_iter().chain(keys.flatten()).collect();
        let doubles: Vec<f64> = reals.iter().map(|(_, value)| *value).collect();
        projected_element(
            &GeoKeys {
                directory: &directory,
                doubles: &doubles,
                ascii: b"",
            },
            unit,
        )
    }

    fn defined(code: u16) -> String {
        named::crs_of_code(code).unwrap().definition.unwrap()
    }

    const UTM: [(u16, f64); 5] = [
        (3080, -81.0),
        (3081, 0.0),
        (3082, 500_000.0),
        (3083, 0.0),
        (3092, 0.9996),
    ];

    #[test]
    fn parameters_define_the_system_of_a_code() {
        let metre = LengthUnit::Metre;
        let lambert_93 = [
            (3078, 49.0),
            (3079, 44.0),
            (3084, 3.0),
            (3085, 46.5),
            (3086, 7e5),
            (3087, 6.6e6),
        ];
        let albers = [(3078, 29.5), (3079, 45.5), (3080, -96.0), (3081, 23.0)];
        // Lengths in the unit of the plane, angles in that of the geographic system: grads about
        // Paris.
        let oregon = [
            (3078, 43.0),
            (3079, 45.5),
            (3080, -120.5),
            (3081, 41.75),
            (3082, 1_312_335.958),
        ];
        let zone_2 = [
            (3080, 0.0),
            (3081, 52.0),
            (3082, 6e5),
            (3083, 2.2e6),
            (3092, 0.999_877_42),
        ];
        for (code, geographic, method, parameters, unit) in [
            (32617, 4326, 1, &UTM[..], metre),
            (2154, 4171, 8, &lambert_93, metre),
            (5070, 4269, 11, &albers, metre),
            (2992, 4269, 8, &oregon, LengthUnit::Foot),
            (27572, 4807, 9, &zone_2, metre),
        ] {
            let node = text(
                &[(2048, geographic), (3072, USER_DEFINED), (3075, method)],
                parameters,
                unit,
            )
            .unwrap();
            assert_eq!(
                definition::define_system(&node).unwrap(),
                defined(code),
                "{node}"
            );
            assert_eq!(node.unit_factor(), unit.metres());
        }
        let by_code = text(&[(2048, 4326), (3074, 16119)], &[], metre).unwrap();
        assert_eq!(definition::define_system(&by_code).unwrap(), defined(32719));
        let in_feet = text(&[(2048, 4326), (3074, 16017)], &[], LengthUnit::SurveyFoot)
            .unwrap()
            .to_string();
        assert!(
            in_feet.contains("PARAMETER[\"false_easting\",1640416.66666666"),
            "{in_feet}"
        );
        // Degrees said beside a system in grads: 0.9 of them are a grad.
        let in_degrees =
            zone_2.map(|(key, value)| (key, if key == 3081 { value * 0.9 } else { value }));
        let node = text(&[(2048, 4807), (2054, 9102), (3075, 9)], &in_degrees, metre).unwrap();
        assert_eq!(
            definition::define_system(&node).unwrap(),
            defined(27572),
            "{node}"
        );
    }

    #[test]
    fn a_datum_or_an_ellipsoid_will_do() {
        let of_datum = text(
            &[(2048, USER_DEFINED), (2050, 6326), (3075, 1)],
            &UTM,
            LengthUnit::Metre,
        )
        .unwrap();
        assert_eq!(
            definition::define_system(&of_datum).unwrap(),
            defined(32617)
        );
        let own =
            |more: &[(u16, f64)]| text(&[(3075, 1)], &[&UTM[..], more].concat(), LengthUnit::Metre);
        for axes in [
            [(2057, 6_378_206.4), (2058, 6_356_583.8)],
            [(2057, 6_378_206.4), (2059, 294.978_698_2)],
        ] {
            let node = own(&axes).unwrap().to_string();
            assert!(
                node.contains("SPHEROID[\"unknown\",6378206.4,294.97869"),
                "{node}"
            );
            assert!(node.contains("PRIMEM[\"Greenwich\",0]"), "{node}");
        }
        let clarke = text(&[(2056, 7008), (3075, 1)], &UTM, LengthUnit::Metre)
            .unwrap()
            .to_string();
        assert!(
            clarke.contains("SPHEROID[\"Clarke 1866\",6378206.4"),
            "{clarke}"
        );
        let of_unit = |unit: u16, size: &[(u16, f64)]| {
            let axes = [&UTM[..], &[(2057, 20_925_604.0), (2059, 294.0)], size].concat();
            text(&[(2052, unit), (3075, 1)], &axes, LengthUnit::Metre)
        };
        let in_feet = of_unit(USER_DEFINED, &[(2053, 0.3048)])
            .unwrap()
            .to_string();
        assert!(
            in_feet.contains("SPHEROID[\"unknown\",6378124.0"),
            "{in_feet}"
        );
        assert_eq!(of_unit(USER_DEFINED, &[]), None, "feet or metres?");
        let sphere = own(&[(2057, 6_371_000.0), (2058, 6_371_000.0)])
            .unwrap()
            .to_string();
        assert!(sphere.contains(",6371000,0]"), "{sphere}");
        for nonsense in [
            &[][..],
            &[(2057, 6e6)],
            &[(2057, f64::NAN), (2059, 298.0)],
            &[(2057, 6e6), (2059, 0.5)],
        ] {
            assert_eq!(own(nonsense), None);
        }
    }

    #[test]
    fn what_cannot_be_told_has_no_text() {
        let metre = LengthUnit::Metre;
        let without = |key: u16| {
            UTM.into_iter()
                .filter(|(other, _)| *other != key)
                .collect::<Vec<_>>()
        };
        let of =
            |method: u16, reals: &[(u16, f64)]| text(&[(2048, 4326), (3075, method)], reals, metre);
        assert!(of(1, &without(3081)).is_some(), "a latitude is 0");
        for (method, reals) in [
            (1, without(3080)),                                  // no meridian
            (5, UTM.to_vec()),                                   // Rosenmund's method
            (8, UTM.to_vec()),                                   // no standard parallels
            (3, UTM.to_vec()),                                   // no azimuth
            (7, [&without(3081)[..], &[(3081, 30.0)]].concat()), // Mercator about another latitude
            (15, [&UTM[..], &[(3095, 0.0)]].concat()),           // a scale, but not at the pole
            (15, vec![(3095, 0.0), (3092, 0.994)]),              // which pole?
            (1, [&without(3082)[..], &[(3082, f64::INFINITY)]].concat()),
        ] {
            assert_eq!(of(method, &reals), None, "{method} {reals:?}");
        }
        assert_eq!(
            text(&[(2048, 4326), (2054, 9110), (3075, 1)], &UTM, metre),
            None,
            "degrees, minutes and seconds"
        );
        assert_eq!(
            text(&[(2048, 4326), (3075, 1)], &UTM, LengthUnit::Other),
            None
        );
        assert_eq!(
            text(&[(2048, 4978), (3075, 1)], &UTM, metre),
            None,
            "geocentric"
        );
        assert_eq!(
            text(&[(2048, 4326), (3074, 10_101)], &[], metre),
            None,
            "a projection that has no row"
        );
    }
}
