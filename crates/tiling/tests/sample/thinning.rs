//! One point a cube.

use super::scenes::*;
use isopach_cloud::{TICK, from_ticks, to_ticks};
use isopach_compute::Error;
use isopach_tiling::{Thinned, Thinning};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Keeps everything.
fn all(_: [f64; 3]) -> bool {
    true
}

fn thinned(points: &[[f64; 3]], finest: f64, at_most: usize) -> Thinned {
    Thinning {
        finest,
        max_points: at_most,
        ..Thinning::default()
    }
    .run(&Survey::new(points, 500), all)
    .unwrap()
}

/// The cubes of a level, by the definition: ⌊coordinate / side⌋.
fn cubes(points: &[[f64; 3]], side: f64) -> BTreeMap<[i64; 3], Vec<[f64; 3]>> {
    let mut cubes: BTreeMap<[i64; 3], Vec<[f64; 3]>> = BTreeMap::new();
    for point in points {
        let held = point.map(|value| from_ticks(to_ticks(value)));
        cubes
            .entry(held.map(|value| (value / side).floor() as i64))
            .or_default()
            .push(held);
    }
    cubes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_chunks_order_threads_and_memory_give_the_same_bits(
        count in 1..4000_u64, seed in any::<u32>(), chunk in 1..3000_usize, threads in 1..6_usize, at_most in 8..700_usize,
        finest in prop::sample::select(vec![0.1, 0.25, 0.3, 1.0, 7.7]), corner in -1e6..1e6f64, wide in 1.0..400.0f64, memory in 0..3_u64,
    ) {
        let mut points = ground(count, [corner, -corner], [wide, wide / 3.0], u64::from(seed));
        points.extend([[corner + 9e5, 3e6, -2e4], [corner, -corner, 9e6]]); // far noise
        points.extend_from_within(..points.len() / 5); // and points twice
        let thinning = Thinning { finest, max_points: at_most, memory: (at_most as u64 + 1) * 344 + 300_000 + (memory << 22) };
        let keep = |point: [f64; 3]| point[0] - corner < 0.9 * wide;
        let expected = thinning.run(&Survey::new(&points, points.len()), keep).unwrap();
        let other = Survey::new(&shuffled(&points, u64::from(seed)), chunk);
        let found = in_threads(threads, || thinning.run(&other, keep)).unwrap();
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(found.occupancy(), expected.occupancy());
        let reads = other.reads.lock().unwrap();
        prop_assert_eq!(reads.iter().collect::<BTreeSet<_>>().len(), other.chunks.len());
        prop_assert_eq!(reads.len(), other.chunks.len(), "each chunk once");
    }

    #[test]
    fn the_definition_without_a_pass_agrees(
        points in prop::collection::vec(prop::array::uniform3(-300.0..300.0f64), 1..800), at_most in 8..300_usize, finest in 0.1..50.0f64,
    ) {
        let found = thinned(&points, finest, at_most);
        let sides = (0..60).map(|level| finest * f64::from(level).exp2());
        let side = sides.into_iter().find(|side| cubes(&points, *side).len() <= at_most).unwrap();
        prop_assert_eq!(found.side, side);
        let cubes = cubes(&points, side);
        prop_assert_eq!(found.points.len(), cubes.len());
        prop_assert!(found.points.is_sorted_by(|a, b| a.map(to_ticks) < b.map(to_ticks)));
        for point in &found.points {
            let cube = point.map(|value| (value / side).floor() as i64);
            prop_assert!(cubes[&cube].contains(point), "one of the cube's points");
        }
        prop_assert_eq!(found.passed, points.len() as u64);
    }

    #[test]
    fn the_representative_of_a_part_that_is_thinned_again_is_that_of_all(
        points in prop::collection::vec(prop::array::uniform3(-300.0..300.0f64), 50..800), finest in 0.5..20.0f64,
    ) {
        let fine = thinned(&points, finest, 1_000_000);
        let coarse = thinned(&points, finest * 4.0, 1_000_000);
        prop_assert_eq!(thinned(&fine.points, finest * 4.0, 1_000_000).points, coarse.points);
    }
}

#[test]
fn a_wall_keeps_its_points_in_height() {
    let wall: Vec<[f64; 3]> = (0..40_000)
        .map(|i| {
            [
                f64::from(i % 200) / 10.0,
                0.01 * f64::from(i % 3),
                f64::from(i / 200) / 10.0,
            ]
        })
        .collect();
    let found = thinned(&wall, 0.1, 1_000);
    assert!(found.points.len() > 250, "{}", found.points.len());
    let heights: BTreeSet<i64> = found
        .points
        .iter()
        .map(|point| (point[2] / found.side) as i64)
        .collect();
    assert!(
        heights.len() as f64 >= 19.0 / found.side,
        "{} heights",
        heights.len()
    );
}

