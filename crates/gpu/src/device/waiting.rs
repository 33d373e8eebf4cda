//! Waiting for submissions and mappings.

use crate::device::{
    handle::Device,
    map_state::{MapState, Mapping},
};
use isopach_compute::Result;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::Duration,
};

impl Device {
    /// Waits until a submission is done.
    ///
    /// Not in short steps: waits of wgpu 30 that time out can panic.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`], also after the timeout.
    pub(crate) fn wait_submission(&self, submission: &wgpu::SubmissionIndex) -> Result<()> {
        let outcome = self.raw.poll(wgpu::PollType::Wait {
            submission_index: Some(submission.clone()),
            timeout: Some(self.timeout),
        });
        match outcome {
            Ok(_) => self.check_health(),
            Err(wgpu::PollError::Timeout) => self.wait_again(),
            Err(error) => Err(self.driver_error(error)),
        }
    }

    /// Waits for everything submitted, once more as long as the timeout, in steps that do not count
    /// while the computer sleeps.
    fn wait_again(&self) -> Result<()> {
        const STEP: Duration = Duration::from_millis(10);
        let done = Arc::new(AtomicBool::new(false));
        let mark_done = Arc::clone(&done);
        self.queue
            .on_submitted_work_done(move || mark_done.store(true, Ordering::SeqCst));
        for _ in 0..self.timeout.as_millis() / STEP.as_millis() + 1 {
            // Whether the queue is empty says nothing: other threads submit too.
            let _ = self.raw.poll(wgpu::PollType::Poll);
            self.check_health()?;
            if done.load(Ordering::SeqCst) {
                return Ok(());
            }
            sleep(STEP);
        }
        self.faults.mark_lost();
        Err(self.faults.loss_error())
    }

    /// Waits until a mapping, whose submission is done, is answered by the driver. The thread that
    /// polls first runs the callback.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`], also after the timeout;
    /// [`isopach_compute::Error::DeviceFault`] if the mapping failed.
    pub(crate) fn wait_mapping(&self, state: &MapState) -> Result<()> {
        const STEP: Duration = Duration::from_micros(20);
        for _ in 0..self.timeout.as_micros() / STEP.as_micros() + 1 {
            match state.load() {
                Mapping::Mapped => return Ok(()),
                Mapping::Failed => return Err(self.driver_error("a buffer could not be mapped")),
                Mapping::Pending => {}
            }
            self.check_health()?;
            let _ = self.raw.poll(wgpu::PollType::Poll);
            sleep(STEP);
        }
        self.faults.mark_lost();
        Err(self.faults.loss_error())
    }
}
