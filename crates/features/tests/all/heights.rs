//! Heights above ground: planes, lattices, other tools' numbers, any order and tiles.

use crate::golden;
use isopach_compute::conformance::random;
use isopach_features::{Cloud, Cpu, Error, GroundSurface, HeightAboveGround};

const SURFACES: [GroundSurface; 3] = [
    GroundSurface::Nearest,
    GroundSurface::InverseDistance { k: 8, power: 2.0 },
    GroundSurface::Triangulated,
];

fn heights(
    surface: GroundSurface,
    max_distance: f64,
    ground: &[[f64; 3]],
    points: &[[f64; 3]],
) -> Vec<f64> {
    let [ground, points] = [ground, points].map(|points| Cloud::from_points(points).unwrap());
    let above = HeightAboveGround {
        surface,
        max_distance,
    };
    above
        .run(&Cpu, ground.positions(), points.positions())
        .unwrap()
        .height
}

fn scattered(count: u64, seed: u64) -> Vec<[f64; 3]> {
    let point = |i: u64| {
        let [x, y] = [random(3 * i + seed) * 60.0, random(3 * i + 1 + seed) * 60.0];
        [x, y, 0.3 * x - 0.2 * y + 5.0]
    };
    (0..count).map(point).collect()
}

#[test]
fn triangles_of_a_plane_are_the_plane() {
    let ground = scattered(2000, 7);
    let points: Vec<[f64; 3]> = scattered(500, 90_000)
        .iter()
        .map(|[x, y, z]| [*x, *y, z + 12.0])
        .collect();
    let found = heights(GroundSurface::Triangulated, f64::INFINITY, &ground, &points);
    let known = found.iter().filter(|height| !height.is_nan());
    assert!(known.clone().count() > 480);
    assert!(known.into_iter().all(|height| (height - 12.0).abs() < 1e-5));
}

/// On a lattice every square has two triangulations: a saddle of its corners shows which one.
#[test]
fn ambiguous_triangles_fan_out_from_the_westernmost_point() {
    let ground: Vec<[f64; 3]> = (0..36)
        .map(|i| {
            [
                f64::from(i % 6),
                f64::from(i / 6),
                if (i % 6 + i / 6) % 2 == 0 { 1.0 } else { 0.0 },
            ]
        })
        .collect();
    // In the middle of a square: on the diagonal from its south-west corner.
    let middles: Vec<[f64; 3]> = (0..25)
        .map(|i| [f64::from(i % 5) + 0.5, f64::from(i / 5) + 0.5, 3.0])
        .collect();
    let found = heights(GroundSurface::Triangulated, 10.0, &ground, &middles);
    for (i, height) in found.iter().enumerate() {
        let south_west = if (i % 5 + i / 5) % 2 == 0 { 1.0 } else { 0.0 };
        assert_eq!(*height, 3.0 - south_west, "{i}");
    }
}

#[test]
fn the_lowest_of_several_points_at_a_place_is_the_ground() {
    let ground = [
        [0.0, 0.0, 1.0],
        [0.0, 0.0, 0.5],
        [4.0, 0.0, 0.5],
        [0.0, 4.0, 0.5],
        [0.0, 0.0, 2.0],
    ];
    for surface in SURFACES {
        let found = heights(surface, 20.0, &ground, &[[0.0, 0.0, 3.0]]);
        assert_eq!(found, [2.5], "{surface:?}");
    }
}

#[test]
fn any_order_of_the_ground_gives_the_same_bits() {
    let ground: Vec<[f64; 3]> = scattered(3000, 11)
        .into_iter()
        .chain((0..400).map(|i| [f64::from(i % 20), f64::from(i / 20), random(i as u64)]))
        .collect();
    let shuffled: Vec<[f64; 3]> = (0..ground.len())
        .map(|i| ground[i * 1237 % ground.len()])
        .collect();
    let points = scattered(1000, 60_000);
    for surface in SURFACES {
        let [a, b] = [&ground, &shuffled].map(|ground| heights(surface, 15.0, ground, &points));
        assert!(
            a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()),
            "{surface:?}"
        );
    }
}

/// Ground farther away than the maximum distance changes nothing: tiles rely on it.
#[test]
fn ground_out_of_reach_changes_no_bit() {
    let ground = scattered(4000, 3);
    let reach = 6.0;
    for surface in SURFACES {
        for i in 0..40 {
            let [x, y] = [random(i + 500) * 60.0, random(i + 900) * 60.0];
            let point = [[x, y, 40.0]];
            let near: Vec<[f64; 3]> = ground
                .iter()
                .copied()
                .filter(|p| (p[0] - x).hypot(p[1] - y) <= reach)
                .collect();
            let [all, near] =
                [&ground, &near].map(|ground| heights(surface, reach, ground, &point)[0]);
            assert_eq!(all.to_bits(), near.to_bits(), "{surface:?} at {x} {y}");
        }
    }
}

#[test]
fn points_without_ground_are_missing_and_counted() {
    let ground = Cloud::from_points(&scattered(200, 5)).unwrap();
    let far = Cloud::from_points(&[[500.0, 500.0, 9.0], [30.0, 30.0, 50.0]]).unwrap();
    let empty = Cloud::from_points(&[]).unwrap();
    for surface in SURFACES {
        let above = HeightAboveGround {
            surface,
            max_distance: 30.0,
        };
        let found = above
            .run(&Cpu, ground.positions(), far.positions())
            .unwrap();
        assert!(found.height[0].is_nan() && found.height[1] > 0.0 && found.unknown == 1);
        let found = above.run(&Cpu, empty.positions(), far.positions()).unwrap();
        assert_eq!(found.unknown, 2);
    }
}

#[test]
fn parameters_without_meaning_are_refused() {
    let cloud = Cloud::from_points(&[[0.0; 3]]).unwrap();
    for (surface, max_distance) in [
        (GroundSurface::Nearest, 0.0),
        (GroundSurface::Nearest, f64::NAN),
        (GroundSurface::InverseDistance { k: 0, power: 2.0 }, 1.0),
        (
            GroundSurface::InverseDistance {
                k: 3,
                power: f64::INFINITY,
            },
            1.0,
        ),
    ] {
        let above = HeightAboveGround {
            surface,
            max_distance,
        };
        let refused = above.run(&Cpu, cloud.positions(), cloud.positions());
        assert!(matches!(refused, Err(Error::InvalidParameter { .. })));
    }
}

#[test]
fn scipys_heights_of_a_real_survey() {
    let Some(folder) = golden::shared("golden-ml/height_bcts3") else {
        return;
    };
    for deviation in isopach_testkit::height_case::compare(&folder).unwrap() {
        assert!(
            deviation.is_within_bounds() && deviation.points > 2000,
            "{deviation:?}"
        );
    }
}
