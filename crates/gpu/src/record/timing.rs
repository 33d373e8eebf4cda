//! Reading the device's clock around kernels.

use crate::{
    KernelTiming,
    pool::{Buffer, Role},
    session::Session,
    work::{Done, FAILED, MAPPED, Reading, WAITING},
};
use isopach_compute::Result;
use std::sync::{
    Arc, PoisonError,
    atomic::{AtomicU8, Ordering},
};

/// Kernels of one piece of work that are timed; what comes after them is only counted.
const MOST: u32 = 256;

/// The clock of one piece of work.
#[derive(Debug)]
pub(crate) struct Clock {
    queries: wgpu::QuerySet,
    names: Vec<&'static str>,
}

impl Clock {
    /// `None` where there is no clock, or nobody wants to know.
    pub(crate) fn new(session: &Session) -> Option<Self> {
        let feature = wgpu::Features::TIMESTAMP_QUERY;
        if session.options.timing == KernelTiming::Off
            || !session.device.features().contains(feature)
        {
            return None;
        }
        let descriptor = wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: 2 * MOST,
        };
        Some(Self {
            queries: session.device.create_query_set(&descriptor),
            names: Vec::new(),
        })
    }

    /// Times the pass that this goes into.
    pub(crate) fn around(
        &mut self,
        name: &'static str,
    ) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let at = 2 * self.names.len() as u32;
        if at >= 2 * MOST {
            return None;
        }
        self.names.push(name);
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(at),
            end_of_pass_write_index: Some(at + 1),
        })
    }

    /// Records that the times are to be brought back.
    pub(crate) fn resolve(
        self,
        session: &Session,
        encoder: &mut wgpu::CommandEncoder,
    ) -> Result<Option<Ticking>> {
        let count = 2 * self.names.len();
        if count == 0 {
            return Ok(None);
        }
        let bytes = 8 * count as u64;
        let device = &session.device;
        let resolved = session.faults.scoped(device, "timestamps", bytes, || {
            let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
            let size = bytes.next_multiple_of(256);
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage,
                mapped_at_creation: false,
            })
        })?;
        let to: Buffer = session.pool.take("timestamps", Role::ReadBack, bytes)?;
        encoder.resolve_query_set(&self.queries, 0..count as u32, &resolved, 0);
        encoder.copy_buffer_to_buffer(&resolved, 0, to.raw(), 0, bytes);
        let state = Arc::new(AtomicU8::new(WAITING));
        let mapped = Arc::clone(&state);
        encoder.map_buffer_on_submit(to.raw(), wgpu::MapMode::Read, 0..bytes, move |outcome| {
            mapped.store(
                if outcome.is_ok() { MAPPED } else { FAILED },
                Ordering::SeqCst,
            );
        });
        Ok(Some(Ticking {
            names: self.names,
            reading: Reading::of(to, count, state),
        }))
    }
}

/// Times on their way back.
#[derive(Debug)]
pub(crate) struct Ticking {
    names: Vec<&'static str>,
    reading: Reading<u64>,
}

impl Ticking {
    /// Adds them to the profile.
    pub(crate) fn note(self, done: &Done) -> Result<()> {
        let ticks = done.take(self.reading)?;
        let second = 1e-9 * f64::from(done.session.queue.get_timestamp_period());
        let mut profile = done
            .session
            .profile
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (name, pair) in self.names.into_iter().zip(ticks.chunks_exact(2)) {
            profile.took(name, pair[1].saturating_sub(pair[0]) as f64 * second);
        }
        Ok(())
    }
}
