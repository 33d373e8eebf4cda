//! What is done when: the only loop over tiles.
//!
//! One thread decides, the pool works. What may be begun is decided by bytes: a piece of work is
//! begun when what it takes is free in the [`crate::ledger::Ledger`]. Tiles go before chunks, since
//! they give memory back. A tile may overtake one that does not fit yet, as long as the results
//! that then wait for their turn leave room for it: so nothing waits for ever. A tile takes half of
//! the memory at most, a chunk and the waiting results a quarter each: whatever is in flight, the
//! next one in turn can always be begun after it.

mod begin;
mod note;

use super::{
    RunOptions,
    in_flight::Gauge,
    queue::{Next, Queue},
    turn::{State, Turn},
    work::{Unit, Work, chunk_bytes, too_heavy},
};
use crate::{
    PointSource, RunReport, TileOperation, TileSink,
    checkpoint::TilePart,
    progress::ProgressMeter,
    report::SourceReport,
    route::{Given, Unrouted},
};
use isopach_cloud::Rect;
use isopach_compute::{Compute, Error, Result};
use std::{
    collections::BTreeMap,
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

/// What a piece of work says when it is over.
enum Over<T> {
    Routed {
        next: Next,
        bytes: u64,
        took: Duration,
        outcome: std::result::Result<Given, Unrouted>,
    },
    Cut {
        tile: usize,
        outcome: Result<Vec<Unit>>,
    },
    Ran {
        unit: Unit,
        took: Duration,
        outcome: Result<Option<(Rect, T)>>,
    },
    Delivered {
        outcome: Result<()>,
    },
    /// It panicked; the pool will tell.
    Lost,
}

/// Says that work was lost, unless it has said something else.
struct Teller<T>(Option<Sender<Over<T>>>);

impl<T> Teller<T> {
    fn tell(mut self, over: Over<T>) {
        if let Some(sender) = self.0.take() {
            // Nobody listens any more: the run has ended.
            let _ = sender.send(over);
        }
    }
}

impl<T> Drop for Teller<T> {
    fn drop(&mut self) {
        if let Some(sender) = self.0.take() {
            let _ = sender.send(Over::Lost);
        }
    }
}

/// Pieces of work in flight.
#[derive(Debug, Default)]
struct Busy {
    chunks: usize,
    tiles: usize,
    sinks: usize,
    /// Bytes that the results of these tiles may take.
    after: u64,
}

/// The state of a run.
pub(super) struct Schedule<'a, O: TileOperation<N, B>, B: ?Sized, S: ?Sized, const N: usize> {
    work: &'a Work<'a, O, B, S, N>,
    run: &'a RunOptions<'a, O::Output>,
    queue: Queue,
    turn: Turn<O::Output>,
    units: BTreeMap<TilePart, Unit>,
    busy: Busy,
    gauge: Gauge,
    /// Bytes set aside for results that wait for their turn.
    waiting: u64,
    begun: bool,
    /// Tiles from here on are not run any more: one has failed.
    end: usize,
    error: Option<(usize, Error)>,
    pace: ProgressMeter,
    report: RunReport,
    sender: Sender<Over<O::Output>>,
    receiver: Receiver<Over<O::Output>>,
}

