//! Completion: the consequences of a job that is over.

use super::{
    InFlightPieces, Scheduler, TileUnit, chunk_queue::ChunkToDecode, jobs::Completion,
    reorder::TileState,
};
use crate::{
    OnFailure, SpillError, TileFailure, TilingError,
    memory_budget::Reservation,
    progress::{Counted, PieceKind},
    route::RoutedCounts,
};
use isopach_compute::{Error, Result};
use std::time::{Duration, Instant};

impl Scheduler<'_> {
    /// Takes the outcome of a job.
    pub(super) fn complete(&mut self, completion: Completion) {
        match completion {
            Completion::Routed {
                chunk,
                took,
                outcome,
                reserved,
            } => {
                drop(reserved);
                self.in_flight.chunks -= 1;
                let points = outcome.as_ref().map_or(0, |counts| counts.points);
                self.record_piece(PieceKind::Chunk, points, took);
                self.chunk_is_routed(&chunk, outcome);
            }
            Completion::Cut { tile, outcome } => {
                self.in_flight.cuts -= 1;
                self.tile_is_cut(tile, outcome);
            }
            Completion::Ran {
                unit,
                took,
                outcome,
                reserved,
            } => {
                self.in_flight.units.remove(&unit.part);
                self.record_piece(PieceKind::Tile, unit.points, took);
                self.unit_is_over(&unit, outcome, reserved);
            }
            Completion::Delivered { outcome } => {
                self.in_flight.is_delivering = false;
                if let Err(error) = outcome {
                    self.end_with(error);
                }
            }
            Completion::Panicked => {
                // The pool passes the panic on when all work in flight is over: nothing new starts.
                self.end_with(TilingError::Panicked.into());
                self.to_cut.clear();
                self.in_flight = InFlightPieces::default();
            }
        }
    }

    fn record_piece(&mut self, kind: PieceKind, points: u64, took: Duration) {
        self.meter.record_time(kind, took);
        self.concurrency
            .record_piece(kind, points, took, Instant::now());
    }

    /// Ends the run: no result is delivered any more.
    pub(super) fn end_with(&mut self, error: Error) {
        self.end = 0;
        self.error = Some(error);
    }

    fn chunk_is_routed(&mut self, chunk: &ChunkToDecode, outcome: Result<RoutedCounts>) {
        self.meter.count_done(Counted::Chunks, 1);
        match outcome {
            Ok(counts) => {
                let source = &mut self.report.sources[chunk.source];
                source.decodes += 1;
                source.points += counts.points;
                source.routed += counts.copies;
                self.meter.count_points(counts.points);
            }
            Err(error) => {
                let given_up = self.queue.give_up_group(chunk.group);
                self.meter.count_done(Counted::Chunks, given_up.chunks);
                self.fail_tiles(&given_up.tiles, error);
            }
        }
        for tile in self.queue.chunk_is_routed(chunk.group) {
            self.tile_is_complete(tile);
        }
    }

    /// All points of a tile are there.
    pub(super) fn tile_is_complete(&mut self, tile: usize) {
        if !matches!(self.reorder.state(tile), TileState::Open { .. }) {
            return;
        }
        let Some(unit) = self.pieces.weigh_tile(tile) else {
            return self.tile_is_empty(tile);
        };
        if unit.bytes <= self.pieces.budget().limit() / 2 {
            self.ready.insert(unit.part, unit);
        } else {
            self.to_cut.push_back(tile);
        }
    }

    fn tile_is_empty(&mut self, tile: usize) {
        self.reorder.set_state(tile, TileState::Empty);
        self.report.tiles_empty += 1;
        self.meter.count_done(Counted::Tiles, 1);
        if let Err(error) = self.pieces.record_empty(tile) {
            self.fail_tile(tile, error);
        }
    }

    fn tile_is_cut(&mut self, tile: usize, outcome: Result<Vec<TileUnit>>) {
        match outcome {
            Ok(units) => {
                self.report.tiles_cut += 1;
                let left = units.len();
                let of = units.len();
                self.reorder.set_state(tile, TileState::Open { left, of });
                self.ready
                    .extend(units.into_iter().map(|unit| (unit.part, unit)));
            }
            Err(error) => self.fail_tile(tile, error),
        }
    }

    fn unit_is_over(&mut self, unit: &TileUnit, outcome: Result<()>, mut reserved: Reservation) {
        let tile = unit.part.tile;
        if let Err(error) = outcome {
            drop(reserved);
            return self.fail_tile(tile, error);
        }
        if self.policy.delivers && !self.policy.has_checkpoint {
            reserved.shrink_to(unit.result_bytes);
            self.reorder.hold_result(unit.part, reserved);
        } else {
            drop(reserved);
        }
        if self.reorder.part_is_done(tile) {
            self.pieces.close_tile(tile);
            self.report.tiles += 1;
            self.meter.count_done(Counted::Tiles, 1);
        }
    }

    /// Fails several tiles for one reason.
    fn fail_tiles(&mut self, tiles: &[usize], error: Error) {
        let text = error.to_string();
        let mut error = Some(error);
        for &tile in tiles {
            let error = error.take().unwrap_or_else(|| Error::source(text.clone()));
            self.fail_tile(tile, error);
        }
    }

    /// Fails a tile, once: the run goes on without it or ends before it, as the policy says.
    pub(super) fn fail_tile(&mut self, tile: usize, error: Error) {
        if self.reorder.state(tile) == TileState::Failed {
            return;
        }
        self.reorder.set_state(tile, TileState::Failed);
        self.pieces.close_tile(tile);
        self.ready.retain(|part, _| part.tile != tile);
        self.meter.count_done(Counted::Tiles, 1);
        let failure = TileFailure {
            tile,
            core: self.plan.core(tile).rect(),
            error: error.to_string(),
            transient: error.is_transient(),
        };
        if self.policy.on_failure == OnFailure::FinishTheRest && !concerns_all_tiles(&error) {
            (self.policy.tile_failed)(&failure);
            self.report.failures.push(failure);
            return;
        }
        if tile < self.end {
            (self.policy.tile_failed)(&failure);
            self.end = tile;
            self.error = Some(error);
            self.ready.retain(|part, _| part.tile < tile);
        }
    }
}

/// Whether an error would come back with every tile: the parameters are wrong, or the disk is full.
fn concerns_all_tiles(error: &Error) -> bool {
    match error {
        Error::InvalidParameter { .. } => true,
        Error::Source(source) => source.is::<SpillError>(),
        _ => false,
    }
}
