//! [`InvertPixels`] on the device.
//!
//! | file | content |
//! |---|---|
//! | `single.wgsl`, `double.wgsl` | the two precisions: every kernel is one text for both, after one of these |
//! | `six.wgsl` | rows of six channels, and parts that kernels share |
//! | `solve.wgsl` | from counts to the solution, one thread a pixel; of these pieces: |
//! | `weights.wgsl` | weights, constraint, triangle |
//! | `turn.wgsl`, `decompose.wgsl` | rotations, and the decomposition by them |
//! | `grid.wgsl` | the grid of μ, and the choice of λ on it |
//! | `errors.wgsl` | the measure and its vertical error, one thread a pixel and bin |
//! | `horizontal.wgsl` | horizontal errors, one thread a pixel and four bins |
//! | `averaging.wgsl` | averaging kernels, if they are asked for |
//! | `precision` | the kernels of each precision |
//! | `parameters`, `tables` | the parameters and inputs of the kernels |
//! | `powers.wgsl` | powers of two, exactly |
//! | `outcome`, `store` | the results of `solve.wgsl`, and their way into the map |
//! | `halves.wgsl`, `pending_rows` | rows of results on their way back, in half precision if asked for |
//! | `batch` | a batch of pixels on its way through the device |
//!
//! The CPU screens pixels and channels, stores results in the map, and inverts again in double
//! precision the pixels that the device is not sure of, all by the code of its own version:
//! [`isopach_emission::backend`].

mod batch;
mod outcome;
mod parameters;
mod pending_rows;
mod precision;
mod store;
mod tables;

use crate::{
    gpu::Gpu, memory::batch_plan::BatchPlan, record::kernel::Kernel, record::recorder::Recorder,
};
use batch::{PixelBatch, RunningBatch};
use isopach_compute::{Error, Result};
use isopach_emission::{
    EmissionMap, Inversion, InvertPixels, Method, Observation, Outputs,
    backend::{self, Rows, Shared, Slab},
};
use outcome::{Numbers, SOLUTION, SolveOutcome};
use parameters::CHANNELS;
use pending_rows::{RowShape, are_halved, halving_threads, plan_rows};
use precision::Precision;
use std::sync::Arc;
use tables::Tables;

/// Pixels of a batch, at most. Two are in flight: one on the device while the results of the other
/// are stored.
const BATCH: usize = 1 << 18;

/// Threads of one dispatch, at most.
const THREADS: usize = 1 << 29;

/// The kernels of this operation.
pub(crate) const KERNELS: &[&Kernel] = &{
    let [solve, errors, horizontal, averaging] = precision::SINGLE.list();
    [solve, errors, horizontal, averaging, &pending_rows::HALVES]
};

/// Those that need double precision.
pub(crate) const KERNELS_IN_DOUBLE: &[&Kernel] = &precision::DOUBLE.list();

/// Up to six channels, with any number of bins. The device declines ([`Error::Unsupported`]) the
/// positive methods ([`Method`]), seven channels or more, given weights among which the reference
/// takes a row for "not given" ([`isopach_emission::Compatibility::Reference`]), a grid of more
/// than 2²⁰ points of μ, and responses that differ from one by more than 10³⁰ in the reference's
/// units; and double precision, unless [`crate::GpuOptions::double_precision`] asks for it and the
/// device has it.
///
/// A pixel's bits depend on nothing but the pixel: neither on other pixels nor on the batches.
impl InvertPixels for Gpu {
    fn invert(
        &self,
        inversion: &Inversion,
        observation: Observation<'_, f64>,
    ) -> Result<EmissionMap<f64>> {
        let session = self.session()?;
        require(
            session.device().has_double_precision(),
            "invert in double precision",
        )?;
        invert_pixels(self, inversion, &observation)
    }

    fn invert_single(
        &self,
        inversion: &Inversion,
        observation: Observation<'_, f32>,
    ) -> Result<EmissionMap<f32>> {
        invert_pixels(self, inversion, &observation)
    }
}

fn invert_pixels<T: Precision>(
    gpu: &Gpu,
    inversion: &Inversion,
    observation: &Observation<'_, T>,
) -> Result<EmissionMap<T>> {
    backend::invert_with_kernel(inversion, observation, |rows, slab| {
        gpu.options()
            .minimum_work
            .check_pixels(slab.pixel_count())?;
        check_supported(inversion)?;
        let shared = Shared::new(inversion, &inversion.discretised()?);
        require(
            (1e-30..1e30).contains(&shared.scale),
            "invert with a response so far from one",
        )?;
        run_batches(&gpu.session()?.recorder, &shared, rows, slab)
    })
}

