//! How often unchanged ground is called changed, and how often change is found. The whole tables:
//! the example `calibrate`.

#![allow(clippy::print_stderr, missing_docs)]

use isopach_change::{
    ChangeStatus, Detection, Dod, Epochs, ErrorModel, M3c2, Normals, PointErrors,
};
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_compute::Cpu;
use isopach_las::Las;
use isopach_neighbours::AxialStatistic;
use isopach_testkit::calibration::{
    correlated_noise,
    null_tests::{
        Halves, METHODS, Method, Scene, Tested, join_clouds, multiscale, read_ground,
        share_percent, split_at_random, test_halves,
    },
    random::Random,
};
use std::path::{Path, PathBuf};

fn rate(method: Method, scene: &Scene) -> f64 {
    let halves = scene.halves().unwrap();
    share_percent(
        &test_halves(method, &halves, &scene.detection(method, &halves).unwrap()).unwrap(),
    )
}

fn scene(count: [u32; 2], ratio: f64) -> Scene {
    Scene {
        count,
        ratio,
        slope: 0.0,
        change: 0.0,
        shared_error: 0.0,
        seed: u64::from(count[0] * 1000 + count[1]),
    }
}

/// 3,600 places: five per cent are known to ±0.36 (one standard deviation).
#[test]
fn one_in_twenty_unchanged_places_is_called_changed_by_the_mean() {
    for count in [
        [2, 2],
        [2, 5],
        [3, 3],
        [5, 5],
        [10, 10],
        [30, 30],
        [5, 100],
        [2, 50],
        [50, 2],
    ] {
        for ratio in [1.0, 4.0] {
            for method in [Method::M3c2Mean, Method::DodMean] {
                let found = rate(method, &scene(count, ratio));
                assert!(
                    (3.6..6.4).contains(&found),
                    "{method:?} at {count:?}, ratio {ratio}: {found} %"
                );
            }
        }
    }
}

#[test]
fn one_in_twenty_unchanged_places_is_called_changed_by_the_median() {
    for count in [[7, 7], [7, 20], [10, 10], [30, 30], [7, 50]] {
        for ratio in [1.0, 4.0] {
            for method in [Method::M3c2Median, Method::DodMedian] {
                let found = rate(method, &scene(count, ratio));
                assert!(
                    (3.0..6.5).contains(&found),
                    "{method:?} at {count:?}, ratio {ratio}: {found} %"
                );
            }
        }
    }
}

#[test]
fn the_level_by_1_96_calls_far_more_changed() {
    let halves = scene([2, 2], 1.0).halves().unwrap();
    let found =
        share_percent(&test_halves(Method::DodMean, &halves, &ErrorModel::Normal.into()).unwrap());
    assert!((16.0..21.0).contains(&found), "{found} %");
}

#[test]
fn a_slope_is_no_change() {
    for count in [[3, 3], [5, 5], [10, 10], [5, 100]] {
        let found = rate(
            Method::DodMean,
            &Scene {
                slope: 0.5,
                ..scene(count, 1.0)
            },
        );
        assert!((3.0..7.0).contains(&found), "{count:?}: {found} %");
    }
}

#[test]
fn a_change_of_three_standard_deviations_is_found() {
    for count in [[5, 5], [10, 10], [5, 100]] {
        for method in [Method::M3c2Mean, Method::DodMean] {
            let found = rate(
                method,
                &Scene {
                    change: 3.0,
                    ..scene(count, 1.0)
                },
            );
            assert!(found >= 72.0, "{method:?} at {count:?}: {found} %");
        }
    }
}

#[test]
fn an_error_that_points_share_is_no_change_once_it_is_named() {
    for count in [[3, 3], [5, 5], [30, 30]] {
        let scene = Scene {
            shared_error: 0.05,
            ..scene(count, 1.0)
        };
        let halves = scene.halves().unwrap();
        for method in [Method::M3c2Mean, Method::DodMean] {
            let rate = |detection: &Detection| {
                share_percent(&test_halves(method, &halves, detection).unwrap())
            };
            let named = rate(&Detection {
                correlated: 0.05,
                ..Detection::default()
            });
            assert!(
                (3.0..8.0).contains(&named),
                "{method:?} at {count:?}: {named} %"
            );
            assert!(
                rate(&Detection::default()) > 20.0,
                "{method:?} at {count:?}"
            );
        }
    }
}

