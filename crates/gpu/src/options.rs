//! What can be chosen when a device is opened.

use isopach_compute::{Error, Result};
use std::time::Duration;

/// How coordinates and other large inputs reach the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Upload {
    /// Converted straight into a ring of buffers that stay allocated and are mapped again and
    /// again.
    #[default]
    Ring,
    /// Through the queue, which allocates anew at every call.
    Queue,
}

/// What becomes of something that is no longer needed, and may be needed again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BufferReuse {
    /// It is kept: a buffer for the next of its size, as long as the budget allows.
    #[default]
    Keep,
    /// It is freed.
    Free,
}

/// Whether points that several operations use stay on the device: see
/// [`isopach_compute::Compute::holding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointResidency {
    /// As long as they are held, and the budget is not needed for something else.
    #[default]
    WhileHeld,
    /// No: each operation brings them anew.
    Never,
}

/// Whether the device's clock is read around every kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KernelTiming {
    /// No.
    #[default]
    Off,
    /// Yes, where the device has a clock: see [`crate::Gpu::profile`].
    EveryKernel,
}

/// Work below which a device is not worth starting: it is declined with
/// [`isopach_compute::Error::BelowMinimum`], so that the next backend does it.
///
/// Whether a piece of work is declined depends on its size alone, never on how long something took:
/// results do not change from run to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinimumWork {
    /// Points to be indexed, rasterised or aligned.
    pub points: usize,
    /// Pixels whose emission measure is wanted.
    pub pixels: usize,
}

impl MinimumWork {
    /// What a device on its own card is likely to need. An estimate, not a measurement: the example
    /// `devices --bench --sweep` tells where the border lies on the device at hand.
    pub const ESTIMATE: Self = Self {
        points: 10_000,
        pixels: 4096,
    };

    /// Declines fewer points than it takes.
    pub(crate) fn points(self, given: usize) -> Result<()> {
        at_least("points", given, self.points)
    }

    /// Declines fewer pixels than it takes.
    pub(crate) fn pixels(self, given: usize) -> Result<()> {
        at_least("pixels", given, self.pixels)
    }
}

fn at_least(what: &'static str, given: usize, least: usize) -> Result<()> {
    if given < least {
        Err(Error::BelowMinimum { what, given, least })
    } else {
        Ok(())
    }
}

/// Whether the compiler of kernels puts a counter into every loop, which ends it after 2⁶⁴ rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoopBounds {
    /// It does, as it must for kernels that nobody has looked at.
    #[default]
    Counted,
    /// It does not: the loops of all kernels here end by themselves. What is read or written
    /// outside of a buffer is caught all the same. A switch until a device has told whether it
    /// gains anything.
    Plain,
}

/// How kernels compute with whole numbers of 64 bits: squared distances, and sums of squares in
/// rasters. Results are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WideIntegers {
    /// As pairs of 32 bits, which every device has.
    #[default]
    Pairs,
    /// As the device's own (`SHADER_INT64`); as pairs where it has none.
    Native,
}

/// How threads of a workgroup find sums and maxima of whole numbers together. Results are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reductions {
    /// Through the workgroup's memory, which every device has.
    #[default]
    Workgroup,
    /// Within each subgroup first (`SUBGROUP`); as above where the device has none.
    Subgroups,
}

/// How points that are searched lie in the device's memory. Results are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PointLayout {
    /// 16 bytes each, which are read at once: coordinates, and the original number.
    #[default]
    WithNumbers,
    /// 12 bytes each, coordinates alone; the numbers lie behind all points, and are read of those
    /// that are found.
    NumbersApart,
}

/// How medians along axes (M3C2 with [`isopach_neighbours::AxialStatistic::MedianIqr`]) are found.
/// Results are the same, but for rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medians {
    /// By one kernel, whose threads have memory for few points and for many.
    #[default]
    OneKernel,
    /// By two, one for few points, then one for many: each has less memory a thread.
    TwoKernels,
}

/// Where emission measure is inverted in double precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DoublePrecision {
    /// On the processor: the device declines.
    #[default]
    Processor,
    /// On the device, where it has double precision (`SHADER_F64`: Vulkan, and slow on most cards
    /// that are not made for it); else as above.
    Device,
}

/// How emission measures, their errors and averaging kernels come back from the device, where they
/// are inverted in single precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultPrecision {
    /// As they are, four bytes a number.
    #[default]
    Single,
    /// As halves, two bytes a number: each is off by up to 2⁻¹¹ of itself, which is up to 2⁻¹¹ =
    /// 4.9·10⁻⁴ of a pixel's largest; numbers below 2⁻²⁸ of the largest of their row become zero. A
    /// row is the bins of a pixel, or a row of its averaging kernel. λ, χ², counts, iterations and
    /// statuses are those of [`ResultPrecision::Single`], and pixels that the processor inverts
    /// again are in single precision.
    Half,
}

/// What can be chosen when a device is opened. The default is what was faster where it was
/// measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuOptions {
    /// Bytes that all buffers together may take. What does not fit is refused before the driver
    /// hears of it.
    pub budget_bytes: u64,
    /// Work below which it is declined; by default nothing is too little.
    pub least: MinimumWork,
    /// Workgroups in one dimension of a dispatch: fewer than the device has, to see that the work
    /// is split rightly.
    pub most_groups: Option<u32>,
    /// Bytes that a kernel may see of one buffer: fewer than the device allows, to see that the
    /// work is split rightly.
    pub most_binding_bytes: Option<u64>,
    /// Queries of one submission, at most: enough to fill the device, few enough that results
    /// travel while the next are found. Results do not depend on it.
    pub queries_at_once: usize,
    /// How large inputs reach the device.
    pub upload: Upload,
    /// What becomes of buffers.
    pub reuse: BufferReuse,
    /// What becomes of the lists of buffers that kernels are given.
    pub bindings: BufferReuse,
    /// Whether points stay from one operation on a tile to the next.
    pub residency: PointResidency,
    /// Whether kernels are timed.
    pub timing: KernelTiming,
    /// Whether loops of kernels are counted.
    pub loops: LoopBounds,
    /// How whole numbers of 64 bits are computed with.
    pub integers: WideIntegers,
    /// How threads of a workgroup find sums.
    pub reductions: Reductions,
    /// How points that are searched lie in memory.
    pub points: PointLayout,
    /// How medians are found.
    pub medians: Medians,
    /// Where emission measure is inverted in double precision.
    pub double_precision: DoublePrecision,
    /// How results of inversions come back.
    pub results: ResultPrecision,
    /// How long a piece of work may run before the device counts as lost. Waited for twice, so that
    /// a computer that slept in between is forgiven.
    pub patience: Duration,
}

impl Default for GpuOptions {
    fn default() -> Self {
        Self {
            budget_bytes: 4 << 30,
            least: MinimumWork::default(),
            most_groups: None,
            most_binding_bytes: None,
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
            double_precision: DoublePrecision::default(),
            results: ResultPrecision::default(),
            patience: Duration::from_secs(120),
        }
    }
}
