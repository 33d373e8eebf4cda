//! Cloth simulation: any order, axes, places and tiles.

use crate::ground::{assert_any_order_and_axes, made};
use isopach_compute::Dispatcher;
use isopach_features::{
    ClothFilter, Cloud, Cpu, Error, GroundSource, GroundSurface, HeightAboveGround, HeightTile,
    HeightTiles, LowestSink, LowestTiles,
};
use isopach_tiling::{InMemory, Tiling};
use std::sync::Arc;

fn mask(points: &[[f64; 3]]) -> Vec<bool> {
    let cloud = Cloud::from_points(points).unwrap();
    let found = ClothFilter::default().run(cloud.positions()).unwrap();
    found.is_ground
}

#[test]
fn any_order_and_either_axis_first_gives_the_same_ground() {
    assert_any_order_and_axes(mask);
}

/// A point far outside moves the corner of the survey: no label of the others changes.
#[test]
fn a_stray_point_changes_no_other_label() {
    let mut points = made(15_000);
    let whole = mask(&points);
    points.push([-40.3, -35.7, 2.0]);
    assert_eq!(mask(&points)[..whole.len()], whole);
}

#[test]
fn threads_do_not_change_the_ground() {
    let points = made(15_000);
    let alone = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let several = rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .unwrap();
    assert_eq!(
        alone.install(|| mask(&points)),
        several.install(|| mask(&points))
    );
}

#[test]
fn tiles_share_one_cloth() {
    let points = made(15_000);
    let mut cloud = Cloud::from_points(&points).unwrap();
    cloud.attributes.classification = Some(vec![1; points.len()]);
    let filter = ClothFilter::default();
    let mut whole = filter.run(cloud.positions()).unwrap().is_ground;
    whole.sort_unstable();
    let above = HeightAboveGround {
        surface: GroundSurface::Nearest,
        max_distance: 10.0,
    };
    let on = Dispatcher::new(vec![Arc::new(Cpu)]);
    let mut terrains = Vec::new();
    for (tile_size, chunk) in [(30.0, 4000), (13.0, 1111), (f64::INFINITY, 20_000)] {
        let source = InMemory::with_chunk_size("points", cloud.clone(), chunk);
        let tiling = Tiling {
            tile_size,
            ..Tiling::default()
        };
        let mut lowest = LowestSink::new(filter, 1 << 30);
        let pass = LowestTiles::new(&filter).unwrap();
        tiling.stream(&on, &pass, [&source], &mut lowest).unwrap();
        let terrain = Arc::new(filter.find_terrain(lowest.into_cells()).unwrap());
        let operation = HeightTiles::new(above, GroundSource::Cloth(terrain.clone())).unwrap();
        let mut found = Vec::new();
        let mut sink = |_, tile: HeightTile| {
            found.extend(tile.is_ground);
            Ok(())
        };
        tiling
            .stream(&on, &operation, [&source], &mut sink)
            .unwrap();
        found.sort_unstable();
        assert_eq!(found, whole);
        terrains.push((terrain.label(cloud.positions()), terrain.sweeps));
    }
    assert!(terrains[0] == terrains[1] && terrains[1] == terrains[2]);
}

/// A bridge 5 m wide joins two level banks, 8 m above a river. The banks are ground to their edges,
/// which are far above the cloth, the river is ground, and the bridge is not.
#[test]
fn ground_does_not_grow_onto_a_bridge() {
    let place = |i: u32| {
        [
            f64::from(i % 250) * 0.5 + 0.25,
            f64::from(i / 250) * 0.5 + 0.25,
        ]
    };
    let is_river = |x: f64| (40.0..85.0).contains(&x);
    let is_bridge = |[x, y]: [f64; 2]| is_river(x) && (20.0..25.0).contains(&y);
    let height = |place: [f64; 2]| match is_river(place[0]) && !is_bridge(place) {
        true => 0.0,
        false => 8.0,
    };
    let places: Vec<[f64; 2]> = (0..250 * 100).map(place).collect();
    let points: Vec<[f64; 3]> = places
        .iter()
        .map(|&[x, y]| [x, y, height([x, y])])
        .collect();
    let found = mask(&points);
    // Where the bridge meets a bank, the disc is on both.
    let is_middle = |[x, _]: [f64; 2]| (46.0..79.0).contains(&x);
    for (&place, &is_ground) in places.iter().zip(&found) {
        if is_bridge(place) {
            assert!(!is_ground || !is_middle(place), "bridge at {place:?}");
        } else if !is_river(place[0]) {
            assert!(is_ground, "bank at {place:?}");
        }
    }
    let river = places
        .iter()
        .zip(&found)
        .filter(|(place, _)| is_river(place[0]) && !is_bridge(**place));
    assert!(river.clone().filter(|(_, is_ground)| **is_ground).count() * 10 > river.count() * 9);
}

#[test]
fn a_cloth_beyond_the_memory_is_refused() {
    let cloud = Cloud::from_points(&made(500)).unwrap();
    let source = InMemory::new("points", cloud);
    let filter = ClothFilter::default();
    let pass = LowestTiles::new(&filter).unwrap();
    let mut lowest = LowestSink::new(filter, 1000);
    let on = Dispatcher::new(vec![Arc::new(Cpu)]);
    let refused = Tiling::default().stream(&on, &pass, [&source], &mut lowest);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("does not fit"), "{refused}");
}

/// Rolling ground as rough as the step, with slopes to 0.4: the cloth finds it wherever it begins.
#[test]
fn rough_ground_is_ground() {
    let height = |x: f64, y: f64| (0.4 * x).sin() + 0.1 * y;
    for seed in 0..6 {
        let at = |i: u64| {
            let random = |stream: u64| uniform(seed << 32 | i << 2 | stream);
            let [x, y] = [40.0 * random(0), 40.0 * random(1)];
            [x, y, height(x, y) + 0.3 * (random(2) - 0.5)]
        };
        let ground = mask(&(0..6000).map(at).collect::<Vec<_>>());
        let kept = ground.iter().filter(|is_ground| **is_ground).count();
        assert!(kept > 5700, "{kept} of 6000 with seed {seed}");
    }
}

/// A number from 0 to 1 that depends on `i` alone (splitmix64).
fn uniform(i: u64) -> f64 {
    let mut z = i.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn lone_points_are_ground_and_no_points_have_none() {
    assert_eq!(mask(&[[0.0, 0.0, 0.0], [500.0, 0.0, 3.0]]), [true, true]);
    assert!(mask(&[]).is_empty());
}

#[test]
fn parameters_without_meaning_are_refused() {
    let cloud = Cloud::from_points(&[[0.0; 3], [9.0; 3]]).unwrap();
    let usual = ClothFilter::default();
    for filter in [
        ClothFilter {
            cell_size: 0.0,
            ..usual
        },
        ClothFilter {
            bend: f64::NAN,
            ..usual
        },
        ClothFilter { step: 0.0, ..usual },
        ClothFilter {
            bridge_width: 1e6,
            ..usual
        },
        ClothFilter {
            bridge_height: f64::NAN,
            ..usual
        },
        ClothFilter {
            window: 1e6,
            ..usual
        },
        ClothFilter {
            slope_scale: -1.0,
            ..usual
        },
        ClothFilter {
            pit_depth: f64::INFINITY,
            ..usual
        },
        ClothFilter {
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
