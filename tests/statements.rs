//! What the program states is true: poses, levels of detection and volumes of small cases whose
//! truth is known.

#![allow(clippy::print_stderr, missing_docs)]

use isopach::{
    cloud::{Cloud, Columns},
    las::{Las, LazWriter, Schema},
};
use isopach_testkit::run::{Run, cases};
use serde_json::Value;
use std::{fs, path::Path};

trait Statements {
    fn text(&self, path: &str) -> String;

    /// Refuses a volume whose error does not contain the truth.
    fn covers(&self, volume: &str, truth: f64);

    /// The M3C2 file's places, distances and whether they are significant.
    fn core_points(&self) -> Vec<([f64; 3], f64, bool)>;
}

impl Statements for Run {
    fn text(&self, path: &str) -> String {
        self.summary()
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{path}"))
            .to_owned()
    }

    fn covers(&self, volume: &str, truth: f64) {
        let path = |field: &str| format!("/dod/volumes/{volume}/{field}");
        let (found, error) = (self.number(&path("m3")), self.number(&path("error_m3")));
        assert!(
            (found - truth).abs() <= error,
            "{volume} {found} ± {error}, true {truth}"
        );
    }

    fn core_points(&self) -> Vec<([f64; 3], f64, bool)> {
        let las = Las::open(self.dir.path().join("m3c2.laz")).unwrap();
        let points = las.read_points(Columns::XYZ).unwrap();
        let distance = las.read_extra("m3c2_distance").unwrap();
        let significant = las.read_extra("significant").unwrap();
        points
            .xyz
            .into_iter()
            .zip(distance)
            .zip(significant)
            .map(|((p, d), s)| (p, d, s == 1.0))
            .collect()
    }
}

fn write(path: &Path, points: &[[f64; 3]]) {
    write_classes(path, points, None);
}

fn write_classes(path: &Path, points: &[[f64; 3]], classes: Option<Vec<u8>>) {
    let mut cloud = Cloud::from_points(points).unwrap();
    let columns = match classes {
        Some(_) => Columns::CLASSIFICATION,
        None => Columns::XYZ,
    };
    cloud.attributes.classification = classes;
    let schema = Schema {
        columns,
        offset: points[0].map(f64::floor),
        ..Schema::default()
    };
    let mut writer = LazWriter::create(path, &schema).unwrap();
    writer.write(&cloud, &[]).unwrap();
    writer.finish().unwrap();
}

