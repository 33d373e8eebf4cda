//! What does not fit a file is an error, and leaves none.

#![allow(missing_docs)]

use isopach_cloud::{Cloud, Columns};
use isopach_las::{ExtraBytes, ExtraKind, Las, LazWriter, Schema, SortedLazWriter};
use std::{fs, path::Path};

fn cloud() -> Cloud {
    Cloud::from_points(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).unwrap()
}

/// The complaint of a write; refuses a file that is there afterwards, also where it is finished all
/// the same.
fn refused(dir: &Path, schema: &Schema, cloud: &Cloud, extra: &[&[f64]]) -> String {
    let path = dir.join("refused.laz");
    let mut writer = LazWriter::create(&path, schema).unwrap();
    let message = writer.write(cloud, extra).unwrap_err().to_string();
    assert!(
        writer
            .finish()
            .unwrap_err()
            .to_string()
            .contains("earlier write failed")
    );
    let mut sorted = SortedLazWriter::create(&path, schema, 1.0, 1 << 20).unwrap();
    assert_eq!(sorted.write(cloud, extra).unwrap_err().to_string(), message);
    drop(sorted);
    assert_eq!(fs::read_dir(dir).unwrap().count(), 0, "{message}");
    assert!(message.contains("refused.laz"), "{message}");
    message
}

#[test]
fn columns_of_another_length_are_an_error_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let mut short = cloud();
    short.attributes.intensity = Some(vec![7]);
    let schema = Schema {
        columns: Columns::INTENSITY,
        ..Schema::default()
    };
    let message = refused(dir.path(), &schema, &short, &[]);
    assert!(
        message.contains("intensity has 1 values for 2 points"),
        "{message}"
    );
    short.attributes.intensity = None;
    assert!(refused(dir.path(), &schema, &short, &[]).contains("lack a column"));
    let schema = Schema {
        extra_bytes: vec![ExtraBytes::new("a", "", ExtraKind::U8)],
        ..Schema::default()
    };
    for extra in [&[][..], &[&[1.0][..]], &[&[1.0, 2.0], &[1.0, 2.0]]] {
        assert!(refused(dir.path(), &schema, &cloud(), extra).contains("extra columns"));
    }
}

#[test]
fn values_that_do_not_fit_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    use ExtraKind::{F32, I8, I16, I32, U8, U16, U32, U64};
    for (kind, value) in [
        (U8, 405.0),
        (U8, f64::NAN),
        (U8, -0.6),
        (I8, 128.0),
        (U16, 65_536.0),
        (I16, -32_769.0),
        (U32, 4_294_967_296.0),
        (I32, f64::INFINITY),
        (U64, -1.0),
        (U64, 1e19),
        (F32, 1e39),
    ] {
        let schema = Schema {
            extra_bytes: vec![ExtraBytes::new("column", "", kind)],
            ..Schema::default()
        };
        let message = refused(dir.path(), &schema, &cloud(), &[&[1.0, value]]);
        assert!(
            message.contains("column") && message.contains("point 1"),
            "{message}"
        );
    }
    let mut none = ExtraBytes::new("column", "", U8);
    none.no_data = Some(255.0);
    let schema = Schema {
        extra_bytes: vec![none],
        ..Schema::default()
    };
    assert!(refused(dir.path(), &schema, &cloud(), &[&[1.0, 255.0]]).contains("no-data value"));

    let mut odd = cloud();
    odd.attributes.returns = Some(vec![[1, 1], [17, 20]]);
    let schema = Schema {
        columns: Columns::RETURNS,
        ..Schema::default()
    };
    assert!(refused(dir.path(), &schema, &odd, &[]).contains("return 17 of 20"));
    for angle in [f32::NAN, 200.0, f32::NEG_INFINITY] {
        odd.attributes.scan_angle = Some(vec![0.0, angle]);
        let schema = Schema {
            columns: Columns::SCAN_ANGLE,
            ..Schema::default()
        };
        assert!(
            refused(dir.path(), &schema, &odd, &[]).contains("scan angle of point 1"),
            "{angle}"
        );
    }
}

