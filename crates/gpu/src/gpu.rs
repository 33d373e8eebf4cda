//! The backend: a device, and what becomes of it.

use crate::{
    Adapter, AdapterSelector, DoublePrecision, GpuOptions, KernelTime, OpenError, PointResidency,
    PoolCounts, TransferCounts, adapters, kernels, residency::Holding, session::Session,
};
use isopach_compute::{Compute, Device, Result};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};

/// A graphics processor. Copies are cheap and mean the same device; two that are opened on their
/// own know nothing of each other.
///
/// # Loss
///
/// A device can go away: it is pulled out, its driver starts anew, a kernel runs for too long.
/// Whatever was on it then answers [`isopach_compute::Error::DeviceLost`], so that a
/// [`isopach_compute::Dispatcher`] does that piece of work elsewhere. The first time, the device is
/// opened again for the next piece; the second time it stays lost.
#[derive(Clone)]
pub struct Gpu(Arc<Shared>);

struct Shared {
    wanted: AdapterSelector,
    adapter: Adapter,
    options: GpuOptions,
    life: Mutex<Life>,
}

struct Life {
    session: Arc<Session>,
    /// Whether it was opened again already.
    second: bool,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gpu")
            .field("adapter", &self.0.adapter.name)
            .field("options", &self.0.options)
            .finish()
    }
}

impl Compute for Gpu {
    fn device(&self) -> Device {
        Device {
            name: self.0.adapter.name.clone(),
            working_set_bytes: self.0.options.budget_bytes,
        }
    }

    fn precision(&self) -> &'static str {
        match self.0.options.double_precision {
            crate::DoublePrecision::Device => "as on a graphics processor, in double precision",
            _ => "as on a graphics processor, in single precision",
        }
    }

    fn holding(&self, coordinates: &[&[[i32; 3]]], work: &mut dyn FnMut()) {
        let held = match self.0.options.residency {
            PointResidency::WhileHeld => self
                .session()
                .ok()
                .map(|session| Holding::new(session, coordinates)),
            PointResidency::Never => None,
        };
        work();
        drop(held);
    }
}

impl Gpu {
    /// Opens a device. No kernel is compiled yet.
    ///
    /// # Errors
    /// [`OpenError`], with the reason.
    pub fn open(
        wanted: AdapterSelector,
        options: GpuOptions,
    ) -> std::result::Result<Self, OpenError> {
        let (adapter, session) = start(&wanted, &options)?;
        let life = Mutex::new(Life {
            session,
            second: false,
        });
        Ok(Self(Arc::new(Shared {
            wanted,
            adapter,
            options,
            life,
        })))
    }

    /// What was opened.
    #[must_use]
    pub fn adapter(&self) -> &Adapter {
        &self.0.adapter
    }

    /// What was chosen when it was opened.
    #[must_use]
    pub fn options(&self) -> &GpuOptions {
        &self.0.options
    }

    /// What its buffer pool did since the device was opened, or opened again.
    #[must_use]
    pub fn pool(&self) -> PoolCounts {
        self.life().session.pool.counts()
    }

    /// Bytes that travelled to the device and back since it was opened, or opened again.
    #[must_use]
    pub fn traffic(&self) -> TransferCounts {
        self.life().session.traffic()
    }

    /// How often each kernel ran since the device was opened, or opened again, and how long, where
    /// [`GpuOptions::timing`] says so.
    #[must_use]
    pub fn profile(&self) -> Vec<KernelTime> {
        let session = Arc::clone(&self.life().session);
        session.times()
    }

    /// Queries and pixels that were given back to the processor, because they lay too near to a
    /// border for f32 to decide, since the device was opened, or opened again.
    #[must_use]
    pub fn near_ties(&self) -> u64 {
        self.life().session.near_ties.load(Ordering::Relaxed)
    }

