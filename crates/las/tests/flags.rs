//! Points that are flagged as withheld or classed as noise are left out where that is asked for,
//! counted, and matter to nothing.

#![allow(missing_docs)]

use isopach_cloud::{Attributes, Columns, Points};
use isopach_las::{Catalogue, Las, LazWriter, LeftOut, Schema};
use isopach_tiling::PointSource;
use std::path::Path;

const WITHHELD: u8 = 1 << 2;

/// A lattice of 10,000 points, with classes and flags by index; `height` of each.
fn write(path: &Path, of: impl Fn(usize) -> (u8, u8), height: impl Fn(usize) -> f64) {
    let n = 10_000;
    let xyz: Vec<[f64; 3]> = (0..n)
        .map(|i| [(i % 100) as f64, (i / 100) as f64, height(i)])
        .collect();
    let columns = Columns::CLASSIFICATION.with(Columns::FLAGS);
    let attributes = Attributes {
        classification: Some((0..n).map(|i| of(i).0).collect()),
        flags: Some((0..n).map(|i| of(i).1).collect()),
        ..Attributes::default()
    };
    let origin = isopach_cloud::Origin::near([50.0, 50.0, 0.0]).unwrap();
    let mut writer = LazWriter::create(
        path,
        &Schema {
            columns,
            scale: 0.01,
            ..Schema::default()
        },
    )
    .unwrap();
    writer
        .write(&Points { xyz, attributes }.about(origin).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
}

fn kinds(i: usize) -> (u8, u8) {
    match i % 50 {
        0 => (2, WITHHELD | 0x40),
        1 => (7, 0x80),
        2 => (18, 1),
        3 => (7, WITHHELD),
        4 => (6, 0x30),
        _ => (2, 0x80 | 0x0B & !WITHHELD),
    }
}

#[test]
fn they_are_left_out_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    write(&path, kinds, |_| 10.0);
    let all = Las::open(&path).unwrap();
    assert_eq!(
        all.read_points(Columns::XYZ).unwrap().len(),
        10_000,
        "a library reads everything"
    );
    // With columns that the fast decoder has, and with those that the codec must decode.
    for columns in [Columns::XYZ, Columns::CLASSIFICATION, Columns::INTENSITY] {
        let las = Las::open(&path).unwrap().without_withheld().without_noise();
        assert_eq!(las.left_out(), LeftOut::default());
        assert_eq!(las.read_points(columns).unwrap().len(), 9200);
        assert_eq!(
            las.left_out(),
            LeftOut {
                withheld: 400,
                noise: 400
            }
        );
        las.read_points(columns).unwrap();
        assert_eq!(
            las.left_out(),
            LeftOut {
                withheld: 400,
                noise: 400
            },
            "not added up over reads"
        );
    }
    let withheld = Las::open(&path).unwrap().without_withheld();
    assert_eq!(withheld.read_points(Columns::XYZ).unwrap().len(), 9600);
    let ground = Catalogue::open(&[&path])
        .unwrap()
        .keep_classes(&[2])
        .without_withheld()
        .without_noise();
    assert_eq!(ground.read_all(Columns::XYZ).unwrap().len(), 9000);
    assert_eq!(
        ground.left_out(),
        LeftOut {
            withheld: 200,
            noise: 0
        }
    );
    let copy = dir.path().join("b.laz");
    assert_eq!(
        Las::open(&path)
            .unwrap()
            .without_noise()
            .rewrite(&copy)
            .unwrap(),
        9400
    );
    let old = dir.path().join("c.las");
    Las::open(&path).unwrap().rewrite(&old).unwrap();
    assert_eq!(
        Las::open(&old)
            .unwrap()
            .without_withheld()
            .without_noise()
            .read_points(Columns::XYZ)
            .unwrap()
            .len(),
        9200
    );
}

#[test]
fn a_point_that_is_left_out_never_fails_a_reader() {
    let dir = tempfile::tempdir().unwrap();
    let near = dir.path().join("near.laz");
    let height = |i: usize| if i == 4321 { 7000.0 } else { 10.0 };
    write(&near, |i| (if i == 4321 { 7 } else { 2 }, 0), height);
    // Lifted to 20 km in the file itself: a writer cannot hold it beside the others.
    let path = dir.path().join("far.las");
    Las::open(&near).unwrap().rewrite(&path).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let records = u32::from_le_bytes(bytes[96..100].try_into().unwrap()) as usize;
    let at = records + 30 * 4321 + 8;
    bytes[at..at + 4].copy_from_slice(&2_000_000_i32.to_le_bytes());
    bytes[211..219].copy_from_slice(&20_000.0_f64.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let error = Las::open(&path)
        .unwrap()
        .read_all(Columns::XYZ)
        .unwrap_err()
        .to_string();
    for part in [
        "far.las",
        "point 4321 at (21.00, 43.00, 20000.00), class 7, noise",
        "las_extract",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let without = Las::open(&path).unwrap().without_noise();
    assert_eq!(without.height_range(), [10.0; 2]);
    assert_eq!(without.read_all(Columns::XYZ).unwrap().len(), 9999);
    let ground = Catalogue::open(&[&path]).unwrap().keep_classes(&[2]);
    assert_eq!(ground.read_all(Columns::XYZ).unwrap().len(), 9999);
    assert_eq!(ground.height_range(), [10.0; 2]);
}

#[test]
fn a_clone_has_the_file_open_and_filters_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    write(&path, kinds, |_| 10.0);
    let all = Catalogue::open(&[&path]).unwrap();
    let buildings = all.clone().keep_classes(&[6]);
    let noise = all.clone().keep_classes(&[7]).without_withheld();
    // Nothing was opened again.
    #[cfg(target_os = "linux")]
    {
        let handles = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
        let of_file = handles
            .filter(|handle| std::fs::read_link(handle.path()).is_ok_and(|file| file == path));
        assert_eq!(of_file.count(), 1);
    }
    let count = |catalogue: &Catalogue| catalogue.read_all(Columns::XYZ).unwrap().len();
    assert_eq!([&all, &buildings, &noise].map(count), [10_000, 200, 200]);
    assert_eq!(
        [&all, &buildings, &noise]
            .map(Catalogue::left_out)
            .map(|out| out.withheld),
        [0, 0, 200]
    );
}
