//! The two programs on a graphics processor give what they give on the CPU, whatever becomes of the
//! device.
//!
//! On a real one where there is one, else on one in software. Where there is neither, these tests
//! say so and are skipped, unless the variable `ISOPACH_REQUIRE_GPU` is set: then that is a
//! failure.

#![cfg(feature = "gpu")]
#![allow(missing_docs)]

use crate::devices;
use isopach::{
    Backend,
    change::{C2c, C2cTile, Detection, Dod, DodRasters, M3c2, M3c2Tile, SurveyStatistics},
    cloud::{Origin, Rect},
    compute::{Cpu, Dispatcher},
    gpu::{GpuOptions, list_adapters},
    raster::{Raster, read_geotiff},
    tiling::{InMemory, RunOptions, RunReport, Tiling},
};
use isopach_survey::scene;
use isopach_testkit::program::program;
use scene::Scene;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

/// Number of a device in the list of all, if there is one.
fn device() -> Option<usize> {
    let name = &devices::gpu()?.adapter().name;
    list_adapters()
        .iter()
        .position(|adapter| &adapter.name == name)
}

/// Runs it in a folder of its own; its summary.
fn run(name: &str, out: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let output = Command::new(program(name))
        .args(arguments)
        .arg("--out")
        .arg(out)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap()
}

fn same_cells(a: &Raster, b: &Raster, tolerance: f64) {
    assert_eq!(a.grid, b.grid);
    let far = |(a, b): &(&f64, &f64)| a.is_nan() != b.is_nan() || (*a - *b).abs() > tolerance;
    let wrong = a.values.iter().zip(&b.values).filter(far).count();
    assert_eq!(wrong, 0, "of {} cells", a.values.len());
}

const SMALL: [&str; 6] = [
    "--scene-points",
    "30000",
    "--align",
    "none",
    "--tile-size",
    "40",
];

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Heights of cells, and what the summary says of M3C2 and C2C.
fn same_change(place: &Place, [a, b]: [(&str, &Value); 2]) {
    for raster in ["dod.tif", "dod_lod.tif"] {
        let [a, b] =
            [a.0, b.0].map(|folder| read_geotiff(place.path(folder).join(raster)).unwrap());
        same_cells(&a, &b, 1e-6);
    }
    assert_eq!(a.1["m3c2"]["core_points"], b.1["m3c2"]["core_points"]);
    for (what, number) in [
        ("m3c2", "mean"),
        ("m3c2", "standard_deviation"),
        ("c2c", "mean"),
        ("c2c", "median"),
    ] {
        let [x, y] =
            [a.1, b.1].map(|summary| summary[what]["distance_m"][number].as_f64().unwrap());
        assert!((x - y).abs() < 1e-4, "{what} {number}: {x} and {y}");
    }
}

#[test]
fn terrain_on_a_device_is_terrain_on_the_processor() {
    let Some(position) = device() else { return };
    let place = Place::new();
    let cpu = run(
        "terrain_change",
        &place.path("cpu"),
        &[&SMALL[..], &["--backend", "cpu"]].concat(),
        &[],
    );
    let number = position.to_string();
    let two = format!("{number},{number}");
    for (name, on) in [
        ("gpu", vec!["--gpus", &number]),
        ("two", vec!["--gpus", &two]),
        ("little", vec!["--gpus", &number, "--gpu-memory", "8"]),
    ] {
        let gpu = run(
            "terrain_change",
            &place.path(name),
            &[&SMALL[..], &on].concat(),
            &[],
        );
        same_change(&place, [("cpu", &cpu), (name, &gpu)]);
        let devices = gpu["run"]["devices"].as_array().unwrap();
        assert_eq!(
            devices.len(),
            if name == "two" { 3 } else { 2 },
            "{devices:?}"
        );
        if name != "little" {
            assert_eq!(
                gpu["run"]["tiling"]["reruns"], 0,
                "{}",
                gpu["run"]["tiling"]["passed_on"]
            );
        }
    }
    // Two devices of one kind give the bits that one gives.
    for raster in ["dod.tif", "dod_lod.tif", "m3c2.laz", "c2c.laz"] {
        let [a, b] =
            ["gpu", "two"].map(|folder| fs::read(place.path(folder).join(raster)).unwrap());
        assert!(a == b, "{raster} differs");
    }
}

