//! One life of a device: from when it is opened until it is lost.

use crate::{
    DoublePrecision, GpuOptions, KernelTime, KernelTiming, TransferCounts,
    bindings::Bindings,
    faults::Faults,
    kernel::{self, Compiled, Kernel},
    pool::{Buffer, Pool, Role},
    profile::Profile,
    residency::Residency,
    stage::Ring,
    texts::Texts,
    timing::Ticking,
    work::{Done, MAPPED, WAITING, Work},
};
use isopach_compute::{Error, Result};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

/// One life of a device. Whatever is on the device keeps the session that it was made in, and is
/// lost with it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) faults: Arc<Faults>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) bindings: Arc<Bindings>,
    /// Points that stay from one operation to the next.
    pub(crate) residency: Arc<Residency>,
    pub(crate) options: GpuOptions,
    /// Which texts its kernels are made of.
    pub(crate) texts: Texts,
    pub(crate) profile: Mutex<Profile>,
    /// Times of work that nobody waited for.
    pub(crate) unread: Mutex<Vec<Ticking>>,
    /// Workgroups in one dimension.
    pub(crate) most_groups: u32,
    /// What large inputs go through.
    pub(crate) ring: Mutex<Ring>,
    /// Queries that were given back to the processor because f32 could not decide.
    pub(crate) near_ties: AtomicU64,
    /// Bytes that travelled to the device, and back.
    pub(crate) travelled: [AtomicU64; 2],
    /// How every kernel's parameters are bound.
    pub(crate) parameters: wgpu::BindGroupLayout,
    compiled: Mutex<HashMap<&'static str, Arc<Compiled>>>,
}

