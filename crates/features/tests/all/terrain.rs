//! Heights above a terrain model: GDAL's numbers, both pixel conventions, gaps, tiles.

use crate::golden;
use isopach_compute::{Dispatcher, conformance::random};
use isopach_features::{Cloud, Cpu, Error, HeightTile, HeightTiles, TerrainModel};
use isopach_raster::{Crs, GeoTiff, GeoTiffError, Grid, Raster, write_geotiff};
use isopach_tiling::{InMemory, Tiling};
use std::sync::Arc;

/// Four bands as terrain models: files whose tie point is a corner (area) and a centre (point).
#[test]
fn bilinear_values_are_those_of_gdal_for_area_and_for_point() {
    let Some(folder) = golden::shared("golden-ml/colour") else {
        return;
    };
    let read = |name: &str| isopach_npy::read(&folder.join(name)).unwrap().values;
    let places = read("points_xy.npy");
    for (file, expected) in [
        ("area.tif", "area_bilinear_strict.npy"),
        ("point_same_place.tif", "area_bilinear_strict.npy"),
        (
            "point_same_tiepoint.tif",
            "point_same_tiepoint_bilinear_strict.npy",
        ),
    ] {
        let expected = read(expected);
        for band in 0..4 {
            let raster = GeoTiff::read_band(folder.join(file), band + 1).unwrap();
            let terrain = TerrainModel::from_geotiff(raster).unwrap();
            let mut known = 0;
            for (place, expected) in places.chunks_exact(2).zip(expected.chunks_exact(4)) {
                let found = terrain.height_at([place[0], place[1]]);
                let expected = expected[band];
                assert_eq!(found.is_nan(), expected.is_nan(), "{file} {band} {place:?}");
                if !expected.is_nan() {
                    known += 1;
                    assert!((found - expected).abs() < 1e-9, "{file} {band} {place:?}");
                }
            }
            assert!(known > 1800, "{file}");
        }
    }
}

fn terrain(crs: &Crs, heights: impl Fn(usize) -> f64) -> Result<TerrainModel, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("terrain.tif");
    let grid = Grid {
        cell_size: 2.0,
        first: [100, 200],
        columns: 20,
        rows: 20,
    };
    let raster = Raster::from_rows(grid, (0..400).map(heights).collect()).unwrap();
    write_geotiff(&path, &raster, crs).unwrap();
    TerrainModel::from_geotiff(GeoTiff::read(&path).unwrap())
}

/// A plane that rises to the east and falls to the north; row 0 is the north.
fn plane(i: usize) -> f64 {
    0.5 * (i % 20) as f64 - 0.25 * (19 - i / 20) as f64
}

#[test]
fn points_outside_and_beside_no_data_are_missing_and_counted() {
    let hole = |i: usize| {
        if i == 10 * 20 + 10 {
            f64::NAN
        } else {
            plane(i)
        }
    };
    let terrain = terrain(&Crs::from_epsg(25833), hole).unwrap();
    // The hole is 220 to 222 east and 418 to 420 north; its neighbours need it up to their centres.
    let points = [
        [205.0, 405.0, 9.0],
        [221.0, 419.0, 9.0],
        [222.9, 419.0, 9.0],
        [223.0, 419.0, 9.0],
        [199.9, 405.0, 9.0],
        [205.0, 440.1, 9.0],
    ];
    let cloud = Cloud::from_points(&points).unwrap();
    let found = terrain.heights_above(cloud.positions());
    let known: Vec<bool> = found.height.iter().map(|height| !height.is_nan()).collect();
    assert_eq!(known, [true, false, false, true, false, false]);
    assert_eq!(found.unknown, 4);
    assert!((found.height[0] - (9.0 - (0.25 * 4.0 - 0.125 * 4.0))).abs() < 1e-9);
}

#[test]
fn feet_become_metres_and_degrees_are_refused() {
    let feet = Crs {
        horizontal: Some(2260),
        unit: isopach_cloud::LengthUnit::SurveyFoot,
        ..Crs::default()
    };
    let in_feet = terrain(&feet, plane).unwrap();
    let foot = 1200.0 / 3937.0;
    let [x, y] = [205.0, 405.0];
    let expected = (0.25 * (x - 201.0) - 0.125 * (y - 401.0)) * foot;
    assert!((in_feet.height_at([x * foot, y * foot]) - expected).abs() < 1e-9);
    let empty = terrain(&Crs::from_epsg(25833), |_| f64::NAN);
    assert!(matches!(empty, Err(Error::InvalidParameter { .. })));
    let mut raster = in_feet.raster().clone();
    raster.crs.kind = isopach_cloud::CrsKind::Geographic;
    let refused = TerrainModel::from_geotiff(raster).unwrap_err();
    assert!(refused.find_cause::<GeoTiffError>().is_some(), "{refused}");
}

#[test]
fn tiles_do_not_change_a_height() {
    let terrain = Arc::new(terrain(&Crs::from_epsg(25833), plane).unwrap());
    let points: Vec<[f64; 3]> = (0..3000)
        .map(|i| {
            [
                198.0 + 44.0 * random(3 * i),
                398.0 + 44.0 * random(3 * i + 1),
                random(3 * i + 2),
            ]
        })
        .collect();
    let cloud = Cloud::from_points(&points).unwrap();
    let mut whole: Vec<u64> = bits(&terrain.heights_above(cloud.positions()).height);
    whole.sort_unstable();
    for tile_size in [7.0, f64::INFINITY] {
        let source = InMemory::with_chunk_size("points", cloud.clone(), 500);
        let on = Dispatcher::new(vec![Arc::new(Cpu)]);
        let mut found = Vec::new();
        let mut sink = |_, tile: HeightTile| {
            found.extend(bits(&tile.heights.height));
            Ok(())
        };
        let tiling = Tiling {
            tile_size,
            ..Tiling::default()
        };
        let operation = HeightTiles::above_terrain(terrain.clone());
        tiling
            .stream(&on, &operation, [&source], &mut sink)
            .unwrap();
        found.sort_unstable();
        assert!(found == whole, "{tile_size}");
    }
}

fn bits(heights: &[f64]) -> Vec<u64> {
    heights.iter().map(|height| height.to_bits()).collect()
}
