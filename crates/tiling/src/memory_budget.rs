//! The memory budget of a run, and the guards that account for it.

use isopach_compute::Error;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Bytes that a run holds: points that wait for their tiles ([`WaitingPoints`]), and memory that is
/// reserved for work in flight ([`Reservation`]: chunks being decoded, tiles being run, results
/// that wait for delivery).
///
/// An eighth of the total is left out of [`Self::limit`] for memory that cannot be counted: the
/// allocator's gaps, stacks, tables.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    total: u64,
    waiting: AtomicU64,
    reserved: AtomicU64,
    peak: AtomicU64,
}

impl MemoryBudget {
    /// A budget of `total` bytes, of which nothing is taken.
    pub(crate) fn new(total: u64) -> Arc<Self> {
        Arc::new(Self {
            total,
            waiting: AtomicU64::new(0),
            reserved: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        })
    }

    /// Bytes that the user gave.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.total
    }

    /// Bytes that may be held: seven eighths of the total.
    pub(crate) fn limit(&self) -> u64 {
        self.total - self.total / 8
    }

    /// Bytes of points that wait for their tiles.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Bytes that are reserved for work in flight.
    pub(crate) fn reserved_bytes(&self) -> u64 {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Most bytes that were held at any time.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// Bytes that points may wait in, beside the current reservations.
    pub(crate) fn room_for_points(&self) -> u64 {
        self.limit().saturating_sub(self.reserved_bytes())
    }

    /// Reserves `bytes` for work until the guard is dropped. It does not ask whether they are free:
    /// the caller has.
    pub(crate) fn reserve(self: &Arc<Self>, bytes: u64) -> Reservation {
        let reserved = self.reserved.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.record_peak(reserved + self.waiting_bytes());
        Reservation {
            budget: Arc::clone(self),
            bytes,
        }
    }

    /// Counts `bytes` of points that wait, until the guard is dropped. It does not ask whether they
    /// are free: the caller has.
    pub(crate) fn admit_points(self: &Arc<Self>, bytes: u64) -> WaitingPoints {
        let waiting = self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.record_peak(waiting + self.reserved_bytes());
        WaitingPoints {
            budget: Arc::clone(self),
            bytes,
        }
    }

    /// The error where points that wait leave no room for `bytes` more.
    pub(crate) fn points_do_not_fit(&self, bytes: u64) -> Error {
        let held = self.waiting_bytes() + self.reserved_bytes();
        Error::OutOfMemory {
            what: "holding points until their tiles are complete",
            requested: held.saturating_add(bytes),
            budget: self.total,
            advice: "raise the memory, or name a folder to spill to",
        }
    }

    fn record_peak(&self, held: u64) {
        self.peak.fetch_max(held, Ordering::Relaxed);
    }
}

/// Bytes that are reserved for a piece of work; given back when dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Reservation {
    budget: Arc<MemoryBudget>,
    bytes: u64,
}

impl Reservation {
    /// Bytes that are reserved.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives back all but `bytes`; nothing if it holds fewer.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let freed = self.bytes.saturating_sub(bytes);
        self.budget.reserved.fetch_sub(freed, Ordering::Relaxed);
        self.bytes -= freed;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// Bytes of points that wait in memory; given back when dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct WaitingPoints {
    budget: Arc<MemoryBudget>,
    bytes: u64,
}

impl WaitingPoints {
    /// Bytes that the points have.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Splits off `bytes`, at most as many as there are.
    pub(crate) fn split_off(&mut self, bytes: u64) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self {
            budget: Arc::clone(&self.budget),
            bytes,
        }
    }

    /// Takes over the bytes of another guard of the same budget.
    pub(crate) fn merge_with(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for WaitingPoints {
    fn drop(&mut self) {
        self.budget.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_given_back_and_the_peak_stays() {
        let budget = MemoryBudget::new(800);
        assert_eq!((budget.limit(), budget.room_for_points()), (700, 700));
        let mut work = budget.reserve(300);
        let mut points = budget.admit_points(200);
        assert_eq!((budget.room_for_points(), budget.peak_bytes()), (400, 500));
        work.shrink_to(100);
        work.shrink_to(250);
        assert_eq!((work.bytes(), budget.reserved_bytes()), (100, 100));
        let part = points.split_off(50);
        drop(points);
        assert_eq!(budget.waiting_bytes(), 50);
        let mut rest = budget.admit_points(7);
        rest.merge_with(part);
        assert_eq!((rest.bytes(), budget.waiting_bytes()), (57, 57));
        drop((work, rest));
        assert_eq!((budget.reserved_bytes(), budget.waiting_bytes()), (0, 0));
        assert_eq!(budget.peak_bytes(), 500);
    }
}
