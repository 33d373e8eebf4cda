//! Runs that end early, and go on.

use super::{operations::*, scenes::*};
use isopach_cloud::Rect;
use isopach_compute::{Error, Result, UnfinishedFile};
use isopach_tiling::{
    CheckpointDir, Encode, InMemory, OnFailure, PointSource, RunOptions, RunReport, RunScope,
    Spill, Tile, TileFailure, TileOperation, Tiling,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Owned points; fails at tiles whose corner is listed, and counts the tiles that it ran.
#[derive(Default)]
pub(crate) struct Fragile {
    fails_at: Vec<[f64; 2]>,
    pub(crate) ran: AtomicUsize,
}

impl<const N: usize, B: ?Sized> TileOperation<N, B> for Fragile {
    type Output = Vec<[i64; 3]>;
    fn halo(&self) -> f64 {
        2.0
    }
    fn run_tile(&self, _: &B, tile: &Tile<N>) -> Result<Self::Output> {
        self.ran.fetch_add(1, Ordering::Relaxed);
        if self.fails_at.contains(&tile.core.min) {
            return Err(Error::source(format!("no luck at {:?}", tile.core.min)));
        }
        Ok(tile
            .owned(0)
            .into_iter()
            .map(|i| tile.epochs[0].positions().absolute_ticks(i as usize))
            .collect())
    }
}

pub(crate) type Tiles = Vec<(Rect, Vec<[i64; 3]>)>;

pub(crate) fn conducted(
    operation: &Fragile,
    source: &dyn PointSource,
    run: &RunOptions<'_, Vec<[i64; 3]>>,
) -> Result<(Tiles, RunReport)> {
    let mut tiles = Vec::new();
    let mut sink = |core: Rect, output| {
        tiles.push((core, output));
        Ok(())
    };
    let report = tiles_of(10.0).stream_with(&cpu(), operation, [source], &mut sink, run)?;
    Ok((tiles, report))
}

fn kept(folder: &Path) -> CheckpointDir {
    CheckpointDir::new(folder.join("run"), "depth 5")
}

pub(crate) fn plain() -> Tiles {
    conducted(&Fragile::default(), &lattice(50), &RunOptions::default())
        .unwrap()
        .0
}

#[test]
fn a_run_goes_on_where_it_ended_and_gives_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let kept = kept(dir.path());
    let run = || RunOptions {
        checkpoint: Some(kept.for_results()),
        ..RunOptions::default()
    };
    let fragile = Fragile {
        fails_at: vec![[20.0, 30.0]],
        ..Fragile::default()
    };
    let error = conducted(&fragile, &lattice(50), &run()).unwrap_err();
    assert_eq!(error.to_string(), "no luck at [20.0, 30.0]");
    let before = fragile.ran.load(Ordering::Relaxed) - 1;
    assert!(before >= 17, "the tiles before it are done: {before}");

    let sound = Fragile::default();
    let (tiles, report) = conducted(&sound, &lattice(50), &run()).unwrap();
    assert!(tiles == plain());
    assert_eq!(
        (
            sound.ran.load(Ordering::Relaxed),
            report.tiles,
            report.tiles_kept
        ),
        (25 - before, 25 - before, before)
    );

    let source = Odd::new("lattice", lattice(50));
    let (tiles, report) = conducted(&Fragile::default(), &source, &run()).unwrap();
    assert!(tiles == plain() && (report.tiles, report.tiles_kept) == (0, 25));
    assert_eq!(
        source.reads.load(Ordering::Relaxed),
        0,
        "nothing is decoded where nothing is left to do"
    );
    kept.remove_all().unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let kept = kept(dir.path());
    for name in ["manifest.json", "tiles/000000-0-1.tile", "tiles", "lock"] {
        let taken = kept.folder().join(name);
        fs::create_dir_all(taken.parent().unwrap()).unwrap();
        // A folder in the place of a file, or a file in the place of a folder.
        if name == "tiles" {
            fs::write(&taken, "x").unwrap()
        } else {
            fs::create_dir(&taken).unwrap()
        }
        let run = RunOptions {
            checkpoint: Some(kept.for_results()),
            ..RunOptions::default()
        };
        let error = conducted(&Fragile::default(), &lattice(50), &run)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&format!("{}: ", taken.display())),
            "{error}"
        );
        fs::remove_dir_all(kept.folder()).unwrap();
    }
}

