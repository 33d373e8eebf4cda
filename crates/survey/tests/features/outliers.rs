//! Outliers are marked, or left out, the same in any tiles.

use crate::{run, write_survey};
use isopach::{
    cloud::Columns,
    features::{OutlierConvention, OutlierFilter, StatisticalFilter},
    las::Las,
};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::TempDir;

/// Two files with birds above and pits below a surface.
fn survey() -> TempDir {
    let above = |i: u64, chance: f64| match i % 100 {
        0 => 20.0 * (chance - 0.5),
        _ => 0.0,
    };
    write_survey(above, |_| 2)
}

fn classes(path: &Path) -> Vec<u8> {
    let cloud = Las::open(path).unwrap().read_all(Columns::CLASSIFICATION);
    cloud.unwrap().attributes.classification.unwrap()
}

const WORDS: [&str; 9] = [
    "--radius",
    "1",
    "--height",
    "nearest",
    "--outliers",
    "statistical",
    "--outlier-distance",
    "4",
    "--outlier-deviations=2",
];

#[test]
fn outliers_are_class_7_in_any_tiles() {
    let folder = survey();
    let all = run(folder.path(), "a.laz", &WORDS).unwrap();
    let tiles = [&WORDS[..], &["--tile-size", "7"]].concat();
    assert!(all == run(folder.path(), "b.laz", &tiles).unwrap());
    let las = Las::open(folder.path().join("a.laz")).unwrap();
    let cloud = las.read_all(Columns::CLASSIFICATION).unwrap();
    let filter = OutlierFilter::Statistical(StatisticalFilter {
        k: 8,
        deviations: 2.0,
        max_distance: 4.0,
        convention: OutlierConvention::ISOPACH,
    });
    let found = filter
        .run(&isopach::neighbours::Cpu, cloud.positions())
        .unwrap();
    let marked: Vec<bool> = classes(&folder.path().join("a.laz"))
        .into_iter()
        .map(|class| class == 7)
        .collect();
    assert_eq!(marked, found.is_outlier);
    let text = fs::read_to_string(folder.path().join("a.laz.json")).unwrap();
    let outliers = &serde_json::from_str::<Value>(&text).unwrap()["outliers"];
    let count = marked.iter().filter(|is_outlier| **is_outlier).count();
    assert!((20..100).contains(&count), "{count}");
    assert_eq!(outliers["found"], count);
    assert_eq!(
        outliers["filter"]["fewer_within_max_distance"],
        found.out_of_reach
    );
    let threshold = outliers["filter"]["threshold_m"].as_f64().unwrap();
    assert!(threshold > outliers["filter"]["mean_m"].as_f64().unwrap());
}

#[test]
fn left_out_outliers_are_in_no_neighbourhood_and_not_in_the_file() {
    let folder = survey();
    let without = [&WORDS[..], &["--without-outliers"]].concat();
    let all = run(folder.path(), "a.laz", &without).unwrap();
    let tiles = [&without[..], &["--tile-size", "7"]].concat();
    assert!(all == run(folder.path(), "b.laz", &tiles).unwrap());
    let text = fs::read_to_string(folder.path().join("a.laz.json")).unwrap();
    let summary: Value = serde_json::from_str(&text).unwrap();
    let left = 6000 - summary["outliers"]["found"].as_u64().unwrap();
    assert_eq!(summary["points"], left);
    assert!(
        classes(&folder.path().join("a.laz"))
            .iter()
            .all(|class| *class == 2)
    );
    // A second run over what is left has the same neighbourhoods.
    let again = tempfile::tempdir().unwrap();
    for file in ["west.laz", "east.laz"] {
        fs::copy(folder.path().join("a.laz"), again.path().join(file)).unwrap();
    }
    let words = [&WORDS[..4], &["--columns", "intensity,class"]].concat();
    run(again.path(), "c.laz", &words).unwrap();
    for column in ["linearity", "height_above_ground"] {
        let [first, second] = [folder.path().join("a.laz"), again.path().join("c.laz")]
            .map(|path| Las::open(path).unwrap().read_extra(column).unwrap());
        let same = first
            .iter()
            .zip(&second)
            .all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same && first.len() as u64 == left, "{column}");
    }
}

#[test]
fn every_method_has_defaults() {
    let folder = survey();
    for method in ["statistical", "radius", "voxels"] {
        let words = ["--radius", "1", "--features", "nz", "--outliers", method];
        run(folder.path(), "a.laz", &words).unwrap();
        let text = fs::read_to_string(folder.path().join("a.laz.json")).unwrap();
        let summary: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(summary["outliers"]["filter"]["method"], method);
    }
}
