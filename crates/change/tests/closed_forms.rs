//! Surfaces whose change is known without a computer.

#![allow(missing_docs)]

use isopach_change::{
    C2c, ChangeStatus, Detection, Dod, Epochs, ErrorModel, M3c2, Normals, Orientation, Volumes,
    level_of_detection,
};
use isopach_cloud::{Cloud, Rect};
use isopach_compute::Cpu;
use isopach_neighbours::AxialStatistic;
use proptest::prelude::*;

const UP: Normals = Normals::Fixed([0.0, 0.0, 2.0]);

fn plane(n: i32, step: f64, height: impl Fn(f64, f64) -> f64, offset: [f64; 3]) -> Cloud {
    let at = |i: i32| [f64::from(i % n) * step, f64::from(i / n) * step];
    let rows: Vec<[f64; 3]> = (0..n * n)
        .map(at)
        .map(|[x, y]| [x + offset[0], y + offset[1], height(x, y) + offset[2]])
        .collect();
    Cloud::from_points(&rows).unwrap()
}

fn epochs<'a>(reference: &'a Cloud, compared: &'a Cloud, core_points: &'a Cloud) -> Epochs<'a> {
    Epochs {
        reference: reference.positions(),
        compared: compared.positions(),
        core_points: core_points.positions(),
    }
}

#[test]
fn a_tilted_plane_moved_along_its_normal_moved_by_that() {
    let slope = 0.5_f64;
    let length = (1.0 + slope * slope).sqrt();
    // A quarter metre along the normal is this much upwards.
    let rise = 0.25 * length;
    for offset in [[0.0; 3], [1e7, -1e7, 3000.0]] {
        let before = plane(60, 0.25, |x, _| slope * x, offset);
        let after = plane(60, 0.25, |x, _| slope * x + rise, offset);
        let middle =
            Cloud::from_points(&[[offset[0] + 7.5, offset[1] + 7.5, offset[2] + 3.75]]).unwrap();
        let m3c2 = M3c2 {
            normals: Normals::Multiscale {
                radii: vec![1.0, 2.0],
                towards: Orientation::UP,
            },
            ..M3c2::default()
        };
        let found = m3c2.run(&Cpu, epochs(&before, &after, &middle)).unwrap();
        assert!(
            (found.distance[0] - 0.25).abs() < 1e-5,
            "{}",
            found.distance[0]
        );
        assert!((found.normal[0][2] - 1.0 / length).abs() < 1e-6);
        assert!(found.spread[0][0] < 1e-5 && found.significant[0]);
        assert_eq!(found.status[0], ChangeStatus::Valid);
    }
}

#[test]
fn the_level_of_detection_by_hand() {
    // Heights 0 and 0.2, s₁² = 0.02; then 1, 1.1 and 1.3, s₂² = 0.07/3.
    let cloud = |z: &[f64]| {
        Cloud::from_points(&z.iter().map(|&z| [0.0, 0.0, z]).collect::<Vec<_>>()).unwrap()
    };
    let (before, after, core) = (cloud(&[0.0, 0.2]), cloud(&[1.0, 1.1, 1.3]), cloud(&[0.5]));
    let detection: Detection = ErrorModel::Normal.into();
    let m3c2 = M3c2 {
        normals: UP,
        registration_error: 0.01.into(),
        detection,
        ..M3c2::default()
    };
    let found = m3c2.run(&Cpu, epochs(&before, &after, &core)).unwrap();
    assert!((found.distance[0] - (3.4 / 3.0 - 0.1)).abs() < 1e-5);
    let expected = 1.96 * ((0.02_f64 / 2.0 + 0.07 / 9.0).sqrt() + 0.01);
    assert!((found.level_of_detection[0] - expected).abs() < 1e-5);
    let by_formula = level_of_detection([0.02_f64.sqrt(), (0.07_f64 / 3.0).sqrt()], [2, 3], 0.01);
    assert!((by_formula - expected).abs() < 1e-15);

    let robust = M3c2 {
        statistic: AxialStatistic::MedianIqr,
        ..m3c2
    };
    let found = robust.run(&Cpu, epochs(&before, &after, &core)).unwrap();
    assert!((found.distance[0] - (1.1 - 0.1)).abs() < 1e-5);
    assert!((found.spread[0][0] - 0.2).abs() < 1e-5 && (found.spread[1][0] - 0.3).abs() < 1e-5);
}

