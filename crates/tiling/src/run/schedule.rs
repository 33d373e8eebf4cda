//! What is done when: the only loop over tiles.
//!
//! One thread decides, the pool works. What may be begun is decided by bytes: a piece of work is begun when what it takes is free in the
//! [`crate::ledger::Ledger`]. Tiles go before chunks, since they give memory back. A tile may overtake one that does not fit yet, as long as the
//! results that then wait for their turn leave room for it: so nothing waits for ever. A tile takes half of the memory at most, a chunk and the waiting
//! results a quarter each: whatever is in flight, the next one in turn can always be begun after it.

use super::{
    Run,
    queue::{Next, Queue},
    turn::{State, Turn},
    work::{Unit, Work, chunk_bytes, too_heavy},
};
use crate::{
    OnFailure, PointSource, Report, SpillError, TileFailure, TileOperation, TileSink,
    keep::Part,
    progress::{Pace, Took},
    report::SourceReport,
    route::Given,
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

/// Tiles that are looked at for one that fits.
const LOOK_AHEAD: usize = 64;
/// Results that are handed over in one go.
const HAND_OVER: usize = 16;

/// What a piece of work says when it is over.
enum Over<T> {
    Routed {
        next: Next,
        bytes: u64,
        took: Duration,
        outcome: Result<Given>,
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
struct InFlight {
    chunks: usize,
    tiles: usize,
    sinks: usize,
    /// Bytes that the results of these tiles may take.
    after: u64,
}

/// The state of a run.
pub(super) struct Schedule<'a, O: TileOperation<N, B>, B: ?Sized, S: ?Sized, const N: usize> {
    work: &'a Work<'a, O, B, S, N>,
    run: &'a Run<'a, O::Output>,
    queue: Queue,
    turn: Turn<O::Output>,
    units: BTreeMap<Part, Unit>,
    in_flight: InFlight,
    /// Bytes set aside for results that wait for their turn.
    waiting: u64,
    begun: bool,
    /// Tiles from here on are not run any more: one has failed.
    end: usize,
    error: Option<(usize, Error)>,
    pace: Pace,
    report: Report,
    sender: Sender<Over<O::Output>>,
    receiver: Receiver<Over<O::Output>>,
}

impl<'a, O, B, S, const N: usize> Schedule<'a, O, B, S, N>
where
    B: Compute + ?Sized,
    O: TileOperation<N, B>,
    S: TileSink<O::Output> + ?Sized,
{
    /// A run of the tiles that the routing wants; `done`: parts of each tile whose results are kept from before.
    pub(super) fn new(
        work: &'a Work<'a, O, B, S, N>,
        queue: Queue,
        done: &[Option<usize>],
        run: &'a Run<'a, O::Output>,
        mut pace: Pace,
    ) -> Self {
        let wanted = work.routing.wanted.iter().map(|wanted| wanted.load(Ordering::Relaxed));
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
        let report = Report {
            sources: sources.collect(),
            tiles_kept: states.iter().filter(|state| matches!(state, State::Done { .. })).count(),
            tiles_empty: states.iter().filter(|state| **state == State::Empty).count(),
            ..Report::default()
        };
        let mine = states.iter().filter(|state| matches!(state, State::Open { .. })).count() as u64;
        pace.tiles[0] = pace.tiles[1] - mine;
        pace.chunks[0] = (0..N).map(|source| queue.skipped(source)).sum();
        let (sender, receiver) = channel();
        Self {
            work,
            run,
            queue,
            turn: Turn::new(states),
            units: BTreeMap::new(),
            in_flight: InFlight::default(),
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
    pub(super) fn run<'scope>(mut self, scope: &rayon::Scope<'scope>) -> Result<Report>
    where
        'a: 'scope,
    {
        for tile in self.queue.complete() {
            self.completed(tile, scope);
        }
        loop {
            self.begin_what_fits(scope);
            let InFlight { chunks, tiles, sinks, .. } = self.in_flight;
            if chunks + tiles + sinks == 0 {
                break;
            }
            match self.receiver.recv() {
                Ok(over) => self.take_note(over, scope),
                Err(_) => break, // cannot be: this thread holds a sender
            }
            (self.run.progress)(self.pace.progress());
        }
        if let Some((_, error)) = self.error {
            return Err(error);
        }
        if let Some(unit) = self.units.values().next() {
            return Err(self.stuck(unit));
        }
        self.check_sources()?;
        Ok(self.report)
    }

    /// Begins work as long as threads and memory are free.
    fn begin_what_fits<'scope>(&mut self, scope: &rayon::Scope<'scope>)
    where
        'a: 'scope,
    {
        self.hand_over(scope);
        let threads = rayon::current_num_threads();
        while self.in_flight.chunks + self.in_flight.tiles <= threads {
            if !self.begin_unit(scope) && !self.begin_chunk(scope) {
                break;
            }
        }
    }

    /// Begins the first tile that fits.
    fn begin_unit<'scope>(&mut self, scope: &rayon::Scope<'scope>) -> bool
    where
        'a: 'scope,
    {
        let units: Vec<Unit> = self.units.values().take(LOOK_AHEAD).copied().collect();
        for unit in units.into_iter().filter(|unit| unit.part.tile < self.end) {
            match self.fits(&unit) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(error) => {
                    self.fail(unit.part.tile, error);
                    return false;
                }
            }
            self.units.remove(&unit.part);
            self.work.ledger.work(unit.bytes);
            self.in_flight.tiles += 1;
            self.in_flight.after += unit.after;
            let (work, teller) = (self.work, self.teller());
            scope.spawn(move |_| {
                let start = Instant::now();
                let outcome = work.run(&unit);
                teller.tell(Over::Ran { unit, took: start.elapsed(), outcome });
            });
            return true;
        }
        false
    }

    /// Whether a tile may be begun now. Points that wait for other tiles go to disk for it, if they may.
    fn fits(&self, unit: &Unit) -> Result<bool> {
        let ledger = self.work.ledger;
        let results = self.waiting + self.in_flight.after + unit.after;
        if !self.turn.has_come_to(unit.part) && results > ledger.limit() / 4 {
            return Ok(false);
        }
        let free = ledger.limit().saturating_sub(ledger.working());
        Ok(unit.bytes <= free && self.work.routing.buckets.shrink_to(free - unit.bytes)?)
    }

    /// Begins the next chunk, if there is room to decode it.
    fn begin_chunk<'scope>(&mut self, scope: &rayon::Scope<'scope>) -> bool
    where
        'a: 'scope,
    {
        let Some(next) = self.queue.next(self.end) else { return false };
        let source = self.work.sources[next.source];
        let bytes = chunk_bytes(source, next.chunk, self.work.routing.columns);
        if self.work.ledger.working() + bytes > self.work.ledger.limit() {
            return false;
        }
        self.queue.begin(next);
        self.work.ledger.work(bytes);
        self.in_flight.chunks += 1;
        let (work, teller, extent) = (self.work, self.teller(), *self.queue.extent(next.group));
        scope.spawn(move |_| {
            let start = Instant::now();
            let outcome = work.route(next.source, next.chunk, &extent);
            teller.tell(Over::Routed { next, bytes, took: start.elapsed(), outcome });
        });
        true
    }

    /// Hands over the results whose turn it is, one bundle at a time.
    fn hand_over<'scope>(&mut self, scope: &rayon::Scope<'scope>)
    where
        'a: 'scope,
    {
        if self.in_flight.sinks > 0 || !self.run.share.hands_over() || self.end == 0 {
            return;
        }
        let begin = !std::mem::replace(&mut self.begun, true);
        let ready = if begin { Vec::new() } else { self.turn.take(HAND_OVER, self.end) };
        if !begin && ready.is_empty() {
            return;
        }
        let bytes = |ready: &super::turn::Ready<O::Output>| match ready {
            super::turn::Ready::Here(_, _, bytes) => *bytes,
            super::turn::Ready::Kept(_) => 0,
        };
        self.waiting -= ready.iter().map(bytes).sum::<u64>();
        self.in_flight.sinks += 1;
        let (work, teller) = (self.work, self.teller());
        scope.spawn(move |_| {
            let outcome = if begin { work.begin() } else { Ok(()) };
            let outcome = outcome.and_then(|()| ready.into_iter().try_for_each(|ready| work.hand_over(ready)));
            teller.tell(Over::Delivered { outcome });
        });
    }

    fn teller(&self) -> Teller<O::Output> {
        Teller(Some(self.sender.clone()))
    }

    fn take_note<'scope>(&mut self, over: Over<O::Output>, scope: &rayon::Scope<'scope>)
    where
        'a: 'scope,
    {
        match over {
            Over::Routed { next, bytes, took, outcome } => {
                self.work.ledger.done(bytes);
                self.in_flight.chunks -= 1;
                self.pace.note(Took::Chunk, took);
                self.routed(next, outcome, scope);
            }
            Over::Cut { tile, outcome } => {
                self.in_flight.tiles -= 1;
                self.was_cut(tile, outcome);
            }
            Over::Ran { unit, took, outcome } => {
                self.in_flight.tiles -= 1;
                self.in_flight.after -= unit.after;
                self.pace.note(Took::Tile, took);
                self.ran(&unit, outcome);
            }
            Over::Delivered { outcome } => {
                self.in_flight.sinks -= 1;
                if let Err(error) = outcome {
                    self.end = 0;
                    self.error = Some((0, error));
                }
            }
            Over::Lost => {
                // The pool tells of the panic when all work in flight is over: nothing new is begun.
                self.end = 0;
                let lost = Error::InvalidInput("a piece of work panicked".into());
                self.error = Some((0, lost));
                self.in_flight = InFlight::default();
            }
        }
    }

    fn routed<'scope>(&mut self, next: Next, outcome: Result<Given>, scope: &rayon::Scope<'scope>)
    where
        'a: 'scope,
    {
        self.pace.chunks[0] += 1;
        match outcome {
            Ok(given) => {
                let source = &mut self.report.sources[next.source];
                source.decodes += 1;
                source.points += given.points;
                source.routed += given.copies;
                self.pace.points += given.points;
            }
            Err(error) => {
                let (left_out, tiles) = self.queue.give_up(next.group);
                self.pace.chunks[0] += left_out;
                self.fail_all(&tiles, error);
            }
        }
        for tile in self.queue.routed(next.group) {
            self.completed(tile, scope);
        }
    }

    /// All points of a tile are there.
    fn completed<'scope>(&mut self, tile: usize, scope: &rayon::Scope<'scope>)
    where
        'a: 'scope,
    {
        if !matches!(self.turn.states[tile], State::Open { .. }) {
            return;
        }
        let points = self.work.points_in(tile);
        if points.iter().sum::<u64>() == 0 {
            return self.is_empty(tile);
        }
        let unit = self.work.unit(Part { tile, part: 0, of: 1 }, self.work.routing.plan.core(tile), points);
        if unit.bytes <= self.work.ledger.limit() / 2 {
            self.units.insert(unit.part, unit);
            return;
        }
        self.in_flight.tiles += 1;
        let (work, teller) = (self.work, self.teller());
        scope.spawn(move |_| teller.tell(Over::Cut { tile, outcome: work.cut(tile) }));
    }

    fn is_empty(&mut self, tile: usize) {
        self.turn.states[tile] = State::Empty;
        self.report.tiles_empty += 1;
        self.pace.tiles[0] += 1;
        if let Some(Err(error)) = self.work.results.map(|results| results.put_empty(tile)) {
            self.fail(tile, error);
        }
    }

    fn was_cut(&mut self, tile: usize, outcome: Result<Vec<Unit>>) {
        match outcome {
            Ok(units) => {
                self.report.tiles_cut += 1;
                self.turn.states[tile] = State::Open { left: units.len(), of: units.len() };
                self.units.extend(units.into_iter().map(|unit| (unit.part, unit)));
            }
            Err(error) => self.fail(tile, error),
        }
    }

    fn ran(&mut self, unit: &Unit, outcome: Result<Option<(Rect, O::Output)>>) {
        let tile = unit.part.tile;
        match outcome {
            Ok(Some((core, result))) if self.run.share.hands_over() => {
                self.work.ledger.done(unit.bytes - unit.after);
                self.waiting += unit.after;
                self.turn.put(unit.part, (core, result, unit.after));
            }
            Ok(_) => self.work.ledger.done(unit.bytes),
            Err(error) => {
                self.work.ledger.done(unit.bytes);
                return self.fail(tile, error);
            }
        }
        if let State::Open { left, of } = self.turn.states[tile] {
            self.turn.states[tile] = if left == 1 { State::Done { of } } else { State::Open { left: left - 1, of } };
            if left == 1 {
                self.work.routing.buckets.forget(tile);
                self.report.tiles += 1;
                self.pace.tiles[0] += 1;
            }
        }
    }

    fn fail_all(&mut self, tiles: &[usize], error: Error) {
        let text = error.to_string();
        let mut error = Some(error);
        for &tile in tiles {
            let error = error.take().unwrap_or_else(|| Error::source(text.clone()));
            self.fail(tile, error);
        }
    }

    /// A tile has failed: once.
    fn fail(&mut self, tile: usize, error: Error) {
        if self.turn.states[tile] == State::Failed {
            return;
        }
        self.turn.states[tile] = State::Failed;
        self.work.routing.wanted[tile].store(false, Ordering::Relaxed);
        self.work.routing.buckets.forget(tile);
        self.units.retain(|part, _| part.tile != tile);
        self.pace.tiles[0] += 1;
        let failure = TileFailure { tile, core: self.work.routing.plan.core(tile).rect(), error: error.to_string() };
        if self.run.on_failure == OnFailure::FinishTheRest && !concerns_all(&error) {
            (self.run.failed)(&failure);
            self.report.failures.push(failure);
            return;
        }
        if tile < self.end {
            (self.run.failed)(&failure);
            self.end = tile;
            self.error = Some((tile, error));
            self.units.retain(|part, _| part.tile < tile);
        }
    }

    /// Why nothing can be begun, though not everything is done.
    fn stuck(&self, unit: &Unit) -> Error {
        let ledger = self.work.ledger;
        if unit.bytes > ledger.limit() / 2 {
            return too_heavy(unit, ledger);
        }
        Error::OutOfMemory {
            what: "holding points until their tiles are complete",
            requested: ledger.waiting() + ledger.working() + unit.bytes,
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

/// Whether an error would come back with every tile: the parameters are wrong, or the disk is full.
fn concerns_all(error: &Error) -> bool {
    match error {
        Error::InvalidParameter { .. } => true,
        Error::Source(source) => source.is::<SpillError>(),
        _ => false,
    }
}