#[test]
fn correlated_noise_is_no_change_once_its_variogram_is_known() {
    // 60 pieces of ground a scene that are independent: a rate of 5 % is known to ±1.3.
    let case = &correlated_noise::CASES[2];
    let [mut without, mut with]: [[Vec<Tested>; 2]; 2] = Default::default();
    for seed in 0..5 {
        let places = correlated_noise::test_places(case, seed).unwrap();
        for method in 0..2 {
            without[method].extend(&places.without[method]);
            with[method].extend(&places.with[method]);
        }
    }
    for method in 0..2 {
        let [without, with] = [&without[method], &with[method]].map(|all| share_percent(all));
        assert!(without > 50.0, "{without} %");
        assert!((1.5..9.0).contains(&with), "{with} %");
    }
}

fn shared(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(file);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn real_ground_split_at_random_is_unchanged() {
    let parts = ["a", "b"].map(|part| shared(&format!("cases/newcomer/split_s{part}.laz")));
    let [Some(a), Some(b)] = parts else { return };
    let whole = join_clouds(&[a, b].map(|path| read_ground(&path, &[2]).unwrap())).unwrap();
    for method in METHODS {
        let mut places = Vec::new();
        for seed in 0..5 {
            let halves = Halves {
                clouds: split_at_random(&whole, 2, seed),
                size: 10.0,
                normals: multiscale(20.0),
                spacing: 10.0,
            };
            places.extend(test_halves(method, &halves, &Detection::default()).unwrap());
        }
        if matches!(method, Method::M3c2Median | Method::DodMedian) {
            places.retain(|place| place.count.iter().all(|n| *n >= 7));
        }
        // A rate of 5 % in 5,000 places is known to ±0.3.
        assert!(places.len() > 5000, "{method:?}: {}", places.len());
        let found = share_percent(&places);
        assert!(
            (3.0..6.5).contains(&found),
            "{method:?}: {found} % of {}",
            places.len()
        );
    }
}

/// One point per cell and epoch, half a metre apart: nothing can be said of it, and that is said.
#[test]
fn a_single_point_has_no_level_of_detection_and_says_so() {
    let [Some(before), Some(after)] =
        ["before", "after"].map(|epoch| shared(&format!("cases/change/one_a_cell_{epoch}.laz")))
    else {
        return;
    };
    let [before, after] =
        [before, after].map(|path| Las::open(path).unwrap().read_all(Columns::XYZ).unwrap());
    let extent = before.positions().extent().unwrap().expanded_by(1.0);
    let found = Dod::default().run(&Cpu, &before, &after, extent).unwrap();
    let mut untested = 0;
    for (cell, difference) in found.difference.values.indexed_iter() {
        let count = [0, 1].map(|epoch: usize| found.counts[epoch].values[cell]);
        let status = ChangeStatus::from_number(found.status.values[cell] as u8).unwrap();
        if count == [1.0, 1.0] {
            assert!(
                (difference - 0.5).abs() < 0.02 && found.level_of_detection.values[cell].is_nan()
            );
            assert_eq!(status, ChangeStatus::NoSpread);
            untested += 1;
        }
        assert_eq!(
            status.is_untested(),
            !difference.is_nan() && found.level_of_detection.values[cell].is_nan()
        );
    }
    assert!(untested > 100, "{untested}");
}

/// A smooth wall at x = 0 as a scanner measures it, whose errors are known: `count` points near
/// each of 2,500 places.
fn scan_wall(errors: &PointErrors, count: u32, random: &mut Random) -> Cloud {
    let mut points = Vec::new();
    for place in 0..2500 {
        let centre = [0.0, f64::from(place % 50), f64::from(place / 50)];
        for _ in 0..count {
            let [y, z] = [1, 2].map(|axis| centre[axis] + 0.6 * (random.uniform() - 0.5));
            let beam: [f64; 3] =
                std::array::from_fn(|axis| [0.0, y, z][axis] - errors.scanner[axis]);
            let range = beam.iter().map(|part| part * part).sum::<f64>().sqrt();
            let unit = beam.map(|part| part / range);
            // Equal errors in all directions, less their part along the beam, are errors across it.
            let noise = [(); 3].map(|()| random.normal());
            let along: f64 = (0..3).map(|axis| noise[axis] * unit[axis]).sum();
            let of_range = errors.range * random.normal();
            points.push(std::array::from_fn(|axis| {
                let across = noise[axis] - along * unit[axis];
                [0.0, y, z][axis] + of_range * unit[axis] + range * errors.angle * across
            }));
        }
    }
    Cloud::from_points(&points).unwrap()
}

/// 2,500 places: five per cent are known to ±0.44 (one standard deviation). The errors of a few
/// points' median are stated too wide.
#[test]
fn a_wall_scanned_with_known_errors_is_unchanged() {
    let mut random = Random::new(11);
    let errors = [
        PointErrors {
            scanner: [20.0, 10.0, 1.0],
            range: 0.02,
            angle: 1e-3,
        },
        PointErrors {
            scanner: [5.0, 60.0, 30.0],
            range: 0.01,
            angle: 5e-4,
        },
    ];
    let places: Vec<[f64; 3]> = (0..2500)
        .map(|i| [0.0, f64::from(i % 50), f64::from(i / 50)])
        .collect();
    let core_points = Cloud::from_points(&places).unwrap();
    for (count, statistic, expected) in [
        ([1, 1], AxialStatistic::MeanDeviation, 3.6..6.4),
        ([2, 20], AxialStatistic::MeanDeviation, 3.6..6.4),
        ([30, 30], AxialStatistic::MeanDeviation, 3.6..6.4),
        ([5, 8], AxialStatistic::MedianIqr, 2.0..6.0),
        ([31, 31], AxialStatistic::MedianIqr, 3.2..6.4),
    ] {
        let [before, after] =
            [0, 1].map(|epoch| scan_wall(&errors[epoch], count[epoch], &mut random));
        let m3c2 = M3c2 {
            normals: Normals::Fixed([1.0, 0.0, 0.0]),
            cylinder_radius: 0.5,
            projection_depth: 1.0,
            statistic,
            detection: ErrorModel::Points(errors).into(),
            ..M3c2::default()
        };
        let epochs = Epochs {
            reference: before.positions(),
            compared: after.positions(),
            core_points: core_points.positions(),
        };
        let found = m3c2.run(&Cpu, epochs).unwrap();
        let tested = found.status.iter().filter(|s| **s == ChangeStatus::Valid);
        assert!(tested.count() > 2400);
        let changed = found.significant.iter().filter(|s| **s).count();
        let percent = 100.0 * changed as f64 / 2500.0;
        assert!(
            expected.contains(&percent),
            "{statistic:?} of {count:?}: {percent} %"
        );
    }
}

#[test]
fn whole_centimetres_without_spread_are_not_certain() {
    let plane = |z: f64| {
        let points: Vec<[f64; 3]> = (0..400)
            .map(|i| {
                [
                    f64::from(i % 20) * 0.5 + 0.25,
                    f64::from(i / 20) * 0.5 + 0.25,
                    z,
                ]
            })
            .collect();
        Cloud::from_points(&points).unwrap()
    };
    let (before, after) = (plane(100.01), plane(100.02));
    let found = Dod::default()
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
    // A step of 1 cm is within the rounding of both epochs.
    assert!(
        found
            .level_of_detection
            .values
            .iter()
            .all(|level| *level > 0.008),
        "{:?}",
        found.level_of_detection
    );
    let up = Normals::Fixed([0.0, 0.0, 1.0]);
    let epochs = Epochs {
        reference: before.positions(),
        compared: after.positions(),
        core_points: before.positions(),
    };
    let found = M3c2 {
        normals: up,
        ..M3c2::default()
    }
    .run(&Cpu, epochs)
    .unwrap();
    assert!(found.level_of_detection.iter().all(|level| *level > 0.008));
}
