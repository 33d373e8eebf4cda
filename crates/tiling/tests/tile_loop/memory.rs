//! Memory: what does not fit goes to disk, what is too heavy is cut, and no result sees it.

use super::{operations::*, scenes::*};
use isopach_cloud::Rect;
use isopach_compute::{Error, Result};
use isopach_tiling::{
    InMemory, PointSource, Progress, RunOptions, RunReport, Spill, SpillError, Tile, TileOperation,
    Tiling,
};
use std::{path::Path, sync::Mutex};

const AROUND: Density = Density { radius: 1.5 };

/// 40,000 points on 200 m, in chunks of 500, all of which may be anywhere as far as the source
/// says.
fn many() -> InMemory {
    InMemory::with_chunk_size("many", scatter(40_000, [-50.0, 1000.0], 200.0, 11), 500)
}

/// Every owned point with its column and neighbours, in one order for all tilings.
fn found(tiling: Tiling, source: &dyn PointSource) -> (Vec<([i64; 3], u16, u32)>, RunReport) {
    let (results, report) = run(tiling, &AROUND, [source]).unwrap();
    let mut all: Vec<_> = results.into_iter().flat_map(|(_, points)| points).collect();
    all.sort_unstable();
    (all, report)
}

fn spilling(memory: u64, folder: &Path) -> Tiling {
    Tiling {
        tile_size: 50.0,
        memory,
        spill: Spill::in_folder(folder),
    }
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn what_went_to_disk_comes_back_the_same_and_nothing_stays_there() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, report) = found(tiles_of(50.0), &many());
    assert_eq!((report.spilled_bytes, plain.len()), (0, 40_000));
    let (spilled, report) = found(spilling(700_000, dir.path()), &many());
    assert!(
        spilled == plain && report.spilled_bytes > 100_000,
        "{report}"
    );
    assert!(report.peak_bytes <= report.memory, "{report}");
    assert_eq!(report.sources[0].decodes, 80);
    assert_eq!(files_in(dir.path()), 0);
}

#[test]
fn tiles_are_cut_where_memory_is_short_and_no_result_sees_it() {
    let dir = tempfile::tempdir().unwrap();
    let source = many();
    let plan = |memory| {
        let tiling = spilling(memory, dir.path());
        tiling
            .plan::<_, dyn isopach_compute::Compute, 1>(&AROUND, &[&source])
            .unwrap()
    };
    let (large, small) = (plan(1 << 30), plan(700_000));
    assert_eq!(large.len(), 16);
    assert!(
        small.len() >= 60 && (0..small.len()).all(|i| small.estimate(i).bytes <= 700_000 / 8),
        "{small}"
    );
    let middle = small.core(small.len() / 2).rect();
    assert_eq!(
        (middle.size()[0] * 4.0) % 25.0,
        0.0,
        "halves of halves of 50 m, on whole cells: {middle}"
    );
    assert!(
        small.to_string().contains("halo 1.50 m") && small.to_string().contains("tiles of"),
        "{small}"
    );
    assert_eq!(
        small.to_json()["tiles"].as_array().unwrap().len(),
        small.len()
    );
    let svg = small.to_svg(&[&source]);
    assert_eq!(
        svg.matches("<rect").count(),
        small.len() + 1,
        "each tile, and the extent of the source"
    );
}

/// As far as its extent tells, the points are everywhere; in truth nine in ten are in one corner.
fn crowded() -> InMemory {
    let (corner, rest) = (
        scatter(9000, [0.0; 2], 12.0, 5),
        scatter(1000, [0.0; 2], 300.0, 6),
    );
    let all: Vec<[f64; 3]> = [&corner, &rest]
        .iter()
        .flat_map(|c| (0..c.len()).map(|i| c.positions().absolute(i)))
        .collect();
    InMemory::with_chunk_size("crowded", named(&all), 500)
}

#[test]
fn a_tile_that_has_more_points_than_expected_is_cut_again() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, report) = found(tiles_of(100.0), &crowded());
    assert_eq!((report.tiles_cut, plain.len()), (0, 10_000));
    let (cut, report) = found(
        Tiling {
            tile_size: 100.0,
            ..spilling(1_000_000, dir.path())
        },
        &crowded(),
    );
    assert!(cut == plain && report.tiles_cut >= 1, "{report}");
    assert!(
        report.peak_bytes <= report.memory && report.to_string().contains("were cut"),
        "{report}"
    );
}

