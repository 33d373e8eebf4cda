//! A run of patches, from LAZ files to shards, folders and a manifest, and back through Python.
#![allow(clippy::print_stderr, missing_docs)]

#[path = "patches/halves.rs"]
mod halves;

use clap::Parser as _;
use isopach::{
    cloud::{Cloud, Columns},
    compute::Error,
    las::{LazWriter, Schema},
    patches::PatchError,
};
use isopach_npy::read;
use isopach_survey::{
    Silent,
    patches::{self, PatchOptionError, PatchOptions, PatchOutcome},
};
use safetensors::SafeTensors;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// Points of a survey of 40 m by 30 m with classes, intensities and colours.
fn points() -> Cloud {
    let random = isopach::compute::conformance::random;
    let points: Vec<[f64; 3]> = (0..6000_u64)
        .map(|i| {
            let [x, y] = [random(3 * i) * 40.0, random(3 * i + 1) * 30.0];
            let tree = if i.is_multiple_of(3) {
                4.0 * random(3 * i + 2)
            } else {
                0.0
            };
            [
                x + 400_000.0,
                y + 5_500_000.0,
                300.0 + (x * 0.4).sin() + tree,
            ]
        })
        .collect();
    let mut cloud = Cloud::from_points(&points).unwrap();
    let class = |i: u64| {
        if i.is_multiple_of(50) {
            7
        } else if i.is_multiple_of(3) {
            5
        } else {
            2
        }
    };
    cloud.attributes.classification = Some((0..6000).map(class).collect());
    cloud.attributes.intensity = Some((0..6000).map(|i| (i * 7) as u16).collect());
    cloud.attributes.rgb = Some((0..6000).map(|i| [i as u16 * 10, 300, 65_535]).collect());
    cloud
}

/// Writes rows of the points to files: the n-th file has those that `file_of` sends there.
fn survey(file_of: impl Fn(usize) -> usize, files: usize) -> TempDir {
    survey_of_scale(0.001, file_of, files)
}

fn survey_of_scale(scale: f64, file_of: impl Fn(usize) -> usize, files: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let cloud = points();
    for file in 0..files {
        let rows: Vec<u32> = (0..6000).filter(|i| file_of(*i as usize) == file).collect();
        let schema = Schema {
            columns: Columns::CLASSIFICATION | Columns::INTENSITY | Columns::RGB,
            offset: [400_000.0, 5_500_000.0, 0.0],
            scale,
            ..Schema::default()
        };
        let path = folder.path().join(format!("{file}.laz"));
        let mut writer = LazWriter::create(path, &schema).unwrap();
        writer.write(&cloud.select(&rows), &[]).unwrap();
        writer.finish().unwrap();
    }
    folder
}

fn run(survey: &Path, out: &Path, more: &[&str]) -> Result<PatchOutcome, Error> {
    let [input, out] = [survey, out].map(|path| path.to_str().unwrap().to_owned());
    let words = ["patches", &input, &out, "--backend", "cpu"];
    let options = PatchOptions::try_parse_from(words.iter().chain(more)).unwrap();
    patches::run(&options, &Silent)
}

/// All files of a folder by their paths in it; of the manifest all but the inputs.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut bytes = fs::read(&path).unwrap();
            if path.ends_with("manifest.json") {
                let mut manifest: Value = serde_json::from_slice(&bytes).unwrap();
                manifest["inputs"] = Value::Null;
                bytes = manifest.to_string().into_bytes();
            }
            files.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
        }
    }
    files
}

/// Options of a small run with everything.
const EVERYTHING: [&str; 24] = [
    "--side",
    "12",
    "--overlap",
    "2",
    "--points",
    "150",
    "--at-least",
    "40",
    "--features",
    "minimal,nx,ny,nz",
    "--radius",
    "1.5",
    "--height",
    "nearest",
    "--ground-distance",
    "6",
    "--zero-height",
    "ground",
    "--normalise",
    "--copies",
    "2",
    "--rotate",
    "--scale",
    "0.9,1.1",
];

#[test]
fn tiles_memory_threads_order_and_files_do_not_change_a_byte() {
    let whole = survey(|_| 0, 1);
    let split = survey(|i| (i * 7919) % 3, 3);
    let out = tempfile::tempdir().unwrap();
    for format in ["safetensors", "npy"] {
        let mut words = EVERYTHING.to_vec();
        words.extend(["--format", format, "--shard-size", "20KiB"]);
        let [a, b] = ["a", "b"].map(|name| out.path().join(format!("{format}-{name}")));
        let outcome = run(whole.path(), &a, &words).unwrap();
        assert_eq!(outcome.written, 3 * outcome.counts.patches);
        words.extend(["--tile-size", "10", "--memory", "200MiB"]);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        pool.install(|| run(split.path(), &b, &words)).unwrap();
        let [a, b] = [contents(&a), contents(&b)];
        assert!(a.len() > 4);
        assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
        for (path, bytes) in &a {
            assert!(bytes == &b[path], "{}", path.display());
        }
    }
    // Nothing is left beside the results.
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 4);
}

