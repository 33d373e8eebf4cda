//! Ranges that are fetched before they are wanted, several at a time.
//!
//! What will be read is cut into batches, in the order in which it will be. The first reader of a
//! range of a batch has the whole batch fetched, and the next one begun; others wait for it. Each
//! range is given away once. A range of a batch for which there is no memory, or that failed, is
//! fetched by its reader alone, so nothing depends on what was expected but the number of requests.

use crate::{place::Place, shared::Held};
use bytes::Bytes;
use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// What is expected of one object.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    plan: Mutex<Plan>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Plan {
    /// Which plan it is: readers and requests of an earlier one find nothing of theirs here.
    number: u64,
    batches: Vec<Batch>,
    /// Batch and place in it, by where a range begins.
    places: HashMap<u64, (usize, usize)>,
}

#[derive(Debug)]
struct Batch {
    ranges: Vec<Range<u64>>,
    state: State,
}

#[derive(Debug)]
enum State {
    Waiting,
    Coming(Held),
    There {
        bytes: Vec<Option<Bytes>>,
        left: usize,
        _held: Held,
    },
    /// All given away, failed, or without room.
    Over,
}

impl Ahead {
    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces what was expected; a batch has `most` bytes at most, or one range.
    pub(crate) fn expect(&self, ranges: &[Range<u64>], most: u64) {
        let mut plan = self.lock();
        let mut fresh = Plan {
            number: plan.number + 1,
            ..Plan::default()
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
                        state: State::Waiting,
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

    /// The bytes of a range that was expected, once; `None` where it was not, was given away,
    /// failed or has no room.
    pub(crate) fn take(self: &Arc<Self>, range: &Range<u64>, of: &Place) -> Option<Bytes> {
        let mut plan = self.lock();
        let number = plan.number;
        let (batch, slot) = *plan.places.get(&range.start)?;
        if plan.batches[batch].ranges[slot] != *range {
            return None;
        }
        self.begin(&mut plan, batch, of);
        if matches!(plan.batches[batch].state, State::Waiting) {
            // No room: its readers fetch what they want one by one, and nothing of it twice.
            plan.batches[batch].state = State::Over;
        }
        self.begin(&mut plan, batch + 1, of);
        while plan.number == number && matches!(plan.batches[batch].state, State::Coming(_)) {
            plan = self
                .arrived
                .wait(plan)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if plan.number != number {
            return None;
        }
        let State::There { bytes, left, .. } = &mut plan.batches[batch].state else {
            return None;
        };
        let taken = bytes[slot].take();
        *left -= usize::from(taken.is_some());
        if *left == 0 {
            plan.batches[batch].state = State::Over;
        }
        taken
    }

    /// Has a batch fetched, if there is one that waits and room for it.
    fn begin(self: &Arc<Self>, plan: &mut Plan, number: usize, of: &Place) {
        let of_plan = plan.number;
        let Some(batch) = plan
            .batches
            .get_mut(number)
            .filter(|batch| matches!(batch.state, State::Waiting))
        else {
            return;
        };
        let bytes = batch
            .ranges
            .iter()
            .map(|range| range.end - range.start)
            .sum();
        let Some(held) = of.shared.hold(bytes) else {
            return;
        };
        batch.state = State::Coming(held);
        let (place, ranges) = (of.clone(), batch.ranges.clone());
        let arriving = Arriving {
            ahead: Arc::clone(self),
            of_plan,
            number,
            found: None,
        };
        of.shared.spawn(async move {
            let mut arriving = arriving;
            arriving.found = place.fetch(&ranges).await.ok();
        });
    }

    fn arrive(&self, of_plan: u64, number: usize, found: Option<Vec<Bytes>>) {
        let mut plan = self.lock();
        if plan.number == of_plan {
            let batch = &mut plan.batches[number];
            batch.state = match (found, std::mem::replace(&mut batch.state, State::Over)) {
                (Some(bytes), State::Coming(held)) => {
                    let left = bytes.len();
                    State::There {
                        bytes: bytes.into_iter().map(Some).collect(),
                        left,
                        _held: held,
                    }
                }
                _ => State::Over,
            };
        }
        drop(plan);
        self.arrived.notify_all();
    }
}

/// A batch on its way. It arrives when this is dropped, with nothing where the request failed or
/// was given up, so that nobody waits for ever.
struct Arriving {
    ahead: Arc<Ahead>,
    of_plan: u64,
    number: usize,
    found: Option<Vec<Bytes>>,
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.ahead
            .arrive(self.of_plan, self.number, self.found.take());
    }
}
