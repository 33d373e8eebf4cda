//! A device, its memory and its compiled kernels, in one value.

use crate::{
    device::handle::Device,
    memory::{
        bind_groups::BindGroupCache, buffer::Buffer, counts::TransferMeter, evict::Evict,
        pool::Pool, role::Role, texture::Texture, upload::Uploader,
    },
    options::GpuOptions,
    record::{
        kernel::Kernel,
        pipelines::{Pipeline, Pipelines},
        profile::{KernelTime, Profile},
        read_back::Completed,
        timing::PendingTimes,
        variant::KernelVariant,
    },
};
use bytemuck::Pod;
use isopach_compute::{Error, Result};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// A device with its buffers, pipelines and counts: the place where commands are recorded. Every
/// resource on the device keeps its recorder, and is lost with it.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) device: Arc<Device>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) bind_groups: Arc<BindGroupCache>,
    pub(crate) transfers: Arc<TransferMeter>,
    pub(crate) pipelines: Pipelines,
    pub(crate) options: GpuOptions,
    /// Which variant of each kernel the device runs.
    pub(crate) variant: KernelVariant,
    pub(crate) profile: Mutex<Profile>,
    /// Times of submissions that were not waited for.
    pub(crate) unread_times: Mutex<Vec<PendingTimes>>,
    uploader: Uploader,
    reevaluated_on_cpu: AtomicU64,
}

impl Recorder {
    /// `evictable` gives buffers back where the budget is short.
    pub(crate) fn new(
        device: Arc<Device>,
        evictable: Arc<dyn Evict>,
        options: &GpuOptions,
    ) -> Arc<Self> {
        let variant = KernelVariant::available_on(options, device.raw.features());
        let bind_groups = Arc::new(BindGroupCache::new(options.bindings));
        let pool = Arc::new(Pool::new(&device, evictable, &bind_groups, options));
        let transfers = Arc::default();
        Arc::new(Self {
            uploader: Uploader::new(&device, &pool, &transfers, options.upload),
            pipelines: Pipelines::new(&device, variant, options.loops),
            options: options.clone(),
            profile: Mutex::default(),
            unread_times: Mutex::default(),
            reevaluated_on_cpu: AtomicU64::new(0),
            variant,
            bind_groups,
            transfers,
            pool,
            device,
        })
    }

    /// A storage buffer of unknown content.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] over the budget or a limit of the device; [`Error::DeviceLost`].
    pub(crate) fn allocate_storage(&self, what: &'static str, bytes: u64) -> Result<Buffer> {
        self.pool.allocate(what, Role::Storage, bytes)
    }

    /// A storage buffer of `count` values: see [`Uploader::upload`].
    ///
    /// # Errors
    /// As [`Self::allocate_storage`].
    pub(crate) fn upload<T: Pod + Send + Sync>(
        &self,
        what: &'static str,
        count: usize,
        value: impl Fn(usize) -> T + Sync,
    ) -> Result<Buffer> {
        self.uploader.upload(what, count, value)
    }

    /// Overwrites `count` values from element `first` on: see [`Uploader::upload_into`].
    ///
    /// # Errors
    /// As [`Self::allocate_storage`].
    pub(crate) fn upload_into<T: Pod + Send + Sync>(
        &self,
        buffer: &Buffer,
        first: usize,
        count: usize,
        value: impl Fn(usize) -> T + Sync,
    ) -> Result<()> {
        self.uploader.upload_into(buffer, first, count, value)
    }

    /// A texture of an image of 8 bits, up to four bands; `None` if a side is beyond the device's
    /// limit.
    ///
    /// # Errors
    /// As [`Self::allocate_storage`].
    pub(crate) fn upload_texture(
        &self,
        what: &'static str,
        size: [usize; 2],
        bands: usize,
        samples: &[u8],
    ) -> Result<Option<Texture>> {
        let limit = self.device.raw.limits().max_texture_dimension_2d as usize;
        if size.iter().any(|&side| side > limit) {
            return Ok(None);
        }
        let size = size.map(|side| side as u32);
        let texture = self.pool.allocate_texture(what, size, bands)?;
        self.uploader.upload_image(&texture, samples, bands)?;
        Ok(Some(texture))
    }

    /// The kernel as this device runs it, compiled at its first use.
    pub(crate) fn pipeline(&self, kernel: &Kernel) -> Result<Arc<Pipeline>> {
        self.pipelines.get_or_compile(kernel)
    }

    /// Workgroups for a dispatch of `threads`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if one dispatch cannot have so many.
    pub(crate) fn workgroups_for(&self, kernel: &Kernel, threads: usize) -> Result<[u32; 2]> {
        let groups = kernel.workgroups_for(threads, self.device.max_workgroups);
        groups.ok_or(Error::Unsupported {
            operation: "run so many threads at once: use smaller tiles",
        })
    }

    /// Counts queries or pixels that the CPU evaluates again, because `f32` could not decide.
    pub(crate) fn count_reevaluated(&self, count: u64) {
        self.reevaluated_on_cpu.fetch_add(count, Ordering::Relaxed);
    }

    /// Queries and pixels that the CPU evaluated again so far.
    pub(crate) fn reevaluated_on_cpu(&self) -> u64 {
        self.reevaluated_on_cpu.load(Ordering::Relaxed)
    }

    /// How often and how long each kernel ran so far.
    pub(crate) fn kernel_times(&self) -> Vec<KernelTime> {
        let mut unread_times = self
            .unread_times
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let unread = std::mem::take(&mut *unread_times);
        drop(unread_times);
        let completed = Completed {
            device: Arc::clone(&self.device),
        };
        for times in unread {
            // A lost device has no more times to read.
            let _ = times.add_to(&self.profile, &completed);
        }
        self.profile
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .kernel_times()
    }
}
