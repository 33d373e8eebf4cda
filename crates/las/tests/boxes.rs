//! Headers whose box is wrong: said, measured, and repaired in a copy.

#![allow(missing_docs)]

use isopach_cloud::{Cloud, Columns};
use isopach_las::{BoxFault, Las, LazWriter, Schema};
use isopach_tiling::PointSource;

#[test]
fn a_wrong_box_is_told_measured_and_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let right = dir.path().join("right.laz");
    let points: Vec<[f64; 3]> = (0..400)
        .map(|i| [500_000.0 + f64::from(i % 20), f64::from(i / 20), 10.0])
        .collect();
    let mut writer = LazWriter::create(
        &right,
        &Schema {
            offset: points[0],
            ..Schema::default()
        },
    )
    .unwrap();
    writer
        .write(&Cloud::from_points(&points).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
    let expected = Las::open(&right).unwrap();
    assert_eq!(expected.box_fault(), None);
    let bytes = std::fs::read(&right).unwrap();
    // Highest and lowest x, y, z stand at 179.
    for (values, fault) in [
        ([0.0; 6], BoxFault::Empty),
        (
            [f64::INFINITY, f64::NEG_INFINITY, 1.0, 0.0, 1.0, 0.0],
            BoxFault::NotFinite,
        ),
        ([f64::NAN; 6], BoxFault::NotFinite),
        ([0.0, 1.0, 0.0, 1.0, 0.0, 1.0], BoxFault::Swapped),
    ] {
        let mut bytes = bytes.clone();
        for (i, value) in values.into_iter().enumerate() {
            bytes[179 + 8 * i..187 + 8 * i].copy_from_slice(&value.to_le_bytes());
        }
        let wrong = dir.path().join("wrong.laz");
        std::fs::write(&wrong, &bytes).unwrap();
        let las = Las::open(&wrong).unwrap();
        assert_eq!(las.box_fault(), Some(fault));
        assert_eq!(
            (las.extent(), las.height_range()),
            (expected.extent(), expected.height_range()),
            "{fault}"
        );
        assert_eq!(las.read_all(Columns::XYZ).unwrap().len(), 400, "{fault}");
        let repaired = dir.path().join("repaired.laz");
        las.rewrite(&repaired).unwrap();
        let repaired = Las::open(&repaired).unwrap();
        assert_eq!(repaired.box_fault(), None);
        assert_eq!(
            (repaired.header().min, repaired.header().max),
            (expected.header().min, expected.header().max)
        );
    }
}

#[test]
fn heights_that_only_the_header_has_are_no_outlier() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flat.laz");
    let points: Vec<[f64; 3]> = (0..400)
        .map(|i| [500_000.0 + f64::from(i % 20), f64::from(i / 20), 10.0])
        .collect();
    let mut writer = LazWriter::create(
        &path,
        &Schema {
            offset: points[0],
            ..Schema::default()
        },
    )
    .unwrap();
    writer
        .write(&Cloud::from_points(&points).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
    let right = std::fs::read(&path).unwrap();
    for [low, high] in [[-999_999.0, 10.0], [10.0, 1e9], [-1e300, 1e300]] {
        let mut bytes = right.clone();
        bytes[211..219].copy_from_slice(&f64::to_le_bytes(high));
        bytes[219..227].copy_from_slice(&f64::to_le_bytes(low));
        std::fs::write(&path, &bytes).unwrap();
        let open = || Las::open(&path).unwrap();
        assert_eq!(
            (open().header().min[2], open().header().max[2]),
            (low, high)
        );
        for las in [open(), open().without_noise(), open().in_metres().unwrap()] {
            las.check_heights().unwrap();
            assert_eq!(las.height_range(), [10.0; 2]);
            assert_eq!(las.read_all(Columns::XYZ).unwrap().len(), 400);
        }
        open().keep_classes(&[99]).check_heights().unwrap();
    }
}
