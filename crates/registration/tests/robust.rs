//! Alignment that cannot do harm: change is resisted, what is not known is said, and nothing
//! depends on the order of points.

#![allow(missing_docs)]

use isopach_cloud::{Cloud, Rigid};
use isopach_compute::Cpu;
use isopach_registration::{
    AlignmentOutcome, NotMoved, Pair, RobustAlignment, RobustIcp, SurveyBlock,
};

type Points = Vec<[f64; 3]>;

fn random(i: u64) -> f64 {
    let mut z = i
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .wrapping_add(0x1234_5678_9ABC_DEF1);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform numbers of a stream.
fn uniform(seed: u64, i: u64, stream: u64) -> f64 {
    random(seed.wrapping_mul(1 << 40) + 8 * i + stream)
}

/// Nearly Gaussian, of standard deviation 1.
fn noise(seed: u64, i: u64, stream: u64) -> f64 {
    (0..4)
        .map(|k| uniform(seed + 100 * (k + 1), i, stream))
        .sum::<f64>()
        * 3.0_f64.sqrt()
        - 2.0 * 3.0_f64.sqrt()
}

fn hills(x: f64, y: f64) -> f64 {
    2.0 * (x / 9.0).sin() * (y / 11.0).cos() + 0.03 * x + 0.5 * ((x + 2.0 * y) / 5.0).sin()
}

/// `n` points of a surface over `size` metres, with 2 cm of noise.
fn surface(n: u64, seed: u64, size: [f64; 2], height: impl Fn(f64, f64) -> f64) -> Points {
    (0..n)
        .map(|i| {
            let (x, y) = (size[0] * uniform(seed, i, 0), size[1] * uniform(seed, i, 1));
            [
                596_000.0 + x,
                6_653_000.0 + y,
                180.0 + height(x, y) + 0.02 * noise(seed, i, 2),
            ]
        })
        .collect()
}

fn moved(points: &[[f64; 3]], by: &Rigid) -> Points {
    points.iter().map(|point| by.apply(*point)).collect()
}

fn align(source: &[[f64; 3]], target: &[[f64; 3]]) -> RobustAlignment {
    let (source, target) = (
        Cloud::from_points(source).unwrap(),
        Cloud::from_points(target).unwrap(),
    );
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    RobustIcp::default()
        .align(&Cpu, pair, Rigid::identity([0.0; 3]))
        .unwrap()
}

/// What is left of `motion` after `found`, in standard errors of each unknown along what is
/// determined, and metres at the middle.
fn left(motion: &Rigid, found: &RobustAlignment) -> ([f64; 6], f64) {
    let known = &found.covariance;
    let rest = motion.then(&found.proposed).about(known.pivot);
    let ([a, b, c], [u, v, w]) = (
        rest.rotation_vector().map(|r| r * known.arm),
        rest.translation,
    );
    let mut off = [a, b, c, u, v, w];
    for free in &known.free {
        let along: f64 = (0..6).map(|i| free.unknowns[i] * off[i]).sum();
        (0..6).for_each(|i| off[i] -= along * free.unknowns[i]);
    }
    let scale = |i: usize| if i < 3 { known.arm } else { 1.0 };
    let errors = std::array::from_fn(|i| {
        let stated = known.matrix[i][i].sqrt() * scale(i);
        if stated > 1e-9 { off[i] / stated } else { 0.0 }
    });
    (errors, off.iter().map(|x| x * x).sum::<f64>().sqrt())
}

fn motion() -> Rigid {
    Rigid::from_vectors(
        [0.012, -0.008, 0.015],
        [0.9, -0.7, 0.4],
        [596_050.0, 6_653_050.0, 180.0],
    )
}

#[test]
fn a_third_of_the_ground_may_be_raised() {
    for (seed, change) in [(1, 0.7), (2, -0.3), (3, 1.5)] {
        let target = surface(20_000, seed, [100.0; 2], hills);
        let mut source = surface(20_000, seed + 50, [100.0; 2], hills);
        source
            .iter_mut()
            .filter(|p| p[0] < 596_030.0)
            .for_each(|p| p[2] += change);
        let found = align(&moved(&source, &motion()), &target);
        assert!(found.outcome.is_moved(), "{}", found.outcome);
        let (errors, metres) = left(&motion(), &found);
        assert!(
            errors.iter().all(|e| e.abs() < 4.0) && metres < 0.05,
            "{change}: {errors:?} {metres}"
        );
    }
}

#[test]
fn what_is_in_place_stays_there() {
    let target = surface(20_000, 1, [100.0; 2], hills);
    let mut source = surface(20_000, 2, [100.0; 2], hills);
    source
        .iter_mut()
        .filter(|p| p[1] > 6_653_075.0)
        .for_each(|p| p[2] += 0.7);
    let found = align(&source, &target);
    assert!(
        matches!(
            found.outcome,
            AlignmentOutcome::NotMoved(NotMoved::WithinUncertainty { .. })
        ),
        "{}",
        found.outcome
    );
    assert_eq!(found.target_from_source.translation, [0.0; 3]);
    assert!(found.outcome.describe().starts_with("not moved: "));
}

#[test]
fn a_uniform_change_of_most_ground_is_not_taken_for_a_datum() {
    let target = surface(20_000, 1, [100.0; 2], hills);
    let mut source = surface(20_000, 2, [100.0; 2], hills);
    source
        .iter_mut()
        .filter(|p| p[0] > 596_040.0)
        .for_each(|p| p[2] -= 0.4);
    let found = align(&source, &target);
    let AlignmentOutcome::Ambiguous { modes } = &found.outcome else {
        panic!("{}", found.outcome)
    };
    let [first, second] = &**modes;
    assert!(
        (first.shift[2] - 0.4).abs() < 0.03 && second.shift[2].abs() < 0.03,
        "{}",
        found.outcome
    );
    assert!(
        first.share > second.share && second.share > 0.3,
        "{}",
        found.outcome
    );
    assert_eq!(found.target_from_source.translation, [0.0; 3]);
}

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

#[test]
fn a_point_far_away_changes_nothing() {
    let target = surface(20_000, 1, [100.0; 2], hills);
    let source = moved(&surface(20_000, 2, [100.0; 2], hills), &motion());
    let plain = align(&source, &target);
    for far in [2_000.0, 9_000.0] {
        let beside = |points: &[[f64; 3]], sign: f64| {
            let mut points = points.to_vec();
            points.push([596_000.0 + sign * far, 6_653_000.0, 180.0 + 0.1 * far]);
            points
        };
        for found in [
            align(&beside(&source, 1.0), &target),
            align(&source, &beside(&target, -1.0)),
        ] {
            let apart = plain
                .proposed
                .inverse()
                .then(&found.proposed)
                .about(plain.covariance.pivot);
            let off = apart
                .translation
                .iter()
                .map(|t| t.abs())
                .fold(0.0, f64::max);
            assert!(
                found.outcome.is_moved() && off < 1e-3,
                "{off} {}",
                found.outcome
            );
        }
    }
}

#[test]
fn neither_order_nor_threads_are_seen() {
    let target = surface(8_000, 1, [60.0; 2], hills);
    let source = moved(&surface(8_000, 2, [60.0; 2], hills), &motion());
    let expected = align(&source, &target);
    let mut turned = source.clone();
    turned.reverse();
    turned.swap(17, 4000);
    assert_eq!(align(&turned, &target), expected);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        assert_eq!(pool.install(|| align(&source, &target)), expected);
    }
}

