//! The shipped profiles on clouds that they are for: what changed is found.

use super::{
    message, run,
    scene::{Scene, uniform_random},
    summary,
};
use isopach::{
    cloud::{Attributes, Columns, Origin, Points},
    las::{LazWriter, Schema},
};
use isopach_testkit::{documentation::read_document, place::Place};
use serde_json::Value;
use std::path::Path;

const CORNER: [f64; 3] = [512_000.0, 5_401_000.0, 100.0];

/// Four numbers from 0 to 1 for each of so many points of an epoch.
fn draws(points: u64, epoch: u64) -> impl Iterator<Item = [f64; 4]> {
    (0..points).map(move |i| std::array::from_fn(|n| uniform_random(epoch, 4 * i + n as u64)))
}

/// Writes points about the corner, all of one class.
fn write(path: &Path, class: u8, points: impl Iterator<Item = [f64; 3]>) {
    let xyz: Vec<[f64; 3]> = points
        .map(|p| std::array::from_fn(|axis| CORNER[axis] + p[axis]))
        .collect();
    let attributes = Attributes {
        classification: Some(vec![class; xyz.len()]),
        ..Attributes::default()
    };
    let schema = Schema {
        columns: Columns::CLASSIFICATION,
        offset: CORNER,
        ..Schema::default()
    };
    let cloud = Points { xyz, attributes }
        .about(Origin::near(CORNER).unwrap())
        .unwrap();
    let mut writer = LazWriter::create(path, &schema).unwrap();
    writer.write(&cloud, &[]).unwrap();
    writer.finish().unwrap();
}

/// The true net volume of the change, m³, summed in squares of half a metre.
fn net(scene: &Scene) -> f64 {
    let steps = (scene.side() / 0.5) as usize;
    let at = |step: usize| scene.side() * (step as f64 + 0.5) / steps as f64;
    let column = |x: usize| {
        (0..steps)
            .map(|y| scene.height_change(at(x), at(y)))
            .sum::<f64>()
    };
    (0..steps).map(column).sum::<f64>() * (scene.side() / steps as f64).powi(2)
}

/// What a profile says of `before.laz` and `after.laz` in a folder.
fn found(folder: &Path, profile: &str, more: &[&str]) -> Value {
    let given = [
        "before.laz",
        "after.laz",
        "--backend",
        "cpu",
        "--out",
        "out",
        "--profile",
        profile,
    ];
    let output = run(folder, &[&given[..], more].concat());
    assert!(output.status.success(), "{profile}: {}", message(&output));
    let summary = summary(&folder.join("out"));
    assert_eq!(summary["profile"]["name"], profile);
    summary
}

/// The number at a place of the summary is within so much of this.
fn is_near(summary: &Value, place: &str, expected: f64, within: f64) {
    let number = summary
        .pointer(place)
        .and_then(Value::as_f64)
        .unwrap_or_else(|| panic!("{place}: {summary:#}"));
    assert!(
        (number - expected).abs() <= within,
        "{place}: {number}, not {expected} ± {within}"
    );
}

#[test]
fn each_value_has_its_reason_above() {
    for name in ["airborne", "drone", "terrestrial"] {
        let text = read_document(&format!("crates/survey/profiles/{name}.toml"));
        let lines: Vec<&str> = text.lines().collect();
        let values = lines
            .windows(2)
            .filter(|pair| !pair[1].starts_with('#') && pair[1].contains(" = "));
        let bare: Vec<&str> = values
            .clone()
            .filter(|pair| !pair[0].starts_with('#'))
            .map(|pair| pair[1])
            .collect();
        assert!(values.count() >= 12 && bare.is_empty(), "{name}: {bare:?}");
    }
}

#[test]
fn airborne_finds_the_volumes_of_a_valley() {
    // 5 points a square metre, a tenth of them on trees.
    let scene = Scene::new(60_000, 9);
    let place = Place::of(&scene);
    let summary = found(&place.path(""), "airborne", &[]);
    let true_net = net(&scene);
    let error = summary
        .pointer("/dod/volumes/net/error_m3")
        .and_then(Value::as_f64)
        .unwrap();
    is_near(&summary, "/dod/volumes/net/m3", true_net, error);
    is_near(&summary, "/m3c2/distance_m/median", 0.0, 0.02);
    assert_eq!(summary["parameters"]["cell_m"], 2.0);
    assert!(place.path("out/count_before.tif").exists());
}