impl Session {
    /// Opens the device.
    pub(crate) fn open(
        adapter: &wgpu::Adapter,
        options: &GpuOptions,
    ) -> std::result::Result<Arc<Self>, wgpu::RequestDeviceError> {
        let name = adapter.get_info().name;
        let mut limits = adapter.limits();
        let lower =
            |limit: &mut u64, most: Option<u64>| *limit = (*limit).min(most.unwrap_or(*limit));
        lower(
            &mut limits.max_storage_buffer_binding_size,
            options.most_binding_bytes,
        );
        let dimension = &mut limits.max_compute_workgroups_per_dimension;
        *dimension = (*dimension).min(options.most_groups.unwrap_or(*dimension));
        let mut features = adapter.features() & Texts::features(options);
        if options.timing == KernelTiming::EveryKernel {
            features |= adapter.features() & wgpu::Features::TIMESTAMP_QUERY;
        }
        if options.double_precision == DoublePrecision::Device {
            features |= adapter.features() & wgpu::Features::SHADER_F64;
        }
        let (device, queue) =
            pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
                label: Some("isopach"),
                required_features: features,
                required_limits: limits,
                ..Default::default()
            }))?;
        let faults = Arc::new(Faults::new(name));
        let uncaught = Arc::clone(&faults);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            uncaught.note(error.to_string())
        }));
        let loss = Arc::clone(&faults);
        device.set_device_lost_callback(move |_, _| loss.lose());
        let residency = Arc::new(Residency::default());
        let bindings = Arc::new(Bindings::new(options.bindings));
        Ok(Arc::new(Self {
            pool: Arc::new(Pool::new(&device, &faults, &residency, &bindings, options)),
            bindings,
            residency,
            profile: Mutex::default(),
            unread: Mutex::default(),
            most_groups: device.limits().max_compute_workgroups_per_dimension,
            ring: Mutex::default(),
            near_ties: AtomicU64::new(0),
            travelled: Default::default(),
            parameters: kernel::parameters(&device),
            compiled: Mutex::default(),
            texts: Texts::of(options, device.features()),
            options: options.clone(),
            device,
            queue,
            faults,
        }))
    }

    /// How often and how long each kernel ran so far.
    pub(crate) fn times(self: &Arc<Self>) -> Vec<KernelTime> {
        let unread =
            std::mem::take(&mut *self.unread.lock().unwrap_or_else(PoisonError::into_inner));
        let done = Done {
            session: Arc::clone(self),
        };
        for ticking in unread {
            // Of a device that was lost, there are no more.
            let _ = ticking.note(&done);
        }
        self.profile
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .times()
    }

    /// What travelled so far.
    pub(crate) fn traffic(&self) -> TransferCounts {
        let [to_device_bytes, from_device_bytes] = self
            .travelled
            .each_ref()
            .map(|bytes| bytes.load(Ordering::Relaxed));
        TransferCounts {
            to_device_bytes,
            from_device_bytes,
        }
    }

    /// Whether kernels may compute in double precision: it was asked for, and is there.
    pub(crate) fn has_double_precision(&self) -> bool {
        self.device.features().contains(wgpu::Features::SHADER_F64)
    }

    /// A buffer for kernels, of unknown content.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] over the budget or a limit of the device; [`Error::DeviceLost`].
    pub(crate) fn storage(&self, what: &'static str, bytes: u64) -> Result<Buffer> {
        self.pool.take(what, Role::Storage, bytes)
    }

    /// A new piece of work: commands that will be submitted together.
    pub(crate) fn work(self: &Arc<Self>) -> Work {
        Work::new(Arc::clone(self))
    }

    /// The kernel as this device runs it, compiled at its first use.
    pub(crate) fn compiled(&self, kernel: &Kernel) -> Result<Arc<Compiled>> {
        let cache = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = cache().get(kernel.name) {
            return Ok(Arc::clone(compiled));
        }
        let compiled = Compiled::new(self, kernel)?;
        Ok(Arc::clone(cache().entry(kernel.name).or_insert(compiled)))
    }

    /// Waits until a submission is done.
    ///
    /// Not in short steps: waits of wgpu 30 that time out can panic.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] also where the device's patience ends.
    pub(crate) fn wait(&self, submission: &wgpu::SubmissionIndex) -> Result<()> {
        let (submission_index, timeout) = (Some(submission.clone()), Some(self.options.patience));
        match self.device.poll(wgpu::PollType::Wait {
            submission_index,
            timeout,
        }) {
            Ok(_) => self.faults.check(&self.device),
            Err(wgpu::PollError::Timeout) => self.wait_longer(),
            Err(error) => Err(self.faults.fault(&self.device, error)),
        }
    }

    /// As long again, in steps that do not count while the computer sleeps, for all that was
    /// submitted.
    fn wait_longer(&self) -> Result<()> {
        const STEP: Duration = Duration::from_millis(10);
        let done = Arc::new(AtomicBool::new(false));
        let note = Arc::clone(&done);
        self.queue
            .on_submitted_work_done(move || note.store(true, Ordering::SeqCst));
        for _ in 0..self.options.patience.as_millis() / STEP.as_millis() + 1 {
            // whether the queue is empty says nothing about others' work
            let _ = self.device.poll(wgpu::PollType::Poll);
            self.faults.check(&self.device)?;
            if done.load(Ordering::SeqCst) {
                return Ok(());
            }
            std::thread::sleep(STEP);
        }
        self.faults.lose();
        Err(self.faults.loss())
    }

    /// Waits until a mapping that is due was made known: by whichever thread looks at the device
    /// first.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], also where the device's patience ends; [`Error::DeviceFault`] where
    /// it failed.
    pub(crate) fn mapped(&self, state: &AtomicU8) -> Result<()> {
        const STEP: Duration = Duration::from_micros(20);
        for _ in 0..self.options.patience.as_micros() / STEP.as_micros() + 1 {
            match state.load(Ordering::SeqCst) {
                MAPPED => return Ok(()),
                WAITING => {}
                _ => {
                    return Err(self
                        .faults
                        .fault(&self.device, "a buffer could not be mapped"));
                }
            }
            self.faults.check(&self.device)?;
            // whether the queue is empty is not asked
            let _ = self.device.poll(wgpu::PollType::Poll);
            std::thread::sleep(STEP);
        }
        self.faults.lose();
        Err(self.faults.loss())
    }

    /// Refuses what no dispatch can reach.
    pub(crate) fn groups(&self, kernel: &Kernel, threads: usize) -> Result<[u32; 2]> {
        let unsupported = Error::Unsupported {
            operation: "run so many threads at once: use smaller tiles",
        };
        kernel.groups(threads, self.most_groups).ok_or(unsupported)
    }
}