/// Nothing was checked: that is no agreement.
#[test]
fn without_a_device_there_is_nothing_to_check() {
    for asked in [
        &["--check"][..],
        &["--bench", "--json"],
        &["--programs"],
        &["--workers"],
        &[],
    ] {
        let output = Command::new(program("devices"))
            .args(asked)
            .envs([
                ("VK_DRIVER_FILES", "/nonexistent"),
                ("VK_ICD_FILENAMES", "/nonexistent"),
            ])
            .output()
            .unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(output.status.code(), Some(1), "{asked:?}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                said.contains("no driver offers a GPU") && said.lines().count() == 1,
                "{asked:?}: {said}"
            );
            assert!(output.stdout.is_empty(), "{asked:?}");
        }
    }
}

#[test]
fn without_a_device_the_processor_does_it_and_says_why() {
    let place = Place::new();
    let cpu = run(
        "terrain_change",
        &place.path("cpu"),
        &[&SMALL[..], &["--backend", "cpu"]].concat(),
        &[],
    );
    let nowhere = [
        ("VK_DRIVER_FILES", "/nonexistent"),
        ("VK_ICD_FILENAMES", "/nonexistent"),
    ];
    let auto = run("terrain_change", &place.path("auto"), &SMALL, &nowhere);
    if cfg!(target_os = "linux") {
        assert_eq!(auto["run"]["devices"], serde_json::json!(["cpu"]));
        let why = auto["run"]["backends_absent"][0].as_str().unwrap();
        assert!(why.contains("no driver"), "{why}");
        for name in ["dod.tif", "dod_lod.tif", "m3c2.laz", "c2c.laz"] {
            let [a, b] =
                ["cpu", "auto"].map(|folder| fs::read(place.path(folder).join(name)).unwrap());
            assert!(a == b, "{name} differs");
        }
    }
    same_change(&place, [("cpu", &cpu), ("auto", &auto)]);
    let output = Command::new(program("terrain_change"))
        .args(["--backend", "gpu", "--out"])
        .arg(place.path("none"))
        .envs(nowhere)
        .output()
        .unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("no driver"));
    }
}

#[test]
fn emission_on_a_device_is_emission_on_the_processor() {
    let Some(position) = device() else { return };
    let (place, number) = (Place::new(), position.to_string());
    let small = [
        "--size",
        "40",
        "--outputs",
        "emission,lambda,status",
        "--format",
        "npy",
    ];
    let named = |name: &str, options: &[&str]| {
        run(
            "emission",
            &place.path(name),
            &[&small[..], options].concat(),
            &[],
        )
    };
    let numbers = |folder: &str| {
        isopach_npy::read(&place.path(folder).join("emission.npy"))
            .unwrap()
            .values
    };
    let same = |[a, b]: [&str; 2], tolerance: f64| {
        let [a, b] = [a, b].map(numbers);
        let bins = a.len() / 1600;
        let off = |(a, b): (&[f64], &[f64])| {
            let largest = a
                .iter()
                .fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
            a.iter()
                .zip(b)
                .map(|(a, b)| (a - b).abs() / largest)
                .fold(0.0, f64::max)
        };
        let mut errors: Vec<f64> = a.chunks(bins).zip(b.chunks(bins)).map(off).collect();
        errors.sort_by(f64::total_cmp);
        assert!(
            errors[1600 * 99 / 100] < tolerance,
            "{:?}",
            errors[1600 * 99 / 100]
        );
    };
    let cpu = named("cpu", &["--backend", "cpu"]);
    let gpu = named("gpu", &["--gpus", &number]);
    assert_eq!(
        gpu["passed_on"],
        serde_json::json!([]),
        "single precision is done on the device"
    );
    // Each is within 1e-5 of the definition.
    same(["cpu", "gpu"], 2e-5);
    assert_eq!(cpu["status"], gpu["status"]);
    named("halves", &["--gpus", &number, "--halves"]);
    same(["gpu", "halves"], 1.0 / 2048.0);
    assert_ne!(numbers("gpu"), numbers("halves"));
    named("double", &["--backend", "cpu", "--precision", "double"]);
    let double = named(
        "double_on_gpu",
        &["--gpus", &number, "--precision", "double"],
    );
    same(["double", "double_on_gpu"], 1e-8);
    let has_double = list_adapters()[position].features.double_precision;
    assert_eq!(
        double["passed_on"] == serde_json::json!([]),
        has_double,
        "{}",
        double["passed_on"]
    );
}

