//! The buffers of a piece of work, stated before any of it is dispatched, so that it can be split
//! into batches that fit the budget and the device.

use crate::memory::{pool::Pool, role::Role};
use isopach_compute::{Error, Result};

/// Threads of the smallest workgroup.
const THREADS: usize = 64;

/// Batches of one caller on the device at the same time: while the device works on one, the CPU
/// reads the results of the one before.
pub(crate) const IN_FLIGHT: u64 = 2;

/// A buffer that is the same for every batch.
#[derive(Clone, Copy, Debug)]
struct FixedBuffer {
    what: &'static str,
    bytes: u64,
}

/// A buffer whose size grows with the batch.
#[derive(Clone, Copy, Debug)]
struct ItemBuffer {
    what: &'static str,
    role: Role,
    bytes_per_item: u64,
}

/// The buffers that a batch of `n` items needs.
#[derive(Debug)]
pub(crate) struct BatchPlan<'a> {
    pool: &'a Pool,
    fixed: Vec<FixedBuffer>,
    per_item: Vec<ItemBuffer>,
    limit: u64,
}

impl<'a> BatchPlan<'a> {
    pub(crate) fn new(pool: &'a Pool) -> Self {
        Self {
            pool,
            fixed: Vec::new(),
            per_item: Vec::new(),
            limit: u64::MAX,
        }
    }

    /// Takes at most `bytes`, whatever is free: others may be at work on the device too.
    pub(crate) fn limited_to(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// A storage buffer of the same size for any batch.
    pub(crate) fn fixed_buffer(mut self, what: &'static str, bytes: u64) -> Self {
        self.fixed.push(FixedBuffer { what, bytes });
        self
    }

    /// A storage buffer of `bytes` per item.
    pub(crate) fn buffer_per_item(self, what: &'static str, bytes: u64) -> Self {
        self.with_item_buffer(what, Role::Storage, bytes)
    }

    /// A storage buffer of `bytes` per item, whose content is read back.
    pub(crate) fn result_per_item(self, what: &'static str, bytes: u64) -> Self {
        self.with_item_buffer(what, Role::ReadBack, bytes)
            .buffer_per_item(what, bytes)
    }

    fn with_item_buffer(mut self, what: &'static str, role: Role, bytes_per_item: u64) -> Self {
        self.per_item.push(ItemBuffer {
            what,
            role,
            bytes_per_item,
        });
        self
    }

    /// Bytes of all batches in flight, each of `items`.
    fn bytes_in_flight(&self, items: usize) -> u64 {
        let per_item = self
            .per_item
            .iter()
            .map(|buffer| buffer.bytes_per_item * items as u64);
        let fixed = self.fixed.iter().map(|buffer| buffer.bytes);
        let batch: u64 = per_item
            .chain(fixed)
            .map(|bytes| self.pool.class_bytes(bytes.max(16)))
            .sum();
        IN_FLIGHT * batch
    }

    /// The largest batch, of at most `wanted` items.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if not even a workgroup of items fits; it names the largest buffer.
    pub(crate) fn max_batch(&self, wanted: usize) -> Result<usize> {
        // Half of what is free, so that others who plan at the same time find room.
        let free = (self.pool.free_bytes() / 2).min(self.limit);
        let mut items = wanted.min(self.dispatch_limit());
        while items > 0 && self.bytes_in_flight(items) > free {
            items -= items.div_ceil(8);
        }
        if items >= THREADS.min(wanted) {
            return Ok(items);
        }
        Err(Error::OutOfMemory {
            what: self.largest_buffer(),
            requested: self.bytes_in_flight(THREADS.min(wanted)),
            budget: free,
            advice: "raise the budget of the device, or use smaller tiles",
        })
    }

    /// Items that one dispatch and the device's largest buffers can take.
    fn dispatch_limit(&self) -> usize {
        let rows = self.pool.max_workgroups() as usize;
        let threads = rows.saturating_mul(rows).saturating_mul(THREADS);
        self.per_item
            .iter()
            .map(|buffer| self.pool.largest_bytes(buffer.role) / buffer.bytes_per_item)
            .map(|items| usize::try_from(items).unwrap_or(usize::MAX))
            .fold(threads.min(u32::MAX as usize / 2), usize::min)
    }

    /// The buffer that takes most in a batch of one workgroup.
    fn largest_buffer(&self) -> &'static str {
        let per_item = self
            .per_item
            .iter()
            .map(|buffer| (buffer.what, buffer.bytes_per_item * THREADS as u64));
        let fixed = self.fixed.iter().map(|buffer| (buffer.what, buffer.bytes));
        per_item
            .chain(fixed)
            .max_by_key(|(_, bytes)| *bytes)
            .map_or("", |(what, _)| what)
    }
}
