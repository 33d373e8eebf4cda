//! Maps of the columns beside the file.

use super::{run, summary_of, survey};
use isopach::{
    cloud::Columns,
    compute::Error,
    las::Las,
    raster::{Raster, read_geotiff},
};
use std::{fs, path::Path};

const WORDS: [&str; 10] = [
    "--radius",
    "0.8",
    "--features",
    "planarity,nx",
    "--height",
    "nearest",
    "--ground-distance",
    "1",
    "--maps",
    "1.5",
];

const NAMES: [&str; 3] = ["planarity", "nx", "height_above_ground"];

fn map_of(folder: &Path, out: &str, name: &str) -> Raster {
    read_geotiff(folder.join(format!("{out}.maps/{name}.tif"))).unwrap()
}

/// Means of a column of a file in the cells of a raster, in `f64`.
fn means_of(file: &Path, name: &str, like: &Raster) -> Vec<f64> {
    let las = Las::open(file).unwrap();
    let cloud = las.read_all(Columns::XYZ).unwrap();
    let values = las.read_extra(name).unwrap();
    let grid = like.grid;
    let mut sums = vec![[0.0; 2]; grid.columns * grid.rows];
    for (i, value) in values.into_iter().enumerate() {
        let [x, y, _] = cloud.positions().absolute_ticks(i);
        let [row, column] = grid.locate_ticks([x, y]).unwrap();
        if !value.is_nan() {
            let [sum, count] = sums[row * grid.columns + column];
            sums[row * grid.columns + column] = [sum + value, count + 1.0];
        }
    }
    sums.into_iter().map(|[sum, count]| sum / count).collect()
}

#[test]
fn a_map_has_the_means_of_the_points_of_its_cells() {
    let folder = survey();
    let folder = folder.path();
    run(folder, "a.laz", &WORDS).unwrap();
    for name in NAMES {
        let map = map_of(folder, "a.laz", name);
        assert_eq!(map.grid.cell_size, 1.5);
        let means = means_of(&folder.join("a.laz"), name, &map);
        let mut known = 0;
        for (found, mean) in map.values.iter().zip(means) {
            assert_eq!(found.is_nan(), mean.is_nan(), "{name}");
            if !mean.is_nan() {
                known += 1;
                // Samples are `f32`.
                assert!((found - mean).abs() <= 1e-7 * mean.abs() + 1e-12, "{name}");
            }
        }
        assert!(known > 400, "{name}: {known}");
    }
    let maps = &summary_of(folder, "a.laz")["maps"];
    assert_eq!(maps["cell_m"], 1.5);
    assert_eq!(maps["files"][1], "nx.tif");
}

#[test]
fn tiles_and_threads_change_no_byte_of_a_map() {
    let folder = survey();
    let folder = folder.path();
    let filtered = ["--outliers", "radius", "--without-outliers"];
    for more in [&[][..], &filtered] {
        let words = [&WORDS[..], more].concat();
        let whole = run(folder, "a.laz", &words).unwrap();
        let small = [&words[..], &["--tile-size", "7", "--memory", "256MiB"]].concat();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let tiles = pool.unwrap().install(|| run(folder, "b.laz", &small));
        assert!(whole == tiles.unwrap());
        for name in NAMES {
            let [a, b] = ["a.laz", "b.laz"]
                .map(|out| fs::read(folder.join(format!("{out}.maps/{name}.tif"))).unwrap());
            assert!(a == b, "{name}");
        }
    }
}

#[test]
fn maps_of_an_earlier_result_do_not_stay_beside_another() {
    let folder = survey();
    let folder = folder.path();
    run(folder, "a.laz", &WORDS).unwrap();
    let maps = folder.join("a.laz.maps");
    let of_user = maps.join("mine.tif");
    fs::write(&of_user, "x").unwrap();
    let other = ["--radius", "1", "--features", "nz", "--maps", "2"];
    run(folder, "a.laz", &other).unwrap();
    let names = fs::read_dir(&maps).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["mine.tif", "nz.tif"]);
    fs::remove_file(of_user).unwrap();
    run(folder, "a.laz", &other[..4]).unwrap();
    assert!(!maps.exists());
}

#[test]
fn maps_that_cannot_be_are_refused_and_leave_nothing() {
    let folder = survey();
    let folder = folder.path();
    for cell in ["0", "-1", "nan", "1e-9", "inf"] {
        let refused = run(folder, "a.laz", &["--radius", "1", "--maps", cell]).unwrap_err();
        let is_about_cell =
            matches!(refused, Error::InvalidParameter { name, .. } if name.contains("cell"));
        assert!(is_about_cell, "{cell}: {refused}");
        assert!(!folder.join("a.laz").exists() && !folder.join("a.laz.maps").exists());
    }
    run(folder, "a.laz", &WORDS).unwrap();
    let terrain = folder.join("a.laz.maps/height_above_ground.tif");
    let words = ["--radius", "1", "--terrain", terrain.to_str().unwrap()];
    let refused = run(folder, "a.laz", &words).unwrap_err().to_string();
    assert!(refused.contains("height_above_ground.tif"), "{refused}");
}
