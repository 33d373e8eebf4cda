//! Shards: one process runs a part of the tiles, another one puts all results together.

use super::{
    restart::{Fragile, conducted, plain},
    scenes::*,
};
use isopach_cloud::Rect;
use isopach_tiling::{CheckpointDir, InMemory, RunOptions, RunScope};
use std::sync::atomic::Ordering;

/// A survey of 60 × 60 m whose chunks are strips of 5 m from edge to edge, to the north or east.
fn strips(run_north: bool) -> Odd {
    let place = |i: i32| {
        let [along, across] = [f64::from(i % 60), f64::from(i / 60)];
        if run_north {
            [across, along, 0.0]
        } else {
            [along, across, 0.0]
        }
    };
    let xyz: Vec<[f64; 3]> = (0..3600).map(place).collect();
    let extent_of = |strip: i32| {
        let [low, high] = [0, 4].map(|line| f64::from(5 * strip + line));
        let [min, max] = [[0.0, low], [59.0, high]];
        if run_north {
            Rect {
                min: [min[1], min[0]],
                max: [max[1], max[0]],
            }
        } else {
            Rect { min, max }
        }
    };
    Odd {
        chunk_extents: (0..12).map(extent_of).collect(),
        ..Odd::new(
            "strips",
            InMemory::with_chunk_size("strips", named(&xyz), 300),
        )
    }
}

#[test]
fn shards_lie_along_the_strips_so_that_few_chunks_are_decoded_twice() {
    for run_north in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let kept = CheckpointDir::new(dir.path(), "");
        let source = strips(run_north);
        let run = |scope| {
            let options = RunOptions {
                checkpoint: Some(kept.for_results()),
                scope,
                ..RunOptions::default()
            };
            conducted(&Fragile::default(), &source, &options).unwrap()
        };
        let decoded: u64 = (1..=3)
            .map(|number| run(RunScope::Shard { number, of: 3 }).1.sources[0].decodes)
            .sum();
        // Twelve strips, and at each of both seams those in a tile and its halos. Across the strips,
        // each shard would decode all.
        assert!((13..=12 + 2 * 4).contains(&decoded), "{decoded} decoded");
        let (merged, _) = run(RunScope::Merge);
        let whole = conducted(&Fragile::default(), &source, &RunOptions::default());
        assert!(
            merged == whole.unwrap().0,
            "the order of results is the plan's"
        );
    }
}

#[test]
fn shards_in_any_order_merge_to_the_same() {
    let dir = tempfile::tempdir().unwrap();
    for shards in [1, 3] {
        let kept = CheckpointDir::new(dir.path().join(shards.to_string()), "");
        let run = |share| RunOptions {
            checkpoint: Some(kept.for_results()),
            scope: share,
            ..RunOptions::default()
        };
        for number in (1..=shards).rev() {
            let early = conducted(&Fragile::default(), &lattice(50), &run(RunScope::Merge))
                .unwrap_err()
                .to_string();
            assert!(early.contains("not done yet"), "{early}");
            let (tiles, _) = conducted(
                &Fragile::default(),
                &lattice(50),
                &run(RunScope::Shard { number, of: shards }),
            )
            .unwrap();
            assert!(tiles.is_empty(), "a shard hands nothing over");
        }
        let merged = Fragile::default();
        assert!(
            conducted(&merged, &lattice(50), &run(RunScope::Merge))
                .unwrap()
                .0
                == plain()
        );
        assert_eq!(merged.ran.load(Ordering::Relaxed), 0);
    }
    let alone = RunOptions {
        scope: RunScope::Merge,
        ..RunOptions::default()
    };
    assert!(
        conducted(&Fragile::default(), &lattice(50), &alone)
            .unwrap_err()
            .to_string()
            .contains("need a folder")
    );
}