#[test]
fn shards_and_folders_hold_the_same_rows() {
    let survey = survey(|_| 0, 1);
    let out = tempfile::tempdir().unwrap();
    let [shards, folders] = ["shards", "folders"].map(|name| out.path().join(name));
    let words = [
        "--side",
        "12",
        "--sample",
        "all",
        "--at-least",
        "40",
        "--shard-size",
        "60KiB",
    ];
    let outcome = run(survey.path(), &shards, &words).unwrap();
    run(
        survey.path(),
        &folders,
        &[&words[..], &["--format", "npy"]].concat(),
    )
    .unwrap();
    let [of_shards, of_folders] = [&shards, &folders].map(|folder| {
        let bytes = fs::read(folder.join("manifest.json")).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    });
    assert_eq!(outcome.rows, 5880); // 120 of noise are left out
    assert_eq!(of_shards["counts"]["rows"], 5880);
    assert_eq!(of_shards["color_bits"], 16);
    assert!(of_shards["shards"].as_array().unwrap().len() > 1);
    let records = of_shards["patches"].as_array().unwrap();
    assert_eq!(records.len() as u64, outcome.counts.patches);
    for (record, other) in records
        .iter()
        .zip(of_folders["patches"].as_array().unwrap())
    {
        let shard = &of_shards["shards"][record["shard"].as_u64().unwrap() as usize];
        let bytes = fs::read(shards.join(shard["file"].as_str().unwrap())).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let rows = record["rows"].as_u64().unwrap() as usize;
        let start = record["first_row"].as_u64().unwrap() as usize;
        let folder = folders.join(other["folder"].as_str().unwrap());
        for (name, width) in [("coord", 3), ("color", 3), ("strength", 1)] {
            let array = read(&folder.join(format!("{name}.npy"))).unwrap();
            assert_eq!(array.shape, [rows, width]);
            let tensor = tensors.tensor(name).unwrap();
            let numbers = tensor.data()[4 * width * start..][..4 * width * rows].chunks_exact(4);
            let numbers = numbers.map(|n| f64::from(f32::from_le_bytes(n.try_into().unwrap())));
            assert!(numbers.eq(array.values.iter().copied()), "{name}");
        }
        let array = read(&folder.join("segment.npy")).unwrap();
        assert!(
            array.shape == [rows] && array.values.iter().all(|class| [2.0, 5.0].contains(class))
        );
        let colours = read(&folder.join("color.npy")).unwrap().values;
        assert!(
            colours
                .chunks(3)
                .all(|c| c[2] == 255.0 && (c[1] - 300.0 / 257.0).abs() < 1e-6)
        );
    }
}

