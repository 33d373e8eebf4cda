//! Rows of an image inverted, as many at a time as memory has room for.

use crate::{
    options::EmissionOptions,
    overview::Overview,
    sink::{Number, Sink},
    source::{About, Source},
};
use isopach::{
    Backend,
    compute::{Dispatcher, Result},
    emission::{Inversion, MonteCarlo, Observation, RowBlock, Spread},
    gpu::{GpuOptions, ResultPrecision},
};
use isopach_program::listener::{Listener, StageProgress};
use std::{cell::RefCell, error::Error, ops::Range, time::Instant};

/// Bytes of the program itself: code, stacks, data shared by all pixels, buffers of files.
const PROGRAM: u64 = 24 << 20;

/// The inversion of an image's rows.
pub(crate) struct Inverting<'a> {
    pub(crate) inversion: &'a Inversion,
    pub(crate) on: Dispatcher<dyn Backend>,
    pub(crate) source: RefCell<Source>,
    pub(crate) draws: Option<MonteCarlo>,
    /// Rows and columns.
    pub(crate) shape: [usize; 2],
    /// Rows that memory has room for.
    pub(crate) rows_at_once: usize,
    /// Bytes of the rows that may be in memory, as [`Inversion::stream`] counts them.
    budget: u64,
    pub(crate) listener: &'a dyn Listener,
}

impl<'a> Inverting<'a> {
    /// # Errors
    /// A text if not even one row fits the memory, with the amount that would; an error if
    /// the backend is missing.
    pub(crate) fn new<T: Number>(
        options: &EmissionOptions,
        inversion: &'a Inversion,
        about: &About,
        source: Source,
        listener: &'a dyn Listener,
    ) -> std::result::Result<Self, Box<dyn Error>> {
        let shape = [
            about.leading.first().copied().unwrap_or(1),
            about.leading.iter().skip(1).product(),
        ];
        let draws = requested_draws(options);
        let kept = PROGRAM + Overview::bytes(shape, source.has_truth()) + source.bytes_kept();
        // A channel as doubles while it is read; buffers for writing.
        let of_draws = if draws.is_some() {
            Sink::bytes_per_pixel_of_draws::<T>(inversion)
        } else {
            0
        };
        let beside = 24 + Sink::bytes_per_pixel::<T>() + of_draws;
        let row = shape[1].max(1) as u64 * (inversion.bytes_per_pixel::<T>() + beside)
            + source.bytes_per_row();
        let memory = options.memory << 20; // checked to be below 2⁴⁰ MiB
        let rows = (memory.saturating_sub(kept) / row).min(shape[0].max(1) as u64);
        if rows == 0 {
            let needed = (kept + row).div_ceil(1 << 20);
            return Err(format!(
                "--memory is {} MiB, but must be at least {needed} for these images and outputs",
                options.memory
            )
            .into());
        }
        // At most a twentieth of the image, so that the progress bar moves.
        let rows = rows.min((shape[0] as u64).div_ceil(20));
        let budget = rows * shape[1].max(1) as u64 * inversion.bytes_per_pixel::<T>();
        let results = if options.halves {
            ResultPrecision::Half
        } else {
            ResultPrecision::Single
        };
        let on = options.devices.open(GpuOptions {
            results,
            ..GpuOptions::default()
        })?;
        let source = RefCell::new(source);
        Ok(Self {
            inversion,
            on,
            source,
            draws,
            shape,
            rows_at_once: rows as usize,
            budget,
            listener,
        })
    }

    /// Inverts some rows, and passes them to `take` as they finish, with the scatter of draws if
    /// requested.
    ///
    /// # Errors
    /// Of the input, the inversion, and `take`.
    pub(crate) fn run<T: Number>(
        &self,
        rows: Range<usize>,
        mut take: impl FnMut(RowBlock<T>, Option<Spread>) -> Result<()>,
    ) -> Result<()> {
        let first = rows.start;
        let columns = self.shape[1];
        let of_image = |rows: Range<usize>| first + rows.start..first + rows.end;
        self.inversion.stream::<T>(
            &self.on,
            &[rows.len(), columns],
            self.budget,
            |rows| self.source.borrow_mut().read(of_image(rows)),
            |block| {
                let rows = of_image(block.rows);
                let pixel = (rows.start * columns) as u64;
                let read = || self.source.borrow_mut().read::<f64>(rows.clone());
                let spread = self
                    .draws
                    .map(|draws| self.scatter_of_draws(draws, read()?, pixel))
                    .transpose()?;
                take(
                    RowBlock {
                        rows,
                        map: block.map,
                    },
                    spread,
                )
            },
        )
    }

    /// Mean and scatter of the draws of some pixels; the first has this number in the image.
    fn scatter_of_draws(
        &self,
        draws: MonteCarlo,
        [counts, sigma]: [ndarray::ArrayD<f64>; 2],
        first: u64,
    ) -> Result<Spread> {
        let observation = Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        };
        self.on
            .run(|on| draws.run_part(self.inversion, on, &observation, first))
    }

    /// Remarks that need the numbers of all rows; the rows are read only if a remark is possible.
    ///
    /// # Errors
    /// Of the input.
    pub(crate) fn look_through(&self) -> Result<Option<String>> {
        let mut source = self.source.borrow_mut();
        if source.may_have_remarks() {
            let mut first = 0;
            while first < self.shape[0] {
                let end = self.shape[0].min(first + self.rows_at_once);
                source.read::<f32>(first..end)?;
                first = end;
            }
        }
        Ok(source.remarks())
    }
}

/// The number of draws that the user requested.
pub(crate) fn requested_draws(options: &EmissionOptions) -> Option<MonteCarlo> {
    options.monte_carlo.map(|draws| MonteCarlo {
        draws,
        seed: options.seed,
    })
}

/// Rows that are inverted so far, of those that are wanted, as a listener sees them.
pub(crate) struct RowProgress<'a> {
    stage: Box<dyn StageProgress + 'a>,
    start: Instant,
    done: usize,
    wanted: usize,
}

impl<'a> RowProgress<'a> {
    /// Begins the stage, which ends when this is dropped.
    pub(crate) fn begin(listener: &'a dyn Listener, wanted: usize) -> Self {
        Self {
            stage: listener.begin_stage("inverting"),
            start: Instant::now(),
            done: 0,
            wanted,
        }
    }

    /// Counts rows that are inverted now.
    pub(crate) fn add(&mut self, rows: usize) {
        self.done += rows;
        let share = self.done as f64 / self.wanted.max(1) as f64;
        let left = self.start.elapsed().as_secs_f64() * (1.0 - share) / share;
        let note = format!("{}/{} rows, {left:.0} s left", self.done, self.wanted);
        self.stage.show(share, &note);
    }
}
