//! A batch of pixels on its way through the device.

use super::{
    outcome::{Numbers, SKIPPED, SOLUTION, SolveOutcome},
    parameters::{CHANNELS, COLUMNS},
    pending_rows::{PendingRows, RowShape},
    precision::Precision,
    store::store_pixels,
    tables::{Tables, given_weight},
};
use crate::{
    memory::buffer::Buffer,
    record::{
        commands::{Commands, Submitted},
        read_back::PendingRead,
        recorder::Recorder,
    },
};
use isopach_compute::Result;
use isopach_emission::{
    Outputs, PixelStatus, Weights,
    backend::{Rows, Screened, Shared, Slab, screen_pixel},
};
use rayon::prelude::*;
use std::sync::Arc;

/// Pixels whose results a thread stores at a time.
const BLOCK: usize = 1024;

/// Pixels that go through the device together.
#[derive(Debug)]
pub(super) struct PixelBatch<'a, T> {
    pub(super) recorder: &'a Arc<Recorder>,
    pub(super) shared: &'a Shared<'a, T, CHANNELS>,
    pub(super) tables: &'a Tables<T>,
    pub(super) rows: Rows<'a, T>,
}

/// A batch on the device.
#[derive(Debug)]
pub(super) struct RunningBatch<'a, 's, T> {
    recorder: &'a Recorder,
    shared: &'a Shared<'a, T, CHANNELS>,
    screened: Vec<Screened>,
    slab: Slab<'s, T>,
    results: PendingResults<T>,
    submitted: Submitted,
}

/// Results on their way back; `None` if they were not asked for.
#[derive(Debug)]
struct PendingResults<T> {
    outcomes: PendingRead<SolveOutcome>,
    numbers: PendingRead<Numbers<T>>,
    emission: PendingRows<T>,
    vertical: Option<PendingRows<T>>,
    horizontal: Option<PendingRows<T>>,
    averaging: Option<PendingRows<T>>,
}

/// The buffers between the kernels of a batch.
struct Solutions {
    constraints: Buffer,
    solutions: Buffer,
}

