//! What follows from a piece of work that is over.

use super::{Busy, Over, Schedule};
use crate::{
    OnFailure, SpillError, TileFailure, TileOperation, TileSink,
    checkpoint::TilePart,
    progress::PieceKind,
    route::{Given, Unrouted},
    run::{queue::Next, turn::State, work::Unit},
};
use isopach_cloud::Rect;
use isopach_compute::{Compute, Error, Result};
use std::{sync::atomic::Ordering, time::Instant};

impl<'a, O, B, S, const N: usize> Schedule<'a, O, B, S, N>
where
    B: Compute + ?Sized,
    O: TileOperation<N, B>,
    S: TileSink<O::Output> + ?Sized,
{
    pub(super) fn take_note<'scope>(&mut self, over: Over<O::Output>, scope: &rayon::Scope<'scope>)
    where
        'a: 'scope,
    {
        match over {
            Over::Routed {
                next,
                bytes,
                took,
                outcome,
            } => {
                self.work.ledger.done(bytes);
                self.busy.chunks -= 1;
                self.pace.record_time(PieceKind::Chunk, took);
                let points = outcome.as_ref().map_or(0, |given| given.points);
                self.gauge
                    .note(PieceKind::Chunk, points, took, Instant::now());
                self.routed(next, outcome, scope);
            }
            Over::Cut { tile, outcome } => {
                self.busy.tiles -= 1;
                self.was_cut(tile, outcome);
            }
            Over::Ran {
                unit,
                took,
                outcome,
            } => {
                self.busy.tiles -= 1;
                self.busy.after -= unit.after;
                self.pace.record_time(PieceKind::Tile, took);
                self.gauge
                    .note(PieceKind::Tile, unit.points, took, Instant::now());
                self.ran(&unit, outcome);
            }
            Over::Delivered { outcome } => {
                self.busy.sinks -= 1;
                if let Err(error) = outcome {
                    self.end = 0;
                    self.error = Some((0, error));
                }
            }
            Over::Lost => {
                // The pool tells of the panic when all work in flight is over: nothing new is
                // begun.
                self.end = 0;
                let lost = Error::InvalidInput("a piece of work panicked".into());
                self.error = Some((0, lost));
                self.busy = Busy::default();
            }
        }
    }

    fn routed<'scope>(
        &mut self,
        next: Next,
        outcome: std::result::Result<Given, Unrouted>,
        scope: &rayon::Scope<'scope>,
    ) where
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
            Err(unrouted) => {
                let error = match unrouted {
                    Unrouted::Source(error) => {
                        if let Some(results) = self.work.results.filter(|_| !error.is_transient()) {
                            results.note_damaged_input(
                                next.source,
                                &self.work.sources[next.source].name(),
                            );
                        }
                        error
                    }
                    Unrouted::Other(error) => error,
                };
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
    pub(super) fn completed<'scope>(&mut self, tile: usize, scope: &rayon::Scope<'scope>)
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
        let unit = self.work.unit(
            TilePart {
                tile,
                part: 0,
                of: 1,
            },
            self.work.routing.plan.core(tile),
            points,
        );
        if unit.bytes <= self.work.ledger.limit() / 2 {
            self.units.insert(unit.part, unit);
            return;
        }
        self.busy.tiles += 1;
        let (work, teller) = (self.work, self.teller());
        scope.spawn(move |_| {
            teller.tell(Over::Cut {
                tile,
                outcome: work.cut(tile),
            })
        });
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
                self.turn.states[tile] = State::Open {
                    left: units.len(),
                    of: units.len(),
                };
                self.units
                    .extend(units.into_iter().map(|unit| (unit.part, unit)));
            }
            Err(error) => self.fail(tile, error),
        }
    }

    fn ran(&mut self, unit: &Unit, outcome: Result<Option<(Rect, O::Output)>>) {
        let tile = unit.part.tile;
        match outcome {
            Ok(Some((core, result))) if self.run.scope.delivers_results() => {
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
            self.turn.states[tile] = if left == 1 {
                State::Done { of }
            } else {
                State::Open { left: left - 1, of }
            };
            if left == 1 {
                self.work.routing.buckets.discard_tile(tile);
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
    pub(super) fn fail(&mut self, tile: usize, error: Error) {
        if self.turn.states[tile] == State::Failed {
            return;
        }
        self.turn.states[tile] = State::Failed;
        self.work.routing.wanted[tile].store(false, Ordering::Relaxed);
        self.work.routing.buckets.discard_tile(tile);
        self.units.retain(|part, _| part.tile != tile);
        self.pace.tiles[0] += 1;
        let core = self.work.routing.plan.core(tile).rect();
        let failure = TileFailure {
            tile,
            core,
            error: error.to_string(),
            transient: error.is_transient(),
        };
        if self.run.on_failure == OnFailure::FinishTheRest && !concerns_all(&error) {
            (self.run.tile_failed)(&failure);
            self.report.failures.push(failure);
            return;
        }
        if tile < self.end {
            (self.run.tile_failed)(&failure);
            self.end = tile;
            self.error = Some((tile, error));
            self.units.retain(|part, _| part.tile < tile);
        }
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
