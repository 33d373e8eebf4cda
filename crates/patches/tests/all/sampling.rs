//! Points that are drawn: chances, spread, definitions.

use crate::scene::{CORNER, attributes, cut_cloud, random, survey};
use isopach_cloud::{Cloud, Columns, Origin, to_ticks};
use isopach_patches::{Patch, PatchTiles, Patches, Sample, reference};
use proptest::prelude::*;
use std::collections::HashMap;

/// The one patch of a cloud within 16 m by 16 m from the corner on.
fn only_patch(cloud: &Cloud, sample: Sample, seed: u64) -> Patch {
    let patches = Patches {
        side: 16.0,
        sample,
        seed,
        at_least: 1,
        ..Patches::default()
    };
    let kept = cloud.attributes.columns();
    let operation = PatchTiles::new(patches, kept).unwrap();
    let (mut found, _) = cut_cloud(&operation, cloud);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// Different places of one patch.
fn places(count: u64) -> Cloud {
    let place = |i: u64| [i % 20, i / 20, random(i, 100)].map(|x| x as f64 / 2.0);
    let points: Vec<[f64; 3]> = (0..count)
        .map(|i| {
            let [x, y, z] = place(i);
            [CORNER[0] + x, CORNER[1] + y, z]
        })
        .collect();
    Cloud::from_points(&points).unwrap()
}

fn key(place: &[f32; 3]) -> [u32; 3] {
    place.map(f32::to_bits)
}

#[test]
fn each_point_and_each_pair_has_its_chance() {
    let cloud = places(200);
    let seeds = 600;
    let mut single: HashMap<[u32; 3], u32> = HashMap::new();
    let mut pair = 0;
    let first = only_patch(&cloud, Sample::All, 0).coord[0];
    let second = only_patch(&cloud, Sample::All, 0).coord[1];
    for seed in 0..seeds {
        let patch = only_patch(&cloud, Sample::Random(50), seed + 1000);
        assert_eq!(patch.len(), 50);
        patch
            .coord
            .iter()
            .for_each(|place| *single.entry(key(place)).or_default() += 1);
        pair += u32::from(patch.coord.contains(&first) && patch.coord.contains(&second));
    }
    // Each count is binomial, 600 times 1/4. The sum of 200 squared deviations in units of their
    // variance has the mean 200 and about the standard deviation √(2 · 199) = 20: five of them.
    let [n, p] = [seeds as f64, 0.25];
    let sum: f64 = single
        .values()
        .map(|c| (f64::from(*c) - n * p).powi(2))
        .sum();
    let chi = sum / (n * p * (1.0 - p));
    assert_eq!(single.len(), 200);
    assert!((chi - 200.0).abs() < 100.0, "{chi}");
    // A pair: 50 · 49 / (200 · 199) = 0.0616 of 600 are 36.9, standard deviation 5.9.
    assert!((f64::from(pair) - 36.9).abs() < 30.0, "{pair}");
}

#[test]
fn a_sample_is_the_beginning_of_a_larger_one() {
    let cloud = places(300);
    for of in [Sample::Random as fn(usize) -> Sample, Sample::Farthest] {
        let [small, large] = [70, 200].map(|n| only_patch(&cloud, of(n), 3).coord);
        assert!(large.starts_with(&small));
    }
    let all = only_patch(&cloud, Sample::All, 3).coord;
    assert!(all.starts_with(&only_patch(&cloud, Sample::Random(200), 3).coord));
    let other = only_patch(&cloud, Sample::Random(200), 4).coord;
    assert!(!all.starts_with(&other));
}

#[test]
fn too_few_points_are_drawn_equally_often() {
    let cloud = places(30);
    let voxels = |n| Sample::VoxelStratified { n, voxel: 2.0 };
    for of in [
        Sample::Random as fn(usize) -> Sample,
        Sample::Farthest,
        voxels,
    ] {
        let patch = only_patch(&cloud, of(100), 1);
        assert_eq!((patch.len(), patch.points), (100, 30));
        let mut counts: HashMap<[u32; 3], u32> = HashMap::new();
        patch
            .coord
            .iter()
            .for_each(|place| *counts.entry(key(place)).or_default() += 1);
        assert_eq!(counts.len(), 30);
        assert!(counts.values().all(|count| [3, 4].contains(count)));
    }
}

#[test]
fn voxels_have_equal_shares_as_long_as_they_have_points() {
    let cloud = {
        // A dense corner, and the rest.
        let mut points: Vec<[f64; 3]> = places(200).positions().iter().collect();
        points.extend((0..3000).map(|i| {
            let [x, y, z] = [0, 1, 2].map(|k| random(9 * i + k, 128) as f64 / 64.0);
            [CORNER[0] + 12.0 + x, CORNER[1] + 12.0 + y, z]
        }));
        Cloud::from_points(&points).unwrap()
    };
    let voxel = 2.0;
    let count = |patch: &Patch| {
        let mut counts: HashMap<[i64; 3], usize> = HashMap::new();
        for place in &patch.coord {
            let [x, y] = [0, 1].map(|axis| patch.centre[axis] + f64::from(place[axis]));
            let z = patch.zero_height + f64::from(place[2]);
            let cube = [x, y, z].map(|c| (c / voxel).floor() as i64);
            *counts.entry(cube).or_default() += 1;
        }
        counts
    };
    let there = count(&only_patch(&cloud, Sample::All, 1));
    let one = count(&only_patch(&cloud, Sample::OnePerVoxel(voxel), 1));
    assert!(one.len() == there.len() && one.values().all(|count| *count == 1));
    for n in [50, 150, 400, 1000] {
        let taken = count(&only_patch(&cloud, Sample::VoxelStratified { n, voxel }, 1));
        assert_eq!(taken.values().sum::<usize>(), n);
        let most = taken.values().copied().max().unwrap();
        for (cube, all) in &there {
            let share = taken.get(cube).copied().unwrap_or_default();
            assert!(
                share == *all || share + 1 >= most,
                "{n} {cube:?}: {share} of {all}, {most}"
            );
        }
    }
}

#[test]
fn points_at_one_place_are_told_apart_by_their_attributes() {
    let cloud = survey(2000);
    let within = |i: &u32| {
        let [x, y, _] = cloud.positions().absolute(*i as usize);
        x < CORNER[0] + 16.0 && y < CORNER[1] + 16.0
    };
    let rows: Vec<u32> = (0..2000).filter(within).collect();
    let back: Vec<u32> = rows.iter().rev().copied().collect();
    for n in 1..rows.len() {
        let [a, b] = [&rows, &back].map(|rows| {
            let mut part = cloud.select(rows);
            part.attributes.retain(attributes());
            only_patch(&part, Sample::Random(n), 5)
        });
        assert!(a == b, "{n}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// On a coarse lattice many distances are equal, and some places are taken twice.
    #[test]
    fn farthest_points_are_those_of_the_definition(
        places in prop::collection::vec([0..12_i32, 0..12, 0..4], 1..150), n in 1..80_usize,
    ) {
        let tick = 1 << 18;
        let ticks = places.iter().map(|place| place.map(|x| x * tick)).collect();
        let cloud = Cloud::new(Origin([400_000, 5_500_000, 0]), ticks);
        let patch = only_patch(&cloud, Sample::Farthest(n), 0);
        let centre = patch.centre.map(to_ticks);
        let chosen = reference::farthest_points(cloud.positions(), centre, n);
        for (row, i) in chosen.iter().enumerate() {
            let [x, y, z] = cloud.positions().absolute(*i);
            let place = [x - patch.centre[0], y - patch.centre[1], z - patch.zero_height];
            prop_assert_eq!(patch.coord[row], place.map(|x| x as f32), "{}", row);
        }
        prop_assert_eq!(chosen.len(), n.min(places.len()));
    }
}

#[test]
fn farthest_points_of_a_survey_are_those_of_the_definition() {
    let cloud = survey(3000);
    let patches = Patches {
        side: 64.0,
        sample: Sample::Farthest(500),
        ..Patches::default()
    };
    let operation = PatchTiles::new(patches, Columns::XYZ).unwrap();
    let (found, _) = cut_cloud(&operation, &cloud);
    let patch = found.iter().max_by_key(|patch| patch.points).unwrap();
    let inside = |i: &u32| {
        let place = cloud.positions().absolute(*i as usize);
        (0..2).all(|axis| (-32.0..32.0).contains(&(place[axis] - patch.centre[axis])))
    };
    let part = cloud.select(&(0..3000).filter(inside).collect::<Vec<u32>>());
    assert_eq!(part.len() as u64, patch.points);
    let centre = patch.centre.map(to_ticks);
    let chosen = reference::farthest_points(part.positions(), centre, 500);
    for (row, i) in chosen.iter().enumerate() {
        let [x, y, z] = part.positions().absolute(*i);
        let place = [
            x - patch.centre[0],
            y - patch.centre[1],
            z - patch.zero_height,
        ];
        assert_eq!(patch.coord[row], place.map(|x| x as f32), "{row}");
    }
}
