//! The state machine with fake pieces: a row of tiles, a chunk for each, and no points.

use super::{
    Batch, ChunkQueue, ChunkToDecode, InFlight, ReadyResult, SchedulePolicy, Scheduler, TileTable,
    jobs::{Completion, Job},
};
use crate::{
    OnFailure, Plan, RunReport, SourceReport, TileFailure,
    checkpoint::TilePart,
    groups::ChunkGroup,
    memory_budget::{MemoryBudget, Reservation},
    route::RoutedCounts,
    run::pieces::{Pieces, TileUnit},
};
use isopach_cloud::Rect;
use isopach_compute::{Error, Result};
use proptest::prelude::*;
use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Instant,
};

/// Bytes that a chunk takes.
const CHUNK: u64 = 10;
/// Bytes of the result of a tile.
const RESULT: u64 = 4;

struct FakePieces {
    plan: Plan,
    budget: Arc<MemoryBudget>,
    /// Bytes of each tile; 0 for one without points.
    tile_bytes: Vec<u64>,
    /// Chunks and tiles that fail.
    bad_chunks: BTreeSet<usize>,
    bad_tiles: BTreeSet<usize>,
    has_checkpoint: bool,
    delivered: Mutex<Vec<TilePart>>,
    read_from_disk: Mutex<usize>,
    failed: Mutex<Vec<usize>>,
}

