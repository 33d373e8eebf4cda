//! The scheduler: which piece of work starts when. The only loop over tiles.
//!
//! [`Scheduler`] is a state machine: [`Scheduler::admit`] returns the jobs that may start now,
//! [`Scheduler::complete`] takes their outcomes in any order; [`driver`] runs the jobs on a pool.
//! It knows the work through [`Pieces`] alone.
//!
//! Memory decides what starts: a job is admitted once its bytes are free in the
//! [`crate::memory_budget::MemoryBudget`]. Tiles go before chunks, since they give memory back. A
//! tile may overtake one that does not fit yet, as long as the results that then wait for delivery
//! leave room for it, so no tile waits for ever. A tile takes half of the memory at most, a chunk
//! and the waiting results a quarter each: whatever is in flight, the next tile in order can always
//! start after it.

mod admission;
mod chunk_queue;
mod completion;
mod concurrency;
mod driver;
mod jobs;
mod reorder;
#[cfg(test)]
mod tests;

pub(super) use chunk_queue::{ChunkQueue, ChunkToDecode};
pub use concurrency::InFlight;
pub(super) use driver::drive_outside_pool;
pub(super) use jobs::Batch;
pub(super) use reorder::ReadyResult;

use super::pieces::{Pieces, TileUnit};
use crate::{
    OnFailure, Plan, Progress, RunReport, SourceReport, TileFailure,
    checkpoint::TilePart,
    progress::{Counted, ProgressMeter},
};
use concurrency::ConcurrencyController;
use isopach_compute::{Error, Result};
use reorder::{Reorder, TileState};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

/// How a run reacts to failures, and where its results go.
#[derive(Clone, Copy)]
pub(super) struct SchedulePolicy<'a> {
    /// Called for each tile that fails.
    pub(super) tile_failed: &'a (dyn Fn(&TileFailure) + Sync),
    pub(super) on_failure: OnFailure,
    /// Whether results are delivered to the sink.
    pub(super) delivers: bool,
    /// Whether results are kept on disk, and delivered from there.
    pub(super) has_checkpoint: bool,
    pub(super) in_flight: InFlight,
    /// Threads of the pool.
    pub(super) threads: usize,
}

/// The tiles of a run and the state of each before it starts.
pub(super) struct TileTable<'a> {
    pub(super) plan: &'a Plan,
    /// Whether this run computes a tile.
    pub(super) wanted: &'a [bool],
    /// Parts of each tile whose results are kept from before; 0 for a tile without a point.
    pub(super) finished: &'a [Option<usize>],
}

/// Pieces that have started and are not over.
#[derive(Debug, Default)]
struct InFlightPieces {
    chunks: usize,
    cuts: usize,
    /// Bytes that the result of each unit may take.
    units: BTreeMap<TilePart, u64>,
    is_delivering: bool,
}

impl InFlightPieces {
    /// Chunks and tiles; deliveries do not count against the limit.
    fn work_count(&self) -> usize {
        self.chunks + self.cuts + self.units.len()
    }

    fn is_empty(&self) -> bool {
        self.work_count() == 0 && !self.is_delivering
    }

    fn result_bytes(&self) -> u64 {
        self.units.values().sum()
    }
}

/// The state of a run.
pub(super) struct Scheduler<'a> {
    pieces: &'a dyn Pieces,
    plan: &'a Plan,
    policy: SchedulePolicy<'a>,
    queue: ChunkQueue,
    reorder: Reorder,
    /// Units that have all their points and wait for memory.
    ready: BTreeMap<TilePart, TileUnit>,
    /// Tiles that are too heavy and wait to be cut.
    to_cut: VecDeque<usize>,
    in_flight: InFlightPieces,
    concurrency: ConcurrencyController,
    has_begun_sink: bool,
    /// Tiles from here on are not run any more: this one has failed.
    end: usize,
    error: Option<Error>,
    meter: ProgressMeter,
    report: RunReport,
}

impl<'a> Scheduler<'a> {
    /// A run of the wanted tiles of `table`, whose chunks come from `queue`.
    pub(super) fn new(
        pieces: &'a dyn Pieces,
        table: &TileTable<'a>,
        queue: ChunkQueue,
        sources: Vec<SourceReport>,
        policy: SchedulePolicy<'a>,
        start: Instant,
    ) -> Self {
        let states = initial_states(table);
        let report = RunReport {
            sources,
            tiles_kept: count_states(&states, |state| matches!(state, TileState::Done { .. })),
            tiles_empty: count_states(&states, |state| state == TileState::Empty),
            ..RunReport::default()
        };
        let open = count_states(&states, |state| matches!(state, TileState::Open { .. })) as u64;
        let mut meter = ProgressMeter::new(start, queue.chunk_count(), states.len() as u64);
        meter.count_done(Counted::Tiles, states.len() as u64 - open);
        meter.count_done(Counted::Chunks, queue.skipped_count());
        let complete = queue.complete_tiles();
        let mut scheduler = Self {
            pieces,
            plan: table.plan,
            policy,
            queue,
            reorder: Reorder::new(states),
            ready: BTreeMap::new(),
            to_cut: VecDeque::new(),
            in_flight: InFlightPieces::default(),
            concurrency: ConcurrencyController::new(
                policy.in_flight,
                policy.threads,
                Instant::now(),
            ),
            has_begun_sink: false,
            end: usize::MAX,
            error: None,
            meter,
            report,
        };
        for tile in complete {
            scheduler.tile_is_complete(tile);
        }
        scheduler
    }

    /// How far the run has come.
    pub(super) fn progress(&self) -> Progress {
        self.meter.current_progress()
    }

    /// Whether nothing is in flight. After [`Self::admit`] the run is over then.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// The report of a run that is over.
    ///
    /// # Errors
    /// The error of the first tile that failed; [`Error::OutOfMemory`] where work is left for which
    /// there is no memory.
    pub(super) fn finish(self) -> Result<RunReport> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if let Some(unit) = self.ready.values().next() {
            return Err(self.explain_stuck(unit));
        }
        if let Some(chunk) = self.queue.peek_chunk(self.end) {
            return Err(self.no_room_for(self.pieces.chunk_bytes(&chunk)));
        }
        Ok(self.report)
    }

    /// Why a unit was never admitted.
    fn explain_stuck(&self, unit: &TileUnit) -> Error {
        let budget = self.pieces.budget();
        if unit.bytes > budget.limit() / 2 {
            return unit.too_heavy(budget);
        }
        self.no_room_for(unit.bytes)
    }

    /// The error where points that wait leave no room for `bytes`, and may not go to disk.
    fn no_room_for(&self, bytes: u64) -> Error {
        self.pieces.budget().points_do_not_fit(bytes)
    }
}

/// The state of each tile before the run.
fn initial_states(table: &TileTable<'_>) -> Vec<TileState> {
    let tiles = table.wanted.iter().zip(table.finished);
    tiles
        .map(|(wanted, finished)| match finished {
            _ if *wanted => TileState::Open { left: 1, of: 1 },
            Some(0) => TileState::Empty,
            Some(of) => TileState::Done { of: *of },
            None => TileState::NotMine,
        })
        .collect()
}

fn count_states(states: &[TileState], is_counted: impl Fn(TileState) -> bool) -> usize {
    states.iter().filter(|state| is_counted(**state)).count()
}
