//! Admission: which jobs start now.

use super::{
    Scheduler, TileUnit,
    jobs::{Batch, Job},
    reorder::ReadyResult,
};
use crate::memory_budget::Reservation;
use isopach_compute::Result;

/// Ready units that are looked at for one that fits.
const LOOK_AHEAD: usize = 64;
/// Results that are delivered in one go, at most.
const BATCH: usize = 16;

impl Scheduler<'_> {
    /// Admits as many jobs as threads and memory allow. All of them must be performed, and their
    /// outcomes given to [`Self::complete`].
    pub(super) fn admit(&mut self) -> Vec<Job> {
        let mut jobs: Vec<Job> = self.to_cut.drain(..).map(Job::Cut).collect();
        self.in_flight.cuts += jobs.len();
        jobs.extend(self.admit_delivery());
        while self.in_flight.work_count() < self.concurrency.limit() {
            let Some(job) = self.admit_unit().or_else(|| self.admit_chunk()) else {
                break;
            };
            jobs.push(job);
        }
        jobs
    }

    /// The first ready unit that fits.
    fn admit_unit(&mut self) -> Option<Job> {
        let candidates = self.ready.values().take(LOOK_AHEAD).copied();
        let candidates: Vec<TileUnit> = candidates
            .filter(|unit| unit.part.tile < self.end)
            .collect();
        for unit in candidates {
            match self.reserve_for_unit(&unit) {
                Ok(None) => {}
                Ok(Some(reserved)) => {
                    self.ready.remove(&unit.part);
                    self.in_flight.units.insert(unit.part, unit.result_bytes);
                    return Some(Job::Run(unit, reserved));
                }
                Err(error) => {
                    self.fail_tile(unit.part.tile, error);
                    return None;
                }
            }
        }
        None
    }

    /// Reserves the bytes of a unit if it may start now. Points that wait for other tiles go to
    /// disk for it, where they may.
    fn reserve_for_unit(&self, unit: &TileUnit) -> Result<Option<Reservation>> {
        let results =
            self.reorder.waiting_bytes() + self.in_flight.result_bytes() + unit.result_bytes;
        let may_overtake = results <= self.pieces.budget().limit() / 4;
        if !may_overtake && !self.reorder.has_reached(unit.part) {
            return Ok(None);
        }
        self.pieces.reserve_memory(unit.bytes)
    }

    /// The next chunk, if there is memory to decode it.
    fn admit_chunk(&mut self) -> Option<Job> {
        let chunk = self.queue.peek_chunk(self.end)?;
        let bytes = self.pieces.chunk_bytes(&chunk);
        match self.pieces.reserve_memory(bytes) {
            Ok(Some(reserved)) => {
                self.queue.start_chunk(&chunk);
                self.in_flight.chunks += 1;
                Some(Job::Route(chunk, reserved))
            }
            Ok(None) => None,
            Err(error) => {
                self.fail_tile(self.queue.first_tile(chunk.group), error);
                None
            }
        }
    }

    /// The next batch of results in order, one batch at a time.
    fn admit_delivery(&mut self) -> Option<Job> {
        if self.in_flight.is_delivering || !self.policy.delivers || self.end == 0 {
            return None;
        }
        let begins_sink = !std::mem::replace(&mut self.has_begun_sink, true);
        let results = if begins_sink {
            Vec::new()
        } else {
            self.take_ready_results()
        };
        if !begins_sink && results.is_empty() {
            return None;
        }
        self.in_flight.is_delivering = true;
        Some(Job::Deliver(Batch {
            begins_sink,
            results,
        }))
    }

    /// The next results in order that fit into memory. One that is kept on disk comes alone while
    /// other work is in flight: nothing is read ahead of it then. Without other work, as in a
    /// merge, several come, since each is read while the one before is delivered.
    fn take_ready_results(&mut self) -> Vec<ReadyResult> {
        let pieces = self.pieces;
        let is_idle = self.in_flight.work_count() == 0;
        let mut failure = None;
        let results = self.reorder.take_next(BATCH, self.end, |part, before| {
            if before > 0 && !is_idle {
                return None;
            }
            let bytes = pieces.stored_bytes(part);
            match pieces.reserve_memory(bytes) {
                // No work in flight will free memory: read the first all the same.
                Ok(None) if is_idle && before == 0 => Some(pieces.budget().reserve(bytes)),
                Ok(reserved) => reserved,
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        });
        if let Some(error) = failure {
            self.end_with(error);
        }
        results
    }
}
