//! Normals towards the path of the scanner, from a file.

use crate::run;
use isopach::{
    cloud::{Cloud, Columns},
    las::{Las, LazWriter, Schema},
};
use serde_json::Value;
use std::{fs, path::Path};
use tempfile::TempDir;

/// A wall, seen from the west, then from the east, in two files.
fn write_walls(folder: &Path) {
    let random = isopach::compute::conformance::random;
    for (file, south) in [("west.laz", 0.0), ("east.laz", 15.0)] {
        let points: Vec<[f64; 3]> = (0..2000)
            .map(|i| {
                let along = south + 15.0 * random(3 * i + 1);
                [
                    400_000.0 + 0.01 * random(3 * i),
                    5_500_000.0 + along,
                    8.0 * random(3 * i + 2),
                ]
            })
            .collect();
        let mut cloud = Cloud::from_points(&points).unwrap();
        let times = (0..2000).map(|i| f64::from(i % 100) / 10.0);
        cloud.attributes.gps_time = Some(times.collect());
        let schema = Schema {
            columns: Columns::GPS_TIME,
            ..Schema::default()
        };
        let mut writer = LazWriter::create(folder.join(file), &schema).unwrap();
        writer.write(&cloud, &[]).unwrap();
        writer.finish().unwrap();
    }
}

fn walls(path: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_walls(folder.path());
    fs::write(folder.path().join("path.csv"), path).unwrap();
    folder
}

const PATH: &str =
    "time,x,y,z\n# from west to east\n1.0,399980,5500015,4\n9.0, 400020, 5500015, 4\n\n";

fn words(file: &str) -> [&str; 6] {
    ["--radius", "1", "--features", "nx,nz", "--trajectory", file]
}

#[test]
fn normals_point_to_the_scanner_in_any_tiles() {
    let folder = walls(PATH);
    let path = folder.path().join("path.csv");
    let words = words(path.to_str().unwrap());
    let tiles = [&words[..], &["--tile-size", "5"]].concat();
    assert!(
        run(folder.path(), "a.laz", &words).unwrap()
            == run(folder.path(), "b.laz", &tiles).unwrap()
    );
    let las = Las::open(folder.path().join("a.laz")).unwrap();
    let times = las
        .read_all(Columns::GPS_TIME)
        .unwrap()
        .attributes
        .gps_time
        .unwrap();
    let mut outside = 0;
    for (time, nx) in times.iter().zip(las.read_extra("nx").unwrap()) {
        if !(1.0..=9.0).contains(time) {
            outside += 1;
            assert!(nx.is_nan());
        } else if (time - 5.0).abs() > 0.1 {
            assert!(
                if *time < 5.0 { nx < -0.9 } else { nx > 0.9 },
                "{time} {nx}"
            );
        }
    }
    assert_eq!(outside, 40 * 19);
    let text = fs::read_to_string(folder.path().join("a.laz.json")).unwrap();
    let normals = &serde_json::from_str::<Value>(&text).unwrap()["normals"];
    assert_eq!(normals["points_outside_path"], outside);
}

#[test]
fn paths_that_are_none_are_refused() {
    for (text, expected) in [
        ("1 2 3 4\n2 3 4\n", "line 2 is no row"),
        ("1 2 3 4\n", "at least 2"),
        ("2 2 3 4\n1 2 3 4\n", "later than the one before"),
        ("1 2 3 4\n2 2 3 inf\n", "finite"),
    ] {
        let folder = walls(text);
        let path = folder.path().join("path.csv");
        let refused = run(folder.path(), "a.laz", &words(path.to_str().unwrap()));
        let refused = refused.map(drop).unwrap_err();
        let all = format!("{refused}");
        assert!(all.contains(expected) && all.contains("path.csv"), "{all}");
        assert!(!folder.path().join("a.laz").exists());
    }
}
