//! Sides of normals: towards the path of a scanner, along a spanning tree.

use isopach_cloud::Columns;
use isopach_compute::{Dispatcher, conformance::random};
use isopach_features::{
    Cloud, Convention, Cpu, Error, Feature, FeatureTiles, Features, Neighbourhood, NormalSide,
    OrientationError, PathTile, PathTiles, PointFeatures, Trajectory,
};
use isopach_tiling::{InMemory, Tiling};
use std::{f64::consts::TAU, sync::Arc};

fn features(normals: NormalSide, wanted: &str) -> Features {
    Features {
        neighbourhood: Neighbourhood::Radii(vec![0.6, 1.0]),
        wanted: wanted.parse().unwrap(),
        convention: Convention::ISOPACH,
        normals,
    }
}

/// Points of a sphere of radius 3, slightly rough.
fn sphere(count: u64) -> Vec<[f64; 3]> {
    let point = |i: u64| {
        let up = 2.0 * random(3 * i) - 1.0;
        let round = random(3 * i + 1) * TAU;
        let level = (1.0 - up * up).sqrt();
        let radius = 3.0 + 0.002 * random(3 * i + 2);
        [level * round.cos(), level * round.sin(), up].map(|c| 50.0 + radius * c)
    };
    (0..count).map(point).collect()
}

fn assert_same_bits(a: &PointFeatures, b: &PointFeatures) {
    assert_eq!(a.columns.len(), b.columns.len());
    for (a, b) in a.columns.iter().zip(&b.columns) {
        let pairs = a.values.iter().zip(&b.values);
        let same = pairs
            .clone()
            .all(|(a, b)| a == b || a.is_nan() && b.is_nan());
        assert!(a.name == b.name && same, "{}", a.name);
    }
}

/// A path that stands still is a place: every feature agrees, whichever are wanted.
#[test]
fn a_path_at_one_place_is_that_place() {
    let place = [54.0, 51.0, 47.5];
    let path = Trajectory::new(vec![0.0, 9.0], vec![place; 2]).unwrap();
    let cloud = Cloud::from_points(&sphere(2500)).unwrap();
    let all: Vec<u32> = (0..2500).collect();
    for wanted in ["full", "signed_roughness", "nx,mean_curvature", "planarity"] {
        let towards = features(NormalSide::Towards(place), wanted);
        let towards = towards.run(&Cpu, cloud.positions()).unwrap();
        let along = features(NormalSide::TowardsPath, wanted);
        let along = along
            .run_along(&Cpu, cloud.positions(), &all, &[4.5; 2500], &path)
            .unwrap();
        assert_eq!(along.outside_path, 0);
        assert_same_bits(&along.features, &towards);
    }
}

#[test]
fn positions_are_linear_in_time() {
    let rows = vec![[0.0, 0.0, 10.0], [10.0, 0.0, 10.0], [10.0, 40.0, 20.0]];
    let path = Trajectory::new(vec![1.0, 2.0, 4.0], rows).unwrap();
    assert_eq!(path.position_at(1.0), Some([0.0, 0.0, 10.0]));
    assert_eq!(path.position_at(1.25), Some([2.5, 0.0, 10.0]));
    assert_eq!(path.position_at(2.0), Some([10.0, 0.0, 10.0]));
    assert_eq!(path.position_at(3.5), Some([10.0, 30.0, 17.5]));
    assert_eq!(path.position_at(4.0), Some([10.0, 40.0, 20.0]));
    for outside in [0.999, 4.001, f64::NAN, f64::INFINITY] {
        assert_eq!(path.position_at(outside), None);
    }
}