#[test]
fn statistics_of_one_run_normalise_another() {
    let survey = survey(|_| 0, 1);
    let out = tempfile::tempdir().unwrap();
    let words = [
        "--side",
        "12",
        "--points",
        "200",
        "--at-least",
        "40",
        "--features",
        "geometry",
        "--radius",
        "1.5",
    ];
    let [own, given, other] = ["own", "given", "other"].map(|name| out.path().join(name));
    run(
        survey.path(),
        &own,
        &[&words[..], &["--normalise"]].concat(),
    )
    .unwrap();
    let manifest = own.join("manifest.json");
    let statistics = ["--statistics", manifest.to_str().unwrap()];
    run(survey.path(), &given, &[&words[..], &statistics].concat()).unwrap();
    let shard = |folder: &Path| fs::read(folder.join("patches-00000.safetensors")).unwrap();
    assert!(shard(&own) == shard(&given));
    // Statistics without a column are refused.
    let words = [
        "--features",
        "lod3",
        "--radius",
        "1.5",
        "--statistics",
        manifest.to_str().unwrap(),
    ];
    let error = run(survey.path(), &other, &words).unwrap_err();
    assert!(
        matches!(error.find_cause(), Some(PatchError::OtherStatistics { .. })),
        "{error}"
    );
    let file = out.path().join("none.json");
    for text in [
        "",
        "{}",
        r#"{"statistics": [{"name": "strength", "count": [1]}]}"#,
    ] {
        fs::write(&file, text).unwrap();
        let words = ["--statistics", file.to_str().unwrap()];
        let error = run(survey.path(), &other, &words).unwrap_err();
        assert!(
            matches!(
                error.find_cause(),
                Some(PatchOptionError::NoStatistics { .. })
            ),
            "{error}"
        );
    }
    assert!(!other.exists());
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let survey = survey(|_| 0, 1);
    let out = tempfile::tempdir().unwrap();
    let refused = |words: &[&str]| {
        let error = run(survey.path(), &out.path().join("out"), words).unwrap_err();
        error
            .find_cause::<PatchOptionError>()
            .cloned()
            .unwrap_or_else(|| panic!("{error}"))
    };
    use PatchOptionError as E;
    assert!(matches!(refused(&["--sample", "voxel"]), E::NoVoxel { .. }));
    assert!(matches!(
        refused(&["--sample", "all", "--points", "5"]),
        E::UnusedBySample { .. }
    ));
    assert!(matches!(
        refused(&["--voxel", "1"]),
        E::UnusedBySample { .. }
    ));
    assert!(matches!(
        refused(&["--copies", "2"]),
        E::EqualCopies { copies: 2 }
    ));
    assert!(matches!(
        refused(&["--copies", "1", "--scale", "2"]),
        E::ScaleOfOtherLength { given: 1 }
    ));
    assert!(matches!(
        refused(&["--zero-height", "sea"]),
        E::UnknownZeroHeight { .. }
    ));
    assert!(matches!(
        refused(&["--radius", "2"]),
        E::WithoutFeatures { option: "--radius" }
    ));
    assert!(matches!(
        refused(&["--shard-size", "1GiB"]),
        E::ShardTooLarge { .. }
    ));
    assert!(matches!(
        refused(&["--zero-height", "ground", "--classes", "5"]),
        E::GroundLeftOut { .. }
    ));
    fs::create_dir(out.path().join("out")).unwrap();
    fs::write(out.path().join("out/mine"), "").unwrap();
    assert!(matches!(refused(&[]), E::OutExists { .. }));
    let error = run(
        survey.path(),
        &out.path().join("new"),
        &["--columns", "time"],
    )
    .unwrap_err();
    assert!(matches!(
        error.find_cause(),
        Some(PatchError::NoColumn { .. })
    ));
}

#[test]
fn a_run_that_fails_leaves_nothing_and_an_empty_folder_is_filled() {
    let survey = survey(|_| 0, 1);
    let out = tempfile::tempdir().unwrap();
    let target = out.path().join("out");
    fs::create_dir(&target).unwrap();
    // Too little memory for any tile.
    let words = ["--memory", "1MiB", "--shard-size", "1KiB"];
    assert!(run(survey.path(), &target, &words).is_err());
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
    run(
        survey.path(),
        &target,
        &["--side", "20", "--points", "10", "--at-least", "1"],
    )
    .unwrap();
    assert!(target.join("manifest.json").exists());
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}

/// A Python with these packages: the one that `PATCHES_PYTHON` names, else `python3`.
fn python(packages: &str) -> Option<String> {
    let python = std::env::var("PATCHES_PYTHON").unwrap_or_else(|_| "python3".into());
    let import = format!("import {packages}");
    let found = Command::new(&python).args(["-c", &import]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!("SKIPPED: {python} has not all of {packages} (PATCHES_PYTHON names another Python)");
    None
}

/// Compares folders of all points and of farthest points. All points in the order of coordinates:
/// Open3D takes the first of equally far ones.
const OPEN3D: &str = "
import json, pathlib, sys
import numpy as np, open3d
everything, farthest = map(pathlib.Path, sys.argv[1:])
for patch in json.loads((farthest / 'manifest.json').read_text())['patches']:
    ours, points = (np.load(folder / patch['folder'] / 'coord.npy').astype(np.float64) for folder in (farthest, everything))
    points = points[np.lexsort(points.T[::-1])]
    start = int(np.flatnonzero((points == ours[0]).all(1))[0])
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points))
    theirs = np.asarray(cloud.farthest_point_down_sample(len(ours), start).points)
    print(len(ours), len(points), (np.sort(theirs.view('f8,f8,f8'), 0) == np.sort(ours.view('f8,f8,f8'), 0)).all())
";