/// What a run on tiles gave: heights of cells, M3C2 distances and counts, C2C distances.
#[derive(Default)]
struct Found {
    rasters: Vec<Raster>,
    counts: Vec<u32>,
    distances: Vec<f64>,
}

fn tiles(on: &Dispatcher<dyn Backend>, after_a_tile: &(dyn Fn() + Sync)) -> (Found, RunReport) {
    let scene = Scene::new(30_000, 4);
    let origin = Origin::near(scene.centre()).unwrap();
    let [before, after] = scene
        .epochs()
        .map(|points| InMemory::new("epoch", points.about(origin).unwrap()));
    let detection = Detection {
        survey: Some(SurveyStatistics::equal_epochs()),
        ..Detection::default()
    };
    let dod = Dod {
        detection: detection.clone(),
        ..Dod::default()
    };
    let m3c2 = M3c2 {
        detection,
        ..M3c2::default()
    };
    let operation = (dod, m3c2.with_core_spacing(1.0), C2c { max_distance: 3.0 });
    let mut found = Found::default();
    let mut sink = |_: Rect, (dod, m3c2, c2c): (DodRasters, M3c2Tile, C2cTile)| {
        found.rasters.push(dod.difference);
        found.counts.extend(m3c2.differences.count[1].iter());
        found.distances.extend(c2c.distances.distance.iter());
        Ok(())
    };
    let progress = |progress: isopach::tiling::Progress| {
        if progress.tiles_done > 0 {
            after_a_tile();
        }
    };
    let run = RunOptions {
        progress: &progress,
        ..RunOptions::default()
    };
    let tiling = Tiling {
        tile_size: 20.0,
        ..Tiling::default()
    };
    let report = tiling
        .stream_with(on, &operation, [&before, &after], &mut sink, &run)
        .unwrap();
    (found, report)
}

#[test]
fn a_device_that_is_lost_twice_in_the_middle_of_a_run_is_counted_and_changes_nothing() {
    let Some(gpu) = devices::open(GpuOptions::default()) else {
        return;
    };
    let (expected, _) = tiles(&isopach::cpu(), &|| ());
    let on = Dispatcher::new(vec![
        Arc::new(gpu.clone()) as Arc<dyn Backend>,
        Arc::new(Cpu),
    ]);
    let (found, report) = tiles(&on, &|| gpu.simulate_loss());
    assert!(report.tiles > 10);
    assert_eq!(report.fallbacks.len(), 1, "{report}");
    assert!(report.fallbacks[0].causes["device lost"] > 0, "{report}");
    for (a, b) in found.rasters.iter().zip(&expected.rasters) {
        same_cells(a, b, 1e-6);
    }
    let other = found
        .counts
        .iter()
        .zip(&expected.counts)
        .filter(|(a, b)| a != b)
        .count();
    assert!(
        found.counts.len() == expected.counts.len() && other * 1000 <= found.counts.len(),
        "{other} counts differ"
    );
    let far = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-6 || a.is_nan() != b.is_nan();
    assert!(!found.distances.iter().zip(&expected.distances).any(far));
}
