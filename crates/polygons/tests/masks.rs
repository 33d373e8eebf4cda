//! Masks from outside: which points they have, and which files are refused.
#![allow(missing_docs)]

use geo::Contains;
use isopach_cloud::{Crs, Rect};
use isopach_polygons::{PolygonCrs, PolygonError, PolygonWarning, Polygons};
use proptest::prelude::*;

fn ring(corners: &[[f64; 2]]) -> String {
    let closed: Vec<[f64; 2]> = corners.iter().chain(corners.first()).copied().collect();
    format!("{closed:?}")
}

fn polygon(rings: &[&[[f64; 2]]]) -> String {
    let rings: Vec<String> = rings.iter().map(|corners| ring(corners)).collect();
    format!(
        r#"{{ "type": "Polygon", "coordinates": [{}] }}"#,
        rings.join(",")
    )
}

fn feature(properties: &str, geometry: &str) -> String {
    format!(r#"{{ "type": "Feature", "properties": {properties}, "geometry": {geometry} }}"#)
}

fn collection(crs: Option<&str>, features: &[String]) -> String {
    let named =
        |name| format!(r#""crs": {{ "type": "name", "properties": {{ "name": "{name}" }} }},"#);
    let crs = crs.map(named).unwrap_or_default();
    format!(
        r#"{{ "type": "FeatureCollection", {crs} "features": [{}] }}"#,
        features.join(",")
    )
}

fn square(west: f64, south: f64, side: f64) -> Vec<[f64; 2]> {
    vec![
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south + side],
    ]
}

const SURVEY: Rect = Rect {
    min: [630_000.0, 4_833_000.0],
    max: [630_500.0, 4_833_500.0],
};

/// A star about a place: a simple ring with `radii.len()` corners.
fn star(centre: [f64; 2], radii: &[f64]) -> Vec<[f64; 2]> {
    let step = std::f64::consts::TAU / radii.len() as f64;
    let at = |(i, radius): (usize, &f64)| {
        [
            centre[0] + radius * (step * i as f64).cos(),
            centre[1] + radius * (step * i as f64).sin(),
        ]
    };
    radii.iter().enumerate().map(at).collect()
}

/// Distance of a point from the boundary of a closed ring.
fn distance(point: [f64; 2], corners: &[[f64; 2]]) -> f64 {
    let next = corners.iter().cycle().skip(1);
    let to_edge = |(a, b): (&[f64; 2], &[f64; 2])| {
        let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
        let along = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / (dx * dx + dy * dy);
        let along = along.clamp(0.0, 1.0);
        (a[0] + along * dx - point[0]).hypot(a[1] + along * dy - point[1])
    };
    corners
        .iter()
        .zip(next)
        .map(to_edge)
        .fold(f64::INFINITY, f64::min)
}

proptest! {
    #[test]
    fn geo_agrees_away_from_the_boundary(
        radii in prop::collection::vec(10.0..100.0f64, 3..300), hole in 1.0..5.0f64, points in prop::collection::vec(prop::array::uniform2(-110.0..110.0f64), 200),
    ) {
        let centre = [630_200.5, 4_833_100.25];
        let (outer, inner) = (star(centre, &radii), star(centre, &[hole; 6]));
        let zone = Polygons::read(&polygon(&[&outer, &inner])).unwrap();
        let line = |corners: &[[f64; 2]]| corners.iter().copied().collect::<geo::LineString>();
        let peer = geo::Polygon::new(line(&outer), vec![line(&inner)]);
        for offset in points {
            let point = [centre[0] + offset[0], centre[1] + offset[1]];
            if distance(point, &outer).min(distance(point, &inner)) > 1e-6 {
                prop_assert_eq!(zone.contains(point), peer.contains(&geo::Point::from(point)), "{:?}", point);
            }
        }
    }

    #[test]
    fn a_partition_has_every_point_once(
        heights in prop::collection::vec(-30.0..30.0f64, 2..200), steps in 2..60_i32, at in prop::array::uniform2(-5.0..105.0f64),
    ) {
        // The square 0 … 100, cut by a crooked line from west to east, and by a hole in the upper
        // part that a third zone fills.
        let step = 100.0 / (heights.len() - 1) as f64;
        // Ends at 100, whatever 100 / n times n is.
        let east = |i: usize| if i + 1 == heights.len() { 100.0 } else { i as f64 * step };
        let cut: Vec<[f64; 2]> = heights.iter().enumerate().map(|(i, height)| [east(i), 50.0 + height]).collect();
        let hole = star([50.0, 90.0], &vec![5.0; steps as usize + 1]);
        let lower: Vec<[f64; 2]> = [[100.0, 0.0], [0.0, 0.0]].into_iter().chain(cut.iter().copied()).collect();
        let upper: Vec<[f64; 2]> = [[0.0, 100.0], [100.0, 100.0]].into_iter().chain(cut.iter().rev().copied()).collect();
        let zones = [polygon(&[&lower]), polygon(&[&upper, &hole]), polygon(&[&hole])].map(|zone| feature("{}", &zone));
        let zones = Polygons::read(&collection(None, &zones)).unwrap();
        let in_square = |point: [f64; 2]| point.iter().all(|x| (0.0..100.0).contains(x));
        let on_cut = cut.iter().chain(&hole).copied();
        let along = cut.windows(2).chain(hole.windows(2)).map(|pair| [0.5 * (pair[0][0] + pair[1][0]), 0.5 * (pair[0][1] + pair[1][1])]);
        for point in on_cut.chain(along).chain([at, [at[0].floor(), at[1].floor()]]) {
            prop_assert_eq!(zones.zones_of(point).count(), usize::from(in_square(point)), "{:?}", point);
        }
        prop_assert!((zones.area() - 10_000.0).abs() < 1e-8, "{}", zones.area());
    }

    #[test]
    fn many_zones_are_found_as_each_says(corners in prop::collection::vec(prop::array::uniform2(0..90_i32), 1..60), x in 0.0..100.0f64, y in 0.0..100.0f64) {
        let features: Vec<String> =
            corners.iter().map(|[west, south]| feature("{}", &polygon(&[&square(f64::from(*west), f64::from(*south), 10.0)]))).collect();
        let zones = Polygons::read(&collection(None, &features)).unwrap();
        for point in [[x, y], [x.floor(), y], [x.floor(), y.floor()]] {
            let plain: Vec<usize> = (0..corners.len()).filter(|i| zones.zones()[*i].contains(point)).collect();
            prop_assert_eq!(zones.zones_of(point).collect::<Vec<_>>(), plain.clone());
            prop_assert_eq!(zones.contains(point), !plain.is_empty());
            let of_squares = corners.iter().filter(|corner| {
                let min = corner.map(f64::from);
                Rect { min, max: min.map(|low| low + 10.0) }.contains(point)
            });
            prop_assert_eq!(plain.len(), of_squares.count());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", cut in 0usize..400) {
        let _ = Polygons::read(&text);
        let whole = collection(Some("EPSG:32617"), &[feature(r#"{"name":"a"}"#, &polygon(&[&square(0.0, 0.0, 9.0)]))]);
        let _ = Polygons::read(&whole.chars().take(cut).collect::<String>());
        let mut letters: Vec<char> = whole.chars().collect();
        let place = cut % letters.len();
        letters[place] = text.chars().next().unwrap_or(']');
        let _ = Polygons::read(&letters.iter().collect::<String>());
    }
}

#[test]
fn names_come_from_properties_ids_and_numbers_and_differ() {
    let shape = polygon(&[&square(0.0, 0.0, 9.0)]);
    let with_id =
        format!(r#"{{ "type": "Feature", "id": 77, "properties": null, "geometry": {shape} }}"#);
    let properties = [
        r#"{ "id": 4, "Name": " dam " }"#,
        r#"{ "name": "dam" }"#,
        r#"{ "ID": 12 }"#,
        r#"{ "name": "" }"#,
    ];
    let mut features: Vec<String> = properties
        .iter()
        .map(|properties| feature(properties, &shape))
        .collect();
    features.extend([with_id, feature(r#"{ "name": "dam" }"#, &shape)]);
    let zones = Polygons::read(&collection(None, &features)).unwrap();
    let names: Vec<&str> = zones.zones().iter().map(|zone| zone.name()).collect();
    assert_eq!(names, ["dam", "dam (2)", "12", "4", "77", "dam (3)"]);
    let same = vec![feature(r#"{ "name": "x" }"#, &shape); 20_000];
    assert_eq!(
        Polygons::read(&collection(None, &same)).unwrap().zones()[19_999].name(),
        "x (20000)"
    );
}

#[test]
fn every_fault_of_a_feature_is_named_with_its_remedy() {
    let refused = |geometry: &str| {
        let text = collection(None, &[feature(r#"{"name":"dam"}"#, geometry)]);
        Polygons::read(&text).unwrap_err()
    };
    let shape =
        |coordinates: &str| format!(r#"{{ "type": "Polygon", "coordinates": {coordinates} }}"#);
    let cases: [(PolygonError, &str); 8] = [
        (
            refused(r#"{ "type": "Point", "coordinates": [0, 0] }"#),
            "feature 1 (dam) is a Point",
        ),
        (refused("null"), "without geometry"),
        (
            refused(r#"{ "type": "GeometryCollection", "geometries": [] }"#),
            "GeometryCollection",
        ),
        (refused(&shape("[]")), "without a ring"),
        (refused(&shape("[[]]")), "has 0 positions"),
        (refused(&shape("[[[0,0],[9,0],[0,0]]]")), "has 3 positions"),
        (
            refused(&shape("[[[0,0],[9,0],[9,9],[0,9]]]")),
            "repeat the first position",
        ),
        (
            refused(&shape("[[[0,0],[9,0],[3e9,9],[0,0]]]")),
            "3000000000",
        ),
    ];
    for (error, expected) in cases {
        let message = error.to_string();
        assert!(
            message.contains("dam") && message.contains(expected),
            "{message}"
        );
    }
    for text in [
        "",
        "{}",
        "[1]",
        "null",
        r#"{ "type": "Polygon", "coordinates": [[[NaN, 0]]] }"#,
        r#"{"type":"Polygon","coordinates":[[[1e999,0]]]}"#,
    ] {
        assert!(
            matches!(Polygons::read(text), Err(PolygonError::Malformed(_))),
            "{text}"
        );
    }
    assert!(matches!(
        Polygons::read(&collection(None, &[])),
        Err(PolygonError::Empty)
    ));
    let nested = "[".repeat(2_000_000);
    let text = format!(r#"{{ "type": "Polygon", "coordinates": {nested}"#);
    assert!(matches!(
        Polygons::read(&text),
        Err(PolygonError::Malformed(_))
    ));
}

#[test]
fn a_file_that_is_absent_or_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zones.geojson");
    assert!(matches!(
        Polygons::open(&path),
        Err(PolygonError::Io { .. })
    ));
    std::fs::File::create(&path)
        .unwrap()
        .set_len(isopach_polygons::MOST_BYTES + 10)
        .unwrap();
    assert!(matches!(
        Polygons::open(&path),
        Err(PolygonError::TooLarge { .. })
    ));
    std::fs::write(
        &path,
        format!("\u{feff}{}", polygon(&[&square(0.0, 0.0, 9.0)])),
    )
    .unwrap();
    assert_eq!(Polygons::open(&path).unwrap().area(), 81.0);
}

#[test]
fn rings_that_cross_follow_the_even_odd_rule_and_are_said() {
    let bow_tie = [[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0]];
    let zones = Polygons::read(&polygon(&[&bow_tie])).unwrap();
    assert!(
        zones.contains([1.0, 5.0]) && zones.contains([9.0, 5.0]) && !zones.contains([5.0, 1.0])
    );
    assert!(
        matches!(zones.warnings(), [PolygonWarning::RingsCross { .. }]) && zones.area().is_nan()
    );
    // An eight that meets itself in a corner, one lobe against the other.
    let eight = [
        [0.0, 0.0],
        [5.0, 5.0],
        [10.0, 0.0],
        [10.0, 10.0],
        [5.0, 5.0],
        [0.0, 10.0],
    ];
    let zones = Polygons::read(&polygon(&[&eight])).unwrap();
    assert!(
        matches!(zones.warnings(), [PolygonWarning::RingsCross { .. }]) && zones.area().is_nan()
    );
}

#[test]
fn parts_that_overlap_count_once_and_are_said() {
    let parts = |a: &[[f64; 2]], b: &[[f64; 2]]| {
        let text = format!(
            r#"{{ "type": "MultiPolygon", "coordinates": [[{}], [{}]] }}"#,
            ring(a),
            ring(b)
        );
        Polygons::read(&text).unwrap()
    };
    let crossing = parts(&square(0.0, 0.0, 10.0), &square(5.5, 5.5, 10.0));
    assert!(
        crossing.contains([7.0, 7.0])
            && crossing.contains([1.0, 1.0])
            && crossing.contains([15.0, 15.0])
    );
    assert!(
        matches!(crossing.warnings(), [PolygonWarning::RingsCross { .. }, ..])
            && crossing.area().is_nan()
    );
    let nested = parts(&square(0.0, 0.0, 10.0), &square(4.0, 4.0, 2.0));
    assert!(nested.contains([5.0, 5.0]) && nested.contains([1.0, 1.0]));
    assert!(
        matches!(nested.warnings(), [PolygonWarning::PartWithinPart { .. }])
            && nested.area().is_nan()
    );
    let apart = parts(&square(0.0, 0.0, 10.0), &square(20.0, 0.0, 2.0));
    assert!(apart.warnings().is_empty() && apart.area() == 104.0);
    let touching = parts(&square(0.0, 0.0, 10.0), &square(10.0, 10.0, 2.0));
    assert!(touching.warnings().is_empty(), "{:?}", touching.warnings());
}

#[test]
fn a_hole_outside_is_said_and_one_that_touches_is_not() {
    let outside = Polygons::read(&polygon(&[
        &square(0.0, 0.0, 10.0),
        &square(20.0, 0.0, 5.0),
    ]))
    .unwrap();
    assert!(
        matches!(outside.warnings(), [PolygonWarning::HoleOutside { .. }])
            && outside.area().is_nan()
    );
    let touching = Polygons::read(&polygon(&[
        &square(0.0, 0.0, 10.0),
        &[[0.0, 0.0], [5.0, 4.0], [4.0, 5.0]],
    ]))
    .unwrap();
    assert!(touching.warnings().is_empty(), "{:?}", touching.warnings());
    assert_eq!(touching.area(), 95.5);
}

#[test]
fn edges_beyond_counting_are_said_to_be_unchecked_soon() {
    let zigzag: Vec<[f64; 2]> = (0..20_000)
        .map(|i| [f64::from(i) * 1e-3, f64::from(i % 2) * 100.0])
        .collect();
    let fan: Vec<[f64; 2]> = zigzag
        .iter()
        .map(|[x, y]| [x + y, *y])
        .chain([[50.0, -9.0]])
        .collect();
    let zones = Polygons::read(&polygon(&[&fan])).unwrap();
    assert!(
        matches!(zones.warnings(), [PolygonWarning::NotChecked { .. }, ..]),
        "{:?}",
        zones.warnings()
    );
}

#[test]
fn half_a_million_corners_are_read_and_asked() {
    let radii: Vec<f64> = (0..500_000)
        .map(|i| 200.0 + 1e-3 * f64::from(i % 7))
        .collect();
    let zones = Polygons::read(&polygon(&[&star([630_250.0, 4_833_250.0], &radii)])).unwrap();
    let inside = (0..1_000_000).filter(|i| {
        zones.contains([
            630_000.5 + f64::from(i % 1000) / 2.0,
            4_833_000.5 + f64::from(i / 1000) / 2.0,
        ])
    });
    let area = 0.25 * inside.count() as f64;
    assert!(
        (area / zones.area() - 1.0).abs() < 1e-2,
        "{area} {}",
        zones.area()
    );
}

#[test]
fn systems_are_compared_where_both_are_known() {
    let zone = feature("{}", &polygon(&[&square(630_100.0, 4_833_100.0, 50.0)]));
    let read =
        |crs: Option<&str>| Polygons::read(&collection(crs, std::slice::from_ref(&zone))).unwrap();
    let utm = Crs::from_epsg(32617);
    let same = read(Some("urn:ogc:def:crs:EPSG::32617"));
    assert_eq!(same.crs(), PolygonCrs::Epsg(32617));
    assert_eq!(same.check(Some(&utm), &SURVEY).unwrap(), []);
    assert_eq!(
        same.check(None, &SURVEY).unwrap(),
        [PolygonWarning::SurveySystemNotStated]
    );
    assert_eq!(
        read(None).check(Some(&utm), &SURVEY).unwrap(),
        [PolygonWarning::SystemNotStated]
    );
    let other = read(Some("EPSG:26917"))
        .check(Some(&utm), &SURVEY)
        .unwrap_err()
        .to_string();
    assert!(
        ["EPSG:26917", "ogr2ogr -t_srs EPSG:32617"]
            .iter()
            .all(|part| other.contains(part)),
        "{other}"
    );
    let unknown = collection(
        Some("urn:ogc:def:crs:ESRI::102100"),
        std::slice::from_ref(&zone),
    );
    assert!(matches!(
        Polygons::read(&unknown),
        Err(PolygonError::UnknownSystem { .. })
    ));
}

#[test]
fn degrees_beside_metres_are_refused_with_the_command_that_helps() {
    let zone = feature("{}", &polygon(&[&square(-79.33, 43.62, 0.01)]));
    for crs in [
        None,
        Some("urn:ogc:def:crs:OGC:1.3:CRS84"),
        Some("EPSG:4326"),
    ] {
        let zones = Polygons::read(&collection(crs, std::slice::from_ref(&zone))).unwrap();
        for survey in [Some(Crs::from_epsg(32617)), None] {
            let error = zones.check(survey.as_ref(), &SURVEY).unwrap_err();
            assert!(
                matches!(error, PolygonError::Degrees { .. })
                    && error.to_string().contains("ogr2ogr"),
                "{error}"
            );
        }
    }
    // A survey in local metres may have numbers like degrees.
    let local = Polygons::read(&feature("{}", &polygon(&[&square(10.0, 10.0, 5.0)]))).unwrap();
    let survey = Rect {
        min: [0.0; 2],
        max: [80.0; 2],
    };
    assert_eq!(
        local.check(None, &survey).unwrap(),
        [PolygonWarning::SystemNotStated]
    );
}

#[test]
fn zones_outside_the_survey_are_named_and_nothing_inside_is_an_error() {
    let at = |name: &str, east: f64| {
        feature(
            &format!(r#"{{"name":"{name}"}}"#),
            &polygon(&[&square(east, 4_833_100.0, 50.0)]),
        )
    };
    let read =
        |features: &[String]| Polygons::read(&collection(Some("EPSG:32617"), features)).unwrap();
    let zones = read(&[at("in", 630_100.0), at("out", 640_000.0)]);
    let out = PolygonWarning::OutsideSurvey { zone: "out".into() };
    assert_eq!(
        zones.check(Some(&Crs::from_epsg(32617)), &SURVEY).unwrap(),
        [out]
    );
    let error = read(&[at("out", 640_000.0)])
        .check(Some(&Crs::from_epsg(32617)), &SURVEY)
        .unwrap_err();
    assert!(matches!(error, PolygonError::Apart { .. }), "{error}");
    assert_ne!(
        zones.fingerprint(),
        read(&[at("in", 630_100.0), at("out", 640_000.5)]).fingerprint()
    );
}
