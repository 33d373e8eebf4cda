//! A sorted file is the same bytes for any order, pieces, memory and threads, and has every point
//! that was written.

#![allow(missing_docs)]

use isopach_cloud::{Attributes, Cloud, Columns, cell_of_tick};
use isopach_las::{ExtraBytes, ExtraKind, Las, LazWriter, Schema, SortedLazWriter};
use proptest::prelude::*;
use std::{collections::BTreeMap, path::Path};

/// The least memory that makes a difference: 64 KiB wait.
const LITTLE: u64 = 1 << 16;

/// A number below `below` that depends on `i` alone.
fn scattered(i: u32, below: u32) -> u32 {
    i.wrapping_mul(2_654_435_761)
        .rotate_left(13)
        .wrapping_mul(0x9E37_79B1)
        % below
}

/// Points on a coarse lattice, so that many are equal in coordinates, some also in everything else.
fn cloud(count: u32) -> Cloud {
    let place = |i: u32, axis: u32| f64::from(scattered(3 * i + axis, 40)) * 0.5 - 10.0;
    let xyz: Vec<[f64; 3]> = (0..count)
        .map(|i| [place(i, 0), place(i, 1), place(i, 2) % 1.0])
        .collect();
    let mut cloud = Cloud::from_points(&xyz).unwrap();
    cloud.attributes = Attributes {
        classification: Some((0..count).map(|i| (i % 2) as u8).collect()),
        ..Attributes::default()
    };
    cloud
}

fn schema() -> Schema {
    Schema {
        columns: Columns::CLASSIFICATION,
        extra_bytes: vec![ExtraBytes::new("distance", "m", ExtraKind::F64)],
        ..Schema::default()
    }
}

fn distances(cloud: &Cloud) -> Vec<f64> {
    (0..cloud.len() as u32)
        .map(|i| {
            if i.is_multiple_of(5) {
                f64::NAN
            } else {
                f64::from(scattered(i, 3))
            }
        })
        .collect()
}

/// Writes the points in this order, so many at a time.
fn write(path: &Path, cloud: &Cloud, order: &[u32], piece: usize, memory: u64) {
    let distances = distances(cloud);
    let mut writer = SortedLazWriter::create(path, &schema(), 1.0, memory).unwrap();
    for rows in order.chunks(piece) {
        let part: Vec<f64> = rows.iter().map(|&row| distances[row as usize]).collect();
        writer.write(&cloud.select(rows), &[&part]).unwrap();
    }
    assert!(
        !path.exists(),
        "a file must not be there before it is complete"
    );
    writer.finish().unwrap();
}

fn shuffled(count: u32, seed: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count).collect();
    order.sort_by_key(|&i| scattered(i ^ seed, u32::MAX));
    order
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_order_pieces_and_memory_give_the_same_bytes(count in 0u32..4000, seed in any::<u32>(), piece in 1usize..3000, much in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let cloud = cloud(count);
        let as_they_come: Vec<u32> = (0..count).collect();
        write(&dir.path().join("a.laz"), &cloud, &as_they_come, usize::MAX, u64::MAX);
        write(&dir.path().join("b.laz"), &cloud, &shuffled(count, seed), piece, if much { u64::MAX } else { LITTLE });
        let [a, b] = ["a.laz", "b.laz"].map(|name| std::fs::read(dir.path().join(name)).unwrap());
        prop_assert!(a == b);
        prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "runs must be removed");
    }
}

#[test]
fn every_point_is_there_in_the_order_of_the_grid() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    // 64 KiB hold about a thousand records: more runs than are merged at once.
    let cloud = cloud(100_000);
    write(&path, &cloud, &shuffled(100_000, 7), 5000, LITTLE);
    let las = Las::open(&path).unwrap();
    let (found, distance) = (
        las.read_all(Columns::CLASSIFICATION).unwrap(),
        las.read_extra("distance").unwrap(),
    );
    let rows = |cloud: &Cloud, distance: &[f64]| -> Vec<([i64; 3], u8, u64)> {
        let class = cloud.attributes.classification.clone().unwrap();
        (0..cloud.len())
            .map(|i| {
                (
                    cloud.positions().absolute_ticks(i),
                    class[i],
                    distance[i].to_bits(),
                )
            })
            .collect()
    };
    let counted = |rows: &[([i64; 3], u8, u64)]| {
        let mut counts = BTreeMap::new();
        rows.iter()
            .for_each(|row| *counts.entry(*row).or_insert(0) += 1);
        counts
    };
    let found = rows(&found, &distance);
    assert!(counted(&found) == counted(&rows(&cloud, &distances(&cloud))));
    let key = |([x, y, z], ..): &([i64; 3], u8, u64)| {
        [cell_of_tick(*y, 1.0), cell_of_tick(*x, 1.0), *x, *y, *z]
    };
    assert!(found.iter().map(key).is_sorted());
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        1,
        "runs must be removed"
    );
}

#[test]
fn threads_do_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = cloud(60_000);
    let on = |threads: usize| {
        let path = dir.path().join(format!("{threads}.laz"));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| write(&path, &cloud, &shuffled(60_000, 3), 7000, LITTLE));
        std::fs::read(&path).unwrap()
    };
    assert!(on(1) == on(3));
}

/// The header and the records are those that the plain writer makes of points in that order.
#[test]
fn sorted_points_are_written_as_the_plain_writer_writes_them() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = cloud(3000);
    let [sorted, plain] = ["sorted.laz", "plain.laz"].map(|name| dir.path().join(name));
    write(&sorted, &cloud, &shuffled(3000, 1), 100, LITTLE);
    let las = Las::open(&sorted).unwrap();
    let (points, distance) = (
        las.read_all(Columns::CLASSIFICATION).unwrap(),
        las.read_extra("distance").unwrap(),
    );
    let mut writer = LazWriter::create(&plain, &schema()).unwrap();
    writer.write(&points, &[&distance]).unwrap();
    writer.finish().unwrap();
    assert!(std::fs::read(&sorted).unwrap() == std::fs::read(&plain).unwrap());
}

#[test]
fn an_unfinished_file_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = cloud(20_000);
    let mut writer =
        SortedLazWriter::create(dir.path().join("a.laz"), &schema(), 1.0, LITTLE).unwrap();
    writer.write(&cloud, &[&distances(&cloud)]).unwrap();
    assert!(
        std::fs::read_dir(dir.path()).unwrap().count() > 1,
        "points must have gone to disk"
    );
    drop(writer);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_file_whose_points_are_incomplete_is_not_finished() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer =
        SortedLazWriter::create(dir.path().join("a.laz"), &schema(), 1.0, LITTLE).unwrap();
    let cloud = cloud(10);
    assert!(
        writer
            .write(&cloud, &[])
            .unwrap_err()
            .to_string()
            .contains("extra columns")
    );
    assert!(
        writer
            .finish()
            .unwrap_err()
            .to_string()
            .contains("points are missing")
    );
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    for size in [0.0, f64::NAN, 1e-9] {
        let refused =
            SortedLazWriter::create(dir.path().join("b.laz"), &schema(), size, LITTLE).unwrap_err();
        assert!(refused.to_string().contains("cell size"), "{refused}");
    }
}