/// A hash of an index in [0, 1).
fn random(i: u64) -> f64 {
    let mut z = i
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(0x1234_5678_9ABC_DEF1);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Hills of 100 × 100 m at two points a square metre.
fn hills(seed: u64, change: impl Fn(f64, f64) -> f64) -> Vec<[f64; 3]> {
    let point = |i: u64| {
        let r = |stream: u64| random((seed << 32) + 5 * i + stream);
        let (x, y) = (100.0 * r(0), 100.0 * r(1));
        let noise = 0.03 * (r(2) + r(3) + r(4) - 1.5) * 2.0;
        let height = 2.0 * (x / 9.0).sin() * (y / 11.0).cos()
            + 0.4 * (x / 3.0).sin()
            + 0.3 * (y / 2.5).cos();
        [
            500_000.0 + x,
            5_400_000.0 + y,
            300.0 + height + change(x, y) + noise,
        ]
    };
    (0..20_000).map(point).collect()
}

#[test]
fn registered_epochs_with_a_changed_quarter_are_not_moved() {
    let Some(cases) = cases("") else { return };
    let [before, after] = ["a", "b"].map(|name| cases.join(format!("science/strip_{name}.laz")));
    let run = Run::new(&before, &after, &["--cell", "1"]).succeeded();
    assert_eq!(run.text("/alignment/outcome"), "not moved");
    assert!(run.terminal().contains("not moved"), "{}", run.terminal());
    assert!(
        (run.number("/dod/volumes/net/m3") - 1046.0).abs() < 20.0,
        "{}",
        run.number("/dod/volumes/net/m3")
    );
    run.covers("net", 1046.0);
    // Cells that the data ask for cover the whole strip: 2,500 m² rose by 0.7 m, less the ground
    // without data.
    let run = Run::new(&before, &after, &[]).succeeded();
    assert!((run.number("/dod/volumes/net/m3") - 1750.0).abs() < 40.0);
    assert!(run.number("/dod/share_not_tested") > 0.0 && run.terminal().contains("not tested"));
}

#[test]
fn a_plane_moves_upwards_alone() {
    let Some(cases) = cases("") else { return };
    let [before, after] = ["a", "b"].map(|name| cases.join(format!("science/flat_{name}.laz")));
    let run = Run::new(&before, &after, &[]).succeeded();
    let moved: Vec<f64> = (0..3)
        .map(|axis| run.number(&format!("/alignment/later_to_earlier_translation_m/{axis}")))
        .collect();
    assert!(
        moved[0].abs() < 1e-3 && moved[1].abs() < 1e-3 && (moved[2] + 0.1).abs() < 2e-3,
        "{moved:?}"
    );
    let summary = run.summary();
    let free = summary["alignment"]["undetermined"].as_array().unwrap();
    assert_eq!(free.len(), 3, "{free:?}");
    assert!(
        free.iter()
            .any(|direction| direction.as_str().unwrap().contains("vertical")),
        "{free:?}"
    );
    // Heights can be tested all the same.
    assert!(run.number("/dod/share_not_tested") < 0.02);
}

#[test]
fn every_point_of_a_lattice_is_in_a_cell() {
    let Some(cases) = cases("") else { return };
    let [before, after] = ["a", "b"].map(|name| cases.join(format!("science/lattice_{name}.laz")));
    let run = Run::new(&before, &after, &["--align", "none", "--cell", "1"]).succeeded();
    assert_eq!(
        (run.number("/dod/cells"), run.number("/dod/area_m2")),
        (121.0, 121.0)
    );
    assert!((run.number("/dod/volumes/net/m3") - 60.5).abs() < 1e-6);
    let [before, after] =
        ["before", "after"].map(|name| cases.join(format!("change/lattice02_{name}.laz")));
    for tile in ["500", "3"] {
        let run = Run::new(
            &before,
            &after,
            &["--align", "none", "--cell", "0.2", "--tile-size", tile],
        )
        .succeeded();
        assert_eq!(
            (
                run.number("/dod/cells"),
                run.number("/dod/difference_m/missing")
            ),
            (3600.0, 0.0)
        );
    }
}

#[test]
fn single_points_have_no_level_of_detection_and_the_headline_says_so() {
    let Some(cases) = cases("") else { return };
    let [before, after] =
        ["before", "after"].map(|name| cases.join(format!("change/one_a_cell_{name}.laz")));
    let run = Run::new(&before, &after, &["--align", "none", "--cell", "1"]).succeeded();
    assert_eq!(run.number("/dod/share_not_tested"), 1.0);
    assert!(
        run.terminal().contains("not tested  100.0 %"),
        "{}",
        run.terminal()
    );
    let page = String::from_utf8(run.bytes("index.html")).unwrap();
    assert!(page.contains("100.0 % of it could not be tested"));
    assert_eq!(run.number("/dod/volumes/thresholded/gain/m3"), 0.0);
}

#[test]
fn rock_that_fell_from_a_wall_is_loss_towards_the_air() {
    let Some(cases) = cases("") else { return };
    let [before, after] =
        ["before", "after"].map(|name| cases.join(format!("change/wall_{name}.laz")));
    let run = Run::new(&before, &after, &["--align", "none", "--towards", "1,0,0"]).succeeded();
    let changed: Vec<f64> = run
        .core_points()
        .iter()
        .filter(|(_, _, s)| *s)
        .map(|(_, d, _)| *d)
        .collect();
    let deep: Vec<&f64> = changed.iter().filter(|d| d.abs() > 0.1).collect();
    assert!(
        deep.len() > 16 && deep.iter().all(|d| **d < 0.0),
        "{deep:?}"
    );
    let back = Run::new(&before, &after, &["--align", "none", "--towards", "-1,0,0"]).succeeded();
    let gained = back
        .core_points()
        .iter()
        .filter(|(_, d, s)| *s && *d > 0.1)
        .count();
    assert_eq!(gained, deep.len());
    // Without a side the program says that the sign hangs on little.
    let unsaid = Run::new(&before, &after, &["--align", "none"]).succeeded();
    assert!(
        unsaid.terminal().contains("--towards"),
        "{}",
        unsaid.terminal()
    );
}

#[test]
fn a_cliff_has_core_points_over_its_whole_face() {
    let Some(cases) = cases("") else { return };
    let [before, after] = ["a", "b"].map(|name| cases.join(format!("science/cliff_{name}.laz")));
    // The air is to the south: rock that fell is loss.
    let run = Run::new(&before, &after, &["--towards", "0,-1,0"]).succeeded();
    let points = run.core_points();
    assert!(points.len() > 1000, "{}", points.len());
    // What fell is found wherever it is deeper than the noise, and is loss.
    let scar: Vec<&([f64; 3], f64, bool)> =
        points.iter().filter(|(_, d, _)| d.abs() > 0.15).collect();
    assert!(
        scar.len() > 4 && scar.iter().all(|(_, d, found)| *found && *d < 0.0),
        "{scar:?}"
    );
}

#[test]
fn a_uniform_change_of_most_of_the_ground_is_not_taken_for_a_datum() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["before.laz", "after.laz"].map(|name| dir.path().join(name));
    write(&paths[0], &hills(1, |_, _| 0.0));
    write(
        &paths[1],
        &hills(2, |x, _| if x > 40.0 { -0.4 } else { 0.0 }),
    );
    let run = Run::new(&paths[0], &paths[1], &[]).succeeded();
    assert_eq!(
        run.text("/alignment/outcome"),
        "ambiguous",
        "{}",
        run.terminal()
    );
    assert!(run.terminal().contains("--stable"), "{}", run.terminal());
    // Stable ground that the user names settles it.
    let stable = dir.path().join("stable.geojson");
    let ring =
        "[[500000,5400000],[500038,5400000],[500038,5400100],[500000,5400100],[500000,5400000]]";
    fs::write(
        &stable,
        format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#),
    )
    .unwrap();
    let run = Run::new(
        &paths[0],
        &paths[1],
        &["--stable", stable.to_str().unwrap()],
    )
    .succeeded();
    let moved = run.number("/alignment/later_to_earlier_translation_m/2");
    assert!(moved.abs() < 0.02, "{}", run.terminal());
    let exceeding = run.number("/sample/stable_share_exceeding");
    assert!((0.0..0.1).contains(&exceeding), "{exceeding}");
    assert!(
        run.terminal().contains("On the stable ground, "),
        "{}",
        run.terminal()
    );
    let area = run.number("/dod/area_m2");
    assert!(
        (run.number("/dod/volumes/net/m3") / area + 0.24).abs() < 0.02,
        "{}",
        run.terminal()
    );
}

