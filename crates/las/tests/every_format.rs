//! Every version with every point format it has, put together by hand: read, compressed, uncompressed, and the bytes are the same.

#![allow(missing_docs)]

mod made;

use isopach_cloud::Columns;
use isopach_las::{GpsTime, Las};
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
                assert_eq!((header.version, header.format, header.point_count), ([1, minor], format, 500), "{what}");
                assert_eq!((header.file_source_id, header.created), (42, [2026, 7]), "{what}");
                let time = match minor {
                    0 | 1 => GpsTime::Week,
                    5 => GpsTime::Standard { less_millions: 1250 },
                    _ => GpsTime::ADJUSTED_STANDARD,
                };
                assert_eq!(header.gps_time, time, "{what}");
                las.rewrite(place("a.laz")).unwrap();
                let compressed = Las::open(place("a.laz")).unwrap();
                assert!(compressed.header().compressed);
                assert!(compressed.read_raw(0).unwrap() == las.read_raw(0).unwrap(), "{what}");
                assert_eq!(compressed.read_points(Columns::XYZ).unwrap(), las.read_points(Columns::XYZ).unwrap());
                compressed.rewrite(place("b.las")).unwrap();
                let back = fs::read(place("b.las")).unwrap();
                assert!(without_counts(&back, minor) == without_counts(&made, minor), "{what}");
                let header = Las::open(place("b.las")).unwrap().header().clone();
                assert_eq!(header.points_by_return.iter().sum::<u64>(), 500, "{what}");
            }
        }
    }
}

/// Without what is counted and measured anew, which the files made by hand leave out: points by return, GPS times.
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
