//! The GPU backend: an open device, and its reopening after a loss.

use crate::{
    adapters::{self, Adapter, AdapterSelector, OpenError},
    memory::counts::{PoolCounts, TransferCounts},
    options::{DoublePrecision, GpuOptions, PointResidency},
    record::profile::KernelTime,
    session::Session,
};
use isopach_compute::{Compute, Device, PinGuard, Result};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A GPU, as a backend for every capability.
///
/// A clone is cheap and means the same device. Two that are opened separately share nothing.
///
/// # Loss
///
/// A device can be lost: it is unplugged, its driver restarts, or a kernel exceeds
/// [`GpuOptions::timeout`]. Everything on it then answers
/// [`isopach_compute::Error::DeviceLost`], so that an [`isopach_compute::Dispatcher`] does that
/// piece of work elsewhere. After the first loss, the next piece of work reopens the device; a
/// second loss is final.
///
/// ```no_run
/// use isopach_compute::{Cpu, Dispatcher};
/// use isopach_gpu::{AdapterSelector, Gpu, GpuOptions};
/// use isopach_neighbours::NeighbourSearch;
/// use std::sync::Arc;
/// let gpu = Gpu::open(AdapterSelector::Best, GpuOptions::default())?;
/// let backends: Dispatcher<dyn NeighbourSearch> =
///     Dispatcher::new(vec![Arc::new(gpu), Arc::new(Cpu)]);
/// # Ok::<(), isopach_gpu::OpenError>(())
/// ```
#[derive(Clone)]
pub struct Gpu(Arc<Shared>);

struct Shared {
    selector: AdapterSelector,
    adapter: Adapter,
    options: GpuOptions,
    life: Mutex<Life>,
}

struct Life {
    session: Arc<Session>,
    /// Whether the device was reopened already.
    reopened: bool,
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
        }
    }

    fn precision(&self) -> &'static str {
        // Words in the manifests of unfinished runs: they must not change.
        match self.0.options.double_precision {
            DoublePrecision::Device => "as on a graphics processor, in double precision",
            DoublePrecision::Cpu => "as on a graphics processor, in single precision",
        }
    }

    fn pin<'a>(&'a self, coordinates: &[&'a [[i32; 3]]]) -> PinGuard<'a> {
        match self.0.options.residency {
            // If the device is lost, an operation that needs it reports the loss.
            PointResidency::WhilePinned => self.session().map_or_else(
                |_| PinGuard::none(),
                |session| PinGuard::new(session.pin_points(coordinates)),
            ),
            PointResidency::Never => PinGuard::none(),
        }
    }
}

impl Gpu {
    /// Opens a device. No kernel is compiled yet.
    ///
    /// ```no_run
    /// use isopach_gpu::{AdapterSelector, Gpu, GpuOptions};
    /// let gpu = Gpu::open(AdapterSelector::Named("H200".into()), GpuOptions::default())?;
    /// println!("{} through {:?}", gpu.adapter().name, gpu.adapter().interface);
    /// # Ok::<(), isopach_gpu::OpenError>(())
    /// ```
    ///
    /// # Errors
    /// [`OpenError`], with the reason.
    pub fn open(
        selector: AdapterSelector,
        options: GpuOptions,
    ) -> std::result::Result<Self, OpenError> {
        let opened = open_session(&selector, &options)?;
        Ok(Self(Arc::new(Shared {
            selector,
            adapter: opened.adapter,
            options,
            life: Mutex::new(Life {
                session: Arc::new(opened.session),
                reopened: false,
            }),
        })))
    }

    /// The adapter that was opened.
    #[must_use]
    pub fn adapter(&self) -> &Adapter {
        &self.0.adapter
    }

    /// The options it was opened with.
    #[must_use]
    pub fn options(&self) -> &GpuOptions {
        &self.0.options
    }

    /// Counts of the buffer pool since the device was opened or reopened.
    #[must_use]
    pub fn pool_counts(&self) -> PoolCounts {
        self.current_session().recorder.pool.counts()
    }

    /// Bytes copied to the device and back since it was opened or reopened.
    #[must_use]
    pub fn transfer_counts(&self) -> TransferCounts {
        self.current_session().recorder.transfers.counts()
    }

    /// How often each kernel ran since the device was opened or reopened; with
    /// [`crate::KernelTiming::EveryKernel`] also how long, in seconds.
    #[must_use]
    pub fn kernel_times(&self) -> Vec<KernelTime> {
        self.current_session().recorder.kernel_times()
    }

