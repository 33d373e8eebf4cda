//! What went wrong on a device, as typed errors.
//!
//! A driver complains in three ways: through an error scope (of the thread that made the call),
//! through a handler for all that no scope caught, and by losing the device. The loss explains
//! everything else, so it is looked at first.

use isopach_compute::{Error, Result};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

/// How long something that runs may keep a device from saying that it is lost.
const LOSS: Duration = Duration::from_secs(10);
/// How often it is looked for afterwards, and after how long each time: only where something went
/// wrong.
const LOOKS: u32 = 50;
const LOOK: Duration = Duration::from_millis(2);

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
        Self {
            device,
            lost: AtomicBool::new(false),
            told: AtomicBool::new(false),
            uncaught: Mutex::new(None),
        }
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
        self.uncaught
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(what);
    }

    /// The loss as an error.
    pub(crate) fn loss(&self) -> Error {
        self.tell();
        Error::DeviceLost {
            device: self.device.clone(),
        }
    }

    /// A driver's mistake as an error; the loss, if it explains it. wgpu 30 complains of what
    /// belongs to a device that is gone before it says that it is gone: it does when it is looked
    /// at and nothing runs any more, on whichever thread looked first.
    pub(crate) fn fault(&self, device: &wgpu::Device, what: impl ToString) -> Error {
        if !self.is_lost() {
            let _ = device.poll(wgpu::PollType::Wait {
                submission_index: None,
                timeout: Some(LOSS),
            });
            // Another thread may be about to say so.
            (0..LOOKS)
                .take_while(|_| !self.is_lost())
                .for_each(|_| std::thread::sleep(LOOK));
        }
        self.mistake(what)
    }

    /// A mistake that has nothing to do with a loss which nobody told of yet.
    fn mistake(&self, what: impl ToString) -> Error {
        if self.is_lost() {
            return self.loss();
        }
        Error::DeviceFault {
            device: self.device.clone(),
            what: what.to_string(),
        }
    }

    /// Refuses results of kernels some of whose loops the driver ended: see threads.wgsl.
    pub(crate) fn complete(&self, complete: bool) -> Result<()> {
        if complete { Ok(()) } else { Err(self.ended()) }
    }

    /// A driver ended a loop.
    pub(crate) fn ended(&self) -> Error {
        self.mistake("its driver ends loops that are as long as this work needs")
    }

    /// Whether all is well.
    pub(crate) fn check(&self, device: &wgpu::Device) -> Result<()> {
        if self.is_lost() {
            return Err(self.loss());
        }
        match self
            .uncaught
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            Some(what) => Err(self.fault(device, what)),
            None => Ok(()),
        }
    }

    /// Does something on the device, and returns what it complains of on this thread. `bytes` is
    /// what is being allocated, 0 for nothing.
    pub(crate) fn scoped<T>(
        &self,
        device: &wgpu::Device,
        what: &'static str,
        bytes: u64,
        act: impl FnOnce() -> T,
    ) -> Result<T> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let [memory, internal, validation] =
            [OutOfMemory, Internal, Validation].map(|f| device.push_error_scope(f));
        let done = act();
        // Innermost first.
        let complaints =
            [validation, internal, memory].map(|scope| pollster::block_on(scope.pop()));
        self.check(device)?;
        match complaints.into_iter().flatten().next() {
            None => Ok(done),
            Some(wgpu::Error::OutOfMemory { .. }) => {
                let advice =
                    "the device itself is full: lower the budget, or close what else runs on it";
                Err(Error::OutOfMemory {
                    what,
                    requested: bytes,
                    budget: 0,
                    advice,
                })
            }
            Some(error) => Err(self.fault(device, format!("{what}: {error}"))),
        }
    }
}
