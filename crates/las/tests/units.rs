//! Feet are converted or refused, never taken for metres.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_cloud::{Cloud, Columns, Crs, LengthUnit, Rect};
use isopach_las::{Catalogue, Las, LazWriter, Schema};
use isopach_tiling::PointSource;
use std::path::Path;

const FOOT: f64 = 0.3048;

/// Points of a lattice with a spacing of one unit, in a system.
fn written(path: &Path, crs: Option<Crs>) {
    let points: Vec<[f64; 3]> = (0..400)
        .map(|i| [f64::from(i % 20), f64::from(i / 20), 10.0])
        .collect();
    let mut writer = LazWriter::create(
        path,
        &Schema {
            crs,
            ..Schema::default()
        },
    )
    .unwrap();
    writer
        .write(&Cloud::from_points(&points).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
}

fn wkt(system: &str) -> Option<Crs> {
    Some(Crs {
        wkt: Some(system.into()),
        ..Crs::default()
    })
}

#[test]
fn a_code_alone_says_feet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("oregon.laz");
    written(&path, Some(Crs::from_epsg(2992)));
    let las = Las::open(&path).unwrap();
    assert_eq!(las.crs().unwrap().unit, LengthUnit::Foot);
    let error = las.read_all(Columns::XYZ).unwrap_err().to_string();
    assert!(
        error.contains("oregon.laz")
            && error.contains("international feet")
            && error.contains("in_metres"),
        "{error}"
    );

    let (feet, extent) = (las.read_points(Columns::XYZ).unwrap(), las.extent());
    let metric = las
        .within(Rect {
            min: [-1.0; 2],
            max: [9.5; 2],
        })
        .in_metres()
        .unwrap();
    let metres = metric.read_points(Columns::XYZ).unwrap();
    assert_eq!(metres.len(), 100, "the rectangle was converted too");
    let kept = feet
        .xyz
        .iter()
        .filter(|point| point[0] < 9.5 && point[1] < 9.5);
    for (metre, foot) in metres.xyz.iter().zip(kept) {
        assert!((0..3).all(|axis| (metre[axis] - foot[axis] * FOOT).abs() < 1e-12));
    }
    let crs = metric.crs().unwrap();
    assert!(
        crs.is_metric()
            && crs.horizontal.is_none()
            && crs.name.as_ref().unwrap().ends_with("(ft), in metres")
    );
    assert!((metric.extent().max[0] - extent.max[0] * FOOT).abs() < 1e-9);
    assert!((metric.height_range()[0] - 10.0 * FOOT).abs() < 1e-12);
    assert!(
        metric
            .rewrite(folder.path().join("b.laz"))
            .unwrap_err()
            .to_string()
            .contains("in_metres")
    );
    let catalogue = Catalogue::open(&[&path]).unwrap();
    assert!(catalogue.read_all(Columns::XYZ).is_err());
    assert_eq!(
        catalogue
            .in_metres()
            .unwrap()
            .read_all(Columns::XYZ)
            .unwrap()
            .len(),
        400
    );
}

#[test]
fn heights_have_their_own_unit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.laz");
    written(
        &path,
        wkt(
            r#"COMPD_CS["x",PROJCS["m",GEOGCS["g"],UNIT["metre",1]],VERT_CS["v",UNIT["US survey foot",0.304800609601219]]]"#,
        ),
    );
    let metres = Las::open(&path)
        .unwrap()
        .in_metres()
        .unwrap()
        .read_points(Columns::XYZ)
        .unwrap();
    assert_eq!(metres.xyz[21][..2], [1.0, 1.0]);
    assert!((metres.xyz[21][2] - 12_000.0 / 3937.0).abs() < 1e-12);
}

#[test]
fn degrees_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.laz");
    written(
        &path,
        wkt(r#"GEOGCS["WGS 84",UNIT["degree",0.0174532925199433]]"#),
    );
    for error in [
        Las::open(&path)
            .unwrap()
            .in_metres()
            .map(drop)
            .unwrap_err()
            .to_string(),
        Las::open(&path)
            .unwrap()
            .read_all(Columns::XYZ)
            .unwrap_err()
            .to_string(),
    ] {
        assert!(
            error.contains("degrees") && error.contains("reproject"),
            "{error}"
        );
    }
}

#[test]
fn metres_and_silence_are_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.laz");
    for crs in [None, Some(Crs::from_epsg(25833))] {
        written(&path, crs);
        let before = Las::open(&path).unwrap();
        let after = Las::open(&path).unwrap().in_metres().unwrap();
        assert_eq!(
            before.read_points(Columns::XYZ).unwrap(),
            after.read_points(Columns::XYZ).unwrap()
        );
        assert_eq!(before.crs(), after.crs());
    }
}

#[test]
fn a_real_file_in_feet() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar/autzen_trim.laz");
    let Ok(las) = Las::open(&path) else {
        return eprintln!("SKIPPED {}: not there", path.display());
    };
    assert!(las.read_all(Columns::XYZ).is_err());
    let feet = las.read_points(Columns::XYZ).unwrap();
    let metres = las.in_metres().unwrap();
    // The false easting of Oregon Lambert is 400 km.
    assert!(
        metres
            .crs()
            .unwrap()
            .wkt
            .as_ref()
            .unwrap()
            .contains("400000")
            || metres
                .crs()
                .unwrap()
                .wkt
                .as_ref()
                .unwrap()
                .contains("399999")
    );
    let cloud = metres.read_all(Columns::XYZ).unwrap();
    for i in [0, 1000, 100_000] {
        let point = cloud.positions().absolute(i);
        assert!((0..3).all(|axis| (point[axis] - feet.xyz[i][axis] * FOOT).abs() < 3e-6));
    }
}