#[test]
fn a_run_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |parameters: &str, source: &dyn PointSource, tiling: Tiling| {
        let kept = CheckpointDir::new(dir.path().join("run"), parameters);
        let run = RunOptions {
            checkpoint: Some(kept.for_results()),
            ..RunOptions::default()
        };
        let mut sink = |_: Rect, _| Ok(());
        tiling
            .stream_with(&cpu(), &Fragile::default(), [source], &mut sink, &run)
            .err()
            .map(|e| e.to_string())
    };
    assert_eq!(refused("depth 5", &lattice(50), tiles_of(10.0)), None);
    assert_eq!(refused("depth 5", &lattice(50), tiles_of(10.0)), None);
    let message = refused("depth 6", &lattice(50), tiles_of(10.0)).unwrap();
    assert!(
        message.contains("other parameters (5, now 6)") && message.contains("remove"),
        "{message}"
    );
    let message = refused("depth 5", &lattice(51), tiles_of(10.0)).unwrap();
    assert!(
        message.contains("an input has changed") && message.contains("2601 points"),
        "{message}"
    );
    assert_eq!(
        refused("depth 5", &lattice(50), tiles_of(20.0)),
        None,
        "the tiles are those that it was begun with"
    );
    fs::write(dir.path().join("run/manifest.json"), "{").unwrap();
    assert!(
        refused("depth 5", &lattice(50), tiles_of(10.0))
            .unwrap()
            .contains("not a manifest")
    );
}

#[test]
fn a_manifest_that_is_longer_than_one_can_be_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let kept = kept(dir.path());
    assert_eq!(kept.derived_values(1 << 30).unwrap(), None);
    fs::create_dir_all(kept.folder()).unwrap();
    // A tebibyte that takes no room on the disk.
    fs::File::create(kept.folder().join("manifest.json"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let error = kept.derived_values(1 << 30).unwrap_err().to_string();
    assert!(
        error.contains("manifest.json") && error.contains("more than 134217728 bytes"),
        "{error}"
    );
}

#[test]
fn lack_of_memory_is_no_damage_of_an_input() {
    let dir = tempfile::tempdir().unwrap();
    let many =
        |seed| InMemory::with_chunk_size("many", scatter(60_000, [0.0; 2], 100.0, seed), 1000);
    let kept = kept(dir.path());
    let ended = |source: &dyn PointSource, spill: Spill, share: RunScope| {
        let tiling = Tiling {
            memory: 8 * 112_000,
            spill,
            ..tiles_of(50.0)
        };
        let run = RunOptions {
            checkpoint: Some(kept.for_results()),
            scope: share,
            ..RunOptions::default()
        };
        let outcome = tiling.stream_with(
            &cpu(),
            &Fragile::default(),
            [source],
            &mut |_: Rect, _| Ok(()),
            &run,
        );
        outcome.err().map(|error| error.to_string())
    };
    assert_eq!(
        ended(
            &many(1),
            Spill::in_folder(dir.path().join("spill")),
            RunScope::Tile(0)
        ),
        None
    );
    let little = Spill::Within {
        folder: dir.path().join("spill"),
        max_bytes: 1000,
    };
    for (spill, words) in [(Spill::Never, "holding points"), (little, "bytes of disk")] {
        let message = ended(&many(1), spill.clone(), RunScope::All).unwrap();
        assert!(message.contains(words), "{message}");
        let tiles = || fs::read_dir(kept.folder().join("tiles")).unwrap().count();
        let before = tiles();
        assert!(before > 0);
        let message = ended(&Odd::new("other", many(2)), spill, RunScope::All).unwrap();
        assert!(message.contains("an input has changed"), "{message}");
        assert_eq!(tiles(), before, "tiles of the first inputs stay");
    }
}

#[test]
fn a_damaged_input_may_be_replaced_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let kept = kept(dir.path());
    let ended = |sources: [&dyn PointSource; 2], share: RunScope| {
        let run = RunOptions {
            checkpoint: Some(kept.for_results()),
            scope: share,
            ..RunOptions::default()
        };
        let outcome = tiles_of(10.0).stream_with(
            &cpu(),
            &Fragile::default(),
            sources,
            &mut |_: Rect, _| Ok(()),
            &run,
        );
        outcome.err().map(|error| error.to_string())
    };
    let tiles = || fs::read_dir(kept.folder().join("tiles")).unwrap().count();
    let whole = ["before", "after"].map(|name| Odd::new(name, lattice(50)));
    assert_eq!(ended([&whole[0], &whole[1]], RunScope::Tile(0)), None);
    // The same, but for a chunk.
    let torn = Odd {
        broken_chunk: Some(1),
        ..Odd::new("before", lattice(50))
    };
    let message = ended([&torn, &whole[1]], RunScope::All).unwrap();
    assert!(message.contains("before: chunk 1 is broken"), "{message}");
    let kept_tiles = tiles();
    assert!(kept_tiles > 0);
    let other = |name| Odd::new(name, lattice(51));
    for sources in [
        [&whole[0], &other("after")],
        [&other("before"), &other("after")],
    ] {
        let message = ended(
            sources.map(|source| source as &dyn PointSource),
            RunScope::All,
        )
        .unwrap();
        assert!(message.contains("an input has changed"), "{message}");
        assert_eq!(tiles(), kept_tiles);
    }
    assert_eq!(
        ended([&other("before"), &whole[1]], RunScope::All),
        None,
        "the one that was damaged is replaced"
    );
    assert!(
        ended([&whole[0], &whole[1]], RunScope::All)
            .unwrap()
            .contains("an input has changed"),
        "no longer"
    );
}