/// Declines inversions that the kernels do not know.
fn check_supported(inversion: &Inversion) -> Result<()> {
    match inversion.method {
        Method::Regularised => {}
        Method::Positive | Method::NonNegative => {
            return require(false, "invert by a positive method (the CPU does)");
        }
    }
    require(
        inversion.channels() <= CHANNELS,
        "invert more than six channels",
    )?;
    require(
        !backend::ignores_given_weights(inversion),
        "leave some pixels' given weights out",
    )?;
    require(
        inversion.mu_samples <= 1 << 20,
        "search a grid of more than 2²⁰ points",
    )
}

fn require(supported: bool, operation: &'static str) -> Result<()> {
    if supported {
        Ok(())
    } else {
        Err(Error::Unsupported { operation })
    }
}

/// Inverts batch by batch; while the device works on one, the results of the one before are stored.
fn run_batches<T: Precision>(
    recorder: &Arc<Recorder>,
    shared: &Shared<'_, T, CHANNELS>,
    rows: Rows<'_, T>,
    mut slab: Slab<'_, T>,
) -> Result<()> {
    let tables = Tables::upload(recorder, shared)?;
    let at_once = pixels_at_once(recorder, shared, slab.pixel_count())?;
    let mut running: Option<RunningBatch<'_, '_, T>> = None;
    let mut first = 0;
    while slab.pixel_count() > 0 {
        let slab = slab.take_pixels(at_once.min(slab.pixel_count()));
        let numbers = first * shared.channels..(first + slab.pixel_count()) * shared.channels;
        let rows = Rows {
            counts: &rows.counts[numbers.clone()],
            sigma: &rows.sigma[numbers],
            first: rows.first + first,
        };
        first += slab.pixel_count();
        let batch = PixelBatch {
            recorder,
            shared,
            tables: &tables,
            rows,
        };
        if let Some(before) = running.replace(batch.submit(slab)?) {
            before.store_when_done()?;
        }
    }
    running.map_or(Ok(()), RunningBatch::store_when_done)
}

/// Pixels that fit the device, twice.
fn pixels_at_once<T: Precision>(
    recorder: &Recorder,
    shared: &Shared<'_, T, CHANNELS>,
    pixels: usize,
) -> Result<usize> {
    let mut plan = BatchPlan::new(&recorder.pool);
    for _ in 0..2 {
        plan = plan_pixel_buffers(plan, recorder, shared);
    }
    let bins = shared.response.len();
    let rows = if shared.inversion.outputs.averaging_kernel {
        bins
    } else {
        1
    };
    let halving = if are_halved::<T>(recorder) {
        halving_threads(rows)
    } else {
        1
    };
    let threads_per_pixel = (rows * bins).max(halving);
    let max_threads = (recorder.device.max_workgroups as usize)
        .saturating_pow(2)
        .saturating_mul(64)
        .min(THREADS);
    let max_pixels = (max_threads / threads_per_pixel).max(1);
    plan.max_batch(pixels.min(BATCH).min(max_pixels))
}

/// The buffers of one pixel.
fn plan_pixel_buffers<'a, T: Precision>(
    plan: BatchPlan<'a>,
    recorder: &Recorder,
    shared: &Shared<'_, T, CHANNELS>,
) -> BatchPlan<'a> {
    let Outputs {
        uncertainty,
        log_t_resolution,
        averaging_kernel,
    } = shared.inversion.outputs;
    let bins = shared.response.len();
    let number = size_of::<T>() as u64;
    let observed = 2 * number * shared.channels as u64;
    let mut plan = plan
        .buffer_per_item("counts and errors of the pixels", observed)
        .buffer_per_item("channels of the pixels", 4)
        .buffer_per_item("constraints", number * bins as u64)
        .buffer_per_item("solutions", SOLUTION as u64 * number)
        .result_per_item("numbers of the pixels", size_of::<Numbers<T>>() as u64)
        .result_per_item("what was found", size_of::<SolveOutcome>() as u64);
    for (what, wanted, rows) in [
        ("emission measures", true, 1),
        ("vertical errors", uncertainty, 1),
        ("horizontal errors", log_t_resolution, 1),
        ("averaging kernels", averaging_kernel, bins),
    ] {
        if wanted {
            let shape = RowShape { rows, length: bins };
            plan = plan_rows::<T>(plan, recorder, what, shape);
        }
    }
    plan
}
