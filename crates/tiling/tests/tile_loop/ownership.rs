//! Each point is owned once, whatever the tiles are.

use super::{operations::*, scenes::*};
use isopach_cloud::{Rect, from_ticks, to_ticks};
use isopach_tiling::{InMemory, Tiling};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A coordinate somewhere, on an edge of 1 m cells, or on (or a tick beside) one of 33 and 100 m
/// tiles.
fn coordinate() -> impl Strategy<Value = f64> {
    let tick = from_ticks(1);
    prop_oneof![
        -250.0..250.0f64,
        (-250i32..250).prop_map(f64::from),
        (-7i32..8, prop::sample::select(vec![33.0, 100.0]), -1i32..2)
            .prop_map(move |(i, side, off)| f64::from(i) * side + f64::from(off) * tick),
        (-2500i32..2500).prop_map(|i| f64::from(i) * 0.1),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn once(
        xy in prop::collection::vec(prop::array::uniform2(coordinate()), 1..60), chunk in 1usize..20,
        tile in prop::sample::select(vec![f64::INFINITY, 500.0, 100.0, 33.3, 7.0]),
        cell in prop::sample::select(vec![None, Some(0.1), Some(0.3), Some(2.5)]), halo in 0.0..40.0f64,
    ) {
        let xyz: Vec<[f64; 3]> = xy.iter().map(|[x, y]| [*x, *y, 1.0]).collect();
        let source = InMemory::with_chunk_size("points", named(&xyz), chunk);
        let (results, report) = run(tiles_of(tile), &Owned { halo, cell }, [&source]).unwrap();
        let mut found: Vec<[i64; 3]> = results.into_iter().flat_map(|(_, [points])| points).collect();
        let mut all: Vec<[i64; 3]> = xyz.iter().map(|point| point.map(to_ticks)).collect();
        found.sort_unstable();
        all.sort_unstable();
        prop_assert_eq!(found, all);
        prop_assert_eq!(report.sources[0].points, xyz.len() as u64);
    }
}

#[test]
fn closed_boxes_would_own_more_than_there_are() {
    for tile in [f64::INFINITY, 100.0, 50.0, 33.3] {
        let (results, _) = run(
            tiles_of(tile),
            &Owned {
                halo: 2.0,
                cell: Some(1.0),
            },
            [&lattice(201)],
        )
        .unwrap();
        assert_eq!(
            results
                .iter()
                .map(|(_, [points])| points.len())
                .sum::<usize>(),
            40_401,
            "tiles of {tile} m"
        );
    }
}

#[test]
fn results_come_in_the_order_of_the_plan_and_fill_the_whole() {
    let source = lattice(100);
    let (tiling, operation) = (
        tiles_of(33.3),
        Owned {
            halo: 1.0,
            cell: Some(1.0),
        },
    );
    let plan = tiling
        .plan::<_, dyn isopach_compute::Compute, 1>(&operation, &[&source])
        .unwrap();
    let (results, report) = run(tiling, &operation, [&source]).unwrap();
    let cores: Vec<Rect> = results.iter().map(|(core, _)| *core).collect();
    assert_eq!(
        cores,
        (0..plan.len())
            .map(|i| plan.core(i).rect())
            .collect::<Vec<_>>()
    );
    assert_eq!((report.tiles, report.tiles_empty), (16, 0));
    assert_eq!(
        cores.iter().map(Rect::area).sum::<f64>(),
        plan.whole().rect().area()
    );
}

#[test]
fn empty_tiles_are_passed_over_and_counted() {
    let source = InMemory::new("two corners", named(&[[0.5, 0.5, 0.0], [99.5, 99.5, 0.0]]));
    let (results, report) = run(
        tiles_of(10.0),
        &Owned {
            halo: 1.0,
            cell: None,
        },
        [&source],
    )
    .unwrap();
    assert_eq!(
        (results.len(), report.tiles, report.tiles_empty),
        (2, 2, 98)
    );
}

#[test]
fn one_tile_is_the_same_path() {
    let source = lattice(50);
    let (one, report) = run(
        tiles_of(f64::INFINITY),
        &Owned {
            halo: 5.0,
            cell: None,
        },
        [&source],
    )
    .unwrap();
    assert_eq!(
        (one.len(), report.tiles, report.sources[0].routed),
        (1, 1, 2500)
    );
    assert_eq!(
        one[0].0,
        Rect {
            min: [0.0; 2],
            max: [50.0; 2]
        },
        "the extent, cut at cells"
    );
}

#[test]
fn points_keep_the_order_of_their_source() {
    let cloud = scatter(500, [-20.0, 40.0], 60.0, 3);
    let place: BTreeMap<[i64; 3], usize> = (0..500)
        .map(|i| (cloud.positions().absolute_ticks(i), i))
        .collect();
    let source = InMemory::with_chunk_size("points", cloud, 7);
    let (results, _) = run(
        tiles_of(20.0),
        &Owned {
            halo: 3.0,
            cell: None,
        },
        [&source],
    )
    .unwrap();
    for (_, [points]) in results {
        assert!(points.iter().map(|point| place[point]).is_sorted());
    }
}

#[test]
fn a_point_that_is_rounded_up_to_the_next_cell_is_owned_there() {
    let last = 4.999_999_9; // nearest tick: 5
    let change: fn(&mut isopach_cloud::Points) = |points| points.xyz[24] = [4.999_999_9, 4.0, 0.0];
    let extent = Some(Rect {
        min: [0.0; 2],
        max: [last, 4.0],
    });
    let source = Odd {
        extent,
        change,
        ..Odd::new("rounded", lattice(5))
    };
    let (results, _) = run(
        tiles_of(5.0),
        &Owned {
            halo: 0.0,
            cell: None,
        },
        [&source],
    )
    .unwrap();
    let counts: Vec<_> = results
        .iter()
        .map(|(core, [points])| (core.min[0], points.len()))
        .collect();
    assert_eq!(counts, [(0.0, 24), (5.0, 1)]);
}

#[test]
fn large_surveys_are_split_and_heights_beyond_reach_of_zero_are_not_lost() {
    let xyz = [[0.0, 0.0, 29_031.7], [9000.0, 100.0, 20_310.0]]; // Everest, in feet
    let source = InMemory::new("high", named(&xyz));
    let tiling = Tiling {
        tile_size: f64::INFINITY,
        ..Tiling::default()
    };
    let (results, report) = run(
        tiling,
        &Owned {
            halo: 10.0,
            cell: None,
        },
        [&source],
    )
    .unwrap();
    assert_eq!((report.tiles, report.tiles_empty), (2, 1));
    let heights: Vec<i64> = results
        .iter()
        .flat_map(|(_, [points])| points.iter().map(|point| point[2]))
        .collect();
    assert_eq!(heights, [29_031.7, 20_310.0].map(to_ticks));
}
