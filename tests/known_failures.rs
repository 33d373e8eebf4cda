//! Wrong answers that other tools have given, and that have no test elsewhere (docs/correctness.md
//! has the list).

#![allow(missing_docs)]

use isopach::{
    change::{C2c, Detection, Dod, DodRasters, Epochs, M3c2, Normals, SurveyStatistics},
    cloud::{Cloud, Columns, Rect},
    las::{Las, LazWriter, Schema},
    tiling::{InMemory, Tiling},
};
use std::path::Path;

/// A slope with ripples, `lift` metres higher.
fn hills(lift: f64) -> Cloud {
    let at = |i: u32| [f64::from(i % 100) * 0.5, f64::from(i / 100) * 0.5];
    let height = |x: f64, y: f64| 0.1 * x + 0.4 * (0.7 * y).sin() + lift * (1.0 + 0.1 * x);
    Cloud::from_points(
        &(0..10_000)
            .map(at)
            .map(|[x, y]| [x, y, height(x, y)])
            .collect::<Vec<_>>(),
    )
    .unwrap()
}

fn write(path: &Path, cloud: &Cloud) {
    let mut writer = LazWriter::create(
        path,
        &Schema {
            columns: Columns::XYZ,
            ..Schema::default()
        },
    )
    .unwrap();
    writer.write(cloud, &[]).unwrap();
    writer.finish().unwrap();
}

/// Elsewhere: the program ended.
#[test]
fn a_box_that_has_no_point_is_an_error_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["before.laz", "after.laz"].map(|name| dir.path().join(name));
    for (path, lift) in paths.iter().zip([0.0, 1.0]) {
        write(path, &hills(lift));
    }
    let hole = Rect {
        min: [10.1; 2],
        max: [10.2; 2],
    };
    let [before, after] = paths.map(|path| Las::open(path).unwrap().within(hole));
    let mut sink = |_: Rect, _: DodRasters| Ok(());
    let error = Tiling::default()
        .stream(
            &isopach::cpu(),
            &Dod::default(),
            [&before, &after],
            &mut sink,
        )
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("before.laz: none of its 10000 points is wanted: check the filters"),
        "{message}"
    );
}

/// Elsewhere: the same distance at every core point, unnoticed. Here the change grows along x, and
/// so must what is found.
#[test]
fn core_points_have_distances_of_their_own() {
    let (before, after) = (hills(0.0), hills(0.2));
    let m3c2 = M3c2 {
        normals: Normals::Fixed([0.0, 0.0, 1.0]),
        cylinder_radius: 0.4,
        ..M3c2::default()
    };
    let epochs = Epochs {
        reference: before.positions(),
        compared: after.positions(),
        core_points: before.positions(),
    };
    let found = isopach::cpu().run(|on| m3c2.run(on, epochs)).unwrap();
    for (i, distance) in found.distance.iter().enumerate() {
        let [x, ..] = before.positions().absolute(i);
        assert!(
            (distance - 0.2 * (1.0 + 0.1 * x)).abs() < 0.02,
            "at x = {x}: {distance}"
        );
    }
}

/// Elsewhere: distances of FLT_MAX with many points, and squares among the distances.
#[test]
fn distances_are_metres_however_many_points_there_are() {
    let lattice: Vec<[f64; 3]> = (0..250_000)
        .map(|i| [f64::from(i % 500), f64::from(i / 500), 0.0])
        .collect();
    let cloud = Cloud::from_points(&lattice).unwrap();
    let above: Vec<[f64; 3]> = lattice.iter().map(|[x, y, _]| [*x, *y, 3.0]).collect();
    let above = Cloud::from_points(&above).unwrap();
    let c2c = C2c { max_distance: 10.0 };
    let found = isopach::cpu()
        .run(|on| c2c.run(on, cloud.positions(), above.positions()))
        .unwrap();
    assert!(found.distance.iter().all(|distance| *distance == 3.0));
}

/// Elsewhere: a run in pieces failed, and the answer of a sample was returned for it.
#[test]
fn a_run_that_fails_gives_nothing() {
    let [before, after] = [0.0, 1.0].map(|lift| InMemory::new("hills", hills(lift)));
    let dir = tempfile::tempdir().unwrap();
    let mut mosaic =
        isopach::raster::GeoTiffMosaic::create(dir.path().join("dod.tif"), 1.0).unwrap();
    let mut left = 3;
    let mut sink = |core: Rect, tile: DodRasters| {
        use isopach::tiling::TileSink;
        left -= 1;
        if left == 2 {
            mosaic.begin(Rect {
                min: [0.0; 2],
                max: [50.0; 2],
            })?;
        }
        mosaic.accept(core, tile.difference)?;
        if left > 0 {
            Ok(())
        } else {
            Err(isopach::compute::Error::source("no space left on device"))
        }
    };
    let tiling = Tiling {
        tile_size: 10.0,
        ..Tiling::default()
    };
    let detection = Detection {
        survey: Some(SurveyStatistics::equal_epochs()),
        ..Detection::default()
    };
    let dod = Dod {
        detection,
        ..Dod::default()
    };
    let error = tiling
        .stream(&isopach::cpu(), &dod, [&before, &after], &mut sink)
        .unwrap_err();
    assert_eq!(error.to_string(), "no space left on device");
    drop(mosaic);
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        0,
        "and no file"
    );
}