impl<'a, O, B, S, const N: usize> Schedule<'a, O, B, S, N>
where
    B: Compute + ?Sized,
    O: TileOperation<N, B>,
    S: TileSink<O::Output> + ?Sized,
{
    /// A run of the tiles that the routing wants; `done`: parts of each tile whose results are kept
    /// from before.
    pub(super) fn new(
        work: &'a Work<'a, O, B, S, N>,
        queue: Queue,
        done: &[Option<usize>],
        run: &'a RunOptions<'a, O::Output>,
        mut pace: ProgressMeter,
    ) -> Self {
        let wanted = work
            .routing
            .wanted
            .iter()
            .map(|wanted| wanted.load(Ordering::Relaxed));
        let state = |(wanted, done): (bool, &Option<usize>)| match done {
            _ if wanted => State::Open { left: 1, of: 1 },
            Some(0) => State::Empty,
            Some(of) => State::Done { of: *of },
            None => State::NotMine,
        };
        let states: Vec<State> = wanted.zip(done).map(state).collect();
        let sources = (0..N).map(|source| SourceReport {
            name: work.sources[source].name(),
            chunks: work.sources[source].chunk_count() as u64,
            chunks_skipped: queue.skipped(source),
            ..SourceReport::default()
        });
        let report = RunReport {
            sources: sources.collect(),
            tiles_kept: states
                .iter()
                .filter(|state| matches!(state, State::Done { .. }))
                .count(),
            tiles_empty: states
                .iter()
                .filter(|state| **state == State::Empty)
                .count(),
            ..RunReport::default()
        };
        let mine = states
            .iter()
            .filter(|state| matches!(state, State::Open { .. }))
            .count() as u64;
        pace.tiles[0] = pace.tiles[1] - mine;
        pace.chunks[0] = (0..N).map(|source| queue.skipped(source)).sum();
        let (sender, receiver) = channel();
        Self {
            work,
            run,
            queue,
            turn: Turn::new(states),
            units: BTreeMap::new(),
            busy: Busy::default(),
            gauge: Gauge::new(run.in_flight, rayon::current_num_threads(), Instant::now()),
            waiting: 0,
            begun: false,
            end: usize::MAX,
            error: None,
            pace,
            report,
            sender,
            receiver,
        }
    }

    /// Runs it.
    pub(super) fn run<'scope>(mut self, scope: &rayon::Scope<'scope>) -> Result<RunReport>
    where
        'a: 'scope,
    {
        for tile in self.queue.complete() {
            self.completed(tile, scope);
        }
        loop {
            self.begin_what_fits(scope);
            let Busy {
                chunks,
                tiles,
                sinks,
                ..
            } = self.busy;
            if chunks + tiles + sinks == 0 {
                break;
            }
            match self.receiver.recv() {
                Ok(over) => self.take_note(over, scope),
                Err(_) => break, // cannot be: this thread holds a sender
            }
            (self.run.progress)(self.pace.current_progress());
        }
        if let Some((_, error)) = self.error {
            return Err(error);
        }
        if let Some(unit) = self.units.values().next() {
            return Err(self.stuck(unit));
        }
        if let Some(next) = self.queue.next(self.end) {
            let source = self.work.sources[next.source];
            return Err(self.no_room(chunk_bytes(source, next.chunk, self.work.routing.columns)));
        }
        self.check_sources()?;
        Ok(self.report)
    }

    /// Why nothing can be begun, though not everything is done.
    fn stuck(&self, unit: &Unit) -> Error {
        let ledger = self.work.ledger;
        if unit.bytes > ledger.limit() / 2 {
            return too_heavy(unit, ledger);
        }
        self.no_room(unit.bytes)
    }

    /// Points that wait leave no room for `bytes`, and may not go to disk.
    fn no_room(&self, bytes: u64) -> Error {
        let ledger = self.work.ledger;
        Error::OutOfMemory {
            what: "holding points until their tiles are complete",
            requested: ledger.waiting() + ledger.working() + bytes,
            budget: ledger.given(),
            advice: "raise the memory, or name a folder to spill to",
        }
    }

    /// Refuses sources of which no point was wanted, if all of them was read.
    fn check_sources(&self) -> Result<()> {
        for (report, source) in self.report.sources.iter().zip(&self.work.sources) {
            if report.points == 0
                && report.decodes > 0
                && report.decodes + report.chunks_skipped == report.chunks
                && self.report.tiles_kept == 0
            {
                let (name, stored) = (source.name(), source.point_count());
                return Err(Error::InvalidInput(format!(
                    "{name}: none of its {stored} points is wanted: check the filters"
                )));
            }
        }
        Ok(())
    }
}
