//! [`InvertPixels`] on the device.
//!
//! | file | what it is |
//! |---|---|
//! | `single.wgsl`, `double.wgsl` | the two precisions: every kernel is one text for both, after one of these |
//! | `six.wgsl` | rows of six channels, and what kernels share |
//! | `solve.wgsl` | from counts to the solution, one thread a pixel; of these pieces: |
//! | `weights.wgsl` | weights, constraint, triangle |
//! | `turn.wgsl`, `decompose.wgsl` | rotations, and the decomposition by them |
//! | `grid.wgsl` | the grid of μ, and the choice of λ on it |
//! | `errors.wgsl` | the measure and its vertical error, one thread a pixel and bin |
//! | `horizontal.wgsl` | horizontal errors, one thread a pixel and four bins |
//! | `averaging.wgsl` | averaging kernels, where they are asked for |
//! | `precision` | the kernels of each precision |
//! | `powers.wgsl` | powers of two, exactly |
//! | `halves.wgsl`, `back` | results on their way back, in halves where that is asked for |
//! | `layout` | what is in their buffers |
//! | `batch` | some pixels on their way through the device |
//!
//! The processor screens pixels and channels, copies results into the map, and inverts again in
//! double precision what the device is not sure of, all by the same code as its own version:
//! [`isopach_emission::backend`].

mod back;
mod batch;
mod layout;
mod precision;

use crate::{Gpu, kernel::Kernel, plan::Plan, session::Session};
use batch::{Batch, Running};
use isopach_compute::{Error, Result};
use isopach_emission::{
    EmissionMap, Inversion, InvertPixels, Method, Observation,
    backend::{self, Rows, Shared, Slab},
};
use layout::{Found, Numbers, SOLUTION, Tables};
use precision::Precision;
use std::sync::Arc;

/// Most channels: rows of six stay in registers.
const CHANNELS: usize = 6;

/// Pixels of a batch, at most. Two are under way at a time: one on the device while the other's
/// results are copied into the map.
const BATCH: usize = 1 << 18;

/// Threads of one dispatch, at most.
const THREADS: usize = 1 << 29;

/// The kernels of this operation.
pub(crate) const KERNELS: &[&Kernel] = &{
    let [solve, errors, horizontal, averaging] = precision::SINGLE.all();
    [solve, errors, horizontal, averaging, &back::HALVES]
};

/// Those that need double precision.
pub(crate) const KERNELS_IN_DOUBLE: &[&Kernel] = &precision::DOUBLE.all();

/// Up to six channels, with any number of bins. What the device declines ([`Error::Unsupported`]):
/// the positive methods ([`Method`]), seven channels or more, given weights among which the
/// reference takes a row for "not given" ([`isopach_emission::Compatibility::Reference`]), a grid
/// of more than 2²⁰ points of μ, and responses that differ from one by more than 10³⁰ in the
/// reference's units; and double precision, unless [`crate::GpuOptions::double_precision`] asks for
/// it and the device has it.
///
/// A pixel's bits depend on nothing but the pixel: neither on its company nor on how pixels fell
/// into batches.
impl InvertPixels for Gpu {
    fn invert(
        &self,
        inversion: &Inversion,
        observation: Observation<'_, f64>,
    ) -> Result<EmissionMap<f64>> {
        can(
            self.session()?.has_double_precision(),
            "invert in double precision",
        )?;
        invert(self, inversion, &observation)
    }

    fn invert_single(
        &self,
        inversion: &Inversion,
        observation: Observation<'_, f32>,
    ) -> Result<EmissionMap<f32>> {
        invert(self, inversion, &observation)
    }
}

fn invert<T: Precision>(
    gpu: &Gpu,
    inversion: &Inversion,
    observation: &Observation<'_, T>,
) -> Result<EmissionMap<T>> {
    backend::invert_with_kernel(inversion, observation, |rows, slab| {
        gpu.options().least.pixels(slab.pixel_count())?;
        can(
            inversion.method == Method::Regularised,
            "invert by a positive method (the CPU does)",
        )?;
        can(
            inversion.channels() <= CHANNELS,
            "invert more than six channels",
        )?;
        can(
            !backend::ignores_given_weights(inversion),
            "leave some pixels' given weights out",
        )?;
        can(
            inversion.mu_samples <= 1 << 20,
            "search a grid of more than 2²⁰ points",
        )?;
        let shared = Shared::new(inversion, &inversion.discretised()?);
        can(
            (1e-30..1e30).contains(&shared.scale),
            "invert with a response so far from one",
        )?;
        run(&gpu.session()?, &shared, rows, slab)
    })
}

fn can(can: bool, operation: &'static str) -> Result<()> {
    if can {
        Ok(())
    } else {
        Err(Error::Unsupported { operation })
    }
}

/// Batch by batch; while the device is at one, the results of the one before are copied.
fn run<T: Precision>(
    session: &Arc<Session>,
    shared: &Shared<'_, T, CHANNELS>,
    rows: Rows<'_, T>,
    mut slab: Slab<'_, T>,
) -> Result<()> {
    let tables = Tables::upload(session, shared)?;
    let at_once = pixels_at_once(session, shared, slab.pixel_count())?;
    let mut running: Option<Running<'_, '_, T>> = None;
    let mut first = 0;
    while slab.pixel_count() > 0 {
        let slab = slab.take_pixels(at_once.min(slab.pixel_count()));
        let some = first * shared.channels..(first + slab.pixel_count()) * shared.channels;
        let rows = Rows {
            counts: &rows.counts[some.clone()],
            sigma: &rows.sigma[some],
            first: rows.first + first,
        };
        first += slab.pixel_count();
        let next = Batch {
            session,
            shared,
            tables: &tables,
            rows,
        }
        .submit(slab)?;
        if let Some(before) = running.replace(next) {
            before.finish()?;
        }
    }
    running.map_or(Ok(()), Running::finish)
}

/// Pixels that fit the device, twice.
fn pixels_at_once<T: Precision>(
    session: &Session,
    shared: &Shared<'_, T, CHANNELS>,
    pixels: usize,
) -> Result<usize> {
    let outputs = shared.inversion.outputs;
    let bins = shared.response.len();
    let number = size_of::<T>() as u64;
    let row = number * bins as u64;
    let mut plan = Plan::new(session);
    for _ in 0..2 {
        plan = plan
            .each(
                "counts and errors of the pixels",
                2 * number * shared.channels as u64,
            )
            .each("channels of the pixels", 4)
            .each("constraints", row)
            .each("solutions", SOLUTION as u64 * number)
            .brought_back("numbers of the pixels", size_of::<Numbers<T>>() as u64)
            .brought_back("what was found", size_of::<Found>() as u64);
        for (what, wanted, rows) in [
            ("emission measures", true, 1),
            ("vertical errors", outputs.uncertainty, 1),
            ("horizontal errors", outputs.log_t_resolution, 1),
            ("averaging kernels", outputs.averaging_kernel, bins),
        ] {
            if wanted {
                plan = back::plan::<T>(plan, session, what, rows, bins);
            }
        }
    }
    let rows = if outputs.averaging_kernel { bins } else { 1 };
    let threads = (rows * bins).max(if back::in_halves::<T>(session) {
        back::threads(rows)
    } else {
        1
    });
    let most_threads = (session.most_groups as usize)
        .saturating_pow(2)
        .saturating_mul(64)
        .min(THREADS);
    plan.batch(pixels.min(BATCH).min((most_threads / threads).max(1)))
}