impl<'a, T: Precision> PixelBatch<'a, T> {
    /// Submits the pixels of `slab`, which later takes their results.
    pub(super) fn submit<'s>(&self, slab: Slab<'s, T>) -> Result<RunningBatch<'a, 's, T>> {
        let screened: Vec<Screened> = (0..slab.pixel_count())
            .into_par_iter()
            .map(|i| self.screen_pixel(i))
            .collect();
        let mut commands = self.recorder.begin_commands();
        let results = self.record_kernels(&mut commands, &screened)?;
        Ok(RunningBatch {
            recorder: self.recorder,
            shared: self.shared,
            screened,
            slab,
            results,
            submitted: commands.submit()?,
        })
    }

    /// Which channels of a pixel to use. A pixel with weights beyond the precision's range is left
    /// to double precision.
    fn screen_pixel(&self, i: usize) -> Screened {
        let shared = self.shared;
        let row = i * shared.channels..(i + 1) * shared.channels;
        let counts = &self.rows.counts[row.clone()];
        let mut screened = screen_pixel(shared.inversion, counts, &self.rows.sigma[row]);
        if screened.verdict.is_ok() && !self.has_room_for_weights(i) {
            screened.verdict = Err(PixelStatus::OutOfRange);
        }
        screened
    }

    /// Whether the precision holds the given weights of a pixel.
    fn has_room_for_weights(&self, i: usize) -> bool {
        let given = match &self.shared.inversion.weights {
            Weights::Given(given) => given,
            Weights::SelfNormalised | Weights::EmissionMeasureLoci(_) => return true,
        };
        let row = if given.nrows() == 1 {
            0
        } else {
            self.rows.first + i
        };
        given
            .row(row)
            .iter()
            .all(|&weight| T::has_room_for(weight, self.shared.constraint))
    }

    /// Records every kernel of the batch, and the way back of the results.
    fn record_kernels(
        &self,
        commands: &mut Commands,
        screened: &[Screened],
    ) -> Result<PendingResults<T>> {
        let pixels = screened.len();
        let bins = self.shared.response.len();
        let Outputs {
            uncertainty,
            log_t_resolution,
            averaging_kernel,
        } = self.shared.inversion.outputs;
        let outcomes = self.allocate::<SolveOutcome>("what was found", pixels)?;
        let numbers = self.allocate::<Numbers<T>>("numbers of the pixels", pixels)?;
        let solved = self.record_solve(commands, screened, &numbers, &outcomes)?;

        let emission = self.allocate::<T>("emission measures", pixels * bins)?;
        let vertical_bins = if uncertainty { pixels * bins } else { 0 };
        let vertical = self.allocate::<T>("vertical errors", vertical_bins)?;
        let buffers = [
            &self.tables.bins,
            &solved.constraints,
            &solved.solutions,
            &emission,
            &vertical,
        ];
        let parameters = self.tables.error_parameters(pixels);
        commands.dispatch(&T::KERNELS.errors, pixels * bins, &parameters, &buffers)?;

        let shape = RowShape {
            rows: pixels,
            length: bins,
        };
        let vertical = uncertainty
            .then(|| PendingRows::record(self.recorder, commands, &vertical, shape))
            .transpose()?;
        let horizontal = log_t_resolution
            .then(|| self.record_horizontal(commands, shape, &solved))
            .transpose()?;
        let averaging = averaging_kernel
            .then(|| self.record_averaging(commands, shape, &solved))
            .transpose()?;
        Ok(PendingResults {
            outcomes: commands.read_back(&outcomes, 0..pixels)?,
            numbers: commands.read_back(&numbers, 0..pixels)?,
            emission: PendingRows::record(self.recorder, commands, &emission, shape)?,
            vertical,
            horizontal,
            averaging,
        })
    }

    /// A buffer of `count` elements.
    fn allocate<E>(&self, what: &'static str, count: usize) -> Result<Buffer> {
        self.recorder
            .allocate_storage(what, (size_of::<E>() * count) as u64)
    }

    /// Records the kernel from counts to solutions.
    fn record_solve(
        &self,
        commands: &mut Commands,
        screened: &[Screened],
        numbers: &Buffer,
        outcomes: &Buffer,
    ) -> Result<Solutions> {
        let pixels = screened.len();
        let channels = self.shared.channels;
        let rows = &self.rows;
        let what = "counts and errors of the pixels";
        let observed = self.recorder.upload(what, 2 * rows.counts.len(), |at| {
            let (row, channel) = (at / channels, at % channels);
            let from = if row % 2 == 0 {
                rows.counts
            } else {
                rows.sigma
            };
            from[row / 2 * channels + channel]
        })?;
        let verdicts = self
            .recorder
            .upload("channels of the pixels", pixels, |i| {
                screened[i].verdict.unwrap_or(SKIPPED)
            })?;
        let constraints = self.constraints(pixels)?;
        let solutions = self.allocate::<[T; SOLUTION]>("solutions", pixels)?;
        let parameters = self.tables.solve_parameters(pixels);
        let buffers = [
            &self.tables.bins,
            &observed,
            &verdicts,
            &constraints,
            &solutions,
            numbers,
            outcomes,
        ];
        commands.dispatch(&T::KERNELS.solve, pixels, &parameters, &buffers)?;
        Ok(Solutions {
            constraints,
            solutions,
        })
    }

    /// Room for the constraint of each pixel; the weights, if each pixel has its own.
    fn constraints(&self, pixels: usize) -> Result<Buffer> {
        let bins = self.shared.response.len();
        match &self.shared.inversion.weights {
            Weights::Given(rows) if rows.nrows() > 1 => {
                self.recorder.upload("constraints", pixels * bins, |at| {
                    given_weight(self.shared, self.rows.first + at / bins, at % bins)
                })
            }
            Weights::Given(_) | Weights::SelfNormalised | Weights::EmissionMeasureLoci(_) => {
                self.allocate::<T>("constraints", pixels * bins)
            }
        }
    }

    /// Records the kernel of the horizontal errors.
    fn record_horizontal(
        &self,
        commands: &mut Commands,
        shape: RowShape,
        solved: &Solutions,
    ) -> Result<PendingRows<T>> {
        let RowShape {
            rows: pixels,
            length: bins,
        } = shape;
        let widths = self.allocate::<T>("horizontal errors", pixels * bins)?;
        let buffers = [
            &self.tables.bins,
            &self.tables.sampled,
            &self.tables.shares,
            &solved.constraints,
            &solved.solutions,
            &widths,
        ];
        let parameters = self.tables.horizontal_parameters(pixels);
        let threads = pixels * bins.div_ceil(COLUMNS);
        commands.dispatch(&T::KERNELS.horizontal, threads, &parameters, &buffers)?;
        PendingRows::record(self.recorder, commands, &widths, shape)
    }

    /// Records the kernel of the averaging kernels.
    fn record_averaging(
        &self,
        commands: &mut Commands,
        shape: RowShape,
        solved: &Solutions,
    ) -> Result<PendingRows<T>> {
        let RowShape {
            rows: pixels,
            length: bins,
        } = shape;
        let numbers = pixels * bins * bins;
        let kernels = self.allocate::<T>("averaging kernels", numbers)?;
        let buffers = [
            &self.tables.bins,
            &solved.constraints,
            &solved.solutions,
            &kernels,
        ];
        let parameters = self.tables.averaging_parameters(pixels);
        commands.dispatch(&T::KERNELS.averaging, numbers, &parameters, &buffers)?;
        let shape = RowShape {
            rows: pixels * bins,
            length: bins,
        };
        PendingRows::record(self.recorder, commands, &kernels, shape)
    }
}

impl<T: Precision> RunningBatch<'_, '_, T> {
    /// Waits for the device and stores the results in the map.
    pub(super) fn store_when_done(self) -> Result<()> {
        let Self {
            recorder,
            shared,
            screened,
            slab,
            results,
            submitted,
        } = self;
        let completed = submitted.wait()?;
        results.emission.copy_to(&completed, &mut *slab.emission)?;
        for (rows, to) in [
            (results.vertical, &mut *slab.uncertainty),
            (results.horizontal, &mut *slab.log_t_resolution),
            (results.averaging, &mut *slab.averaging_kernel),
        ] {
            if let Some(rows) = rows {
                rows.copy_to(&completed, to)?;
            }
        }
        let numbers = completed.copy_out(results.numbers)?;
        completed.view(results.outcomes, |outcomes| {
            let mut rest = slab;
            let mut blocks = Vec::new();
            let numbers = numbers.chunks(BLOCK);
            let screened = screened.chunks(BLOCK);
            for ((outcomes, numbers), screened) in outcomes.chunks(BLOCK).zip(numbers).zip(screened)
            {
                let block = rest.take_pixels(outcomes.len());
                blocks.push((outcomes, numbers, screened, block));
            }
            let undecided: u64 = blocks
                .into_par_iter()
                .map(|(outcomes, numbers, screened, block)| {
                    store_pixels(shared, outcomes, numbers, screened, block)
                })
                .sum();
            recorder.count_reevaluated(undecided);
        })
    }
}
