//! Driver errors as typed errors.
//!
//! A driver complains in three ways: through an error scope (of the thread that made the call),
//! through a handler for errors that no scope caught, and by losing the device. A loss explains
//! every other error, so it is checked first.

use crate::device::handle::Device;
use isopach_compute::{Error, Result};
use std::{thread::sleep, time::Duration};

/// How long running work may keep a device from reporting its loss.
const LOSS_REPORT: Duration = Duration::from_secs(10);
/// How often the loss is looked for afterwards, and how long between two looks. Only after an
/// error.
const LOOKS: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

impl Device {
    /// Fails if the device is lost or an error was not caught by a scope.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::DeviceFault`].
    pub(crate) fn check_health(&self) -> Result<()> {
        if self.faults.is_lost() {
            return Err(self.faults.loss_error());
        }
        match self.faults.take_uncaught() {
            Some(message) => Err(self.driver_error(message)),
            None => Ok(()),
        }
    }

    /// A driver's error as ours: the loss, if it explains it.
    ///
    /// wgpu 30 complains about resources of a lost device before it reports the loss. It reports
    /// the loss when the device is polled and idle, on the thread that polled first: so this polls
    /// and waits.
    pub(crate) fn driver_error(&self, message: impl ToString) -> Error {
        if !self.faults.is_lost() {
            let _ = self.raw.poll(wgpu::PollType::Wait {
                submission_index: None,
                timeout: Some(LOSS_REPORT),
            });
            // Another thread may be about to mark the loss.
            (0..LOOKS)
                .take_while(|_| !self.faults.is_lost())
                .for_each(|_| sleep(BETWEEN_LOOKS));
        }
        self.faults.loss_or_fault(message)
    }

    /// Fails if a kernel reports that the driver ended one of its loops early: see threads.wgsl.
    ///
    /// # Errors
    /// As [`Self::ended_loop_error`].
    pub(crate) fn check_complete(&self, complete: bool) -> Result<()> {
        if complete {
            Ok(())
        } else {
            Err(self.ended_loop_error())
        }
    }

    /// The driver ended a loop early.
    pub(crate) fn ended_loop_error(&self) -> Error {
        self.faults
            .loss_or_fault("the driver ends loops that are as long as this work needs")
    }

    /// Calls the driver and returns what it complains about on this thread. `bytes` is the size of
    /// an allocation, 0 for anything else.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if the device itself is full; [`Error::DeviceLost`];
    /// [`Error::DeviceFault`] for any other complaint.
    pub(crate) fn with_error_scope<T>(
        &self,
        what: &'static str,
        bytes: u64,
        call: impl FnOnce() -> T,
    ) -> Result<T> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes =
            [OutOfMemory, Internal, Validation].map(|filter| self.raw.push_error_scope(filter));
        let result = call();
        let [memory, internal, validation] = scopes;
        // Innermost first.
        let complaints =
            [validation, internal, memory].map(|scope| pollster::block_on(scope.pop()));
        self.check_health()?;
        match complaints.into_iter().flatten().next() {
            None => Ok(result),
            Some(wgpu::Error::OutOfMemory { .. }) => Err(Error::OutOfMemory {
                what,
                requested: bytes,
                budget: 0,
                advice: "the device itself is full: lower the budget, or close other programs on it",
            }),
            Some(error) => Err(self.driver_error(format!("{what}: {error}"))),
        }
    }
}
