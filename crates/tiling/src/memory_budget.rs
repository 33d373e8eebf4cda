//! One account of memory for everything that a run holds.

use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes of a run: points that wait in buckets, and what is set aside for work in flight
/// (chunks that are decoded, tiles that are run, results that wait for their turn).
///
/// An eighth of what was given is kept back for what cannot be counted: the allocator's gaps,
/// stacks, tables.
#[derive(Debug)]
pub(crate) struct Ledger {
    given: u64,
    waiting: AtomicU64,
    working: AtomicU64,
    peak: AtomicU64,
}

impl Ledger {
    pub(crate) fn new(given: u64) -> Self {
        Self {
            given,
            waiting: AtomicU64::new(0),
            working: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        }
    }

    /// What the user gave.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// What may be held.
    pub(crate) fn limit(&self) -> u64 {
        self.given - self.given / 8
    }

    /// Bytes of points that wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Bytes set aside for work.
    pub(crate) fn working(&self) -> u64 {
        self.working.load(Ordering::Relaxed)
    }

    /// Most that was held at any time.
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// Points go to wait.
    pub(crate) fn wait(&self, bytes: u64) {
        let waiting = self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.note(waiting + self.working());
    }

    /// Points have left.
    pub(crate) fn left(&self, bytes: u64) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Sets bytes aside for work.
    pub(crate) fn work(&self, bytes: u64) {
        let working = self.working.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.note(working + self.waiting());
    }

    /// Work is done, or a part of what it held is gone.
    pub(crate) fn done(&self, bytes: u64) {
        self.working.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that points may wait in while the work in flight holds what it holds.
    pub(crate) fn room_to_wait(&self) -> u64 {
        self.limit().saturating_sub(self.working())
    }

    fn note(&self, held: u64) {
        self.peak.fetch_max(held, Ordering::Relaxed);
    }
}