#[test]
fn what_is_missing_says_why() {
    let core = Cloud::from_points(&[
        [0.0; 3],
        [100.0, 0.0, 0.0],
        [200.0, 0.0, 0.0],
        [300.0, 0.0, 0.0],
    ])
    .unwrap();
    let before = Cloud::from_points(&[[0.0; 3], [0.1, 0.0, 0.0], [100.0, 0.0, 0.0]]).unwrap();
    let after = Cloud::from_points(&[[0.0, 0.0, 1.0], [200.0, 0.0, 1.0]]).unwrap();
    let found = M3c2 {
        normals: UP,
        ..M3c2::default()
    }
    .run(&Cpu, epochs(&before, &after, &core))
    .unwrap();
    assert_eq!(
        found.status,
        [
            ChangeStatus::NoSpread,
            ChangeStatus::NoCompared,
            ChangeStatus::NoReference,
            ChangeStatus::Empty
        ]
    );
    assert!(
        (found.distance[0] - 1.0).abs() < 1e-5
            && found.level_of_detection[0].is_nan()
            && !found.significant[0]
    );
    assert!(found.distance[1..].iter().all(|d| d.is_nan()));

    let found = M3c2::default()
        .run(&Cpu, epochs(&before, &after, &core))
        .unwrap();
    assert!(
        found.status.iter().all(|s| *s == ChangeStatus::NoNormal),
        "fewer than three points have no normal"
    );
    assert!(
        found.distance.iter().all(|d| d.is_nan()),
        "no distance along memory that nobody wrote"
    );
}

/// Core points taken from the cloud itself, with a depth that is a whole number of radii: elsewhere
/// each misses itself.
#[test]
fn core_points_of_the_cloud_count_themselves() {
    let cloud = plane(5, 10.0, |_, _| 0.0, [0.0; 3]);
    for depth in [1.0, 2.0, 10.0] {
        let m3c2 = M3c2 {
            normals: UP,
            projection_depth: depth,
            ..M3c2::default()
        };
        let found = m3c2.run(&Cpu, epochs(&cloud, &cloud, &cloud)).unwrap();
        assert!(found.count.iter().flatten().all(|&n| n == 1));
        assert!(found.distance.iter().all(|&d| d == 0.0));
    }
}

/// A landslide deeper than the point spacing: the depth is a parameter of its own.
#[test]
fn a_change_of_metres_is_seen_at_any_density() {
    let (before, after) = (
        plane(40, 0.1, |_, _| 0.0, [0.0; 3]),
        plane(40, 0.1, |_, _| -4.5, [0.0; 3]),
    );
    let core = Cloud::from_points(&[[2.0, 2.0, 0.0]]).unwrap();
    let found = M3c2 {
        normals: UP,
        ..M3c2::default()
    }
    .run(&Cpu, epochs(&before, &after, &core))
    .unwrap();
    assert!((found.distance[0] + 4.5).abs() < 1e-5);
}

#[test]
fn c2c_is_exact_and_what_is_out_of_reach_is_no_number() {
    let reference = plane(50, 1.0, |_, _| 0.0, [0.0; 3]);
    let compared =
        Cloud::from_points(&[[3.0, 4.0, 2.5], [53.0, 53.0, 0.0], [7.5, 7.5, 0.0]]).unwrap();
    let found = C2c {
        max_distance: f64::INFINITY,
    }
    .run(&Cpu, reference.positions(), compared.positions())
    .unwrap();
    let expected = [2.5, 32.0_f64.sqrt(), 0.5_f64.sqrt()];
    assert!(
        found
            .distance
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-6)
    );
    let found = C2c { max_distance: 3.0 }
        .run(&Cpu, reference.positions(), compared.positions())
        .unwrap();
    assert!(found.distance[1].is_nan() && found.out_of_reach == 1);
    assert!(
        C2c {
            max_distance: f64::NAN
        }
        .run(&Cpu, reference.positions(), compared.positions())
        .is_err()
    );
}

#[test]
fn dod_and_volumes_of_a_raised_square() {
    // 10 × 10 cells of four points; the north half rises by half a metre, the south-west quarter
    // sinks by one.
    let height = |x: f64, y: f64| {
        if y >= 5.0 {
            0.5
        } else if x < 5.0 {
            -1.0
        } else {
            0.0
        }
    };
    let points = |height: &dyn Fn(f64, f64) -> f64| {
        let rows: Vec<[f64; 3]> = (0..400)
            .map(|i| {
                [
                    f64::from(i % 20) * 0.5 + 0.25,
                    f64::from(i / 20) * 0.5 + 0.25,
                ]
            })
            .map(|[x, y]| [x, y, 100.0 + height(x, y)])
            .collect();
        Cloud::from_points(&rows).unwrap()
    };
    let (before, after) = (points(&|_, _| 0.0), points(&height));
    let dod = Dod {
        registration_error: 0.02.into(),
        detection: ErrorModel::Normal.into(),
        ..Dod::default()
    };
    let found = dod
        .run(
            &Cpu,
            &before,
            &after,
            Rect {
                min: [0.0; 2],
                max: [10.0; 2],
            },
        )
        .unwrap();
    assert_eq!(
        (
            found.difference.values[[0, 0]],
            found.difference.values[[9, 0]],
            found.difference.values[[9, 9]]
        ),
        (0.5, -1.0, 0.0)
    );
    let mut volumes = Volumes::new(1.0, 0.02);
    volumes.add_tile(&found).unwrap();
    let report = volumes.report();
    let (gain, loss) = (report.significant.gain, report.significant.loss);
    assert_eq!((gain.area, loss.area), (50.0, 25.0));
    assert!(
        (gain.volume - 25.0).abs() < 0.1 && (loss.volume - 25.0).abs() < 0.1,
        "{gain:?} {loss:?}"
    );
    // An offset adds gain where the ground rose, and with even odds where nothing changed.
    assert!(
        (report.parts.gain.registration - 0.02 * 62.5).abs() < 1e-6,
        "{report:?}"
    );
    assert!(
        (report.parts.net.registration - 0.02 * 100.0).abs() < 1e-6,
        "{report:?}"
    );
    assert_eq!(report.net.volume, 0.0);
    assert!(
        Dod {
            cell_size: -1.0,
            ..dod
        }
        .run(
            &Cpu,
            &before,
            &after,
            Rect {
                min: [0.0; 2],
                max: [10.0; 2]
            }
        )
        .is_err()
    );
}