#[test]
fn values_at_the_ends_of_their_types_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ends.laz");
    use ExtraKind::{F32, I8, I16, I32, U8, U16, U32};
    let kinds = [
        (U8, [0.0, 255.0]),
        (I8, [-128.0, 127.0]),
        (U16, [0.0, 65_535.0]),
        (I16, [-32_768.0, 32_767.0]),
        (U32, [0.0, 4_294_967_295.0]),
        (I32, [-2_147_483_648.0, 2_147_483_647.0]),
        (F32, [f64::NAN, f64::INFINITY]),
    ];
    let extra_bytes = kinds
        .iter()
        .map(|(kind, _)| ExtraBytes::new(format!("{kind:?}"), "", *kind))
        .collect();
    let schema = Schema {
        extra_bytes,
        ..Schema::default()
    };
    let mut writer = LazWriter::create(&path, &schema).unwrap();
    writer
        .write(&cloud(), &kinds.each_ref().map(|(_, values)| &values[..]))
        .unwrap();
    writer.finish().unwrap();
    let las = Las::open(&path).unwrap();
    for (kind, values) in kinds {
        let found = las.read_extra(&format!("{kind:?}")).unwrap();
        assert!(
            found
                .iter()
                .zip(values)
                .all(|(a, b)| *a == b || (a.is_nan() && b.is_nan())),
            "{kind:?}: {found:?}"
        );
    }
}

#[test]
fn names_must_fit_and_be_different() {
    let dir = tempfile::tempdir().unwrap();
    let create = |names: &[&str]| {
        let extra_bytes = names
            .iter()
            .map(|name| ExtraBytes::new(*name, "", ExtraKind::U8))
            .collect();
        LazWriter::create(
            dir.path().join("a.laz"),
            &Schema {
                extra_bytes,
                ..Schema::default()
            },
        )
        .map(drop)
    };
    assert!(
        create(&["x".repeat(33).as_str()])
            .unwrap_err()
            .to_string()
            .contains("33 bytes")
    );
    assert!(
        create(&["a", "b", "a"])
            .unwrap_err()
            .to_string()
            .contains("called \"a\", but names must be unique")
    );
    create(&["x".repeat(32).as_str(), "a"]).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn the_default_schema_fits_its_points_wherever_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    for at in [
        [596_000.25, 6_653_000.5, 180.0],
        [-2_500_000.125, -9_999_999.875, 8_848.5],
        [32_596_000.25, 5_000_000.5, -430.0],
    ] {
        for sorted in [false, true] {
            let points = [at, [at[0] + 8_000.0, at[1] - 7_000.0, at[2]]];
            let cloud = Cloud::from_points(&points).unwrap();
            if sorted {
                let mut writer =
                    SortedLazWriter::create(&path, &Schema::default(), 1.0, 1 << 20).unwrap();
                writer.write(&cloud, &[]).unwrap();
                writer.finish().unwrap();
            } else {
                let mut writer = LazWriter::create(&path, &Schema::default()).unwrap();
                writer.write(&cloud, &[]).unwrap();
                writer.finish().unwrap();
            }
            let mut found = Las::open(&path)
                .unwrap()
                .read_points(Columns::XYZ)
                .unwrap()
                .xyz;
            found.sort_by(|a, b| b[1].total_cmp(&a[1]));
            for (found, point) in found.iter().zip(points) {
                assert!(
                    (0..3).all(|axis| (found[axis] - point[axis]).abs() <= 0.0005 + 1e-9),
                    "{found:?} {point:?}"
                );
            }
        }
    }
    // Near zero the offset stays there, and an offset that was given is kept.
    let offset = |schema: &Schema, at: [f64; 3]| {
        let mut writer = LazWriter::create(&path, schema).unwrap();
        writer
            .write(&Cloud::from_points(&[at]).unwrap(), &[])
            .unwrap();
        writer.finish().unwrap();
        Las::open(&path).unwrap().header().offset
    };
    assert_eq!(offset(&Schema::default(), [900_000.0, 5.0, 7.0]), [0.0; 3]);
    assert_eq!(
        offset(&Schema::default(), [900_000.0, 6_653_000.0, 7.0]),
        [0.0, 7e6, 0.0]
    );
    assert_eq!(
        offset(
            &Schema {
                offset: [1.0, 2.0, 3.0],
                ..Schema::default()
            },
            [10.0, 10.0, 10.0]
        ),
        [1.0, 2.0, 3.0]
    );
}
