//! Directions that the ground does not determine: named, and not moved along.

#![allow(missing_docs)]

use crate::made_ground::{Points, align, moved, noise, surface, uniform};
use isopach_cloud::{Cloud, Rigid};
use isopach_compute::Cpu;
use isopach_registration::{AlignmentOutcome, NotMoved, Pair, RobustAlignment, RobustIcp};

#[test]
fn a_plane_is_moved_in_height_and_tilt_alone() {
    let flat = |_: f64, _: f64| 0.0;
    let target = surface(20_000, 1, [100.0; 2], flat);
    let shift = Rigid::from_translation([0.3, 0.2, 0.1]);
    let found = align(
        &moved(&surface(20_000, 2, [100.0; 2], flat), &shift),
        &target,
    );
    let mut names = found.undetermined();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "rotation about the vertical",
            "translation along azimuth 0°",
            "translation along azimuth 90°"
        ]
    );
    let step = found
        .target_from_source
        .about(found.covariance.pivot)
        .translation;
    assert!(
        step[0].abs() < 0.002 && step[1].abs() < 0.002 && (step[2] + 0.1).abs() < 0.003,
        "{step:?}"
    );
    assert!(
        found
            .covariance
            .standard_error([596_050.0, 6_653_050.0, 180.0], [0.0, 0.0, 1.0])
            < 0.002
    );
    assert!(
        found
            .covariance
            .standard_error([596_050.0, 6_653_050.0, 180.0], [1.0, 0.0, 0.0])
            .is_nan()
    );
}

#[test]
fn a_plane_without_noise_is_aligned_beside_a_change() {
    // Residuals are roundings of coordinates: a kernel narrower than those would see no agreement.
    let level = |seed: u64| -> Points {
        (0..5_000)
            .map(|i| {
                [
                    100.0 * uniform(seed, i, 0),
                    100.0 * uniform(seed, i, 1),
                    0.0,
                ]
            })
            .collect()
    };
    let motion = Rigid::from_vectors([0.004, -0.006, 0.0], [0.0, 0.0, 0.3], [50.0, 50.0, 0.0]);
    for seed in 0..3 {
        let mut later = level(2 * seed);
        later
            .iter_mut()
            .filter(|point| point[0] < 30.0)
            .for_each(|point| point[2] = 0.3);
        let found = align(&moved(&later, &motion), &level(2 * seed + 1));
        assert_eq!(found.outcome, AlignmentOutcome::Moved, "{seed}");
        let rest = motion.then(&found.target_from_source);
        for corner in [[35.0, 0.0, 0.0], [100.0, 0.0, 0.0], [100.0, 100.0, 0.0]] {
            let off = rest.apply(corner)[2];
            assert!(off.abs() < 1e-4, "{seed}: {off}");
        }
    }
}

#[test]
fn a_ratio_that_no_direction_reaches_leaves_the_source_in_place() {
    let hills = |x: f64, y: f64| 3.0 * (0.07 * x).sin() + 2.0 * (0.05 * y).cos();
    let target = surface(5_000, 1, [100.0; 2], hills);
    let source = surface(5_000, 2, [100.0; 2], hills);
    let [source, target] = [source, target].map(|points| Cloud::from_points(&points).unwrap());
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let strict = RobustIcp {
        determined_ratio: 1e12,
        ..RobustIcp::default()
    };
    let found = strict.align(&Cpu, pair, Rigid::identity([0.0; 3])).unwrap();
    assert_eq!(
        found.outcome,
        AlignmentOutcome::NotMoved(NotMoved::Undetermined)
    );
    assert_eq!(found.covariance.free.len(), 6);
}

#[test]
fn nothing_slides_along_a_corridor() {
    let (sine, cosine) = 30_f64.to_radians().sin_cos();
    // A floor and two walls, 120 m long towards azimuth 30°.
    let corridor = |seed: u64| -> Points {
        (0..20_000)
            .map(|i| {
                let (along, part) = (120.0 * uniform(seed, i, 0), 12.0 * uniform(seed, i, 1));
                let off = 0.01 * noise(seed, i, 2);
                let (across, up) = match part {
                    p if p < 4.0 => (off, p),
                    p if p < 8.0 => (4.0 + off, p - 4.0),
                    p => (p - 8.0, off),
                };
                [
                    along * sine + across * cosine,
                    along * cosine - across * sine,
                    up,
                ]
            })
            .collect()
    };
    let slide =
        Rigid::from_translation([0.4 * sine + 0.05 * cosine, 0.4 * cosine - 0.05 * sine, 0.05]);
    let found = align(&moved(&corridor(2), &slide), &corridor(1));
    assert_eq!(
        found.undetermined(),
        ["translation along azimuth 30°"],
        "{}",
        found.outcome
    );
    let step = found
        .target_from_source
        .about(found.covariance.pivot)
        .translation;
    assert!((step[0] * sine + step[1] * cosine).abs() < 0.02, "{step:?}");
    assert!(
        (step[0] * cosine - step[1] * sine + 0.05).abs() < 0.005 && (step[2] + 0.05).abs() < 0.005,
        "{step:?}"
    );
}