    /// Queries and pixels that the CPU evaluated again, because they are too near to a border for
    /// `f32` to decide, since the device was opened or reopened.
    #[must_use]
    pub fn reevaluated_on_cpu(&self) -> u64 {
        self.current_session().recorder.reevaluated_on_cpu()
    }

    /// Features that the options ask for and the device lacks, so that it works without them.
    #[must_use]
    pub fn missing_features(&self) -> Vec<&'static str> {
        let session = self.current_session();
        let (options, variant) = (&session.recorder.options, session.recorder.variant);
        let mut missing = Vec::new();
        if options.integers != variant.integers {
            missing.push("64-bit integers");
        }
        if options.reductions != variant.reductions {
            missing.push("subgroups");
        }
        if options.double_precision == DoublePrecision::Device
            && !session.device().has_double_precision()
        {
            missing.push("double precision");
        }
        missing
    }

    /// Loses the device as if it had been unplugged, to test that the work goes on.
    pub fn simulate_loss(&self) {
        let session = self.current_session();
        session.device().destroy();
        // wgpu 30 runs the loss callback at a poll.
        let _ = session.device().raw.poll(wgpu::PollType::Poll);
    }

    fn lock_life(&self) -> MutexGuard<'_, Life> {
        self.0.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The latest session, lost or not.
    pub(crate) fn current_session(&self) -> Arc<Session> {
        Arc::clone(&self.lock_life().session)
    }

    /// The session for a new piece of work.
    ///
    /// # Errors
    /// [`isopach_compute::Error::DeviceLost`] once after a loss; the next call reopens the device.
    /// After a second loss, always.
    pub(crate) fn session(&self) -> Result<Arc<Session>> {
        let mut life = self.lock_life();
        let lost = Arc::clone(&life.session.device().faults);
        if lost.is_lost() {
            if lost.mark_reported() || life.reopened {
                return Err(lost.loss_error());
            }
            life.reopened = true;
            // If it cannot be opened again, it stays lost.
            let opened =
                open_session(&self.0.selector, &self.0.options).map_err(|_| lost.loss_error())?;
            life.session = Arc::new(opened.session);
        }
        life.session.device().check_health()?;
        Ok(Arc::clone(&life.session))
    }
}

struct Opened {
    adapter: Adapter,
    session: Session,
}

/// Finds the adapter, checks that it can run the kernels, and opens it.
fn open_session(
    selector: &AdapterSelector,
    options: &GpuOptions,
) -> std::result::Result<Opened, OpenError> {
    let raw = adapters::select_adapter(selector)?;
    let adapter = Adapter::describe(&raw);
    if !adapter.features.compute_shaders {
        return Err(OpenError::Lacks {
            name: adapter.name,
            feature: "compute shaders",
        });
    }
    if adapter.limits.storage_buffers_per_kernel < 8 || adapter.limits.threads_per_workgroup < 256 {
        return Err(OpenError::Lacks {
            name: adapter.name,
            feature: "eight buffers and 256 threads per workgroup",
        });
    }
    match Session::open(&raw, options) {
        Ok(session) => Ok(Opened { adapter, session }),
        Err(error) => Err(OpenError::Refused {
            name: adapter.name,
            reason: error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::{GpuOptions, testing};
    use isopach_compute::Error;

    /// As a driver does it: only the callback that was installed at the opening marks the loss.
    #[test]
    fn a_loss_that_only_the_callback_reports_is_a_loss() {
        let Some(gpu) = testing::open(GpuOptions::default()) else {
            return;
        };
        let session = gpu.session().unwrap();
        session
            .recorder
            .begin_commands()
            .submit()
            .unwrap()
            .wait()
            .unwrap();
        session.device().destroy();
        assert!(
            !session.device().faults.is_lost(),
            "wgpu 30 calls back at the next poll"
        );
        let failed = session
            .recorder
            .begin_commands()
            .submit()
            .and_then(|submitted| submitted.wait().map(drop));
        assert!(
            matches!(failed, Err(Error::DeviceLost { .. })),
            "{failed:?}"
        );
        assert!(session.device().faults.is_lost());
        // The loss was reported: the next piece of work opens the device again.
        gpu.session()
            .unwrap()
            .recorder
            .begin_commands()
            .submit()
            .unwrap()
            .wait()
            .unwrap();
    }
}
