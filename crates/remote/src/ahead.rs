//! Prefetch: ranges that are fetched before they are read, in batches.
//!
//! The expected ranges are cut into batches, in their order. The first reader of a range of a batch
//! has the whole batch fetched, and the next one begun; others wait for it. Each range is given
//! away once. A range of a batch for which there is no memory, or that failed, is fetched by its
//! reader alone, so a wrong expectation costs requests and nothing else.

use crate::{place::OpenedObject, shared::HeldBytes};
use bytes::Bytes;
use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// The expected ranges of one object.
#[derive(Debug, Default)]
pub(crate) struct Prefetch {
    plan: Mutex<PrefetchPlan>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct PrefetchPlan {
    /// Which plan it is: readers and requests of an earlier one find nothing of theirs here.
    number: u64,
    batches: Vec<Batch>,
    /// Batch and place in it, by where a range begins.
    places: HashMap<u64, (usize, usize)>,
}

#[derive(Debug)]
struct Batch {
    ranges: Vec<Range<u64>>,
    state: BatchState,
}

#[derive(Debug)]
enum BatchState {
    Waiting,
    Coming(HeldBytes),
    There {
        bytes: Vec<Option<Bytes>>,
        left: usize,
        _held: HeldBytes,
    },
    /// All given away, failed, or without room.
    Over,
}

impl Prefetch {
    fn lock_plan(&self) -> MutexGuard<'_, PrefetchPlan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the expected ranges; a batch has `most` bytes at most, or one range.
    pub(crate) fn expect_ranges(&self, ranges: &[Range<u64>], most: u64) {
        let mut plan = self.lock_plan();
        let mut fresh = PrefetchPlan {
            number: plan.number + 1,
            ..PrefetchPlan::default()
        };
        let mut bytes = 0;
        for range in ranges {
            let length = range.end - range.start;
            match fresh.batches.last_mut() {
                Some(batch) if bytes + length <= most => batch.ranges.push(range.clone()),
                _ => {
                    bytes = 0;
                    fresh.batches.push(Batch {
                        ranges: vec![range.clone()],
                        state: BatchState::Waiting,
                    });
                }
            }
            bytes += length;
            let batch = fresh.batches.len() - 1;
            fresh
                .places
                .insert(range.start, (batch, fresh.batches[batch].ranges.len() - 1));
        }
        *plan = fresh;
        drop(plan);
        self.arrived.notify_all();
    }

    /// The bytes of a range that was expected, once; `None` if it was not, was given away, failed
    /// or has no room.
    pub(crate) fn take_range(
        self: &Arc<Self>,
        range: &Range<u64>,
        of: &OpenedObject,
    ) -> Option<Bytes> {
        let mut plan = self.lock_plan();
        let number = plan.number;
        let (batch, slot) = *plan.places.get(&range.start)?;
        if plan.batches[batch].ranges[slot] != *range {
            return None;
        }
        self.begin_batch(&mut plan, batch, of);
        if matches!(plan.batches[batch].state, BatchState::Waiting) {
            // No room: its readers fetch their ranges one by one, each once.
            plan.batches[batch].state = BatchState::Over;
        }
        self.begin_batch(&mut plan, batch + 1, of);
        while plan.number == number && matches!(plan.batches[batch].state, BatchState::Coming(_)) {
            plan = self
                .arrived
                .wait(plan)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if plan.number != number {
            return None;
        }
        let BatchState::There { bytes, left, .. } = &mut plan.batches[batch].state else {
            return None;
        };
        let taken = bytes[slot].take();
        *left -= usize::from(taken.is_some());
        if *left == 0 {
            plan.batches[batch].state = BatchState::Over;
        }
        taken
    }

    /// Has a batch fetched, if there is one that waits and room for it.
    fn begin_batch(self: &Arc<Self>, plan: &mut PrefetchPlan, number: usize, of: &OpenedObject) {
        let of_plan = plan.number;
        let Some(batch) = plan
            .batches
            .get_mut(number)
            .filter(|batch| matches!(batch.state, BatchState::Waiting))
        else {
            return;
        };
        let bytes = batch
            .ranges
            .iter()
            .map(|range| range.end - range.start)
            .sum();
        let Some(held) = of.shared.hold_bytes(bytes) else {
            return;
        };
        batch.state = BatchState::Coming(held);
        let place = of.clone();
        let ranges = batch.ranges.clone();
        let arriving = Arriving {
            ahead: Arc::clone(self),
            of_plan,
            number,
            found: None,
        };
        of.shared.spawn_request(async move {
            let mut arriving = arriving;
            arriving.found = place.fetch_ranges(&ranges).await.ok();
        });
    }

    fn batch_arrived(&self, of_plan: u64, number: usize, found: Option<Vec<Bytes>>) {
        let mut plan = self.lock_plan();
        if plan.number == of_plan {
            let batch = &mut plan.batches[number];
            batch.state = match (found, std::mem::replace(&mut batch.state, BatchState::Over)) {
                (Some(bytes), BatchState::Coming(held)) => {
                    let left = bytes.len();
                    BatchState::There {
                        bytes: bytes.into_iter().map(Some).collect(),
                        left,
                        _held: held,
                    }
                }
                _ => BatchState::Over,
            };
        }
        drop(plan);
        self.arrived.notify_all();
    }
}

/// A batch on its way. It arrives when this is dropped, with nothing if the request failed or was
/// given up, so that nobody waits for ever.
struct Arriving {
    ahead: Arc<Prefetch>,
    of_plan: u64,
    number: usize,
    found: Option<Vec<Bytes>>,
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.ahead
            .batch_arrived(self.of_plan, self.number, self.found.take());
    }
}