#[test]
fn noise_points_far_away_change_neither_side_nor_density() {
    let ground = ground(40_000, [600_000.0, 4_800_000.0], [100.0, 100.0], 3);
    let clean = thinned(&ground, 0.1, 20_000);
    let noise = (0..20).map(|i| {
        [
            600_000.0 + 2e3 * f64::from(i),
            4_809_000.0,
            100.0 - 1e3 * f64::from(i),
        ]
    });
    let noisy = thinned(
        &ground.iter().copied().chain(noise).collect::<Vec<_>>(),
        0.1,
        20_020,
    );
    assert_eq!(
        (noisy.side, noisy.points.len()),
        (clean.side, clean.points.len() + 20)
    );
    let [a, b] = [&clean, &noisy].map(|thinned| thinned.density().unwrap());
    assert!((a - 4.0).abs() < 0.4, "{a} points a square metre");
    assert!((b / a - 1.0).abs() < 0.02, "{b} instead of {a}");
    assert!((clean.spacing().unwrap() - 0.5).abs() < 0.03);
}

#[test]
fn density_is_that_of_the_ground_that_has_points_whatever_its_shape() {
    // A strip of 20 km, 100 m wide, along a diagonal: its rectangle is empty but for one part in a
    // hundred.
    let strip: Vec<[f64; 3]> = (0..300_000)
        .map(|i| {
            let (along, across) = (14_142.0 * scattered(2 * i), 70.7 * scattered(2 * i + 1));
            [along - across, along + across, 0.0]
        })
        .collect();
    let found = thinned(&strip, 0.5, 50_000);
    let truth = 300_000.0 / (14_142.0 * 2f64.sqrt() * 70.7 * 2f64.sqrt());
    let density = found.density().unwrap();
    assert!(
        (density / truth - 1.0).abs() < 0.12,
        "{density} instead of {truth}"
    );
    // Counted after the filter.
    let half = Thinning {
        finest: 0.5,
        ..Thinning::default()
    }
    .run(&Survey::new(&strip, 999), |[x, ..]| x < 7_000.0)
    .unwrap();
    assert!(
        (half.passed as f64 / 150_000.0 - 1.0).abs() < 0.03,
        "{}",
        half.passed
    );
    assert!((half.density().unwrap() / truth - 1.0).abs() < 0.12);
}

#[test]
fn no_point_is_a_result_without_points() {
    let survey = Survey::new(&[[1.0, 2.0, 3.0]], 1);
    let none = Thinning::default().run(&survey, |_| false).unwrap();
    assert_eq!(
        (
            none.points.len(),
            none.passed,
            none.density(),
            none.occupancy()
        ),
        (0, 0, None, vec![])
    );
    let empty = Thinning::default().run(&Survey::new(&[], 1), all).unwrap();
    assert_eq!(empty.passed, 0);
    let one = Thinning::default().run(&survey, all).unwrap();
    assert_eq!((one.density(), one.points), (None, vec![[1.0, 2.0, 3.0]]));
}

#[test]
fn corners_of_all_octants_end_as_eight_points() {
    let octants: Vec<[f64; 3]> = (0..8)
        .map(|i| [i & 1, i >> 1 & 1, i >> 2].map(|sign| if sign == 0 { -1.9e9 } else { 1.9e9 }))
        .collect();
    let around: Vec<[f64; 3]> = octants
        .iter()
        .flat_map(|corner| [*corner, corner.map(|value| value / 7.0)])
        .collect();
    assert_eq!(thinned(&around, TICK, 8).points.len(), 8);
}

#[test]
fn what_cannot_be_is_refused() {
    let survey = Survey::new(&[[1.0, 2.0, 3.0], [f64::NAN, 0.0, 0.0]], 1);
    let run = |thinning: Thinning| thinning.run(&survey, all).unwrap_err().to_string();
    assert!(run(Thinning::default()).contains("survey: point 0 of chunk 1"));
    assert!(
        run(Thinning {
            finest: 0.0,
            ..Thinning::default()
        })
        .contains("cell size is 0")
    );
    assert!(
        run(Thinning {
            max_points: 7,
            ..Thinning::default()
        })
        .contains("at least 8")
    );
    assert!(
        run(Thinning {
            max_points: usize::MAX,
            ..Thinning::default()
        })
        .contains("give more memory")
    );
    let far = Survey::new(&[[1.0, 2.0, 1e300]], 1);
    assert!(Thinning::default().run(&far, all).is_err());
    let small = Thinning {
        memory: 1000,
        ..Thinning::default()
    }
    .run(&survey, all)
    .unwrap_err();
    assert!(
        matches!(small, Error::OutOfMemory { budget: 1000, .. }),
        "{small}"
    );
}

#[test]
fn the_first_broken_chunk_is_named_however_many_threads() {
    let points = ground(5000, [0.0; 2], [50.0; 2], 5);
    for threads in [1, 2, 5] {
        for _ in 0..20 {
            let survey = Survey {
                broken: vec![31, 12, 40],
                ..Survey::new(&points, 100)
            };
            let error = in_threads(threads, || Thinning::default().run(&survey, all)).unwrap_err();
            assert_eq!(error.to_string(), "chunk 12 is broken");
        }
    }
}
