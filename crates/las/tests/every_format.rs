//! Every version with every point format it has, put together by hand: read, compressed,
//! uncompressed, and the bytes are the same.

#![allow(missing_docs)]

use crate::made;
use isopach_cloud::Columns;
use isopach_las::{Catalogue, GpsTime, Las};
use std::fs;

/// The formats of LAS 1.0 to 1.5.
fn formats(minor: u8) -> std::ops::RangeInclusive<u8> {
    [0..=1, 0..=1, 0..=3, 0..=5, 0..=10, 6..=10][usize::from(minor)].clone()
}

#[test]
fn there_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    for minor in 0..=5 {
        for format in formats(minor) {
            for extra in [0, 1, 7] {
                let what = format!("LAS 1.{minor}, PDRF {format}, {extra} extra bytes");
                let made = made::las(minor, format, extra, 500);
                fs::write(place("made.las"), &made).unwrap();
                let las = Las::open(place("made.las")).unwrap();
                let header = las.header();
                assert_eq!(
                    (header.version, header.format, header.point_count),
                    ([1, minor], format, 500),
                    "{what}"
                );
                assert_eq!(
                    (header.file_source_id, header.created),
                    (42, [2026, 7]),
                    "{what}"
                );
                let time = match minor {
                    0 | 1 => GpsTime::Week,
                    5 => GpsTime::Standard {
                        less_millions: 1250,
                    },
                    _ => GpsTime::ADJUSTED_STANDARD,
                };
                assert_eq!(header.gps_time, time, "{what}");
                las.rewrite(place("a.laz")).unwrap();
                let compressed = Las::open(place("a.laz")).unwrap();
                assert!(compressed.header().compressed);
                assert!(
                    compressed.read_raw(0).unwrap() == las.read_raw(0).unwrap(),
                    "{what}"
                );
                assert_eq!(
                    compressed.read_points(Columns::XYZ).unwrap(),
                    las.read_points(Columns::XYZ).unwrap()
                );
                compressed.rewrite(place("b.las")).unwrap();
                let back = fs::read(place("b.las")).unwrap();
                assert!(
                    without_counts(&back, minor) == without_counts(&made, minor),
                    "{what}"
                );
                let header = Las::open(place("b.las")).unwrap().header().clone();
                assert_eq!(header.points_by_return.iter().sum::<u64>(), 500, "{what}");
            }
        }
    }
}

/// Without what is counted and measured anew, which the files made by hand leave out: points by
/// return, GPS times.
fn without_counts(file: &[u8], minor: u8) -> Vec<u8> {
    let mut bytes = file.to_vec();
    bytes[111..131].fill(0);
    if minor >= 4 {
        bytes[255..375].fill(0);
    }
    if minor >= 5 {
        bytes[375..391].fill(0);
    }
    bytes
}

#[test]
fn formats_of_one_epoch_may_differ() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [(2, 1, "a.las"), (4, 8, "b.las"), (5, 6, "c.las")];
    let paths: Vec<_> = kinds
        .iter()
        .map(|(_, _, name)| folder.path().join(name))
        .collect();
    for ((minor, format, _), path) in kinds.iter().zip(&paths) {
        let mut made = made::las(*minor, *format, 0, 50 + u32::from(*format));
        made[131..139].copy_from_slice(&(0.01 * f64::from(*format)).to_le_bytes()); // another scale
        made[155..163].copy_from_slice(&(f64::from(*format) * 1e3).to_le_bytes()); // and offset
        made[179..187].copy_from_slice(&1e9_f64.to_le_bytes());
        made[187..195].copy_from_slice(&(-1e9_f64).to_le_bytes());
        fs::write(path, made).unwrap();
    }
    let catalogue = Catalogue::open(&paths).unwrap();
    let all = catalogue.read_points(Columns::GPS_TIME).unwrap();
    let one_by_one = paths.iter().flat_map(|path| {
        Las::open(path)
            .unwrap()
            .read_points(Columns::GPS_TIME)
            .unwrap()
            .xyz
    });
    assert_eq!(all.xyz, one_by_one.collect::<Vec<_>>());
    assert_eq!(all.len(), 51 + 58 + 56);
    let error = catalogue.read_points(Columns::RGB).unwrap_err().to_string();
    assert!(
        error.contains("a.las") && error.contains("no colour"),
        "the file without is named: {error}"
    );
}

#[test]
fn a_scale_that_makes_coordinates_infinite_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.las");
    let mut made = made::las(2, 1, 0, 3);
    made[139..147].copy_from_slice(&(-3.6e306_f64).to_le_bytes());
    fs::write(&path, made).unwrap();
    let error = Las::open(&path).unwrap_err().to_string();
    assert!(
        error.contains("a.las") && error.contains("must leave every coordinate finite"),
        "{error}"
    );
}

#[test]
fn long_records_come_in_small_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::write(place("a.las"), made::las(4, 6, 40_000, 900)).unwrap();
    let las = Las::open(place("a.las")).unwrap();
    las.rewrite(place("b.laz")).unwrap();
    let copy = Las::open(place("b.laz")).unwrap();
    assert!(copy.total_chunks() > 1, "36 MB in chunks of 32 MiB at most");
    let points = |las: &Las| las.read_points(Columns::CLASSIFICATION).unwrap();
    assert_eq!(points(&copy), points(&las));
}