#[test]
fn what_was_half_written_or_damaged_is_done_again() {
    let dir = tempfile::tempdir().unwrap();
    let kept = kept(dir.path());
    let run = || RunOptions {
        checkpoint: Some(kept.for_results()),
        ..RunOptions::default()
    };
    conducted(&Fragile::default(), &lattice(50), &run()).unwrap();
    let tiles = kept.folder().join("tiles");
    let file = tiles.join("000007-0-1.tile");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, bytes).unwrap();
    let left = left_by_a_killed_process(&tiles.join("000009-0-1.tile"));
    fs::write(tiles.join("000009-0-1.tile"), b"ISOPTIL1").unwrap();
    let notes = tiles.join("notes.txt");
    fs::write(&notes, b"mine").unwrap();
    let sound = Fragile::default();
    let (found, report) = conducted(&sound, &lattice(50), &run()).unwrap();
    assert!(found == plain());
    assert_eq!(
        (sound.ran.load(Ordering::Relaxed), report.tiles_kept),
        (2, 23)
    );
    assert!(!left.exists() && notes.exists());
    assert_eq!(
        fs::read_dir(tiles).unwrap().count(),
        25 + 1,
        "no part is left"
    );
}

/// A file that was being written, which nobody has open.
fn left_by_a_killed_process(to: &Path) -> PathBuf {
    let (unfinished, _file) = UnfinishedFile::create(to).unwrap();
    let path = unfinished.path().to_owned();
    drop(unfinished);
    fs::write(&path, b"half").unwrap();
    path
}

#[test]
fn the_rest_is_finished_where_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let kept = kept(dir.path());
    let told = Mutex::new(Vec::new());
    let failed = |failure: &TileFailure| told.lock().unwrap().push(failure.tile);
    let on_failure = OnFailure::FinishTheRest;
    let fragile = Fragile {
        fails_at: vec![[20.0, 0.0], [40.0, 40.0]],
        ..Fragile::default()
    };
    let run = RunOptions {
        checkpoint: Some(kept.for_results()),
        tile_failed: &failed,
        on_failure,
        ..RunOptions::default()
    };
    let (tiles, report) = conducted(&fragile, &lattice(50), &run).unwrap();
    assert_eq!((tiles.len(), report.tiles), (23, 23));
    let mut numbers: Vec<usize> = report.failures.iter().map(|failure| failure.tile).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 24]);
    assert_eq!(
        report
            .failures
            .iter()
            .find(|f| f.tile == 2)
            .unwrap()
            .core
            .min,
        [20.0, 0.0]
    );
    assert!(report.to_string().contains("no luck at [20.0, 0.0]"));
    // One of them alone, as often as it takes to see why.
    let alone = |tile| RunOptions {
        checkpoint: Some(kept.for_results()),
        scope: RunScope::Tile(tile),
        ..RunOptions::default()
    };
    assert_eq!(
        conducted(&fragile, &lattice(50), &alone(2))
            .unwrap_err()
            .to_string(),
        "no luck at [20.0, 0.0]"
    );
    let sound = Fragile::default();
    assert_eq!(
        conducted(&sound, &lattice(50), &alone(2)).unwrap().1.tiles,
        1
    );
    let rest = RunOptions {
        checkpoint: Some(kept.for_results()),
        ..RunOptions::default()
    };
    assert!(conducted(&sound, &lattice(50), &rest).unwrap().0 == plain());
    assert_eq!(
        sound.ran.load(Ordering::Relaxed),
        2,
        "the one alone, and the one that was left"
    );
    assert_eq!(told.into_inner().unwrap().len(), 2);
}