/// A wall seen from the west in the first half of the time, from the east in the second.
#[test]
fn normals_point_to_where_the_scanner_was_in_any_tiles() {
    let points: Vec<[f64; 3]> = (0..4000_u64)
        .map(|i| {
            [
                0.01 * random(3 * i),
                30.0 * random(3 * i + 1),
                8.0 * random(3 * i + 2),
            ]
        })
        .collect();
    let mut cloud = Cloud::from_points(&points).unwrap();
    let times: Vec<f64> = (0..4000).map(|i| f64::from(i % 100) / 10.0).collect();
    cloud.attributes.gps_time = Some(times.clone());
    cloud.attributes.intensity = Some((0..4000).collect());
    let rows = vec![[-20.0, 5.0, 3.0], [20.0, 5.0, 3.0]];
    let path = Arc::new(Trajectory::new(vec![1.0, 9.0], rows).unwrap());
    let wanted = features(NormalSide::TowardsPath, "nx,planarity");
    let all: Vec<u32> = (0..4000).collect();
    let whole = wanted
        .run_along(&Cpu, cloud.positions(), &all, &times, &path)
        .unwrap();
    for (time, nx) in times
        .iter()
        .zip(whole.features.values(Feature::NormalX).unwrap())
    {
        match time {
            time if !(1.0..=9.0).contains(time) => assert!(nx.is_nan()),
            time if *time < 4.9 => assert!(*nx < -0.9, "{time} {nx}"),
            time if *time > 5.1 => assert!(*nx > 0.9, "{time} {nx}"),
            _ => assert!(nx.abs() > 0.9),
        }
    }
    assert_eq!(whole.outside_path, 40 * (10 + 9));
    let planarity = whole.features.values(Feature::Planarity).unwrap();
    assert!(planarity.iter().all(|planarity| *planarity > 0.0)); // not of the normal's side
    for (tile_size, chunk) in [(4.0, 700), (f64::INFINITY, 5000)] {
        let source = InMemory::with_chunk_size("points", cloud.clone(), chunk);
        let operation = PathTiles::new(wanted.clone(), Columns::INTENSITY, path.clone()).unwrap();
        let on = Dispatcher::new(vec![Arc::new(Cpu)]);
        let mut outside = 0;
        let mut compared = 0;
        let mut sink = |_, tile: PathTile| {
            outside += tile.outside_path;
            assert!(tile.tile.points.attributes.gps_time.is_none());
            let ids = tile.tile.points.attributes.intensity.unwrap();
            for (at, id) in ids.into_iter().enumerate() {
                for (found, column) in tile
                    .tile
                    .features
                    .columns
                    .iter()
                    .zip(&whole.features.columns)
                {
                    let bits = column.values[usize::from(id)].to_bits();
                    assert_eq!(found.values[at].to_bits(), bits);
                }
                compared += 1;
            }
            Ok(())
        };
        let tiling = Tiling {
            tile_size,
            ..Tiling::default()
        };
        tiling
            .stream(&on, &operation, [&source], &mut sink)
            .unwrap();
        assert_eq!((outside, compared), (whole.outside_path, 4000));
    }
}

/// On a closed surface the tree turns every normal out, where up is wrong for half of them.
#[test]
fn a_tree_turns_the_normals_of_a_sphere_out() {
    let points = sphere(3000);
    let cloud = Cloud::from_points(&points).unwrap();
    let on_tree = features(NormalSide::SpanningTree { k: 8 }, "nx,ny,nz,planarity");
    let found = on_tree.run_on_tree(&Cpu, cloud.positions()).unwrap();
    assert_eq!(found.parts, 1);
    for scale in 0..2 {
        let columns = &found.features.columns[4 * scale..4 * scale + 4];
        for (i, point) in points.iter().enumerate() {
            let normal: Vec<f32> = columns[1..].iter().map(|column| column.values[i]).collect();
            let out: f64 = (0..3)
                .map(|a| (point[a] - 50.0) * f64::from(normal[a]))
                .sum();
            assert!(out > 2.5, "{i}: {out}");
        }
    }
    // `run` is the same.
    assert_same_bits(
        &on_tree.run(&Cpu, cloud.positions()).unwrap(),
        &found.features,
    );
}

#[test]
fn parts_have_sides_of_their_own_and_any_order_gives_the_same() {
    let near = sphere(1500);
    let far: Vec<[f64; 3]> = near
        .iter()
        .map(|[x, y, z]| [x + 40.0, y - 7.0, *z])
        .collect();
    let points = [near, far].concat();
    let there: Vec<usize> = (0..points.len()).map(|i| i * 1237 % points.len()).collect();
    let shuffled: Vec<[f64; 3]> = there.iter().map(|&i| points[i]).collect();
    let on_tree = features(NormalSide::SpanningTree { k: 8 }, "nz,signed_roughness");
    let run = |points: &[[f64; 3]]| {
        let cloud = Cloud::from_points(points).unwrap();
        on_tree.run_on_tree(&Cpu, cloud.positions()).unwrap()
    };
    let [whole, other] = [run(&points), run(&shuffled)];
    assert_eq!([whole.parts, other.parts], [2, 2]);
    for (a, b) in whole.features.columns.iter().zip(&other.features.columns) {
        let same = there
            .iter()
            .zip(&b.values)
            .all(|(&from, b)| a.values[from].to_bits() == b.to_bits());
        assert!(same, "{}", a.name);
    }
}

