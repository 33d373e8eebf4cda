//! The state of a buffer mapping that the driver completes on any thread.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

const PENDING: u8 = 0;
const MAPPED: u8 = 1;
const FAILED: u8 = 2;

/// The outcome of a request to map a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mapping {
    /// The driver has not answered yet.
    Pending,
    /// The buffer is mapped.
    Mapped,
    /// The driver refused.
    Failed,
}

/// The state of one mapping, shared with the callback that the driver calls.
#[derive(Clone, Debug)]
pub(crate) struct MapState(Arc<AtomicU8>);

impl MapState {
    /// A mapping that was not answered yet.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(PENDING)))
    }

    /// Goes back to [`Mapping::Pending`], before the buffer is mapped again.
    pub(crate) fn reset(&self) {
        self.0.store(PENDING, Ordering::SeqCst);
    }

    pub(crate) fn load(&self) -> Mapping {
        match self.0.load(Ordering::SeqCst) {
            MAPPED => Mapping::Mapped,
            FAILED => Mapping::Failed,
            _ => Mapping::Pending,
        }
    }

    /// The callback for wgpu that stores the outcome.
    pub(crate) fn callback(
        &self,
    ) -> impl FnOnce(Result<(), wgpu::BufferAsyncError>) + Send + 'static {
        let state = Arc::clone(&self.0);
        move |outcome| {
            let value = if outcome.is_ok() { MAPPED } else { FAILED };
            state.store(value, Ordering::SeqCst);
        }
    }
}
