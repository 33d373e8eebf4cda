//! How often and how long each kernel ran.

use std::collections::BTreeMap;

/// How often and how long one kernel ran.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// The kernel's name.
    pub name: &'static str,
    /// Dispatches.
    pub calls: u64,
    /// Dispatches that were timed by the device's clock.
    pub timed: u64,
    /// Time of the timed dispatches on the device, seconds.
    pub seconds: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    calls: u64,
    timed: u64,
    seconds: f64,
}

/// The sums behind [`KernelTime`], by kernel.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    kernels: BTreeMap<&'static str, Sums>,
}

impl Profile {
    /// Counts a dispatch.
    pub(crate) fn add_call(&mut self, name: &'static str) {
        self.kernels.entry(name).or_default().calls += 1;
    }

    /// Adds the time of a dispatch.
    pub(crate) fn add_time(&mut self, name: &'static str, seconds: f64) {
        let sums = self.kernels.entry(name).or_default();
        sums.timed += 1;
        sums.seconds += seconds;
    }

    /// Every kernel that ran, by name.
    pub(crate) fn kernel_times(&self) -> Vec<KernelTime> {
        self.kernels
            .iter()
            .map(|(&name, sums)| KernelTime {
                name,
                calls: sums.calls,
                timed: sums.timed,
                seconds: sums.seconds,
            })
            .collect()
    }
}