impl FakePieces {
    fn new(memory: u64, tile_bytes: &[u64]) -> Self {
        let extent = Rect {
            min: [0.0; 2],
            max: [10.0 * tile_bytes.len() as f64 - 1.0, 9.0],
        };
        Self {
            plan: Plan::new(&extent, 10.0, 0.0, &[]).unwrap(),
            budget: MemoryBudget::new(memory),
            tile_bytes: tile_bytes.to_vec(),
            bad_chunks: BTreeSet::new(),
            bad_tiles: BTreeSet::new(),
            has_checkpoint: false,
            delivered: Mutex::default(),
            read_from_disk: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    fn unit(&self, part: TilePart, bytes: u64) -> TileUnit {
        TileUnit {
            part,
            cells: self.plan.core(part.tile),
            points: 1,
            bytes,
            result_bytes: if self.has_checkpoint { 0 } else { RESULT },
        }
    }
}

impl Pieces for FakePieces {
    fn route_chunk(&self, chunk: &ChunkToDecode) -> Result<RoutedCounts> {
        if self.bad_chunks.contains(&chunk.chunk) {
            return Err(Error::source(format!("chunk {} is damaged", chunk.chunk)));
        }
        Ok(RoutedCounts {
            points: 1,
            copies: 1,
        })
    }

    fn cut_tile(&self, tile: usize) -> Result<Vec<TileUnit>> {
        let half = self.tile_bytes[tile] / 2;
        let parts = [0, 1].map(|part| self.unit(TilePart { tile, part, of: 2 }, half));
        Ok(parts.to_vec())
    }

    fn run_unit(&self, unit: &TileUnit) -> Result<()> {
        if self.bad_tiles.contains(&unit.part.tile) {
            return Err(Error::source(format!("tile {} fails", unit.part.tile)));
        }
        Ok(())
    }

    fn deliver_batch(&self, batch: Batch) -> Result<()> {
        let mut delivered = self.delivered.lock().unwrap();
        for result in batch.results {
            match result {
                ReadyResult::InMemory(part, _) => delivered.push(part),
                ReadyResult::OnDisk(part, _) => {
                    *self.read_from_disk.lock().unwrap() += 1;
                    delivered.push(part);
                }
            }
        }
        Ok(())
    }

    fn chunk_bytes(&self, _: &ChunkToDecode) -> u64 {
        CHUNK
    }

    fn weigh_tile(&self, tile: usize) -> Option<TileUnit> {
        let whole = TilePart {
            tile,
            part: 0,
            of: 1,
        };
        let bytes = self.tile_bytes[tile];
        (bytes > 0).then(|| self.unit(whole, bytes))
    }

    fn stored_bytes(&self, _: TilePart) -> u64 {
        RESULT
    }

    fn record_empty(&self, _: usize) -> Result<()> {
        Ok(())
    }

    fn close_tile(&self, _: usize) {}

    fn budget(&self) -> &Arc<MemoryBudget> {
        &self.budget
    }

    fn reserve_memory(&self, bytes: u64) -> Result<Option<Reservation>> {
        let fits = self.budget.reserved_bytes() + bytes <= self.budget.limit();
        Ok(fits.then(|| self.budget.reserve(bytes)))
    }
}

/// Runs all tiles; `choose` picks the job, of so many in flight, that is over next.
fn run_all(
    pieces: &FakePieces,
    in_flight: usize,
    on_failure: OnFailure,
    mut choose: impl FnMut(usize) -> usize,
) -> Result<RunReport> {
    let tiles = pieces.plan.len();
    let wanted = vec![true; tiles];
    let table = TileTable {
        plan: &pieces.plan,
        wanted: &wanted,
        finished: &vec![None; tiles],
    };
    let note_failure = |failure: &TileFailure| pieces.failed.lock().unwrap().push(failure.tile);
    let policy = SchedulePolicy {
        tile_failed: &note_failure,
        on_failure,
        delivers: true,
        has_checkpoint: pieces.has_checkpoint,
        in_flight: InFlight::Fixed(NonZeroUsize::new(in_flight).unwrap()),
        threads: 1,
    };
    let queue = ChunkQueue::new(chunk_of_each_tile(&pieces.plan), &pieces.plan, &wanted);
    let source = SourceReport {
        chunks: tiles as u64,
        ..SourceReport::default()
    };
    let mut scheduler = Scheduler::new(pieces, &table, queue, vec![source], policy, Instant::now());
    let mut started = Vec::new();
    loop {
        started.extend(scheduler.admit());
        let working = started
            .iter()
            .filter(|job| matches!(job, Job::Route(..) | Job::Run(..)));
        assert!(working.count() <= in_flight, "bounded");
        if started.is_empty() {
            assert!(scheduler.is_idle());
            return scheduler.finish();
        }
        let job = started.swap_remove(choose(started.len()) % started.len());
        scheduler.complete(job.perform(pieces));
    }
}

fn chunk_of_each_tile(plan: &Plan) -> Vec<ChunkGroup> {
    (0..plan.len())
        .map(|tile| ChunkGroup {
            source: 0,
            extent: inner_rect(&plan.core(tile).rect()),
            chunks: vec![tile],
            points: 1,
        })
        .collect()
}

/// A rectangle that meets no other tile.
fn inner_rect(core: &Rect) -> Rect {
    Rect {
        min: core.min.map(|x| x + 2.0),
        max: core.max.map(|x| x - 2.0),
    }
}

fn whole_tiles(tiles: impl IntoIterator<Item = usize>) -> Vec<TilePart> {
    let parts = tiles.into_iter().map(|tile| TilePart {
        tile,
        part: 0,
        of: 1,
    });
    parts.collect()
}

/// The last of the jobs in flight is over first.
fn last_first(count: usize) -> usize {
    count - 1
}

#[test]
fn results_are_delivered_in_order_and_empty_tiles_are_skipped() {
    let pieces = FakePieces::new(1000, &[20, 0, 20, 20, 0, 20]);
    let report = run_all(&pieces, 3, OnFailure::Stop, last_first).unwrap();
    assert_eq!((report.tiles, report.tiles_empty), (4, 2));
    assert_eq!(report.sources[0].decodes, 6);
    let delivered = pieces.delivered.into_inner().unwrap();
    assert_eq!(delivered, whole_tiles([0, 2, 3, 5]));
}

#[test]
fn results_without_a_checkpoint_never_go_through_the_disk() {
    let mut pieces = FakePieces::new(1000, &[20; 5]);
    run_all(&pieces, 2, OnFailure::Stop, |_| 0).unwrap();
    assert_eq!(*pieces.read_from_disk.lock().unwrap(), 0);
    pieces.has_checkpoint = true;
    run_all(&pieces, 2, OnFailure::Stop, |_| 0).unwrap();
    assert_eq!(*pieces.read_from_disk.lock().unwrap(), 5);
}

/// Results of each batch that a merge of finished tiles delivers.
fn merged_batches(memory: u64, tiles: usize) -> Vec<usize> {
    let mut pieces = FakePieces::new(memory, &vec![20; tiles]);
    pieces.has_checkpoint = true;
    let wanted = vec![false; tiles];
    let table = TileTable {
        plan: &pieces.plan,
        wanted: &wanted,
        finished: &vec![Some(1); tiles],
    };
    let policy = SchedulePolicy {
        tile_failed: &|_| (),
        on_failure: OnFailure::Stop,
        delivers: true,
        has_checkpoint: true,
        in_flight: InFlight::OnePerThread,
        threads: 2,
    };
    let queue = ChunkQueue::new(Vec::new(), &pieces.plan, &wanted);
    let mut scheduler = Scheduler::new(&pieces, &table, queue, Vec::new(), policy, Instant::now());
    let mut batches = Vec::new();
    loop {
        let jobs = scheduler.admit();
        if jobs.is_empty() {
            break;
        }
        for job in jobs {
            if let Job::Deliver(batch) = &job {
                batches.push(batch.results.len());
            }
            scheduler.complete(job.perform(&pieces));
        }
    }
    scheduler.finish().unwrap();
    let delivered = pieces.delivered.into_inner().unwrap();
    assert_eq!(delivered, whole_tiles(0..tiles));
    batches
}

#[test]
fn a_merge_delivers_as_many_results_at_once_as_fit_into_memory() {
    // The first batch begins the sink.
    assert_eq!(merged_batches(1000, 40), [0, 16, 16, 8]);
    let tight = 16;
    assert_eq!(MemoryBudget::new(tight).limit() / RESULT, 3);
    assert_eq!(merged_batches(tight, 7), [0, 3, 3, 1]);
    assert_eq!(merged_batches(RESULT - 1, 3), [0, 1, 1, 1]);
}

#[test]
fn a_tile_above_half_of_the_memory_is_cut_and_its_parts_come_in_order() {
    let pieces = FakePieces::new(160, &[20, 80, 20]);
    let report = run_all(&pieces, 2, OnFailure::Stop, last_first).unwrap();
    assert_eq!((report.tiles, report.tiles_cut), (3, 1));
    let delivered = pieces.delivered.into_inner().unwrap();
    let parts: Vec<[usize; 2]> = delivered.iter().map(|p| [p.tile, p.part]).collect();
    assert_eq!(parts, [[0, 0], [1, 0], [1, 1], [2, 0]]);
}

#[test]
fn parts_that_never_fit_are_an_error_that_says_what_to_change() {
    // Half of the tile is still more than all memory.
    let pieces = FakePieces::new(80, &[20, 400]);
    let error = run_all(&pieces, 2, OnFailure::Stop, |_| 0).unwrap_err();
    assert!(
        matches!(error, Error::OutOfMemory { budget: 80, .. }),
        "{error}"
    );
}

#[test]
fn the_first_failure_in_order_ends_the_run_after_the_results_before_it() {
    let mut pieces = FakePieces::new(1000, &[20; 6]);
    pieces.bad_tiles = [2, 4].into();
    let error = run_all(&pieces, 6, OnFailure::Stop, last_first).unwrap_err();
    assert_eq!(error.to_string(), "tile 2 fails");
    assert_eq!(
        pieces.delivered.into_inner().unwrap(),
        whole_tiles([0, 1]),
        "the results before it"
    );
}

#[test]
fn the_rest_is_finished_where_that_is_wanted() {
    let mut pieces = FakePieces::new(1000, &[20; 5]);
    pieces.bad_tiles = [3].into();
    pieces.bad_chunks = [1].into();
    let report = run_all(&pieces, 3, OnFailure::FinishTheRest, |_| 0).unwrap();
    let failed: Vec<usize> = report.failures.iter().map(|failure| failure.tile).collect();
    assert_eq!(failed, *pieces.failed.lock().unwrap());
    assert_eq!(BTreeSet::from_iter(failed), [1, 3].into());
    let delivered = pieces.delivered.into_inner().unwrap();
    assert_eq!(delivered, whole_tiles([0, 2, 4]));
}

#[test]
fn a_panic_ends_the_run_and_starts_nothing_more() {
    let pieces = FakePieces::new(1000, &[20; 3]);
    let wanted = vec![true; 3];
    let finished = vec![None; 3];
    let table = TileTable {
        plan: &pieces.plan,
        wanted: &wanted,
        finished: &finished,
    };
    let policy = SchedulePolicy {
        tile_failed: &|_| (),
        on_failure: OnFailure::FinishTheRest,
        delivers: true,
        has_checkpoint: false,
        in_flight: InFlight::OnePerThread,
        threads: 1,
    };
    let queue = ChunkQueue::new(chunk_of_each_tile(&pieces.plan), &pieces.plan, &wanted);
    let sources = vec![SourceReport::default()];
    let mut scheduler = Scheduler::new(&pieces, &table, queue, sources, policy, Instant::now());
    assert_eq!(scheduler.admit().len(), 3, "the sink, and two chunks");
    scheduler.complete(Completion::Panicked);
    assert!(scheduler.admit().is_empty() && scheduler.is_idle());
    assert!(scheduler.finish().is_err());
    assert_eq!(pieces.budget.reserved_bytes(), 0);
}

proptest! {
    #[test]
    fn any_order_of_completions_keeps_the_order_of_results_and_the_memory(
        tile_bytes in prop::collection::vec(0..70_u64, 1..12), in_flight in 1..6_usize,
        choices in prop::collection::vec(0..100_usize, 100), has_checkpoint in any::<bool>(),
    ) {
        let mut pieces = FakePieces::new(160, &tile_bytes);
        pieces.has_checkpoint = has_checkpoint;
        let mut choices = choices.into_iter().cycle();
        let report = run_all(&pieces, in_flight, OnFailure::Stop, |_| choices.next().unwrap()).unwrap();
        let occupied = (0..tile_bytes.len()).filter(|&tile| tile_bytes[tile] > 0);
        prop_assert_eq!(pieces.delivered.into_inner().unwrap(), whole_tiles(occupied));
        prop_assert_eq!(report.tiles + report.tiles_empty, tile_bytes.len());
        prop_assert!(pieces.budget.peak_bytes() <= pieces.budget.limit());
        prop_assert_eq!(pieces.budget.reserved_bytes(), 0);
    }
}