#[test]
fn farthest_points_are_those_of_open3d() {
    let Some(python) = python("numpy, open3d") else {
        return;
    };
    // Coordinates that f32 holds exactly.
    let survey = survey_of_scale(1.0 / 64.0, |_| 0, 1);
    let out = tempfile::tempdir().unwrap();
    let [all, farthest] = ["all", "farthest"].map(|name| out.path().join(name));
    let words = [
        "--side",
        "20",
        "--at-least",
        "400",
        "--format",
        "npy",
        "--sample",
    ];
    run(survey.path(), &all, &[&words[..], &["all"]].concat()).unwrap();
    run(
        survey.path(),
        &farthest,
        &[&words[..], &["farthest", "--points", "400"]].concat(),
    )
    .unwrap();
    let mut command = Command::new(python);
    let output = command
        .args(["-c", OPEN3D])
        .arg(all)
        .arg(farthest)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(
        text.lines()
            .all(|line| line.starts_with("400 ") && line.ends_with("True")),
        "{text}"
    );
}

#[test]
fn the_reader_in_python_reads_shards_and_folders() {
    let Some(python) = python("numpy") else {
        return;
    };
    let survey = survey(|_| 0, 1);
    let out = tempfile::tempdir().unwrap();
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/python/read_patches.py");
    let printed = ["safetensors", "npy"].map(|format| {
        let folder = out.path().join(format);
        let words = [
            &EVERYTHING[..],
            &["--format", format, "--shard-size", "20KiB"],
        ]
        .concat();
        let outcome = run(survey.path(), &folder, &words).unwrap();
        let output = Command::new(&python)
            .arg(&script)
            .arg(&folder)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(text.lines().count() as u64, outcome.written);
        text
    });
    assert_eq!(printed[0], printed[1]);
    let halves = out.path().join("halves");
    let words = [&EVERYTHING[..], &["--halves"]].concat();
    run(survey.path(), &halves, &words).unwrap();
    let restored = Command::new(&python).arg(&script).arg(&halves).output();
    let restored = String::from_utf8(restored.unwrap().stdout).unwrap();
    for (line, exact) in restored.lines().zip(printed[0].lines()) {
        assert_sums_are_near(line, exact);
    }
    assert_eq!(restored.lines().count(), printed[0].lines().count());
    let first = printed[0].lines().next().unwrap();
    for column in [
        "coord (150, 3)",
        "normal (150, 3)",
        "strength (150, 1)",
        "segment (150,)",
    ] {
        assert!(first.contains(column), "{first}");
    }
}

/// Trains a linear model for a step on batches of the reader, by two workers, and prints the sums of
/// coordinates and labels. Warnings are errors.
const TORCH: &str = "
import sys, warnings
import torch
sys.path.insert(0, sys.argv[2])
from read_patches import Patches

if __name__ == '__main__':
    warnings.simplefilter('error')
    patches = Patches(sys.argv[1])
    model = torch.nn.Linear(3, 256)
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3)
    sums = [0.0, 0, 0]
    for batch in torch.utils.data.DataLoader(patches, batch_size=2, num_workers=2):
        loss = torch.nn.functional.cross_entropy(model(batch['coord']).flatten(0, 1), batch['segment'].flatten())
        loss.backward()
        optimiser.step()
        assert torch.isfinite(loss)
        sums[0] += float(batch['coord'].double().sum())
        sums[1] += int(batch['segment'].sum())
        sums[2] += batch['coord'].shape[0]
    print(f'{sums[0]:.6g} {sums[1]} {sums[2]}')
";

#[test]
fn the_reader_feeds_a_data_loader_of_torch() {
    let Some(python) = python("numpy, torch") else {
        return;
    };
    let survey = survey(|_| 0, 1);
    let out = tempfile::tempdir().unwrap();
    let program = out.path().join("train.py");
    fs::write(&program, TORCH).unwrap();
    let readers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/python");
    let printed = ["safetensors", "npy"].map(|format| {
        let folder = out.path().join(format);
        let words = [&EVERYTHING[..], &["--format", format]].concat();
        let outcome = run(survey.path(), &folder, &words).unwrap();
        let output = Command::new(&python)
            .args([&program, &folder, &readers])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words[1].parse::<u64>().unwrap() > 0, "labels: {text}");
        assert_eq!(words[2].parse::<u64>().unwrap(), outcome.written, "{text}");
        text
    });
    assert_eq!(printed[0], printed[1]);
}

/// Sums of columns, as the reader prints them, of halves beside those of four bytes.
fn assert_sums_are_near(line: &str, exact: &str) {
    let words = line.split(' ').zip(exact.split(' '));
    for (word, exact) in words {
        let numbers = [word, exact].map(|word| word.trim_end_matches(',').parse::<f64>());
        match numbers {
            [Ok(sum), Ok(exact)] => {
                // 150 rows of magnitudes up to some units.
                assert!(
                    (sum - exact).abs() <= 1e-3 * exact.abs() + 0.2,
                    "{sum} {exact}"
                );
            }
            _ => assert_eq!(word, exact),
        }
    }
}
