//! A file written anew keeps everything that it does not count or measure.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_cloud::{Columns, Rect};
use isopach_las::{Las, VariableRecord};
use std::path::{Path, PathBuf};

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar");
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in [root.join("formats"), root.clone()] {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!("SKIPPED {}: not there", folder.display());
            continue;
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        found.extend(
            paths.filter(|path| path.extension().is_some_and(|e| e == "las" || e == "laz")),
        );
    }
    found.retain(|path| path.metadata().unwrap().len() < 1_000_000);
    found.sort();
    found
}

/// User, number, description and data of the records that another file can have.
fn kept(las: &Las) -> Vec<(String, u16, String, bool, Vec<u8>)> {
    let is_kept =
        |record: &&VariableRecord| !matches!(record.user_id.as_str(), "copc" | "laszip encoded");
    let whole = |r: &VariableRecord| {
        (
            r.user_id.clone(),
            r.record_id,
            r.description.clone(),
            r.extended,
            las.read_record(r).unwrap(),
        )
    };
    las.header()
        .records
        .iter()
        .filter(is_kept)
        .map(whole)
        .collect()
}

/// All bytes of all points.
fn raw(las: &Las) -> Vec<u8> {
    (0..las.total_chunks())
        .flat_map(|chunk| las.read_raw(chunk).unwrap())
        .collect()
}

#[test]
fn every_format_keeps_its_bits() {
    let folder = tempfile::tempdir().unwrap();
    for path in files() {
        let las = Las::open(&path).unwrap();
        for name in ["a.laz", "a.las"] {
            let to = folder.path().join(name);
            assert_eq!(las.rewrite(&to).unwrap(), las.header().point_count);
            let copy = Las::open(&to).unwrap();
            let [old, new] = [&las, &copy].map(Las::header);
            assert_eq!(
                (new.version, new.format, new.record_length),
                (old.version, old.format, old.record_length)
            );
            assert_eq!(
                (new.scale, new.offset, new.point_count),
                (old.scale, old.offset, old.point_count)
            );
            assert_eq!(
                (new.gps_time, new.created, &new.system_identifier),
                (old.gps_time, old.created, &old.system_identifier)
            );
            assert_eq!((&new.crs, &new.extra_bytes), (&old.crs, &old.extra_bytes));
            assert_eq!(new.compressed, name == "a.laz", "{}", path.display());
            assert_eq!(new.copc, None);
            assert!(raw(&copy) == raw(&las), "{} to {name}", path.display());
            assert!(kept(&copy) == kept(&las), "{} to {name}", path.display());
        }
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing else is left"
        );
    }
}

#[test]
fn what_the_header_counts_is_of_the_points_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    for path in files() {
        let las = Las::open(&path).unwrap();
        let [min, max] = [las.header().min, las.header().max];
        let rect = Rect {
            min: [min[0], min[1]],
            max: [0, 1].map(|axis| 0.5 * (min[axis] + max[axis])),
        };
        let part = las.within(rect);
        let points = part.read_points(Columns::RETURNS).unwrap();
        let to = folder.path().join("part.laz");
        assert_eq!(part.rewrite(&to).unwrap(), points.len() as u64);
        let copy = Las::open(&to).unwrap();
        assert!(
            copy.read_points(Columns::RETURNS).unwrap() == points,
            "{}",
            path.display()
        );
        let header = copy.header();
        for axis in 0..3 {
            let all = points.xyz.iter().map(|point| point[axis]);
            let ends = [
                all.clone().fold(f64::INFINITY, f64::min),
                all.fold(f64::NEG_INFINITY, f64::max),
            ];
            let stated = [header.min[axis], header.max[axis]];
            assert!(
                points.is_empty() || ends == stated,
                "{}: {ends:?} {stated:?}",
                path.display()
            );
        }
        for (i, &count) in header.points_by_return.iter().enumerate() {
            let returns = points.attributes.returns.as_ref().unwrap();
            let true_count = returns
                .iter()
                .filter(|[number, _]| usize::from(*number) == i + 1)
                .count();
            assert_eq!(
                count,
                true_count as u64,
                "{} return {}",
                path.display(),
                i + 1
            );
        }
    }
}

#[test]
fn waveforms_are_carried() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/lidar/formats/simple1_3.las");
    let Ok(las) = Las::open(&path) else {
        return eprintln!("SKIPPED {}: not there", path.display());
    };
    let packets = |las: &Las| {
        las.header()
            .records
            .iter()
            .find(|record| record.record_id == 65535)
            .cloned()
    };
    let before = packets(&las).expect("the file has waveform packets");
    assert!(before.extended && before.bytes > 0);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a.laz");
    las.rewrite(&to).unwrap();
    let copy = Las::open(&to).unwrap();
    let after = packets(&copy).expect("and so has its copy");
    assert!(copy.read_record(&after).unwrap() == las.read_record(&before).unwrap());
    // The header's address of the packets is that of the record, head included.
    let bytes = std::fs::read(&to).unwrap();
    let at = u64::from_le_bytes(bytes[227..235].try_into().unwrap()) as usize;
    assert_eq!(u16::from_le_bytes([bytes[at + 18], bytes[at + 19]]), 65535);
}