#[test]
fn parameters_that_make_no_sense_are_named() {
    let cloud = plane(3, 1.0, |_, _| 0.0, [0.0; 3]);
    let base = M3c2 {
        normals: UP,
        ..M3c2::default()
    };
    let multiscale = |radii: Vec<f64>| Normals::Multiscale {
        radii,
        towards: Orientation::UP,
    };
    for (m3c2, name) in [
        (
            M3c2 {
                cylinder_radius: f64::NAN,
                ..base.clone()
            },
            "cylinder radius",
        ),
        (
            M3c2 {
                projection_depth: -1.0,
                ..base.clone()
            },
            "projection depth",
        ),
        (
            M3c2 {
                registration_error: (-0.1).into(),
                ..base.clone()
            },
            "registration error",
        ),
        (
            M3c2 {
                normals: multiscale(vec![1.0, f64::NAN]),
                ..base.clone()
            },
            "normal radius",
        ),
        (
            M3c2 {
                normals: multiscale(vec![]),
                ..base.clone()
            },
            "number of normal radii",
        ),
        (
            M3c2 {
                normals: Normals::Fixed([0.0; 3]),
                ..base.clone()
            },
            "length of a direction",
        ),
        (
            M3c2 {
                normals: Normals::Given(vec![[0.0, 0.0, 1.0]]),
                ..base
            },
            "1 normals for 9",
        ),
    ] {
        let error = m3c2
            .run(&Cpu, epochs(&cloud, &cloud, &cloud))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(name), "{error}");
    }
}

prop_compose! {
    fn cloud()(points in prop::collection::vec((0.0..6.0f64, 0.0..6.0f64, -1.0..1.0f64), 1..120)) -> Vec<[f64; 3]> {
        points.into_iter().map(|(x, y, z)| [x, y, z]).collect()
    }
}

fn bits(found: &isopach_change::Differences) -> Vec<u64> {
    found
        .distance
        .iter()
        .chain(&found.level_of_detection)
        .map(|v| v.to_bits())
        .collect()
}

proptest! {
    #[test]
    fn swapping_epochs_turns_the_sign(a in cloud(), b in cloud()) {
        let (a, b) = (Cloud::from_points(&a).unwrap(), Cloud::from_points(&b).unwrap());
        let m3c2 = M3c2 { normals: Normals::Fixed([0.3, -0.2, 0.9]), ..M3c2::default() };
        let there = m3c2.run(&Cpu, epochs(&a, &b, &a)).unwrap();
        let back = m3c2.run(&Cpu, epochs(&b, &a, &a)).unwrap();
        for (x, y) in there.distance.iter().zip(&back.distance) {
            prop_assert!(*x == -*y || (x.is_nan() && y.is_nan()));
        }
        prop_assert_eq!(there.significant, back.significant);
    }

    #[test]
    fn neither_order_nor_place_is_seen(a in cloud(), b in cloud(), shift in prop::array::uniform3(-9_000_000..9_000_000i32)) {
        let core = Cloud::from_points(&a[..a.len().min(10)]).unwrap();
        let turned = |points: &[[f64; 3]]| Cloud::from_points(&points.iter().rev().copied().collect::<Vec<_>>()).unwrap();
        let [first, second] = [&a, &b].map(|points| Cloud::from_points(points).unwrap());
        for m3c2 in [M3c2::default(), M3c2 { statistic: AxialStatistic::MedianIqr, ..M3c2::default() }] {
            let found = bits(&m3c2.run(&Cpu, epochs(&first, &second, &core)).unwrap());
            prop_assert_eq!(&found, &bits(&m3c2.run(&Cpu, epochs(&turned(&a), &turned(&b), &core)).unwrap()));
            // The same ticks about another origin are the same points elsewhere.
            let elsewhere = |cloud: &Cloud| {
                let origin = cloud.positions().origin().0;
                let moved = isopach_cloud::Origin(std::array::from_fn(|axis| origin[axis] + shift[axis]));
                Cloud::new(moved, cloud.positions().ticks().to_vec())
            };
            let [x, y, z] = [&first, &second, &core].map(elsewhere);
            prop_assert_eq!(&found, &bits(&m3c2.run(&Cpu, epochs(&x, &y, &z)).unwrap()));
        }
    }
}
