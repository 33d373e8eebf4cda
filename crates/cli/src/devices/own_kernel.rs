//! Counters of the work that a device did itself: work that it declined or returned is neither
//! agreement nor speed.

use isopach::gpu::{Gpu, TransferCounts};
use serde_json::{Value, json};

/// The work that a device did since it was opened, or since an earlier reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own {
    /// Kernels that were started.
    pub(crate) dispatches: u64,
    /// Queries and pixels that the CPU reevaluated, because `f32` could not decide them.
    pub(crate) given_back: u64,
    /// Bytes that travelled.
    traffic: TransferCounts,
}

impl Own {
    /// Since the device was opened.
    pub(crate) fn of(gpu: &Gpu) -> Self {
        let dispatches = gpu.kernel_times().iter().map(|kernel| kernel.calls).sum();
        Self {
            dispatches,
            given_back: gpu.reevaluated_on_cpu(),
            traffic: gpu.transfer_counts(),
        }
    }

    /// The work done after `before`.
    pub(crate) fn work_since(self, before: Self) -> Self {
        Self {
            dispatches: self.dispatches - before.dispatches,
            given_back: self.given_back - before.given_back,
            traffic: TransferCounts {
                to_device_bytes: self.traffic.to_device_bytes - before.traffic.to_device_bytes,
                from_device_bytes: self.traffic.from_device_bytes
                    - before.traffic.from_device_bytes,
            },
        }
    }

    /// Share of the items that the device itself decided.
    pub(crate) fn own_share(self, items: usize) -> f64 {
        if self.dispatches == 0 {
            return 0.0;
        }
        (1.0 - self.given_back as f64 / items.max(1) as f64).max(0.0)
    }

    /// JSON for a result line about `items` items.
    pub(crate) fn to_json(self, items: usize) -> Value {
        json!({
            "dispatches": self.dispatches, "given_back": self.given_back, "device_share": self.own_share(items),
            "to_device_bytes": self.traffic.to_device_bytes, "from_device_bytes": self.traffic.from_device_bytes,
        })
    }
}
