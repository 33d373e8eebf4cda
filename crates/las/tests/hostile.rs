//! Files that lie or end early: an error or a correct part, never a panic, a hang or a huge
//! allocation.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_cloud::{Cloud, Columns};
use isopach_las::{Las, LazWriter, Schema};
use isopach_tiling::PointSource;
use std::{fs, path::Path};

fn small_file(path: &Path) -> Vec<u8> {
    let points: Vec<[f64; 3]> = (0..300)
        .map(|i| [f64::from(i % 20), f64::from(i / 20), 5.0])
        .collect();
    let mut writer = LazWriter::create(path, &Schema::default()).unwrap();
    writer
        .write(&Cloud::from_points(&points).unwrap(), &[])
        .unwrap();
    writer.finish().unwrap();
    fs::read(path).unwrap()
}

/// Panics of the codec are caught and become errors; their backtraces would only take time. Ours
/// are told.
fn quiet_codec() {
    std::panic::set_hook(Box::new(|panic| {
        if !panic
            .location()
            .is_some_and(|place| place.file().contains("laz-"))
        {
            eprintln!("{panic}");
        }
    }));
}

/// Reads all there is; what matters is that it comes back.
fn read(path: &Path) -> Option<usize> {
    Some(
        Las::open(path)
            .ok()?
            .read_points(Columns::CLASSIFICATION)
            .ok()?
            .len(),
    )
}

#[test]
fn every_prefix_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    let whole = small_file(&path);
    assert_eq!(read(&path), Some(300));
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(
            read(&path),
            None,
            "a prefix of {length} of {} bytes was accepted",
            whole.len()
        );
    }
}

#[test]
fn every_header_byte_may_lie() {
    quiet_codec();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.laz");
    let whole = small_file(&path);
    for at in 0..600.min(whole.len()) {
        for lie in [0x00, 0xFF, 0x7F] {
            let mut bytes = whole.clone();
            bytes[at] = lie;
            fs::write(&path, &bytes).unwrap();
            let _ = read(&path);
        }
    }
}

#[test]
fn the_message_names_file_and_fault() {
    let dir = tempfile::tempdir().unwrap();
    let message = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let message = Las::open(&path).unwrap_err().to_string();
        assert!(
            message.contains(name) && message.lines().count() == 1,
            "{message}"
        );
        message
    };
    assert!(message("empty.laz", b"").contains("not a LAS"));
    assert!(message("text.laz", b"x y z\n1 2 3\n").contains("x y z".get(..4).unwrap()));
    assert!(message("short.las", b"LASF\x01\x02").contains("truncated"));
    let whole = small_file(&dir.path().join("whole.laz"));
    let cut = message("header.laz", &whole[..300]);
    assert!(
        cut.contains("truncated: the header should reach to byte 375, but the file ends at 300"),
        "{cut}"
    );
    assert!(
        Las::open(dir.path().join("missing.laz"))
            .unwrap_err()
            .to_string()
            .contains("missing.laz")
    );
    assert!(Las::open(dir.path()).is_err(), "a folder is no file");
}

#[test]
fn real_files_open_or_say_why_not() {
    let lidar = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar");
    if !lidar.exists() {
        eprintln!(
            "SKIPPED real_files_open_or_say_why_not: {} is not there",
            lidar.display()
        );
        return;
    }
    let mut opened = 0;
    for folder in ["", "formats", "broken"] {
        for entry in fs::read_dir(lidar.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if !path.extension().is_some_and(|e| e == "laz" || e == "las") {
                continue;
            }
            match Las::open(&path)
                .map(|las| (las.point_count(), las.read_points(Columns::CLASSIFICATION)))
            {
                Ok((stated, Ok(points))) => {
                    assert_eq!(points.len() as u64, stated, "{}", path.display());
                    opened += 1;
                }
                Ok((_, Err(error))) => eprintln!("{error}"),
                Err(error) => eprintln!("{error}"),
            }
        }
    }
    assert!(
        opened >= 35,
        "only {opened} of the real files could be read"
    );
}

/// Sums of the file's integers as laspy 2.7 (lazrs) reads them: X, Y, Z and class.
#[test]
fn values_are_those_of_laspy() {
    let lidar = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar");
    if !lidar.exists() {
        eprintln!(
            "SKIPPED values_are_those_of_laspy: {} is not there",
            lidar.display()
        );
        return;
    }
    for (name, sums) in LASPY {
        let las = Las::open(lidar.join(name)).unwrap();
        let header = las.header().clone();
        let points = las.read_points(Columns::CLASSIFICATION).unwrap();
        let step = |point: &[f64; 3], axis: usize| {
            ((point[axis] - header.offset[axis]) / header.scale[axis]).round() as i64
        };
        let mut found: [i64; 4] = std::array::from_fn(|axis| {
            if axis < 3 {
                points.xyz.iter().map(|p| step(p, axis)).sum()
            } else {
                0
            }
        });
        found[3] = points
            .attributes
            .classification
            .unwrap()
            .iter()
            .map(|&class| i64::from(class))
            .sum();
        assert_eq!(found, sums, "{name}");
    }
}

include!("data/laspy_sums.rs");