    /// The names of every kernel that this device has, whether it ran or not: what a profile is
    /// held against.
    #[must_use]
    pub fn kernels(&self) -> Vec<&'static str> {
        kernels::of(&self.life().session)
            .map(|kernel| kernel.name)
            .collect()
    }

    /// Compiles every kernel, which else happens when it is first needed.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceFault`] where the driver refuses one,
    /// [`isopach_compute::Error::DeviceLost`].
    pub fn warm_up(&self) -> Result<()> {
        let session = self.session()?;
        kernels::of(&session).try_for_each(|kernel| session.compiled(kernel).map(drop))
    }

    /// What was chosen and the device does not have, so that it works as by default.
    #[must_use]
    pub fn lacks(&self) -> Vec<&'static str> {
        let session = Arc::clone(&self.life().session);
        let GpuOptions {
            integers,
            reductions,
            double_precision,
            ..
        } = session.options;
        let lacking = [
            (
                integers != session.texts.integers,
                "whole numbers of 64 bits",
            ),
            (reductions != session.texts.reductions, "subgroups"),
            (
                double_precision == DoublePrecision::Device && !session.has_double_precision(),
                "double precision",
            ),
        ];
        lacking
            .into_iter()
            .filter_map(|(lacks, what)| lacks.then_some(what))
            .collect()
    }

    /// Loses the device, as if it had been pulled out: to see that the work goes on. The session
    /// hears of it as of any loss, by the callback that it installed.
    pub fn lose(&self) {
        let session = Arc::clone(&self.life().session);
        session.device.destroy();
        // wgpu 30 calls back when the device is looked at.
        let _ = session.device.poll(wgpu::PollType::Poll);
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.0.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The device, for a new piece of work. After a loss that nobody was told of, this tells it;
    /// after the first one that somebody was told of, the device is opened again.
    pub(crate) fn session(&self) -> Result<Arc<Session>> {
        let mut life = self.life();
        let faults = &life.session.faults;
        if faults.is_lost() {
            if faults.tell() || life.second {
                return Err(faults.loss());
            }
            life.second = true;
            // Where it cannot be opened again, it stays lost.
            let (_, session) =
                start(&self.0.wanted, &self.0.options).map_err(|_| life.session.faults.loss())?;
            life.session = session;
        }
        life.session.faults.check(&life.session.device)?;
        Ok(Arc::clone(&life.session))
    }
}

/// Finds the adapter and opens it.
fn start(
    wanted: &AdapterSelector,
    options: &GpuOptions,
) -> std::result::Result<(Adapter, Arc<Session>), OpenError> {
    let adapter = adapters::pick(wanted)?;
    let known = Adapter::of(&adapter);
    let name = || known.name.clone();
    let flags = adapter.get_downlevel_capabilities().flags;
    if !flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS) {
        return Err(OpenError::Lacks {
            name: name(),
            feature: "compute shaders",
        });
    }
    if known.limits.max_storage_buffers_per_shader_stage < 8
        || known.limits.max_compute_invocations_per_workgroup < 256
    {
        return Err(OpenError::Lacks {
            name: name(),
            feature: "eight buffers and 256 threads a workgroup",
        });
    }
    match Session::open(&adapter, options) {
        Ok(session) => Ok((known, session)),
        Err(error) => Err(OpenError::Refused {
            name: name(),
            reason: error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::{GpuOptions, testing};
    use isopach_compute::Error;

    /// As a driver would, not as [`crate::Gpu::lose`]: nobody but the callback that the session
    /// installed sets the flag.
    #[test]
    fn a_loss_that_only_the_callback_tells_of_is_a_loss() {
        let Some(gpu) = testing::open(GpuOptions::default()) else {
            return;
        };
        let session = gpu.session().unwrap();
        session.work().submit().unwrap().wait().unwrap();
        session.device.destroy();
        assert!(
            !session.faults.is_lost(),
            "wgpu 30 calls back when it is looked at"
        );
        let failed = session
            .work()
            .submit()
            .and_then(|submitted| submitted.wait().map(drop));
        assert!(
            matches!(failed, Err(Error::DeviceLost { .. })),
            "{failed:?}"
        );
        assert!(session.faults.is_lost());
        // Somebody was told: the next piece of work finds it open again.
        gpu.session()
            .unwrap()
            .work()
            .submit()
            .unwrap()
            .wait()
            .unwrap();
    }
}