#[test]
fn a_chunk_that_cannot_be_read_fails_the_tiles_that_need_it_alone() {
    let rows = |i: usize| Rect {
        min: [0.0, i as f64 * 20.0],
        max: [49.0, i as f64 * 20.0 + 19.0],
    };
    let source = Odd {
        broken_chunk: Some(1),
        chunk_extents: (0..3).map(rows).collect(),
        ..Odd::new("torn", lattice(50))
    };
    let run = RunOptions {
        on_failure: OnFailure::FinishTheRest,
        ..RunOptions::default()
    };
    let (tiles, report) = conducted(&Fragile::default(), &source, &run).unwrap();
    // Rows 20 to 39 are missing, and with their halos the tiles from 10 to 50.
    assert!(
        tiles
            .iter()
            .all(|(core, _)| core.max[1] <= 18.0 || core.min[1] >= 42.0 || core.max[1] <= 10.0)
    );
    assert!(
        report.failures.len() >= 10
            && report
                .failures
                .iter()
                .all(|f| f.error.contains("chunk 1 is broken"))
    );
    assert_eq!(tiles.len() + report.failures.len(), 25);
}

#[test]
fn an_input_that_changes_during_the_run_is_noticed() {
    struct Changing(InMemory, AtomicUsize);
    impl PointSource for Changing {
        fn name(&self) -> String {
            "changing.laz".into()
        }
        fn extent(&self) -> Rect {
            self.0.extent()
        }
        fn height_range(&self) -> [f64; 2] {
            self.0.height_range()
        }
        fn point_count(&self) -> u64 {
            self.0.point_count()
        }
        fn chunk_count(&self) -> usize {
            self.0.chunk_count()
        }
        fn input_identities(&self) -> Result<Vec<String>> {
            Ok(vec![format!(
                "changing.laz: version {}",
                self.1.load(Ordering::Relaxed)
            )])
        }
        fn read_chunk(
            &self,
            chunk: usize,
            columns: isopach_cloud::Columns,
        ) -> Result<isopach_cloud::Points> {
            self.1.store(2, Ordering::Relaxed);
            self.0.read_chunk(chunk, columns)
        }
    }
    let source = Changing(lattice(50), AtomicUsize::new(1));
    let message = conducted(&Fragile::default(), &source, &RunOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("changed during the run") && message.contains("version 1"),
        "{message}"
    );
}

#[test]
fn what_a_killed_run_put_on_disk_is_removed_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let (kept, spill) = (kept(dir.path()), dir.path().join("spill"));
    fs::create_dir_all(&spill).unwrap();
    left_by_a_killed_process(&spill.join("isopach-spill"));
    let tiling = Tiling {
        spill: Spill::in_folder(&spill),
        ..tiles_of(10.0)
    };
    let run = RunOptions {
        checkpoint: Some(kept.for_results()),
        ..RunOptions::default()
    };
    tiling
        .stream_with(
            &cpu(),
            &Fragile::default(),
            [&lattice(50)],
            &mut |_: Rect, _| Ok(()),
            &run,
        )
        .unwrap();
    assert_eq!(fs::read_dir(&spill).unwrap().count(), 0);
    assert_eq!(vec![[1_i64; 3]].to_bytes().len(), 8 + 24);
}
