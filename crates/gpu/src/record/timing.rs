//! The device's clock, read around kernels.

use crate::{
    device::handle::Device,
    memory::{pool::Pool, role::Role},
    options::KernelTiming,
    record::{
        profile::Profile,
        read_back::{Completed, PendingRead},
    },
};
use isopach_compute::Result;
use std::sync::{Mutex, PoisonError};

/// Dispatches of one submission that are timed; later ones are only counted.
const CAPACITY: u32 = 256;

/// Timestamps around the dispatches of one submission.
#[derive(Debug)]
pub(crate) struct Clock {
    queries: wgpu::QuerySet,
    names: Vec<&'static str>,
}

impl Clock {
    /// `None` if timing is off or the device has no clock.
    pub(crate) fn new(device: &Device, timing: KernelTiming) -> Option<Self> {
        let wanted = match timing {
            KernelTiming::Off => false,
            KernelTiming::EveryKernel => true,
        };
        if !wanted || !device.has_feature(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        let descriptor = wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: 2 * CAPACITY,
        };
        Some(Self {
            queries: device.raw.create_query_set(&descriptor),
            names: Vec::new(),
        })
    }

    /// Timestamps for one compute pass; `None` once the capacity is used up.
    pub(crate) fn time_pass(
        &mut self,
        name: &'static str,
    ) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let at = 2 * self.names.len() as u32;
        if at >= 2 * CAPACITY {
            return None;
        }
        self.names.push(name);
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(at),
            end_of_pass_write_index: Some(at + 1),
        })
    }

    /// Records that the timestamps are read back; `None` if nothing was timed.
    pub(crate) fn resolve(
        self,
        device: &Device,
        pool: &Pool,
        encoder: &mut wgpu::CommandEncoder,
    ) -> Result<Option<PendingTimes>> {
        let count = 2 * self.names.len();
        if count == 0 {
            return Ok(None);
        }
        let bytes = 8 * count as u64;
        let resolved = device.with_error_scope("timestamps", bytes, || {
            device.raw.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes.next_multiple_of(256),
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        })?;
        let to = pool.allocate("timestamps", Role::ReadBack, bytes)?;
        encoder.resolve_query_set(&self.queries, 0..count as u32, &resolved, 0);
        Ok(Some(PendingTimes {
            names: self.names,
            ticks: PendingRead::record(encoder, (&resolved, 0), to, count),
        }))
    }
}

/// Timestamps on their way back.
#[derive(Debug)]
pub(crate) struct PendingTimes {
    names: Vec<&'static str>,
    ticks: PendingRead<u64>,
}

impl PendingTimes {
    /// Adds them to the profile.
    pub(crate) fn add_to(self, profile: &Mutex<Profile>, completed: &Completed) -> Result<()> {
        let ticks = completed.copy_out(self.ticks)?;
        let period = f64::from(completed.device.queue.get_timestamp_period());
        let seconds_per_tick = 1e-9 * period;
        let mut profile = profile.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, pair) in self.names.into_iter().zip(ticks.chunks_exact(2)) {
            let ticks = pair[1].saturating_sub(pair[0]);
            profile.add_time(name, ticks as f64 * seconds_per_tick);
        }
        Ok(())
    }
}
