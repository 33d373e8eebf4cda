//! What went wrong on a device, as typed errors.
//!
//! A driver complains in three ways: through an error scope (of the thread that made the call), through a handler for all that no scope
//! caught, and by losing the device. The loss explains everything else, so it is looked at first.

use isopach_compute::{Error, Result};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// The faults of one life of a device.
#[derive(Debug)]
pub(crate) struct Faults {
    device: String,
    lost: AtomicBool,
    /// Whether anyone was told of the loss.
    told: AtomicBool,
    /// The first error that no scope caught.
    uncaught: Mutex<Option<String>>,
}

impl Faults {
    pub(crate) fn new(device: String) -> Self {
        Self { device, lost: AtomicBool::new(false), told: AtomicBool::new(false), uncaught: Mutex::new(None) }
    }

    /// The device is gone.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Whether this is the first time that somebody is told of the loss.
    pub(crate) fn tell(&self) -> bool {
        !self.told.swap(true, Ordering::SeqCst)
    }

    /// Remembers an error that no scope caught, unless there is one already.
    pub(crate) fn note(&self, what: String) {
        self.uncaught.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
    }

    /// The loss as an error.
    pub(crate) fn loss(&self) -> Error {
        self.tell();
        Error::DeviceLost { device: self.device.clone() }
    }

    /// A driver's or kernel's mistake as an error; the loss, if it explains it.
    pub(crate) fn fault(&self, what: impl ToString) -> Error {
        if self.is_lost() {
            return self.loss();
        }
        Error::DeviceFault { device: self.device.clone(), what: what.to_string() }
    }

    /// Refuses results of kernels some of whose loops the driver ended: see threads.wgsl.
    pub(crate) fn complete(&self, complete: bool) -> Result<()> {
        if complete { Ok(()) } else { Err(self.ended()) }
    }

    /// A driver ended a loop.
    pub(crate) fn ended(&self) -> Error {
        self.fault("its driver ends loops that are as long as this work needs")
    }

    /// Whether all is well.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_lost() {
            return Err(self.loss());
        }
        match self.uncaught.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(what) => Err(self.fault(what)),
            None => Ok(()),
        }
    }

    /// Does something on the device, and returns what it complains of on this thread. `bytes` is what is being allocated, 0 for nothing.
    pub(crate) fn scoped<T>(
        &self,
        device: &wgpu::Device,
        what: &'static str,
        bytes: u64,
        act: impl FnOnce() -> T,
    ) -> Result<T> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let [memory, internal, validation] = [OutOfMemory, Internal, Validation].map(|f| device.push_error_scope(f));
        let done = act();
        // Innermost first.
        let complaints = [validation, internal, memory].map(|scope| pollster::block_on(scope.pop()));
        self.check()?;
        match complaints.into_iter().flatten().next() {
            None => Ok(done),
            Some(wgpu::Error::OutOfMemory { .. }) => {
                let advice = "the device itself is full: lower the budget, or close what else runs on it";
                Err(Error::OutOfMemory { what, requested: bytes, budget: 0, advice })
            }
            Some(error) => Err(self.fault(format!("{what}: {error}"))),
        }
    }
}