#[test]
fn twenty_kilometres_are_aligned_in_blocks() {
    let strip = |x: f64, y: f64| hills(x / 4.0, y / 4.0) * 2.0;
    let motion = Rigid::from_vectors(
        [0.0, 1e-5, 2e-5],
        [0.3, -0.2, 0.15],
        [606_000.0, 6_653_050.0, 180.0],
    );
    let target = surface(60_000, 1, [20_000.0, 100.0], strip);
    let source = moved(&surface(60_000, 2, [20_000.0, 100.0], strip), &motion);
    let cut = |points: &[[f64; 3]], from: f64, to: f64| {
        let inside: Points = points
            .iter()
            .copied()
            .filter(|p| (from..to).contains(&p[0]))
            .collect();
        Cloud::from_points(&inside).unwrap()
    };
    let edges = [595_000.0, 602_000.0, 610_000.0, 617_000.0];
    let clouds: Vec<[Cloud; 2]> = edges
        .windows(2)
        .map(|e| {
            [
                cut(&source, e[0], e[1]),
                cut(&target, e[0] - 10.0, e[1] + 10.0),
            ]
        })
        .collect();
    let blocks: Vec<SurveyBlock<'_>> = clouds
        .iter()
        .map(|[source, target]| {
            Pair {
                source: source.positions(),
                target: target.positions(),
            }
            .into()
        })
        .collect();
    let icp = RobustIcp {
        start_rotation: 1e-4,
        ..RobustIcp::default()
    };
    let found = icp
        .align_blocks(&Cpu, &blocks, Rigid::identity([0.0; 3]))
        .unwrap();
    let (errors, _) = left(&motion, &found);
    assert!(
        found.outcome.is_moved() && errors.iter().all(|e| e.abs() < 4.0),
        "{} {errors:?}",
        found.outcome
    );
}