#[test]
fn a_halo_that_no_tile_can_hold_says_what_to_change() {
    let dir = tempfile::tempdir().unwrap();
    let tiling = spilling(1_000_000, dir.path());
    let error = run(tiling, &Density { radius: 60.0 }, [&crowded()]).unwrap_err();
    let message = error.to_string();
    assert!(
        matches!(
            error,
            Error::OutOfMemory {
                budget: 1_000_000,
                ..
            }
        ),
        "{message}"
    );
    assert!(
        message.contains("raise the memory, or reduce what the halo comes from"),
        "{message}"
    );
    assert_eq!(files_in(dir.path()), 0);
}

#[test]
fn a_disk_limit_is_kept_and_is_an_error_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let spill = Spill::Within {
        folder: dir.path().into(),
        max_bytes: 60_000,
    };
    let error = run(
        Tiling {
            spill,
            ..spilling(700_000, dir.path())
        },
        &AROUND,
        [&many()],
    )
    .unwrap_err();
    let Error::Source(source) = error else {
        panic!("{error}")
    };
    assert!(
        matches!(
            source.downcast_ref(),
            Some(SpillError::DiskLimit { limit: 60_000, .. })
        ),
        "{source}"
    );
    assert_eq!(files_in(dir.path()), 0);
    let nowhere = spilling(700_000, Path::new("/dev/null/spill"));
    assert!(
        run(nowhere, &AROUND, [&many()])
            .unwrap_err()
            .to_string()
            .contains("/dev/null/spill")
    );
}

#[test]
fn tiles_are_run_as_soon_as_their_chunks_are_there() {
    // 40 strips of 5 m, each a chunk that says where it is.
    let strips: Vec<[f64; 3]> = (0..40_000)
        .map(|i| [f64::from(i % 1000) * 0.2, f64::from(i / 1000) * 5.0, 0.0])
        .collect();
    let extents = (0..40)
        .map(|i| f64::from(i) * 5.0)
        .map(|y| Rect {
            min: [0.0, y],
            max: [200.0, y],
        })
        .collect();
    let source = Odd {
        chunk_extents: extents,
        ..Odd::new(
            "strips",
            InMemory::with_chunk_size("strips", named(&strips), 1000),
        )
    };
    let events = Mutex::new(Vec::new());
    let progress = |event: Progress| events.lock().unwrap().push(event);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let mut sink = |_: Rect, _: Lists<1>| Ok(());
    let told = RunOptions {
        progress: &progress,
        ..RunOptions::default()
    };
    let operation = Owned {
        halo: 1.0,
        cell: None,
    };
    let report = pool
        .install(|| tiles_of(25.0).stream_with(&cpu(), &operation, [&source], &mut sink, &told))
        .unwrap();
    let events = events.into_inner().unwrap();
    assert!(
        events
            .iter()
            .any(|e| e.tiles_done >= 8 && e.chunks_done < 30),
        "the first row is done early"
    );
    let source = Odd {
        chunk_extents: vec![],
        ..source
    };
    let (_, all) = pool
        .install(|| run(tiles_of(25.0), &operation, [&source]))
        .unwrap();
    assert!(
        report.peak_bytes < all.peak_bytes,
        "not all points were held at once: {report}"
    );
}

/// Panics at one tile.
struct Panics;

impl<B: ?Sized> TileOperation<1, B> for Panics {
    type Output = ();
    fn halo(&self) -> f64 {
        0.0
    }
    fn run_tile(&self, _: &B, tile: &Tile<1>) -> Result<()> {
        assert!(tile.core.min != [20.0, 20.0], "as it should");
        Ok(())
    }
}

#[test]
fn a_panic_of_an_operation_is_not_swallowed_and_nothing_hangs() {
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let work = || pool.install(|| run(tiles_of(10.0), &Panics, [&lattice(50)]).is_ok());
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        assert!(outcome.is_err());
    }
}

#[test]
fn the_stages_add_up_to_the_wall() {
    let (_, report) = found(tiles_of(50.0), &many());
    let sum: std::time::Duration =
        report.times.wall.iter().sum::<std::time::Duration>() + report.idle_time();
    assert!(
        sum <= report.wall + std::time::Duration::from_millis(1) && !report.times.wall[0].is_zero()
    );
    let json = report.to_json();
    assert_eq!(json["sources"][0]["decodes_per_chunk"], 1.0);
    assert!(
        json["stages_s"]["compute"].as_f64().unwrap() > 0.0
            && json["memory"].as_u64().unwrap() == 4 << 30
    );
}
