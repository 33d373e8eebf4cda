//! Heights above a terrain model that the user gives.

use crate::{run, survey};
use isopach::{
    cloud::{Columns, Crs},
    compute::Error,
    las::Las,
    raster::{Grid, Raster, write_geotiff},
};
use serde_json::Value;
use std::{fs, path::Path};

/// A plane of 2 m cells that covers all but the easternmost 8 m of the survey.
fn write_terrain(path: &Path, crs: &Crs) {
    let grid = Grid {
        cell_size: 2.0,
        first: [200_000, 2_750_000],
        columns: 16,
        rows: 16,
    };
    let heights = (0..256).map(|i| 290.0 + 0.1 * f64::from(i % 16)).collect();
    write_geotiff(path, &Raster::from_rows(grid, heights).unwrap(), crs).unwrap();
}

#[test]
fn heights_are_above_the_raster_in_any_tiles() {
    let folder = survey();
    let terrain = folder.path().join("terrain.tif");
    write_terrain(&terrain, &Crs::default());
    let words = [
        "--radius",
        "1",
        "--features",
        "nz",
        "--terrain",
        terrain.to_str().unwrap(),
    ];
    let tiles = [&words[..], &["--tile-size", "6"]].concat();
    let all = run(folder.path(), "a.laz", &words).unwrap();
    assert!(all == run(folder.path(), "b.laz", &tiles).unwrap());
    let las = Las::open(folder.path().join("a.laz")).unwrap();
    let cloud = las.read_all(Columns::XYZ).unwrap();
    let heights = las.read_extra("height_above_ground").unwrap();
    let mut missing = 0;
    for (i, height) in heights.iter().enumerate() {
        let [x, _, z] = cloud.positions().absolute(i);
        let east = x - 400_000.0;
        // Between the centres of the first and the last column; level beyond.
        let terrain = 290.0 + 0.05 * (east - 1.0).clamp(0.0, 30.0);
        if east >= 32.0 {
            missing += 1;
            assert!(height.is_nan());
        } else {
            assert!((height - (z - terrain)).abs() < 2e-5, "{east}: {height}");
        }
    }
    let text = fs::read_to_string(folder.path().join("a.laz.json")).unwrap();
    let summary: Value = serde_json::from_str(&text).unwrap();
    assert!(missing > 500);
    assert_eq!(summary["height_above_ground"]["points_without"], missing);
}

#[test]
fn a_terrain_that_is_none_is_refused() {
    let folder = survey();
    let terrain = folder.path().join("terrain.tif");
    let words = ["--radius", "1", "--terrain", terrain.to_str().unwrap()];
    let missing = run(folder.path(), "out.laz", &words).unwrap_err();
    assert!(matches!(missing, Error::Source(_)), "{missing}");
    fs::write(&terrain, "no raster").unwrap();
    let broken = run(folder.path(), "out.laz", &words).unwrap_err();
    assert!(broken.to_string().contains("terrain.tif"), "{broken}");
    assert!(!folder.path().join("out.laz").exists());
}

#[test]
fn a_cloth_finds_the_ground_in_any_tiles() {
    let folder = survey();
    let words = [
        "--radius",
        "1",
        "--features",
        "nz",
        "--height",
        "nearest",
        "--find-ground",
        "--ground-filter",
        "cloth",
        "--keep-noise",
        "--outliers",
        "radius",
        "--without-outliers",
    ];
    let tiles = [&words[..], &["--tile-size", "9"]].concat();
    let all = run(folder.path(), "a.laz", &words).unwrap();
    assert!(all == run(folder.path(), "b.laz", &tiles).unwrap());
    let las = Las::open(folder.path().join("a.laz")).unwrap();
    let classes = las.read_all(Columns::CLASSIFICATION).unwrap();
    let classes = classes.attributes.classification.unwrap();
    assert!(classes.iter().filter(|class| **class == 2).count() > 4500);
    let text = fs::read_to_string(folder.path().join("a.laz.json")).unwrap();
    let summary: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["height_above_ground"]["ground"]["at_rest"], true);
}
