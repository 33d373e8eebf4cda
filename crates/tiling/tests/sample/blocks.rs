//! Squares that are read whole.

use super::scenes::*;
use isopach_cloud::{Columns, from_ticks, to_ticks};
use isopach_compute::Error;
use isopach_tiling::{SampleBlocks, Thinned, Thinning};
use proptest::prelude::*;
use std::collections::BTreeSet;

const MEMORY: u64 = 64 << 20;

fn all(_: [f64; 3]) -> bool {
    true
}

fn thin(survey: &Survey) -> Thinned {
    Thinning {
        finest: 0.5,
        max_points: 5_000,
        ..Thinning::default()
    }
    .run(survey, all)
    .unwrap()
}

fn choose(epochs: [&Survey; 2], side: f64, points: u64, seed: u64) -> SampleBlocks {
    let [a, b] = epochs.map(thin);
    SampleBlocks::choose([&a, &b], side, points, seed).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn any_chunks_order_and_threads_give_the_same_squares_and_points(
        seed in any::<u32>(), chunk in 1..3000_usize, threads in 1..6_usize, points in 1..9000_u64, side in 1.0..70.0f64, is_indexed in any::<bool>(),
    ) {
        let seed = u64::from(seed);
        let before = ground(4000, [-150.0, 300.0], [400.0, 200.0], seed);
        let after = ground(3000, [-100.0, 250.0], [400.0, 200.0], seed + 1);
        let columns = Columns::INTENSITY;
        let keep = |point: [f64; 3]| point[2] < 100.09;
        let whole = [Survey::new(&before, 10_000), Survey::new(&after, 10_000)];
        let blocks = choose([&whole[0], &whole[1]], side, points, seed);
        let expected = blocks.read([&whole[0], &whole[1]], columns, keep, MEMORY).unwrap();
        let cut = [&before, &after].map(|points| Survey { is_indexed, ..Survey::new(&shuffled(points, seed), chunk) });
        let (same, found) = in_threads(threads, || {
            let blocks = choose([&cut[0], &cut[1]], side, points, seed);
            let sample = blocks.read([&cut[0], &cut[1]], columns, keep, MEMORY).unwrap();
            (blocks, sample)
        });
        prop_assert_eq!(&same, &blocks);
        prop_assert_eq!(&found, &expected);
        // The definition: all points that a square owns and the filter keeps, in order.
        for pair in &found.pairs {
            for (epoch, points) in [&before, &after].into_iter().enumerate() {
                let held = points.iter().map(|point| point.map(|value| from_ticks(to_ticks(value))));
                let owned = held.filter(|[x, y, _]| pair.block.area.contains([*x, *y]));
                prop_assert_eq!(owned.clone().count() as u64, pair.block.points[epoch]);
                let mut plain: Vec<[i64; 3]> = owned.filter(|point| keep(*point)).map(|point| point.map(to_ticks)).collect();
                plain.sort_unstable();
                prop_assert_eq!(ticks_of(&pair.clouds[epoch]), plain);
            }
            prop_assert_eq!(pair.clouds[0].positions().origin(), pair.clouds[1].positions().origin());
        }
        prop_assert!(blocks.is_whole_survey() || blocks.points().iter().sum::<u64>() >= points);
    }
}

#[test]
fn columns_stay_beside_their_points() {
    // Whole millimetres of a tick's multiple, so that the name of a place can be computed again.
    let points: Vec<[f64; 3]> = ground(3000, [0.0; 2], [64.0; 2], 9)
        .iter()
        .map(|p| p.map(|x| (x * 256.0).round() / 256.0))
        .collect();
    let survey = Survey::new(&points, 77);
    let sample = choose([&survey, &survey], 16.0, 1500, 4)
        .read([&survey, &survey], Columns::INTENSITY, all, MEMORY)
        .unwrap();
    let names = |cloud: &isopach_cloud::Cloud| -> Vec<u16> {
        (0..cloud.len())
            .map(|i| name_of(&cloud.positions().absolute(i)))
            .collect()
    };
    assert!(sample.pairs.len() > 3);
    for pair in &sample.pairs {
        assert_eq!(
            pair.clouds[0].attributes.intensity,
            Some(names(&pair.clouds[0]))
        );
    }
    let joined = sample.joined_clouds().unwrap();
    assert_eq!(joined[1].attributes.intensity, Some(names(&joined[1])));
    let one_by_one: Vec<[i64; 3]> = sample
        .pairs
        .iter()
        .flat_map(|pair| ticks_of(&pair.clouds[1]))
        .collect();
    assert_eq!(ticks_of(&joined[1]), one_by_one);
}

