//! The faults of a device: whether it is lost, and errors that no error scope caught.

use isopach_compute::Error;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// The faults of one device, from its opening to its loss. wgpu's callbacks write them.
#[derive(Debug)]
pub(crate) struct Faults {
    device_name: String,
    lost: AtomicBool,
    /// Whether a caller received the loss as an error.
    reported: AtomicBool,
    /// The first error that no scope caught.
    uncaught: Mutex<Option<String>>,
}

impl Faults {
    pub(crate) fn new(device_name: String) -> Self {
        Self {
            device_name,
            lost: AtomicBool::new(false),
            reported: AtomicBool::new(false),
            uncaught: Mutex::new(None),
        }
    }

    /// Marks the device as lost, for good.
    pub(crate) fn mark_lost(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Marks the loss as reported; returns whether this is its first report.
    pub(crate) fn mark_reported(&self) -> bool {
        !self.reported.swap(true, Ordering::SeqCst)
    }

    /// Remembers an error that no scope caught, unless one is remembered already.
    pub(crate) fn record_uncaught(&self, message: String) {
        self.uncaught
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(message);
    }

    /// Returns the remembered error, once.
    pub(crate) fn take_uncaught(&self) -> Option<String> {
        self.uncaught
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// The loss as an error; marks it as reported.
    pub(crate) fn loss_error(&self) -> Error {
        self.mark_reported();
        Error::DeviceLost {
            device: self.device_name.clone(),
        }
    }

    /// The loss if the device is known to be lost, else [`Error::DeviceFault`].
    pub(crate) fn loss_or_fault(&self, message: impl ToString) -> Error {
        if self.is_lost() {
            return self.loss_error();
        }
        Error::DeviceFault {
            device: self.device_name.clone(),
            what: message.to_string(),
        }
    }
}
