//! Idle buffers, by role and size class, and the bytes that are counted against the budget.

use crate::{
    device::faults::Faults,
    memory::{bind_groups::BindGroupCache, counts::PoolCounts, role::Role},
    options::BufferReuse,
};
use isopach_compute::{Error, Result};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A buffer as wgpu knows it, and its number among all that the pool ever allocated.
#[derive(Clone, Debug)]
pub(crate) struct NumberedBuffer {
    pub(crate) buffer: wgpu::Buffer,
    pub(crate) number: u64,
}

/// A request for a buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// The content of the buffer, for errors.
    pub(crate) what: &'static str,
    pub(crate) role: Role,
    /// Bytes that were asked for.
    pub(crate) bytes: u64,
    /// Bytes that it takes of the budget.
    pub(crate) class: u64,
    /// Bytes of the largest buffer of this role.
    pub(crate) largest: u64,
}

impl Request {
    fn check(&self, held: u64, budget: u64) -> Result<()> {
        let (budget, advice) = if self.bytes > self.largest {
            let advice = "the device has no larger buffers: use smaller tiles";
            (self.largest, advice)
        } else if held + self.class > budget {
            let advice = "raise the budget of the device, or use smaller tiles";
            (budget, advice)
        } else {
            return Ok(());
        };
        Err(Error::OutOfMemory {
            what: self.what,
            requested: self.bytes,
            budget,
            advice,
        })
    }
}

/// Idle buffers and counts.
#[derive(Debug, Default)]
pub(crate) struct ShelfState {
    idle: BTreeMap<(Role, u64), Vec<NumberedBuffer>>,
    allocated: u64,
    pub(crate) counts: PoolCounts,
}

/// Where buffers go when nobody uses them any more.
#[derive(Debug)]
pub(crate) struct Shelf {
    reuse: BufferReuse,
    faults: Arc<Faults>,
    /// Cleared when a buffer is freed: groups keep their buffers.
    bind_groups: Arc<BindGroupCache>,
    state: Mutex<ShelfState>,
}

impl Shelf {
    pub(crate) fn new(
        reuse: BufferReuse,
        faults: Arc<Faults>,
        bind_groups: Arc<BindGroupCache>,
    ) -> Self {
        Self {
            reuse,
            faults,
            bind_groups,
            state: Mutex::default(),
        }
    }

    pub(crate) fn lock_state(&self) -> MutexGuard<'_, ShelfState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts, those of the bind groups among them.
    pub(crate) fn counts(&self) -> PoolCounts {
        PoolCounts {
            bind_group_hits: self.bind_groups.hits(),
            bind_group_misses: self.bind_groups.misses(),
            ..self.lock_state().counts
        }
    }

    /// Counts a request as held and returns an idle buffer of its class, if there is one. Where
    /// there is none, idle buffers are freed until the new one fits into `budget`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] over the budget or the largest buffer.
    pub(crate) fn reserve(&self, request: Request, budget: u64) -> Result<Option<NumberedBuffer>> {
        let Request { role, class, .. } = request;
        let mut state = self.lock_state();
        state.check(request, budget)?;
        let idle = state.idle.get_mut(&(role, class)).and_then(Vec::pop);
        state.counts.held_bytes += class;
        if idle.is_some() {
            state.counts.hits += 1;
            state.counts.idle_bytes -= class;
        } else {
            self.make_room(&mut state, budget);
        }
        state.count_peak();
        Ok(idle)
    }

    /// Counts a request as held that no idle buffer can serve: a texture.
    ///
    /// # Errors
    /// Those of [`Self::reserve`].
    pub(crate) fn reserve_apart(&self, request: Request, budget: u64) -> Result<()> {
        let mut state = self.lock_state();
        state.check(request, budget)?;
        state.counts.held_bytes += request.class;
        self.make_room(&mut state, budget);
        state.count_peak();
        Ok(())
    }

    /// Frees idle buffers for a new allocation, until all fits into `budget`.
    fn make_room(&self, state: &mut ShelfState, budget: u64) {
        state.counts.misses += 1;
        if state.free_idle(budget) {
            self.bind_groups.clear_groups();
        }
    }

    /// Takes a buffer back: keeps it for the next request, or frees it.
    pub(crate) fn give_back(&self, role: Role, class: u64, buffer: NumberedBuffer, spoilt: bool) {
        let kept = self.reuse == BufferReuse::Keep && !spoilt && !self.faults.is_lost();
        let mut state = self.lock_state();
        state.counts.held_bytes -= class;
        if kept {
            state.counts.idle_bytes += class;
            state.idle.entry((role, class)).or_default().push(buffer);
        } else {
            drop(state);
            self.bind_groups.clear_groups();
        }
    }
}

impl ShelfState {
    /// Refuses a request over the budget or the largest buffer, and counts the refusal.
    fn check(&mut self, request: Request, budget: u64) -> Result<()> {
        let checked = request.check(self.counts.held_bytes, budget);
        self.counts.refusals += u64::from(checked.is_err());
        checked
    }

    fn count_peak(&mut self) {
        let now = self.counts.held_bytes + self.counts.idle_bytes;
        self.counts.peak_bytes = self.counts.peak_bytes.max(now);
    }

    /// The number of a new buffer.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.allocated += 1;
        self.allocated
    }

    /// Frees idle buffers, small ones first, until held and idle bytes fit into `budget`; returns
    /// whether it freed any.
    fn free_idle(&mut self, budget: u64) -> bool {
        let before = self.counts.idle_bytes;
        while self.counts.held_bytes + self.counts.idle_bytes > budget {
            let Some(mut entry) = self.idle.first_entry() else {
                break;
            };
            let (_, class) = *entry.key();
            if entry.get_mut().pop().is_some() {
                self.counts.idle_bytes -= class;
            }
            if entry.get().is_empty() {
                entry.remove();
            }
        }
        self.counts.idle_bytes < before
    }
}