#[test]
fn a_small_survey_is_its_own_sample_and_squares_of_one_epoch_are_not_taken() {
    let before = Survey::new(&ground(3000, [0.0; 2], [200.0, 100.0], 1), 100);
    let after = Survey::new(&ground(3000, [100.0, 0.0], [200.0, 100.0], 2), 100);
    let blocks = choose([&before, &after], 10.0, u64::MAX, 7);
    assert!(blocks.is_whole_survey() && blocks.side == 16.0);
    assert!(
        blocks
            .blocks
            .iter()
            .all(|block| block.area.max[0] > 100.0 && block.area.min[0] < 200.0)
    );
    assert_eq!(blocks.blocks.len(), 7 * 7, "columns 6 to 12, rows 0 to 6");
    let apart = Survey::new(&ground(300, [900.0, 0.0], [50.0, 50.0], 3), 100);
    let none = choose([&before, &apart], 10.0, 100, 7);
    assert_eq!(
        (none.blocks.len(), none.available, none.is_whole_survey()),
        (0, 0, true)
    );
    let sample = none
        .read([&before, &apart], Columns::XYZ, all, MEMORY)
        .unwrap();
    assert_eq!(
        sample.joined_clouds().unwrap().map(|cloud| cloud.len()),
        [0, 0]
    );
}

#[test]
fn seeds_choose_other_squares_and_no_side_of_the_survey_is_preferred() {
    let survey = Survey::new(&ground(100_000, [0.0; 2], [1024.0, 1024.0], 1), 10_000);
    let thinned = thin(&survey);
    let choose = |seed| SampleBlocks::choose([&thinned, &thinned], 32.0, 20_000, seed).unwrap();
    assert_ne!(choose(1), choose(2));
    assert_eq!(choose(1), choose(1));
    let mut west = 0;
    let mut chosen = 0;
    let mut ever = BTreeSet::new();
    for seed in 0..200 {
        let blocks = choose(seed);
        assert_eq!(blocks.available, 1024);
        chosen += blocks.blocks.len();
        west += blocks
            .blocks
            .iter()
            .filter(|block| block.area.max[0] <= 512.0)
            .count();
        ever.extend(blocks.blocks.iter().map(|block| block.cell));
    }
    // 200 seeds take about a tenth of 1,024 squares each: the share of the west is 0.5 within 4
    // standard errors.
    let error = 4.0 * 0.5 / (chosen as f64).sqrt();
    assert!(
        (west as f64 / chosen as f64 - 0.5).abs() < error,
        "{west} of {chosen}"
    );
    assert_eq!(ever.len(), 1024);
}

#[test]
fn only_chunks_that_meet_a_square_are_decoded() {
    let mut points = ground(20_000, [0.0; 2], [2000.0, 20.0], 1);
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let survey = Survey::indexed(&points, 100);
    let blocks = choose([&survey, &survey], 16.0, 1000, 3);
    survey.reads.lock().unwrap().clear();
    blocks
        .read([&survey, &survey], Columns::XYZ, all, MEMORY)
        .unwrap();
    let reads = survey.reads.lock().unwrap();
    let distinct: BTreeSet<usize> = reads.iter().copied().collect();
    assert_eq!(reads.len(), 2 * distinct.len(), "once an epoch");
    assert!(distinct.len() < 40, "{} of 200", distinct.len());
}

#[test]
fn a_wide_survey_is_sampled_by_square_and_a_high_noise_point_is_counted_and_left_out() {
    let mut points = ground(20_000, [600_000.0, 4_800_000.0], [20_000.0, 50.0], 1);
    points.push([points[77][0], points[77][1], 30_000.0]);
    let survey = Survey::new(&points, 1000);
    let sample = choose([&survey, &survey], 16.0, u64::MAX, 3)
        .read([&survey, &survey], Columns::XYZ, all, MEMORY)
        .unwrap();
    assert_eq!(sample.out_of_reach, 2);
    assert_eq!(
        sample
            .pairs
            .iter()
            .map(|pair| pair.clouds[0].len())
            .sum::<usize>(),
        20_000
    );
    assert!(sample.joined_clouds().is_none());
}

#[test]
fn what_does_not_fit_or_belong_together_is_refused() {
    let survey = Survey::new(&ground(9000, [0.0; 2], [100.0, 100.0], 1), 100);
    let blocks = choose([&survey, &survey], 8.0, u64::MAX, 3);
    let error = blocks
        .read([&survey, &survey], Columns::ALL, all, 100_000)
        .unwrap_err();
    assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
    let other = Thinning {
        finest: 0.3,
        ..Thinning::default()
    }
    .run(&survey, all)
    .unwrap();
    let error = SampleBlocks::choose([&thin(&survey), &other], 8.0, 100, 1)
        .unwrap_err()
        .to_string();
    assert!(error.contains("0.5 and 0.3"), "{error}");
    assert!(SampleBlocks::choose([&other, &other], f64::NAN, 100, 1).is_err());
    let half = Survey {
        lacks_columns: true,
        ..Survey::new(&ground(900, [0.0; 2], [100.0, 100.0], 1), 100)
    };
    let error = blocks
        .read([&half, &survey], Columns::INTENSITY, all, MEMORY)
        .unwrap_err();
    assert!(error.to_string().contains("survey"), "{error}");
    for side in [1e300, 9000.0] {
        let error = SampleBlocks::choose([&other, &other], side, 100, 1)
            .unwrap_err()
            .to_string();
        assert!(error.contains("at most 8192 m"), "{error}");
    }
}
