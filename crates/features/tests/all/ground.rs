//! The ground filter: made scenes whose truth is known, any order, axes and tiles.

use crate::golden;
use isopach_cloud::Columns;
use isopach_compute::{Dispatcher, conformance::random};
use isopach_features::{Cloud, Cpu, Error, GroundFilter, GroundTile, GroundTiles};
use isopach_testkit::ground_case;
use isopach_tiling::{InMemory, Tiling};

fn mask(points: &[[f64; 3]]) -> Vec<bool> {
    let cloud = Cloud::from_points(points).unwrap();
    GroundFilter::default()
        .run(cloud.positions())
        .unwrap()
        .is_ground
}

/// Both filters: below the best that CSF reaches there with its parameters tuned to each scene.
#[test]
fn a_forest_and_a_town_with_known_truth() {
    let Some(folder) = golden::shared("golden-ml/ground") else {
        return;
    };
    let about = golden::meta_of(folder.join("meta.json"));
    let errors = ground_case::compare(&about, &folder).unwrap();
    assert_eq!(errors.len(), 4);
    for errors in errors {
        assert!(
            errors.is_within_bounds() && errors.kappa > 0.9,
            "{errors:?}"
        );
    }
}

/// Sloping ground with a wall, houses, trees and low noise.
pub(crate) fn made(count: u64) -> Vec<[f64; 3]> {
    let point = |i: u64| {
        let [x, y] = [random(4 * i) * 90.0, random(4 * i + 1) * 70.0];
        let ground = 0.1 * x + (y * 0.1).sin();
        let house = (20.0..32.0).contains(&x) && (15.0..27.0).contains(&y);
        let tree = random(4 * i + 2) < 0.2 && (50.0..80.0).contains(&x);
        let above = match i % 700 {
            0 => -8.0,
            _ if house => 6.0,
            _ if tree => 2.0 + 10.0 * random(4 * i + 3),
            _ => 0.0,
        };
        [x, y, ground + above]
    };
    (0..count).map(point).collect()
}

#[test]
fn any_order_and_either_axis_first_gives_the_same_ground() {
    assert_any_order_and_axes(mask);
}

/// Asserts that a filter finds the same ground in any order of the points and of the axes.
pub(crate) fn assert_any_order_and_axes(mask: impl Fn(&[[f64; 3]]) -> Vec<bool>) {
    let points = made(15_000);
    let there: Vec<usize> = (0..points.len()).map(|i| i * 7919 % points.len()).collect();
    let shuffled: Vec<[f64; 3]> = there.iter().map(|&i| points[i]).collect();
    let exchanged: Vec<[f64; 3]> = points.iter().map(|&[x, y, z]| [y, x, z]).collect();
    let whole = mask(&points);
    assert!(whole.iter().filter(|is_ground| **is_ground).count() > 10_000);
    assert_eq!(mask(&exchanged), whole);
    let found = mask(&shuffled);
    let mut pairs = there.iter().zip(&found);
    assert!(pairs.all(|(&from, found)| *found == whole[from]));
}

#[test]
fn tiles_do_not_change_the_ground() {
    let points = made(15_000);
    let mut cloud = Cloud::from_points(&points).unwrap();
    cloud.attributes.intensity = Some((0..15_000).collect());
    let filter = GroundFilter {
        window: 8.0,
        ..GroundFilter::default()
    };
    let whole = filter.run(cloud.positions()).unwrap();
    for (tile_size, chunk) in [(30.0, 4000), (13.0, 1111)] {
        let source = InMemory::with_chunk_size("points", cloud.clone(), chunk);
        let mut found = vec![None; points.len()];
        let mut unknown = 0;
        let mut sink = |_, tile: GroundTile| {
            let ids = tile.points.attributes.intensity.unwrap();
            for (id, is_ground) in ids.into_iter().zip(tile.mask.is_ground) {
                found[usize::from(id)] = Some(is_ground);
            }
            unknown += tile.mask.unknown;
            Ok(())
        };
        let operation = GroundTiles::new(filter, Columns::INTENSITY).unwrap();
        let on = Dispatcher::new(vec![std::sync::Arc::new(Cpu)]);
        let tiling = Tiling {
            tile_size,
            ..Tiling::default()
        };
        tiling
            .stream(&on, &operation, [&source], &mut sink)
            .unwrap();
        let found: Option<Vec<bool>> = found.into_iter().collect();
        assert!(
            found.as_ref() == Some(&whole.is_ground) && unknown == whole.unknown,
            "{tile_size} m"
        );
    }
}

#[test]
fn lone_points_are_ground_and_no_points_have_none() {
    // A point in the middle of nowhere is its own terrain.
    let points = [[0.0, 0.0, 0.0], [500.0, 0.0, 3.0]];
    let cloud = Cloud::from_points(&points).unwrap();
    let found = GroundFilter::default().run(cloud.positions()).unwrap();
    assert_eq!(found.is_ground, [true, true]);
    let empty = Cloud::from_points(&[]).unwrap();
    assert!(
        GroundFilter::default()
            .run(empty.positions())
            .unwrap()
            .is_ground
            .is_empty()
    );
}

#[test]
fn parameters_without_meaning_are_refused() {
    let cloud = Cloud::from_points(&[[0.0; 3], [9.0; 3]]).unwrap();
    let usual = GroundFilter::default();
    for filter in [
        GroundFilter {
            cell_size: 0.0,
            ..usual
        },
        GroundFilter {
            slope: f64::NAN,
            ..usual
        },
        GroundFilter {
            window: 1e6,
            ..usual
        },
        GroundFilter {
            threshold: -1.0,
            ..usual
        },
        GroundFilter {
            slope_scale: f64::INFINITY,
            ..usual
        },
        GroundFilter {
            pit_depth: 0.0,
            ..usual
        },
        GroundFilter {
            cell_size: 1e-4,
            window: 1e-2,
            ..usual
        },
    ] {
        let refused = filter.run(cloud.positions());
        assert!(
            matches!(refused, Err(Error::InvalidParameter { .. })),
            "{filter:?}"
        );
    }
}
