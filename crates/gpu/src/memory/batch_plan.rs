//! What a piece of work will hold, before any of it is dispatched.

use crate::{pool::Role, session::Session};
use isopach_compute::{Error, Result};

/// Threads of the smallest workgroup.
const THREADS: usize = 64;

/// Every buffer of a piece of work, so that it can be split into batches that fit the budget and
/// the device.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    session: &'a Session,
    fixed: Vec<(&'static str, u64)>,
    each: Vec<(&'static str, Role, u64)>,
    most: u64,
}

/// Batches of one caller that are on the device at once: while one is worked on, the results of the
/// one before are looked at.
pub(crate) const IN_FLIGHT: u64 = 2;

impl<'a> Plan<'a> {
    pub(crate) fn new(session: &'a Session) -> Self {
        Self {
            session,
            fixed: Vec::new(),
            each: Vec::new(),
            most: u64::MAX,
        }
    }

    /// No more than so many bytes, whatever is free: others may be at work on the device too.
    pub(crate) fn within(mut self, bytes: u64) -> Self {
        self.most = bytes;
        self
    }

    /// A storage buffer that is the same for any batch.
    pub(crate) fn fixed(mut self, what: &'static str, bytes: u64) -> Self {
        self.fixed.push((what, bytes));
        self
    }

    /// A storage buffer of so many bytes an item.
    pub(crate) fn each(mut self, what: &'static str, bytes: u64) -> Self {
        self.each.push((what, Role::Storage, bytes));
        self
    }

    /// A storage buffer of so many bytes an item whose content is brought back.
    pub(crate) fn brought_back(mut self, what: &'static str, bytes: u64) -> Self {
        self.each.push((what, Role::ReadBack, bytes));
        self.each(what, bytes)
    }

    /// Bytes that batches take.
    fn bytes(&self, items: usize) -> u64 {
        let class = |bytes: u64| self.session.pool.class(bytes.max(16));
        let each = self
            .each
            .iter()
            .map(|(_, _, bytes)| class(bytes * items as u64))
            .sum::<u64>();
        IN_FLIGHT
            * (each
                + self
                    .fixed
                    .iter()
                    .map(|(_, bytes)| class(*bytes))
                    .sum::<u64>())
    }

    /// The largest number of items, at most `wanted`, that can be worked on at once.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] where not even a workgroup of them fits; it names what takes most.
    pub(crate) fn batch(&self, wanted: usize) -> Result<usize> {
        let pool = &self.session.pool;
        let rows = self.session.most_groups as usize;
        let mut most = wanted
            .min(rows.saturating_mul(rows).saturating_mul(THREADS))
            .min(u32::MAX as usize / 2);
        for (_, role, bytes) in &self.each {
            most = most.min(usize::try_from(pool.largest(*role) / bytes).unwrap_or(usize::MAX));
        }
        // Half of what is free, so that others who plan at the same time find room.
        let free = (pool.free_bytes() / 2).min(self.most);
        while most > 0 && self.bytes(most) > free {
            most -= most.div_ceil(8);
        }
        if most >= THREADS.min(wanted) {
            return Ok(most);
        }
        let needed = self.bytes(THREADS.min(wanted));
        let largest = self
            .each
            .iter()
            .map(|&(what, _, bytes)| (what, bytes * THREADS as u64));
        let (what, _) = largest
            .chain(self.fixed.iter().copied())
            .max_by_key(|(_, bytes)| *bytes)
            .unwrap_or_default();
        let advice = "raise the budget of the device, or use smaller tiles";
        Err(Error::OutOfMemory {
            what,
            requested: needed,
            budget: free,
            advice,
        })
    }
}
