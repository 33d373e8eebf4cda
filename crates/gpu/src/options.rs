//! Options of a device, chosen when it is opened.

use isopach_compute::{Error, Result};
use std::time::Duration;

/// How coordinates and other large inputs reach the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Upload {
    /// Converted straight into a ring of staging buffers, which stay allocated.
    #[default]
    Ring,
    /// Through the queue, which allocates for every call.
    Queue,
}

/// Whether buffers and bind groups that are no longer used are kept for the next use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BufferReuse {
    /// Kept: a buffer for the next request of its size, as long as the budget allows.
    #[default]
    Keep,
    /// Freed.
    Free,
}

/// Whether points that several operations use stay on the device: see
/// [`isopach_compute::Compute::pin`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointResidency {
    /// As long as they are pinned and the budget allows.
    #[default]
    WhilePinned,
    /// Never: each operation brings them again.
    Never,
}

/// Whether the device's clock times every kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KernelTiming {
    /// Not timed.
    #[default]
    Off,
    /// Timed, if the device has a clock: see `Gpu::kernel_times`.
    EveryKernel,
}

/// The smallest work that the device accepts. Smaller work is declined with
/// [`isopach_compute::Error::BelowMinimum`], so that the next backend does it.
///
/// The decision depends on the size alone, never on a measured time, so that results do not change
/// from run to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinimumWork {
    /// Points to index, rasterise or align, and places to look up in an image.
    pub points: usize,
    /// Pixels to invert for their emission measure.
    pub pixels: usize,
}

impl MinimumWork {
    /// The minimum that pays off on a discrete GPU. An estimate: `devices --bench --sweep` measures
    /// it on the device at hand.
    pub const ESTIMATE: Self = Self {
        points: 10_000,
        pixels: 4096,
    };

    /// Declines fewer points than the minimum.
    pub(crate) fn check_points(self, given: usize) -> Result<()> {
        check_minimum("points", given, self.points)
    }

    /// Declines fewer pixels than the minimum.
    pub(crate) fn check_pixels(self, given: usize) -> Result<()> {
        check_minimum("pixels", given, self.pixels)
    }
}

fn check_minimum(what: &'static str, given: usize, minimum: usize) -> Result<()> {
    if given >= minimum {
        return Ok(());
    }
    Err(Error::BelowMinimum {
        what,
        given,
        minimum,
    })
}

/// Whether the kernel compiler adds a counter to every loop, which ends it after 2⁶⁴ rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoopBounds {
    /// It does, as it must for kernels from untrusted sources.
    #[default]
    Counted,
    /// It does not: the loops of this crate's kernels end by themselves. Accesses outside a buffer
    /// are still caught.
    Plain,
}

/// How kernels compute with 64-bit integers: squared distances, and sums of squares in rasters.
/// Results are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WideIntegers {
    /// As pairs of 32 bits, on every device.
    #[default]
    Pairs,
    /// As 64-bit integers of the device (`SHADER_INT64`); as pairs if it has none.
    Native,
}

/// How the threads of a workgroup compute sums and maxima of integers. Results are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reductions {
    /// Through the workgroup's memory, on every device.
    #[default]
    Workgroup,
    /// Within each subgroup first (`SUBGROUP`); through the workgroup's memory if the device has
    /// none.
    Subgroups,
}

/// How searched points are laid out in the device's memory. Results are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointLayout {
    /// 16 bytes each, read at once: coordinates and the original number.
    #[default]
    WithNumbers,
    /// 12 bytes each, coordinates alone; the numbers follow after all points and are read only for
    /// points that are found.
    NumbersApart,
}

/// How images of 8 bits and up to four bands are held on the device. Results are the same bits for
/// pictures, and within the same tolerance for values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageStorage {
    /// In storage buffers, as all other images.
    #[default]
    Buffers,
    /// As textures of whole numbers, which kernels read texel by texel: their weights are their own,
    /// not the eight bits of a sampler. Three bands take the memory of four. Images with a side
    /// beyond the device's limit of textures are in buffers.
    Textures,
}

/// How medians along axes (M3C2 with [`isopach_neighbours::AxialStatistic::MedianIqr`]) are found.
/// Results are the same up to rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medians {
    /// By one kernel, whose threads have memory for few points and for many.
    #[default]
    OneKernel,
    /// By two kernels, one for few points, one for many: each needs less memory per thread.
    TwoKernels,
}