/// Parts of the directions that are not known, in words, sorted.
fn unknown(found: &RobustAlignment) -> Vec<&str> {
    let mut names = found.undetermined();
    names.sort_unstable();
    names
}

#[test]
fn nothing_slides_on_an_even_slope() {
    let steep = 30_f64.to_radians().tan();
    let target = surface(20_000, 1, [100.0; 2], |x, _| steep * x);
    let source = surface(20_000, 2, [100.0; 2], |x, _| steep * x);
    let found = align(
        &moved(&source, &Rigid::from_translation([0.5, 0.4, 0.1])),
        &target,
    );
    let unknown = unknown(&found);
    assert_eq!(unknown.len(), 3, "{unknown:?}");
    assert!(
        unknown.contains(&"translation along azimuth 0°"),
        "{unknown:?}"
    );
    // Up the slope towards the east, or down it towards the west.
    assert!(
        unknown
            .iter()
            .any(|name| name.starts_with("translation along azimuth 270°, 30° down")),
        "{unknown:?}"
    );
    let step = found
        .target_from_source
        .about(found.covariance.pivot)
        .translation;
    let (sine, cosine) = 30_f64.to_radians().sin_cos();
    let (along, across) = (
        step[0] * cosine + step[2] * sine,
        step[2] * cosine - step[0] * sine,
    );
    let expected = -(0.1 * cosine - 0.5 * sine);
    assert!(along.abs() < 0.005 && step[1].abs() < 0.005, "{step:?}");
    assert!((across - expected).abs() < 0.005, "{across} {expected}");
}

#[test]
fn a_silo_neither_turns_nor_slides_along_its_axis() {
    let silo = |seed: u64| -> Points {
        (0..20_000)
            .map(|i| {
                let (azimuth, radius) = (
                    std::f64::consts::TAU * uniform(seed, i, 0),
                    8.0 + 0.01 * noise(seed, i, 2),
                );
                [
                    596_000.0 + radius * azimuth.cos(),
                    6_653_000.0 + radius * azimuth.sin(),
                    180.0 + 30.0 * uniform(seed, i, 1),
                ]
            })
            .collect()
    };
    let found = align(
        &moved(&silo(2), &Rigid::from_translation([0.2, -0.1, 0.3])),
        &silo(1),
    );
    assert_eq!(
        unknown(&found),
        [
            "rotation about the vertical",
            "translation along the vertical"
        ],
        "{}",
        found.outcome
    );
    let step = found
        .target_from_source
        .about([596_000.0, 6_653_000.0, 180.0])
        .translation;
    assert!(
        (step[0] + 0.2).abs() < 0.01 && (step[1] - 0.1).abs() < 0.01 && step[2].abs() < 0.01,
        "{step:?}"
    );
}

#[test]
fn nothing_slides_along_power_lines() {
    // Six wires towards north, two metres apart at three heights, 2 cm of noise.
    let wires = |seed: u64| -> Points {
        (0..12_000)
            .map(|i| {
                let wire = i % 6;
                let (across, up) = (
                    2.0 * (wire % 2) as f64 + 0.02 * noise(seed, i, 1),
                    3.0 * (wire / 2) as f64,
                );
                [
                    596_000.0 + across,
                    6_653_000.0 + 200.0 * uniform(seed, i, 0),
                    200.0 + up + 0.02 * noise(seed, i, 2),
                ]
            })
            .collect()
    };
    let found = align(
        &moved(&wires(2), &Rigid::from_translation([0.05, 0.5, 0.05])),
        &wires(1),
    );
    assert!(
        unknown(&found).contains(&"translation along azimuth 0°"),
        "{:?} {}",
        unknown(&found),
        found.outcome
    );
    let step = found
        .target_from_source
        .about(found.covariance.pivot)
        .translation;
    assert!(step[1].abs() < 0.02, "{step:?} {}", found.outcome);
}
