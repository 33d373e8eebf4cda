//! What is begun, if it fits.

use super::{Over, Schedule, Teller};
use crate::{
    TileOperation, TileSink,
    run::{
        turn::Ready,
        work::{Unit, chunk_bytes},
    },
};
use isopach_compute::{Compute, Result};
use std::time::Instant;

/// Tiles that are looked at for one that fits.
const LOOK_AHEAD: usize = 64;
/// Results that are handed over in one go.
const HAND_OVER: usize = 16;

impl<'a, O, B, S, const N: usize> Schedule<'a, O, B, S, N>
where
    B: Compute + ?Sized,
    O: TileOperation<N, B>,
    S: TileSink<O::Output> + ?Sized,
{
    /// Begins work as long as threads and memory are free.
    pub(super) fn begin_what_fits<'scope>(&mut self, scope: &rayon::Scope<'scope>)
    where
        'a: 'scope,
    {
        self.hand_over(scope);
        while self.busy.chunks + self.busy.tiles < self.gauge.now() {
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
            self.busy.tiles += 1;
            self.busy.after += unit.after;
            let (work, teller) = (self.work, self.teller());
            scope.spawn(move |_| {
                let start = Instant::now();
                let outcome = work.run(&unit);
                teller.tell(Over::Ran {
                    unit,
                    took: start.elapsed(),
                    outcome,
                });
            });
            return true;
        }
        false
    }

    /// Sets a tile's bytes aside, if it may be begun now. Points that wait for other tiles go to
    /// disk for it, if they may.
    fn fits(&self, unit: &Unit) -> Result<bool> {
        let ledger = self.work.ledger;
        let results = self.waiting + self.busy.after + unit.after;
        if !self.turn.has_come_to(unit.part) && results > ledger.limit() / 4 {
            return Ok(false);
        }
        self.work.routing.buckets.set_aside(unit.bytes)
    }

    /// Begins the next chunk, if there is room to decode it.
    fn begin_chunk<'scope>(&mut self, scope: &rayon::Scope<'scope>) -> bool
    where
        'a: 'scope,
    {
        let Some(next) = self.queue.next(self.end) else {
            return false;
        };
        let source = self.work.sources[next.source];
        let bytes = chunk_bytes(source, next.chunk, self.work.routing.columns);
        match self.work.routing.buckets.set_aside(bytes) {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                self.fail(self.queue.first_tile(next.group), error);
                return false;
            }
        }
        self.queue.begin(next);
        self.busy.chunks += 1;
        let (work, teller, extent) = (self.work, self.teller(), *self.queue.extent(next.group));
        scope.spawn(move |_| {
            let start = Instant::now();
            let outcome = work.route(next.source, next.chunk, &extent);
            teller.tell(Over::Routed {
                next,
                bytes,
                took: start.elapsed(),
                outcome,
            });
        });
        true
    }

    /// Hands over the results whose turn it is, one bundle at a time.
    fn hand_over<'scope>(&mut self, scope: &rayon::Scope<'scope>)
    where
        'a: 'scope,
    {
        if self.busy.sinks > 0 || !self.run.scope.delivers_results() || self.end == 0 {
            return;
        }
        let begin = !std::mem::replace(&mut self.begun, true);
        let ready = if begin { Vec::new() } else { self.take_ready() };
        if !begin && ready.is_empty() {
            return;
        }
        let bytes = |ready: &Ready<O::Output>| match ready {
            Ready::Here(_, _, bytes) => *bytes,
            Ready::Kept(..) => 0, // it waits on disk
        };
        self.waiting -= ready.iter().map(bytes).sum::<u64>();
        self.busy.sinks += 1;
        let (work, teller) = (self.work, self.teller());
        scope.spawn(move |_| {
            let outcome = if begin { work.begin() } else { Ok(()) };
            let outcome = outcome.and_then(|()| {
                ready
                    .into_iter()
                    .try_for_each(|ready| work.hand_over(ready))
            });
            teller.tell(Over::Delivered { outcome });
        });
    }

    /// The results whose turn it is, and which fit; one that waits on disk comes alone, since it is
    /// read when the one before was handed over.
    fn take_ready(&mut self) -> Vec<Ready<O::Output>> {
        let (work, is_idle) = (self.work, self.busy.chunks + self.busy.tiles == 0);
        let mut failed = None;
        let ready = self.turn.take(HAND_OVER, self.end, |part, before| {
            let room = if before > 0 {
                Ok(None)
            } else {
                work.room_for_kept(part, is_idle)
            };
            room.unwrap_or_else(|error| {
                failed = Some(error);
                None
            })
        });
        if let Some(error) = failed {
            self.end = 0;
            self.error = Some((0, error));
        }
        ready
    }

    pub(super) fn teller(&self) -> Teller<O::Output> {
        Teller(Some(self.sender.clone()))
    }
}