#[test]
fn stable_ground_may_be_named_by_class() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["before.laz", "after.laz"].map(|name| dir.path().join(name));
    let epochs = [
        hills(1, |_, _| 0.0),
        hills(2, |x, _| if x > 40.0 { -0.4 } else { 0.0 }),
    ];
    for (path, points) in paths.iter().zip(&epochs) {
        let class = |point: &[f64; 3]| if point[0] < 500_038.0 { 6 } else { 2 };
        write_classes(path, points, Some(points.iter().map(class).collect()));
    }
    let run = Run::new(&paths[0], &paths[1], &["--stable-classes", "6"]).succeeded();
    let moved = run.number("/alignment/later_to_earlier_translation_m/2");
    assert!(moved.abs() < 0.02, "{}", run.terminal());
    let area = run.number("/dod/area_m2");
    assert!(
        (run.number("/dod/volumes/net/m3") / area + 0.24).abs() < 0.02,
        "{}",
        run.terminal()
    );
}

#[test]
fn core_points_may_come_from_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let [before, after, core] =
        ["before.laz", "after.laz", "core.laz"].map(|name| dir.path().join(name));
    let slide = |x: f64, _: f64| if x > 80.0 { 0.5 } else { 0.0 };
    write(&before, &hills(1, |_, _| 0.0));
    write(&after, &hills(2, slide));
    let places: Vec<[f64; 3]> = hills(1, |_, _| 0.0).into_iter().step_by(800).collect();
    write(&core, &places);
    let run = Run::new(
        &before,
        &after,
        &["--align", "none", "--core-points", core.to_str().unwrap()],
    )
    .succeeded();
    let found = run.core_points();
    assert_eq!(found.len(), places.len());
    for (place, distance, significant) in &found {
        let east = place[0] - 500_000.0;
        assert!(places.iter().any(|p| (p[0] - place[0]).abs() < 2e-3));
        if east > 85.0 {
            assert!(*significant && (distance - 0.5).abs() < 0.15, "{place:?}");
        } else if east < 75.0 {
            assert!(distance.abs() < 0.15, "{place:?} {distance}");
        }
    }
}

