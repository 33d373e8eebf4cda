//! Every column of every file there is, against laspy. Needs a Python with laspy and lazrs:
//! `LASPY_PYTHON`, or `python3`.

#![allow(missing_docs, clippy::print_stderr)]

use isopach_cloud::Columns;
use isopach_las::Las;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let is_las = |path: &PathBuf| path.extension().is_some_and(|e| e == "las" || e == "laz");
    files
        .into_iter()
        .filter(is_las)
        .chain(folders.iter().flat_map(|folder| self::files(folder)))
        .collect()
}

/// Sums of values and of values by position, modulo 2⁶⁴, as text.
fn sums(bits: impl Iterator<Item = u64>) -> [String; 2] {
    let (mut sum, mut by_position) = (0_u64, 0_u64);
    for (i, bits) in bits.enumerate() {
        sum = sum.wrapping_add(bits);
        by_position = by_position.wrapping_add(bits.wrapping_mul(i as u64 + 1));
    }
    [sum.to_string(), by_position.to_string()]
}

/// The same sums of what we read.
fn ours(las: &Las) -> BTreeMap<String, [String; 2]> {
    let header = las.header();
    let mut found = BTreeMap::new();
    let basic = [
        Columns::INTENSITY,
        Columns::RETURNS,
        Columns::POINT_SOURCE,
        Columns::SCAN_ANGLE,
        Columns::FLAGS,
    ];
    let basic = basic.into_iter().fold(
        Columns::CLASSIFICATION.with(Columns::USER_DATA),
        Columns::with,
    );
    let points = las.read_points(basic).unwrap();
    for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
        let step = |p: &[f64; 3]| {
            ((p[axis] - header.offset[axis]) / header.scale[axis]).round() as i64 as u64
        };
        found.insert(name.into(), sums(points.xyz.iter().map(step)));
    }
    let columns = &points.attributes;
    let mut put =
        |name: &str, bits: &mut dyn Iterator<Item = u64>| found.insert(name.to_owned(), sums(bits));
    put(
        "classification",
        &mut columns.classification.iter().flatten().map(|&v| v.into()),
    );
    put(
        "intensity",
        &mut columns.intensity.iter().flatten().map(|&v| v.into()),
    );
    put(
        "return_number",
        &mut columns.returns.iter().flatten().map(|v| v[0].into()),
    );
    put(
        "number_of_returns",
        &mut columns.returns.iter().flatten().map(|v| v[1].into()),
    );
    put(
        "point_source",
        &mut columns.point_source.iter().flatten().map(|&v| v.into()),
    );
    put(
        "user_data",
        &mut columns.user_data.iter().flatten().map(|&v| v.into()),
    );
    put(
        "flags",
        &mut columns.flags.iter().flatten().map(|&v| v.into()),
    );
    let step = if header.format < 6 { 1.0 } else { 0.006 };
    put(
        "scan_angle_steps",
        &mut columns
            .scan_angle
            .iter()
            .flatten()
            .map(|&v| (v / step).round() as i64 as u64),
    );
    if let Ok(points) = las.read_points(Columns::NIR) {
        put(
            "nir",
            &mut points.attributes.nir.iter().flatten().map(|&v| v.into()),
        );
    }
    if let Ok(points) = las.read_points(Columns::GPS_TIME) {
        put(
            "gps_time",
            &mut points
                .attributes
                .gps_time
                .iter()
                .flatten()
                .map(|v| v.to_bits()),
        );
    }
    if let Ok(points) = las.read_points(Columns::RGB) {
        for (i, name) in ["red", "green", "blue"].into_iter().enumerate() {
            put(
                name,
                &mut points.attributes.rgb.iter().flatten().map(|v| v[i].into()),
            );
        }
    }
    for extra in &header.extra_bytes {
        let values = las.read_extra(&extra.name).unwrap();
        put(
            &format!("extra:{}", extra.name),
            &mut values.into_iter().map(f64::to_bits),
        );
    }
    found
}

/// What laspy reads of files with a decoder: path and either an error or its sums. `None`, and a
/// line that says so, where there is no laspy.
fn theirs(decoder: &str, files: &[PathBuf]) -> Option<Vec<Value>> {
    let python = std::env::var("LASPY_PYTHON").unwrap_or_else(|_| "python3".into());
    let import = format!("import laspy, {}", decoder.to_lowercase());
    let has_laspy = Command::new(&python)
        .args(["-c", &import])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_laspy || files.is_empty() {
        eprintln!(
            "SKIPPED a comparison with laspy: needs ../shared/data/lidar, and laspy with {decoder} in {python}"
        );
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/laspy_columns.py");
    let output = Command::new(&python)
        .arg(script)
        .arg(decoder)
        .args(files)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

/// Those of ../shared, but for files that are to be refused: laspy 2.7 reads the one with a cut
/// header as a file without points.
fn shared() -> Vec<PathBuf> {
    let all = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lidar"));
    all.into_iter()
        .filter(|path| !path.components().any(|part| part.as_os_str() == "broken"))
        .collect()
}

#[test]
fn every_column_is_that_of_laspy() {
    let Some(read) = theirs("Lazrs", &shared()) else {
        return;
    };
    let (mut files, mut columns) = (0, 0);
    for theirs in read {
        let path = theirs["path"].as_str().unwrap();
        if let Some(error) = theirs["error"].as_str() {
            eprintln!("laspy cannot read {path}: {error}");
            continue;
        }
        let las = Las::open(path).unwrap();
        let ours = ours(&las);
        for (name, sums) in theirs["columns"].as_object().unwrap() {
            let Some(found) = ours.get(name) else {
                // Bytes that nothing describes, or that are declared to have no type; waveforms,
                // which are carried and not given out.
                assert!(
                    ["extra:Reserved", "extra:ExtraBytes", "wave:"]
                        .iter()
                        .any(|known| name.starts_with(known)),
                    "{path}: {name}"
                );
                continue;
            };
            let expected = [0, 1].map(|i| sums[i].as_str().unwrap().to_owned());
            assert_eq!(*found, expected, "{path}: {name}");
            columns += 1;
        }
        files += 1;
    }
    eprintln!("{files} files, {columns} columns are as laspy reads them");
    assert!(files >= 30, "only {files} files were compared");
}

#[test]
fn what_is_written_anew_is_the_same_to_laspy() {
    let folder = tempfile::tempdir().unwrap();
    let copied = |(i, path): (usize, PathBuf)| {
        let copy = folder.path().join(format!("{i}.laz"));
        Las::open(&path)
            .and_then(|las| las.rewrite(&copy))
            .ok()
            .map(|_| [path, copy])
    };
    let pairs: Vec<[PathBuf; 2]> = shared()
        .into_iter()
        .enumerate()
        .filter_map(copied)
        .collect();
    for decoder in ["Lazrs", "Laszip"] {
        let Some(read) = theirs(decoder, pairs.as_flattened()) else {
            return;
        };
        let (mut files, mut columns) = (0, 0);
        for pair in read.as_chunks::<2>().0 {
            let [original, copy] = pair;
            if original["error"].is_string() {
                continue;
            }
            // Extra bytes without a description of a copy are named as those of its original.
            assert_eq!(
                original["columns"], copy["columns"],
                "{decoder}: {}",
                original["path"]
            );
            files += 1;
            columns += copy["columns"].as_object().map_or(0, serde_json::Map::len);
        }
        eprintln!(
            "{files} files written anew, {columns} columns are the same to laspy with {decoder}"
        );
        assert!(files >= 30, "only {files} files were compared");
    }
}
