//! How often and how long each kernel ran.

use std::collections::BTreeMap;

/// How often and how long one kernel ran.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// The kernel.
    pub name: &'static str,
    /// Dispatches.
    pub calls: u64,
    /// Dispatches that the device's clock was read around.
    pub timed: u64,
    /// Time of these on the device, seconds.
    pub seconds: f64,
}

/// Bytes that travelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransferCounts {
    /// From the computer to the device: points, queries, parameters.
    pub to_device_bytes: u64,
    /// From the device to the computer: results.
    pub from_device_bytes: u64,
}

/// The sums, by kernel.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    kernels: BTreeMap<&'static str, (u64, u64, f64)>,
}

impl Profile {
    /// Notes a dispatch.
    pub(crate) fn called(&mut self, name: &'static str) {
        self.kernels.entry(name).or_default().0 += 1;
    }

    /// Notes how long one took.
    pub(crate) fn took(&mut self, name: &'static str, seconds: f64) {
        let sums = self.kernels.entry(name).or_default();
        sums.1 += 1;
        sums.2 += seconds;
    }

    /// All kernels by name.
    pub(crate) fn times(&self) -> Vec<KernelTime> {
        let time = |(&name, &(calls, timed, seconds)): (&&'static str, &_)| KernelTime {
            name,
            calls,
            timed,
            seconds,
        };
        self.kernels.iter().map(time).collect()
    }
}
