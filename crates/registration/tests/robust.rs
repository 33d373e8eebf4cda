//! Alignment that cannot do harm: change is resisted, what is not known is said, and nothing
//! depends on the order of points.

#![allow(missing_docs)]

use crate::made_ground::{Points, align, hills, moved, noise, surface, uniform};
use isopach_cloud::{Cloud, Rigid};
use isopach_compute::Cpu;
use isopach_registration::{
    AlignmentOutcome, NotMoved, Pair, RobustAlignment, RobustIcp, SurveyBlock,
};

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

/// A plain at one height, of sparse points, with the source raised beyond a slanted line.
fn plain_with_a_raised_part(seed: u64, raised_share: f64, change: f64) -> [Points; 2] {
    let size = 190.0;
    let height = |_, _| 0.0;
    let exact = |points: Points| -> Points {
        let flat = points.into_iter().map(|[x, y, _]| [x, y, 180.0]);
        flat.collect()
    };
    let target = exact(surface(1500, seed, [size; 2], height));
    let mut source = exact(surface(1500, seed + 50, [size; 2], height));
    let azimuth = std::f64::consts::TAU * uniform(seed, 0, 5);
    let place = |p: &[f64; 3]| p[0] * azimuth.cos() + p[1] * azimuth.sin();
    let mut places: Vec<f64> = source.iter().map(place).collect();
    places.sort_by(f64::total_cmp);
    let edge = places[(raised_share * places.len() as f64) as usize];
    source
        .iter_mut()
        .filter(|p| place(p) < edge)
        .for_each(|p| p[2] += change);
    [source, target]
}

#[test]
fn exact_planes_are_aligned_to_the_rounding_of_coordinates() {
    // Much of the ground is beside the edge, so most neighbours differ by the change; and a kernel
    // as narrow as the rounding of coordinates sees nothing from a pose that is off by more.
    for seed in 0..8 {
        let change = if seed % 2 == 0 { 0.3 } else { -0.3 };
        let [source, target] = plain_with_a_raised_part(seed, 0.3, change);
        let found = align(&moved(&source, &motion()), &target);
        assert!(found.outcome.is_moved(), "{seed}: {}", found.outcome);
        assert_eq!(found.covariance.free.len(), 3, "{seed}");
        let (_, metres) = left(&motion(), &found);
        let stated: f64 = (3..6).map(|i| found.covariance.matrix[i][i]).sum();
        assert!(
            metres < 5e-5 && stated.sqrt() < 5e-5,
            "{seed}: off {metres}, stated {}",
            stated.sqrt()
        );
    }
}

#[test]
fn half_of_an_exact_plane_may_be_the_change() {
    // At 5 m between points, modes 0.3 m apart contradict each other if planes are exact.
    let mut ambiguous = 0;
    for seed in 0..4 {
        let [source, target] = plain_with_a_raised_part(seed, 0.45, 0.3);
        let found = align(&moved(&source, &motion()), &target);
        if let AlignmentOutcome::Ambiguous { modes } = &found.outcome {
            let [first, second] = modes.each_ref().map(|mode| mode.share);
            assert!(
                second > 0.6 * first && first + second > 0.8,
                "{seed}: {}",
                found.outcome
            );
            ambiguous += 1;
        } else {
            let (errors, _) = left(&motion(), &found);
            assert!(errors.iter().all(|e| e.abs() < 4.0), "{seed}: {errors:?}");
        }
    }
    assert!(ambiguous >= 3, "{ambiguous} of 4");
}

#[test]
fn a_change_of_twice_the_noise_is_no_tilt() {
    // 2,300 points, 6 m apart: a tilt that explains the change fits each patch nearly as well.
    let mut outside = 0;
    let mut unknowns = 0;
    for seed in 0..6 {
        let rough = |cloud: u64| -> Points {
            let smooth = surface(2300, 10 * seed + cloud, [300.0; 2], |x, y| {
                6.0 * hills(x / 6.0, y / 6.0)
            });
            let add = |(i, [x, y, z]): (usize, [f64; 3])| {
                [x, y, z + 0.16 * noise(10 * seed + cloud, i as u64, 6)]
            };
            smooth.into_iter().enumerate().map(add).collect()
        };
        let mut source = rough(1);
        source
            .iter_mut()
            .filter(|p| p[0] - 596_000.0 + 0.7 * (p[1] - 6_653_000.0) < 150.0)
            .for_each(|p| p[2] -= 0.3);
        let found = align(&moved(&source, &motion()), &rough(2));
        if !found.outcome.is_moved() {
            continue;
        }
        let (errors, _) = left(&motion(), &found);
        unknowns += 6;
        outside += errors.iter().filter(|error| error.abs() > 4.0).count();
    }
    assert!(outside == 0 && unknowns >= 30, "{outside} of {unknowns}");
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