#[test]
fn epochs_metres_apart_are_aligned_after_a_shift_in_the_plan() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["before.laz", "after.laz"].map(|name| dir.path().join(name));
    let apart = [14.0, -9.0, 0.3];
    let moved: Vec<[f64; 3]> = hills(2, |_, _| 0.0)
        .into_iter()
        .map(|p| std::array::from_fn(|axis| p[axis] + apart[axis]))
        .collect();
    write(&paths[0], &hills(1, |_, _| 0.0));
    write(&paths[1], &moved);
    let run = Run::new(&paths[0], &paths[1], &["--align", "coarse+icp"]).succeeded();
    assert_eq!(
        run.text("/alignment/outcome"),
        "moved",
        "{}",
        run.terminal()
    );
    for (axis, shift) in apart.iter().enumerate() {
        let found = run.number(&format!("/alignment/later_to_earlier_translation_m/{axis}"));
        assert!((found + shift).abs() < 0.05, "{}", run.terminal());
    }
}

#[test]
fn epochs_that_are_too_far_apart_are_refused_with_the_option_that_helps() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["before.laz", "after.laz"].map(|name| dir.path().join(name));
    write(&paths[0], &hills(1, |_, _| 0.0));
    write(&paths[1], &hills(2, |_, _| 400.0));
    let error = Run::new(&paths[0], &paths[1], &["--align", "icp"]).error();
    assert!(error.contains("--align coarse+icp"), "{error}");
}

