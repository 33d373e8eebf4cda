//! A file whose points another one has is read once; files that only resemble each other are all
//! read.

#![allow(missing_docs)]

use isopach_cloud::{Cloud, Columns};
use isopach_las::{Catalogue, LazWriter, Schema};
use isopach_tiling::PointSource;
use std::path::{Path, PathBuf};

/// A hash of an index in [0, 1).
fn random(i: u64) -> f64 {
    let mut z = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn points(seed: u64) -> Vec<[f64; 3]> {
    let place = |i: u64| {
        let at = |axis: u64| (100_000.0 * random(seed * 100_000 + 3 * i + axis)).round() / 1000.0;
        [
            630_000.0 + at(0),
            4_833_000.0 + at(1),
            100.0 + (50.0 * at(2)).round() / 1000.0,
        ]
    };
    let corners = [
        [630_000.0, 4_833_000.0, 100.0],
        [630_100.0, 4_833_100.0, 105.0],
    ];
    (0..5000).map(place).chain(corners).collect()
}

fn write(path: &Path, points: &[[f64; 3]], scale: f64, offset: [f64; 3]) -> PathBuf {
    let schema = Schema {
        scale,
        offset,
        ..Schema::default()
    };
    let mut writer = LazWriter::create(path, &schema).unwrap();
    writer
        .write(&Cloud::from_points(points).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
    path.to_owned()
}

const OFFSET: [f64; 3] = [630_000.0, 4_833_000.0, 0.0];

#[test]
fn copies_in_any_order_steps_and_place_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let all = points(1);
    let original = write(&path("a.laz"), &all, 0.001, OFFSET);
    let backwards: Vec<[f64; 3]> = all.iter().rev().copied().collect();
    let again = write(
        &path("b.laz"),
        &backwards,
        0.001,
        [630_050.0, 4_833_050.0, 102.0],
    );
    let finer = write(&path("c.laz"), &backwards, 0.0001, OFFSET);
    let dotted = dir.path().join(".").join("a.laz");
    for copy in [original.clone(), dotted, again, finer] {
        let catalogue = Catalogue::open(&[&original, &copy]).unwrap();
        assert_eq!(
            (catalogue.files().len(), catalogue.point_count()),
            (1, all.len() as u64),
            "{}",
            copy.display()
        );
        let [found] = catalogue.duplicates() else {
            panic!("{:?}", catalogue.duplicates())
        };
        assert_eq!((&found.kept, &found.left_out), (&original, &copy));
        assert_eq!(catalogue.read_all(Columns::XYZ).unwrap().len(), all.len());
        assert!(catalogue.overlaps().is_empty());
    }
    let folder = Catalogue::open(&[dir.path()]).unwrap();
    assert_eq!((folder.files().len(), folder.duplicates().len()), (1, 2));
    assert_eq!(
        folder
            .shared_with(&Catalogue::open(&[&original]).unwrap())
            .unwrap()
            .len(),
        1
    );
}

#[cfg(unix)]
#[test]
fn a_link_is_the_file_it_points_to() {
    let dir = tempfile::tempdir().unwrap();
    let original = write(&dir.path().join("a.laz"), &points(1), 0.001, OFFSET);
    let link = dir.path().join("b.laz");
    std::os::unix::fs::symlink(&original, &link).unwrap();
    assert_eq!(
        Catalogue::open(&[dir.path()]).unwrap().duplicates().len(),
        1
    );
}

#[test]
fn as_many_points_in_the_same_box_are_no_copy() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let first = write(&path("a.laz"), &points(1), 0.001, OFFSET);
    let second = write(&path("b.laz"), &points(2), 0.001, OFFSET);
    let mut one_moved = points(1);
    one_moved[7][2] += 0.001;
    let third = write(&path("c.laz"), &one_moved, 0.001, OFFSET);
    let mut twice = points(1);
    twice[8] = twice[9];
    let fourth = write(&path("d.laz"), &twice, 0.001, OFFSET);
    let catalogue = Catalogue::open(&[first, second, third, fourth]).unwrap();
    assert_eq!(
        (catalogue.files().len(), catalogue.duplicates().len()),
        (4, 0)
    );
    assert_eq!(catalogue.overlaps().len(), 6);
}