/// Where emission measures are inverted in double precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DoublePrecision {
    /// On the CPU: the device declines.
    #[default]
    Cpu,
    /// On the device, if it has double precision (`SHADER_F64`: Vulkan; slow on most consumer
    /// GPUs); else on the CPU.
    Device,
}

/// The precision in which emission measures, their errors and averaging kernels are copied back
/// from the device, after an inversion in single precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultPrecision {
    /// Single precision, four bytes per number.
    #[default]
    Single,
    /// Half precision, two bytes per number: each is off by up to 2⁻¹¹ = 4.9·10⁻⁴ of itself;
    /// numbers below 2⁻²⁸ of the largest of their row become zero. A row is the bins of a pixel, or
    /// a row of its averaging kernel. λ, χ², counts, iterations and statuses are those of
    /// [`ResultPrecision::Single`], and pixels that the CPU inverts again are in single precision.
    Half,
}

/// Options of a device, chosen when it is opened. The defaults are the faster choice where it was
/// measured. No option changes a result, except that [`Self::double_precision`] and
/// [`Self::results`] change its precision.
///
/// ```
/// use isopach_gpu::{GpuOptions, MinimumWork};
/// let options = GpuOptions {
///     budget_bytes: 2 << 30,
///     minimum_work: MinimumWork::ESTIMATE,
///     ..GpuOptions::default()
/// };
/// assert_eq!(options.minimum_work.points, 10_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuOptions {
    /// Bytes that all buffers together may take; 4 GiB by default. Requests beyond it fail with
    /// [`Error::OutOfMemory`] before the driver hears of them.
    pub budget_bytes: u64,
    /// The smallest work that is accepted; by default any.
    pub minimum_work: MinimumWork,
    /// Lowers the limit of workgroups in one dimension of a dispatch, to test how work is split.
    pub max_workgroups: Option<u32>,
    /// Lowers the limit of bytes that a kernel sees of one buffer, to test how work is split.
    pub max_binding_bytes: Option<u64>,
    /// Queries per submission, at most: enough to fill the device, few enough that results are
    /// copied back while the next are computed. Results do not depend on it.
    pub queries_at_once: usize,
    /// How large inputs reach the device.
    pub upload: Upload,
    /// Whether buffers are reused.
    pub reuse: BufferReuse,
    /// Whether bind groups, the lists of buffers that kernels are given, are reused.
    pub bindings: BufferReuse,
    /// Whether pinned points stay on the device from one operation to the next.
    pub residency: PointResidency,
    /// Whether kernels are timed.
    pub timing: KernelTiming,
    /// Whether the loops of kernels are counted.
    pub loops: LoopBounds,
    /// How kernels compute with 64-bit integers.
    pub integers: WideIntegers,
    /// How the threads of a workgroup compute sums.
    pub reductions: Reductions,
    /// How searched points are laid out in memory.
    pub points: PointLayout,
    /// How medians are found.
    pub medians: Medians,
    /// How images of 8 bits are held.
    pub images: ImageStorage,
    /// Where emission measures are inverted in double precision.
    pub double_precision: DoublePrecision,
    /// The precision in which results of inversions are copied back.
    pub results: ResultPrecision,
    /// How long a submission may run before the device counts as lost; 120 s by default. It is
    /// waited for twice, so that time in which the computer sleeps does not count.
    pub timeout: Duration,
}

impl Default for GpuOptions {
    fn default() -> Self {
        Self {
            budget_bytes: 4 << 30,
            minimum_work: MinimumWork::default(),
            max_workgroups: None,
            max_binding_bytes: None,
            queries_at_once: 1 << 22,
            upload: Upload::default(),
            reuse: BufferReuse::default(),
            bindings: BufferReuse::default(),
            residency: PointResidency::default(),
            timing: KernelTiming::default(),
            loops: LoopBounds::default(),
            integers: WideIntegers::default(),
            reductions: Reductions::default(),
            points: PointLayout::default(),
            medians: Medians::default(),
            images: ImageStorage::default(),
            double_precision: DoublePrecision::default(),
            results: ResultPrecision::default(),
            timeout: Duration::from_secs(120),
        }
    }
}
