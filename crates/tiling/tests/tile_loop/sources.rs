//! Sources that are wrapped, filtered, moved.

use super::{operations::*, scenes::*};
use isopach_cloud::{Crs, Rect, Rigid, to_ticks};
use isopach_tiling::{InMemory, PointSource, Progress, RunOptions, Transformed, WithCrs};
use std::sync::{Mutex, atomic::Ordering};

#[test]
fn each_chunk_is_decoded_once_however_many_tiles_and_epochs() {
    let source = Odd::new("counted", lattice(60));
    let (_, report) = run(
        tiles_of(7.0),
        &Owned {
            halo: 3.0,
            cell: None,
        },
        [&source],
    )
    .unwrap();
    assert_eq!(source.reads.load(Ordering::Relaxed), 4);
    let told = &report.sources[0];
    assert_eq!(
        (told.decodes, told.chunks, told.chunks_skipped, told.points),
        (4, 4, 0, 3600)
    );
    assert!(
        told.routed > 3600
            && told.bytes == told.points * 24
            && report.peak_bytes >= told.routed * 12
    );
}

#[test]
fn what_is_moved_is_moved_before_it_is_routed() {
    let cloud = scatter(2000, [600_000.0, 5_000_000.0], 100.0, 8);
    let by = Rigid::from_vectors(
        [0.2, -0.3, 0.4],
        [31.7, -12.3, 5.0],
        [600_050.0, 5_000_050.0, 50.0],
    );
    let mut expected: Vec<[i64; 3]> = (0..cloud.len())
        .map(|i| by.apply(cloud.positions().absolute(i)).map(to_ticks))
        .collect();
    expected.sort_unstable();
    let moved = Transformed::new(InMemory::with_chunk_size("points", cloud, 300), by);
    for tile in [f64::INFINITY, 33.3, 10.0] {
        let (results, _) = run(
            tiles_of(tile),
            &Owned {
                halo: 1.0,
                cell: None,
            },
            [&moved],
        )
        .unwrap();
        let mut found: Vec<[i64; 3]> = results
            .into_iter()
            .flat_map(|(_, [points])| points)
            .collect();
        found.sort_unstable();
        assert!(found == expected, "tiles of {tile} m");
    }
}

#[test]
fn the_extent_of_what_is_tilted_knows_its_heights() {
    let inner = InMemory::new("cliff", named(&[[0.0, 0.0, 0.0], [1.0, 1.0, 1000.0]]));
    let moved = Transformed::new(
        inner,
        Rigid::from_vectors([0.0, 0.1, 0.0], [0.0; 3], [0.0; 3]),
    );
    assert!(moved.extent().max[0] > 99.0, "{}", moved.extent());
    let (results, _) = run(
        tiles_of(10.0),
        &Owned {
            halo: 0.0,
            cell: None,
        },
        [&moved],
    )
    .unwrap();
    assert_eq!(
        results
            .iter()
            .map(|(_, [points])| points.len())
            .sum::<usize>(),
        2
    );
}

#[test]
fn systems_that_contradict_are_refused_unless_told_otherwise() {
    let in_system = |name, code| Odd {
        crs: Some(Crs::from_epsg(code)),
        ..Odd::new(name, lattice(5))
    };
    let (a, b) = (in_system("a.laz", 26917), in_system("b.laz", 25833));
    let operation = Owned {
        halo: 0.0,
        cell: None,
    };
    let error = run(tiles_of(10.0), &operation, [&a, &b])
        .unwrap_err()
        .to_string();
    assert!(
        ["a.laz", "b.laz", "26917 against 25833"]
            .iter()
            .all(|part| error.contains(part)),
        "{error}"
    );
    assert_eq!(
        a.reads.load(Ordering::Relaxed),
        0,
        "asked before anything is decoded"
    );
    for declared in [None, Some(Crs::from_epsg(26917))] {
        run(
            tiles_of(10.0),
            &operation,
            [&a, &WithCrs::new(&b, declared)],
        )
        .unwrap();
    }
    assert!(
        run(
            tiles_of(10.0),
            &operation,
            [&a, &WithCrs::new(&a, Some(Crs::from_epsg(25833)))]
        )
        .is_err()
    );
}

#[test]
fn chunks_beyond_the_extent_are_not_read() {
    let far = Rect {
        min: [500.0; 2],
        max: [600.0; 2],
    };
    let near = Rect {
        min: [0.0; 2],
        max: [31.0; 2],
    };
    // A source with a box: its extent is the box, its last chunk lies elsewhere.
    let inner = InMemory::with_chunk_size(
        "boxed",
        named(&[[1.0, 1.0, 0.0], [29.0, 2.0, 0.0], [550.0, 550.0, 0.0]]),
        2,
    );
    let source = Odd {
        extent: Some(near),
        chunk_extents: vec![near, far],
        ..Odd::new("boxed", inner)
    };
    let events = Mutex::new(Vec::new());
    let progress = |event| events.lock().unwrap().push(event);
    let operation = Owned {
        halo: 0.0,
        cell: None,
    };
    let mut sink = |_: Rect, _: Lists<1>| Ok(());
    let told = RunOptions {
        progress: &progress,
        ..RunOptions::default()
    };
    let report = tiles_of(10.0)
        .stream_with(&cpu(), &operation, [&source], &mut sink, &told)
        .unwrap();
    assert_eq!(
        (report.sources[0].decodes, report.sources[0].chunks_skipped),
        (1, 1)
    );
    let events: Vec<Progress> = events.into_inner().unwrap();
    assert!(
        events.iter().all(|e| e.chunks == 2 && e.chunks_done >= 1),
        "what is skipped is done, too"
    );
    assert!(
        events.is_sorted_by_key(|e| (e.chunks_done, e.tiles_done)),
        "{events:?}"
    );
    let last = events.last().unwrap();
    assert_eq!(
        (last.chunks_done, last.points, last.tiles_done, last.tiles),
        (2, 2, 16, 16)
    );
    assert!(
        last.remaining.is_some() && last.done_fraction() == 1.0 && last.points_per_second() > 0.0
    );
}