#[test]
fn drone_finds_a_pit_beside_grass_that_grew() {
    // 120 points a square metre of a field of 25 m; grass grew on a third of it, and stops a third
    // of the points there. A pit of 8 by 8 m is a tenth of it.
    let dir = tempfile::tempdir().unwrap();
    let ground = |[x, y]: [f64; 2]| {
        0.05 * x + 0.4 * (x / 4.0).sin() * (y / 5.0).cos() + 0.15 * (y / 1.7).sin()
    };
    for (epoch, name) in ["before.laz", "after.laz"].into_iter().enumerate() {
        let point = |[u, v, noise, grass]: [f64; 4]| {
            let at = [25.0 * u, 25.0 * v];
            let is_pit = epoch == 1 && at.iter().all(|side| (10.0..18.0).contains(side));
            let is_grass = epoch == 1 && at[1] < 8.0 && grass < 1.0 / 3.0;
            let grown = if is_grass { 0.1 + grass } else { 0.0 };
            let height = ground(at) + 0.06 * (noise - 0.5) + grown - if is_pit { 0.5 } else { 0.0 };
            [at[0], at[1], height]
        };
        write(
            &dir.path().join(name),
            0,
            draws(75_000, 10 + epoch as u64).map(point),
        );
    }
    let summary = found(dir.path(), "drone", &[]);
    is_near(&summary, "/m3c2/distance_m/median", 0.0, 0.02);
    is_near(&summary, "/m3c2/distance_m/q05", -0.5, 0.05);
    // At least the profile's two centimetres: 17 mm of roughness over some ninety points leave
    // millimetres, and so does the alignment.
    is_near(&summary, "/m3c2/level_of_detection_median_m", 0.025, 0.005);
    let share = summary["m3c2"]["significant"].as_f64().unwrap()
        / summary["m3c2"]["core_points"].as_f64().unwrap();
    assert!(
        (0.08..0.2).contains(&share),
        "{share} of the places changed"
    );
}

#[test]
fn terrestrial_finds_a_block_that_fell_from_a_wall() {
    // 600 points a square metre of a wall that rises 8 m, seen from the west; a block of 3 by 3 m
    // and 0.4 m thick fell.
    let dir = tempfile::tempdir().unwrap();
    let wall = |[y, z]: [f64; 2]| 0.3 * (0.9 * y).sin() + 0.2 * (1.3 * z).sin() + 0.1 * z;
    for (epoch, name) in ["before.laz", "after.laz"].into_iter().enumerate() {
        let point = |[u, v, noise, _]: [f64; 4]| {
            let [y, z] = [12.0 * u, 8.0 * v];
            let fell = epoch == 1 && (4.0..7.0).contains(&y) && (3.0..6.0).contains(&z);
            [
                wall([y, z]) + 0.03 * (noise - 0.5) + if fell { 0.4 } else { 0.0 },
                y,
                z,
            ]
        };
        write(
            &dir.path().join(name),
            0,
            draws(57_600, 20 + epoch as u64).map(point),
        );
    }
    let scanner = format!(
        "{},{},{}",
        CORNER[0] - 30.0,
        CORNER[1] + 6.0,
        CORNER[2] + 2.0
    );
    let summary = found(dir.path(), "terrestrial", &["--scanner", &scanner]);
    assert_eq!(summary["parameters"]["core_points"], "cubes");
    is_near(&summary, "/m3c2/distance_m/median", 0.0, 0.01);
    // Along the normal of the wall, which leans: a little less than the block's thickness.
    is_near(&summary, "/m3c2/distance_m/q05", -0.38, 0.04);
    is_near(&summary, "/m3c2/level_of_detection_median_m", 0.01, 0.005);
}