#[test]
fn stable_ground_can_be_given() {
    let target = surface(20_000, 1, [100.0; 2], hills);
    let mut source = surface(20_000, 2, [100.0; 2], hills);
    source
        .iter_mut()
        .filter(|p| p[0] > 596_030.0)
        .for_each(|p| p[2] -= 0.4);
    let stable: Vec<bool> = source.iter().map(|p| p[0] <= 596_030.0).collect();
    let (source, target) = (
        Cloud::from_points(&moved(&source, &motion())).unwrap(),
        Cloud::from_points(&target).unwrap(),
    );
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let start = Rigid::identity([0.0; 3]);
    let icp = RobustIcp::default();
    let found = icp
        .align_blocks(
            &Cpu,
            &[SurveyBlock {
                pair,
                stable: Some(&stable),
            }],
            start,
        )
        .unwrap();
    let (errors, metres) = left(&motion(), &found);
    assert!(
        found.outcome.is_moved() && metres < 0.1,
        "{} {errors:?} {metres}",
        found.outcome
    );
    assert!(
        icp.align_blocks(
            &Cpu,
            &[SurveyBlock {
                pair,
                stable: Some(&stable[1..])
            }],
            start
        )
        .is_err()
    );
}

#[test]
fn what_cannot_be_aligned_is_refused() {
    let cloud = |points: &[[f64; 3]]| Cloud::from_points(points).unwrap();
    let here = cloud(&surface(2000, 1, [50.0; 2], hills));
    let far: Points = surface(2000, 1, [50.0; 2], hills)
        .iter()
        .map(|p| [p[0] + 3000.0, p[1], p[2]])
        .collect();
    let line: Points = (0..500).map(|i| [f64::from(i), 0.0, 0.0]).collect();
    let message = |icp: RobustIcp, source: &Cloud, target: &Cloud| {
        let pair = Pair {
            source: source.positions(),
            target: target.positions(),
        };
        icp.align(&Cpu, pair, Rigid::identity([0.0; 3]))
            .unwrap_err()
            .to_string()
    };
    let icp = RobustIcp::default();
    assert!(message(icp, &Cloud::default(), &here).contains("source of an alignment has 0 points"));
    assert!(
        message(icp, &here, &cloud(&[[0.0; 3]])).contains("target of an alignment has 1 points")
    );
    assert!(message(icp, &here, &cloud(&far)).contains("too few points"));
    assert!(message(icp, &cloud(&line), &cloud(&line)).contains("surface"));
    assert!(
        message(RobustIcp { block: 0.0, ..icp }, &here, &here)
            .contains("block of the covariance is 0")
    );
    assert!(message(RobustIcp { sample: 3, ..icp }, &here, &here).contains("sample is 3"));
    assert!(
        message(
            RobustIcp {
                determined_ratio: f64::NAN,
                ..icp
            },
            &here,
            &here
        )
        .contains("NaN")
    );
}

/// Sparse rough ground, two fifths of it under trees.
fn wood(n: u64, seed: u64) -> Points {
    let mut points = surface(n, seed, [200.0; 2], |x, y| hills(x / 2.0, y / 2.0));
    for (i, point) in points.iter_mut().enumerate() {
        let i = i as u64;
        let crown = uniform(seed, i, 3) < 0.4;
        point[2] += if crown {
            2.0 + 12.0 * uniform(seed, i, 4)
        } else {
            0.2 * noise(seed, i, 5)
        };
    }
    points
}

#[test]
fn a_rough_wood_that_was_raised_in_part_is_right_or_refused() {
    let mut applied = 0;
    for (seed, sign) in [(1, 1.0), (2, -1.0), (3, 1.0), (4, -1.0)] {
        let target = wood(6_000, seed);
        let mut source = wood(6_000, seed + 50);
        source
            .iter_mut()
            .filter(|p| p[0] < 596_060.0)
            .for_each(|p| p[2] += 0.7 * sign);
        let found = align(&moved(&source, &motion()), &target);
        let (errors, metres) = left(&motion(), &found);
        let right = errors.iter().all(|e| e.abs() < 4.0);
        assert!(
            right || !found.outcome.is_moved(),
            "{seed}: {} {errors:?} {metres}",
            found.outcome
        );
        applied += usize::from(found.outcome.is_moved());
    }
    assert!(applied > 1, "{applied} of 4 were applied");
}