/// Points on a line have no normal: they join nothing, and stay NaN.
#[test]
fn points_without_normals_are_no_part() {
    let line: Vec<[f64; 3]> = (0..60).map(|i| [f64::from(i) * 0.1, 0.0, 0.0]).collect();
    let cloud = Cloud::from_points(&line).unwrap();
    let on_tree = features(NormalSide::SpanningTree { k: 4 }, "nz");
    let found = on_tree.run_on_tree(&Cpu, cloud.positions()).unwrap();
    assert_eq!(found.parts, 0);
    assert!(
        found.features.columns[0]
            .values
            .iter()
            .all(|nz| nz.is_nan())
    );
    let empty = Cloud::from_points(&[]).unwrap();
    assert_eq!(
        on_tree.run_on_tree(&Cpu, empty.positions()).unwrap().parts,
        0
    );
}

fn cause(error: &Error) -> OrientationError {
    *error
        .find_cause::<OrientationError>()
        .expect("an error of the side")
}

#[test]
fn sides_that_need_more_are_refused_with_the_remedy() {
    let cloud = Cloud::from_points(&sphere(50)).unwrap();
    let tree = features(NormalSide::SpanningTree { k: 8 }, "nz");
    let along = features(NormalSide::TowardsPath, "nz");
    let up = features(NormalSide::Up, "nz");
    let path = Arc::new(Trajectory::new(vec![0.0, 1.0], vec![[0.0; 3]; 2]).unwrap());
    let positions = cloud.positions();
    let global = OrientationError::TreeIsGlobal;
    let missing = OrientationError::PathMissing;
    let kept = Columns::XYZ;
    assert_eq!(
        cause(&FeatureTiles::new(tree.clone(), kept).unwrap_err()),
        global
    );
    assert_eq!(
        cause(&tree.run_selected(&Cpu, positions, &[1]).unwrap_err()),
        global
    );
    assert_eq!(
        cause(&tree.run_at(&Cpu, positions, positions).unwrap_err()),
        global
    );
    assert_eq!(
        cause(&FeatureTiles::new(along.clone(), kept).unwrap_err()),
        missing
    );
    assert_eq!(cause(&along.run(&Cpu, positions).unwrap_err()), missing);
    let no_path = PathTiles::new(up.clone(), kept, path.clone()).unwrap_err();
    assert_eq!(cause(&no_path), OrientationError::NoPathAsked);
    let no_tree = up.run_on_tree(&Cpu, positions).unwrap_err();
    assert_eq!(cause(&no_tree), OrientationError::NoTreeAsked);
    let few_times = along.run_along(&Cpu, positions, &[1, 2], &[0.5], &path);
    assert!(matches!(few_times, Err(Error::LengthMismatch { .. })));
    let no_neighbours = features(NormalSide::SpanningTree { k: 0 }, "nz");
    let refused = no_neighbours.run(&Cpu, positions);
    assert!(matches!(refused, Err(Error::InvalidParameter { .. })));
}

#[test]
fn paths_that_are_none_are_refused() {
    let place = [1.0, 2.0, 3.0];
    let refused = |times: &[f64], places: &[[f64; 3]]| {
        cause(&Trajectory::new(times.to_vec(), places.to_vec()).unwrap_err())
    };
    assert_eq!(
        refused(&[1.0], &[place]),
        OrientationError::ShortPath { rows: 1 }
    );
    assert!(matches!(
        refused(&[1.0, 1.0], &[place; 2]),
        OrientationError::TimesDoNotRise { row: 1, .. }
    ));
    assert!(matches!(
        refused(&[1.0, f64::NAN], &[place; 2]),
        OrientationError::NotFinite { row: 1, .. }
    ));
    assert!(matches!(
        refused(&[1.0, 2.0], &[place, [0.0, f64::INFINITY, 0.0]]),
        OrientationError::NotFinite { row: 1, .. }
    ));
    assert!(Trajectory::new(vec![1.0], vec![]).is_err());
}
