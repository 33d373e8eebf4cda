//! Which pairs of systems are refused, which are one in other words, and which are told apart by
//! what only one states.

#![allow(missing_docs)]

use isopach_cloud::{Cloud, Crs};
use isopach_las::{Catalogue, LazWriter, Schema};
use std::path::{Path, PathBuf};

const UTM10: &str = r#"PROJCS["NAD83(2011) / UTM zone 10N",GEOGCS["NAD83(2011)",DATUM["NAD83_National_Spatial_Reference_System_2011",SPHEROID["GRS 1980",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",-123],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1],AUTHORITY["EPSG","6339"]]"#;
const ESRI: &str = r#"PROJCS["NAD_1983_2011_UTM_Zone_10N",GEOGCS["GCS_NAD_1983_2011",DATUM["D_NAD_1983_2011",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-123.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
const PLANE2: &str = r#"PROJCRS["p",BASEGEOGCRS["ITRF2014",DATUM["International Terrestrial Reference Frame 2014",ELLIPSOID["GRS 1980",6378137,298.257222101]]],CONVERSION["c",METHOD["Transverse Mercator"],PARAMETER["Longitude of natural origin",-123,ANGLEUNIT["degree",0.0174532925199433]]],CS[Cartesian,2],AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1]]"#;

fn with(vertical: &str) -> String {
    format!(r#"COMPD_CS["c",{UTM10},{vertical}]"#)
}

fn vertical(name: &str, datum: &str, kind: u16) -> String {
    with(&format!(
        r#"VERT_CS["{name}",VERT_DATUM["{datum}",{kind}],UNIT["metre",1]]"#
    ))
}

fn write(path: &Path, wkt: &str, x: f64) -> PathBuf {
    let crs = Some(Crs {
        wkt: Some(wkt.into()),
        ..Crs::default()
    });
    let mut writer = LazWriter::create(
        path,
        &Schema {
            crs,
            ..Schema::default()
        },
    )
    .unwrap();
    writer
        .write(&Cloud::from_points(&[[x, 1.0, 2.0]]).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
    path.to_owned()
}

/// What a catalogue of a file of each says: a contradiction, or what only one of them states.
fn pair(a: &str, b: &str) -> Result<Vec<&'static str>, String> {
    let dir = tempfile::tempdir().unwrap();
    let paths = [
        write(&dir.path().join("a.laz"), a, 1.0),
        write(&dir.path().join("b.laz"), b, 2.0),
    ];
    let both = Catalogue::open(&paths).map_err(|error| error.to_string())?;
    let [a, b] = both.files() else {
        panic!("{both:?}")
    };
    Ok(a.crs().unwrap().unstated_parts(b.crs().unwrap()))
}

#[test]
fn what_contradicts_is_refused() {
    let navd88 = vertical("NAVD88 height", "North American Vertical Datum 1988", 2005);
    let geoid18 = vertical(
        "NAVD88 height - Geoid18",
        "North American Vertical Datum 1988",
        2005,
    );
    let epoch = |year: &str| format!("COORDINATEMETADATA[{PLANE2},EPOCH[{year}]]");
    for (a, b, part) in [
        (
            geoid18.clone(),
            geoid18.replace("Geoid18", "Geoid12B"),
            "geoid18 against geoid12b",
        ),
        (
            navd88.clone(),
            vertical("Ellipsoid (metre)", "Ellipsoid", 2002),
            "vertical system",
        ),
        (
            navd88.clone(),
            vertical(
                "NGVD29 height",
                "National Geodetic Vertical Datum 1929",
                2005,
            ),
            "NGVD29",
        ),
        (
            navd88.clone(),
            vertical("x", "Somebody's own", 2005),
            "vertical system",
        ),
        (
            navd88.clone(),
            navd88.replace(
                "UNIT[\"metre\",1]]]",
                "UNIT[\"metre\",1],AXIS[\"Depth\",DOWN]]]",
            ),
            "vertical system",
        ),
        (
            epoch("2010"),
            epoch("2023.5"),
            "coordinate epoch 2010 against 2023.5",
        ),
        (
            UTM10.into(),
            ESRI.replace("-123.0", "-117.0"),
            "EPSG:6339 against NAD_1983_2011_UTM_Zone_10N",
        ),
        (
            UTM10.into(),
            ESRI.replace("D_NAD_1983_2011", "D_North_American_1983"),
            "EPSG:6339",
        ),
    ] {
        let error = pair(&a, &b).unwrap_err();
        assert!(
            error.contains(part) && error.contains("b.laz") && error.contains("--ignore-crs"),
            "{part}: {error}"
        );
    }
}

#[test]
fn one_system_in_other_words_is_no_contradiction() {
    let navd88 = vertical("NAVD88 height", "North American Vertical Datum 1988", 2005);
    let epoch = |year: &str| format!("COORDINATEMETADATA[{PLANE2},EPOCH[{year}]]");
    let esri = r#"VERTCS["NAVD_1988",VDATUM["North_American_Vertical_Datum_1988"],PARAMETER["Vertical_Shift",0.0],PARAMETER["Direction",1.0],UNIT["Meter",1.0]]"#;
    for (a, b, unstated) in [
        (UTM10.into(), ESRI.into(), &[][..]),
        (navd88.clone(), with(esri), &[]),
        (
            navd88.clone(),
            navd88.replace("NAVD88 height\"", "NAVD88 (meters)\""),
            &[],
        ),
        (epoch("2010"), epoch("2010.0"), &[]),
        (UTM10.into(), navd88.clone(), &["the vertical system"]),
        (
            navd88.clone(),
            navd88.replace("height", "height - Geoid18"),
            &["the geoid model"],
        ),
        (PLANE2.into(), epoch("2010"), &["the coordinate epoch"]),
    ] {
        assert_eq!(pair(&a, &b).unwrap(), unstated, "{a} {b}");
    }
}