#[test]
fn noise_far_away_and_memory_change_no_bit() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let slide = |x: f64, y: f64| {
        if (x - 50.0).hypot(y - 50.0) < 15.0 {
            -0.6
        } else {
            0.0
        }
    };
    let (before, after) = (hills(3, |_, _| 0.0), hills(4, slide));
    write(&path("before.laz"), &before);
    write(&path("after.laz"), &after);
    let plain = Run::new(&path("before.laz"), &path("after.laz"), &[]).succeeded();
    assert_eq!(plain.summary()["alignment"]["converged"], true);
    for options in [
        &["--memory", "36MiB", "--tile-size", "30"][..],
        &["--threads", "1", "--tile-size", "17"],
    ] {
        let other = Run::new(&path("before.laz"), &path("after.laz"), options).succeeded();
        for file in ["dod.tif", "dod_lod.tif", "m3c2.laz", "c2c.laz"] {
            assert!(
                plain.bytes(file) == other.bytes(file),
                "{file} differs with {options:?}"
            );
        }
        for part in ["alignment", "dod", "m3c2", "c2c", "sample", "reasons"] {
            assert_eq!(
                plain.summary()[part],
                other.summary()[part],
                "{part} with {options:?}"
            );
        }
    }
    // A point two kilometres out, and one nine kilometres out.
    for far in [2_000.0, 9_000.0] {
        let [x, y, z] = before[0];
        let noisy: Vec<[f64; 3]> = before
            .iter()
            .copied()
            .chain([[x + far, y, z + 40.0]])
            .collect();
        write(&path("noisy.laz"), &noisy);
        let other = Run::new(&path("noisy.laz"), &path("after.laz"), &[]).succeeded();
        for axis in 0..3 {
            let at = format!("/alignment/later_to_earlier_translation_m/{axis}");
            assert!(
                (plain.number(&at) - other.number(&at)).abs() < 1e-3,
                "{}",
                other.terminal()
            );
        }
        assert!(
            (plain.number("/dod/volumes/net/m3") - other.number("/dod/volumes/net/m3")).abs() < 2.0
        );
    }
}

#[test]
fn volumes_are_told_by_polygon_and_cover_the_truth() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let slide = |x: f64, _: f64| if x < 30.0 { 0.5 } else { 0.0 };
    write(&path("before.laz"), &hills(5, |_, _| 0.0));
    write(&path("after.laz"), &hills(6, slide));
    let ring = |west: u32, east: u32| {
        format!(
            "[[{west},5400000],[{east},5400000],[{east},5400100],[{west},5400100],[{west},5400000]]"
        )
    };
    let feature = |name: &str, ring: String| {
        format!(
            r#"{{"type":"Feature","properties":{{"name":"{name}"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#
        )
    };
    let (west, east) = (
        feature("raised", ring(500_000, 500_030)),
        feature("stable", ring(500_030, 500_100)),
    );
    let text = format!(r#"{{"type":"FeatureCollection","features":[{west},{east}]}}"#);
    fs::write(path("areas.geojson"), text).unwrap();
    let areas = path("areas.geojson");
    let run = Run::new(
        &path("before.laz"),
        &path("after.laz"),
        &["--areas", areas.to_str().unwrap()],
    )
    .succeeded();
    let summary = run.summary();
    let zones = summary["dod"]["zones"].as_array().unwrap();
    let names: Vec<&str> = zones
        .iter()
        .map(|zone| zone["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["raised", "stable"]);
    let gain = |zone: usize| run.number(&format!("/dod/zones/{zone}/volumes/gain/m3"));
    let area = run.number("/dod/zones/0/area_m2");
    assert!((gain(0) - 0.5 * area).abs() < 30.0, "{} of {area}", gain(0));
    assert!(gain(1).abs() < run.number("/dod/zones/1/volumes/gain/error_m3"));
    run.covers("loss", 0.0);
    let page = String::from_utf8(run.bytes("index.html")).unwrap();
    assert!(page.contains("Volumes by polygon") && page.contains("raised"));
}

#[test]
fn the_page_tells_the_whole_command() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    write(&path("before.laz"), &hills(7, |_, _| 0.0));
    write(&path("after.laz"), &hills(8, |_, _| 0.0));
    let run = Run::new(
        &path("before.laz"),
        &path("after.laz"),
        &["--min-count", "3", "--fdr", "0.1"],
    )
    .succeeded();
    let command = run.text("/command");
    for word in [
        "terrain_change",
        "before.laz",
        "after.laz",
        "--min-count 3",
        "--fdr 0.1",
        "--backend cpu",
    ] {
        assert!(command.contains(word), "{command}");
    }
    assert!(
        String::from_utf8(run.bytes("index.html"))
            .unwrap()
            .contains("--min-count 3")
    );
    assert!(
        run.number("/m3c2/significant_at_false_discovery_rate/core_points")
            <= run.number("/m3c2/significant")
    );
}
