//! Counts of the pool and of transfers.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of the buffer pool since the device was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounts {
    /// Requests served by an idle buffer.
    pub hits: u64,
    /// Requests that allocated a buffer.
    pub misses: u64,
    /// Bind groups that were reused.
    pub bind_group_hits: u64,
    /// Bind groups that were created.
    pub bind_group_misses: u64,
    /// Requests that were refused: over the budget, or larger than the device allows.
    pub refusals: u64,
    /// Bytes in buffers that are in use.
    pub held_bytes: u64,
    /// Bytes in idle buffers, kept for the next request.
    pub idle_bytes: u64,
    /// The largest sum of held and idle bytes so far.
    pub peak_bytes: u64,
}

/// Bytes copied between the computer and the device since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransferCounts {
    /// From the computer to the device: points, queries, parameters.
    pub to_device_bytes: u64,
    /// From the device to the computer: results.
    pub from_device_bytes: u64,
}

/// The running sums behind [`TransferCounts`].
#[derive(Debug, Default)]
pub(crate) struct TransferMeter {
    to_device: AtomicU64,
    from_device: AtomicU64,
}

impl TransferMeter {
    pub(crate) fn add_to_device(&self, bytes: u64) {
        self.to_device.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_from_device(&self, bytes: u64) {
        self.from_device.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> TransferCounts {
        TransferCounts {
            to_device_bytes: self.to_device.load(Ordering::Relaxed),
            from_device_bytes: self.from_device.load(Ordering::Relaxed),
        }
    }
}
