//! Some pixels on their way through the device.

use super::{
    CHANNELS,
    layout::{COLUMNS, Found, NEGATIVE, POSITIVE, SKIPPED, SOLUTION_BYTES, Tables, given},
};
use crate::{
    kernel::{Access, Kernel},
    prelude,
    session::Session,
    work::{Done, Reading, Submitted, Work},
};
use isopach_compute::Result;
use isopach_emission::{
    Real, Status, Weights,
    backend::{Rows, Screened, Shared, Slab, missing_number, screen},
};
use rayon::prelude::*;
use std::sync::Arc;

pub(super) const SOLVE: Kernel = Kernel::new(
    "solve pixels",
    "solve",
    &[
        prelude::THREADS,
        include_str!("six.wgsl"),
        include_str!("turn.wgsl"),
        include_str!("grid.wgsl"),
        include_str!("decompose.wgsl"),
        include_str!("weights.wgsl"),
        include_str!("solve.wgsl"),
    ],
    &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write, Access::Write, Access::Write],
);

pub(super) const ERRORS: Kernel = Kernel::new(
    "errors of bins",
    "errors",
    &[prelude::THREADS, include_str!("six.wgsl"), include_str!("errors.wgsl")],
    &[Access::Read, Access::Read, Access::Read, Access::Write, Access::Write],
);

pub(super) const HORIZONTAL: Kernel = Kernel::new(
    "horizontal errors",
    "horizontal_errors",
    &[prelude::THREADS, include_str!("six.wgsl"), include_str!("horizontal.wgsl")],
    &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write],
);

pub(super) const AVERAGING: Kernel = Kernel::new(
    "averaging kernels",
    "averaging_kernels",
    &[prelude::THREADS, include_str!("six.wgsl"), include_str!("averaging.wgsl")],
    &[Access::Read, Access::Read, Access::Read, Access::Write],
);

/// Pixels whose results a thread copies at a time.
const BLOCK: usize = 1024;

/// What goes through the device together.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub(super) session: &'a Arc<Session>,
    pub(super) shared: &'a Shared<'a, f32, CHANNELS>,
    pub(super) tables: &'a Tables,
    pub(super) rows: Rows<'a, f32>,
}

/// A batch that the device is at.
#[derive(Debug)]
pub(super) struct Running<'a, 's> {
    shared: &'a Shared<'a, f32, CHANNELS>,
    screened: Vec<Screened>,
    slab: Slab<'s, f32>,
    readings: Readings,
    submitted: Submitted,
}

/// What will be brought back; None: it was not asked for.
#[derive(Debug)]
struct Readings {
    found: Reading<Found>,
    emission: Reading<f32>,
    vertical: Option<Reading<f32>>,
    horizontal: Option<Reading<f32>>,
    averaging: Option<Reading<f32>>,
}

impl<'a> Batch<'a> {
    /// Sends the pixels of `slab` off; their results will go there.
    pub(super) fn submit<'s>(&self, slab: Slab<'s, f32>) -> Result<Running<'a, 's>> {
        let screened: Vec<Screened> = (0..slab.pixels()).into_par_iter().map(|i| self.screened(i)).collect();
        let mut work = self.session.work();
        let readings = self.record(&mut work, &screened)?;
        Ok(Running { shared: self.shared, screened, slab, readings, submitted: work.submit()? })
    }

    /// Which channels of a pixel to use. Weights that single precision has no room for make it one of those that are inverted again.
    fn screened(&self, i: usize) -> Screened {
        let shared = self.shared;
        let row = i * shared.channels..(i + 1) * shared.channels;
        let mut screened = screen(shared.inversion, &self.rows.counts[row.clone()], &self.rows.sigma[row]);
        if let Weights::Given(given) = &shared.inversion.weights {
            let row = if given.nrows() == 1 { 0 } else { self.rows.first + i };
            let room = given.row(row).iter().all(|&weight| f32::has_room_for(weight, shared.constraint));
            if !room && screened.verdict.is_ok() {
                screened.verdict = Err(Status::OutOfRange);
            }
        }
        screened
    }

    fn record(&self, work: &mut Work, screened: &[Screened]) -> Result<Readings> {
        let (session, shared, tables) = (self.session, self.shared, self.tables);
        let (pixels, bins, outputs) = (screened.len(), shared.response.len(), shared.inversion.outputs);
        let counts = session.upload("counts of the pixels", self.rows.counts.len(), |i| self.rows.counts[i])?;
        let sigma = session.upload("errors of the pixels", self.rows.sigma.len(), |i| self.rows.sigma[i])?;
        let verdicts = session.upload("channels of the pixels", pixels, |i| screened[i].verdict.unwrap_or(SKIPPED))?;
        let constraints = match &shared.inversion.weights {
            Weights::Given(rows) if rows.nrows() > 1 => session
                .upload("constraints", pixels * bins, |at| given(shared, self.rows.first + at / bins, at % bins))?,
            _ => session.storage("constraints", (4 * pixels * bins) as u64)?,
        };
        let solutions = session.storage("solutions", SOLUTION_BYTES * pixels as u64)?;
        let found = session.storage("what was found", (size_of::<Found>() * pixels) as u64)?;
        let parameters = tables.to_solve.of(pixels);
        let buffers = [&tables.bins, &counts, &sigma, &verdicts, &constraints, &solutions, &found];
        work.run(&SOLVE, pixels, &parameters, &buffers)?;

        let all = 0..pixels * bins;
        let room = |what, wanted: bool| session.storage(what, if wanted { 4 * all.len() as u64 } else { 0 });
        let emission = room("emission measures", true)?;
        let vertical = room("vertical errors", outputs.uncertainty)?;
        let buffers = [&tables.bins, &constraints, &solutions, &emission, &vertical];
        work.run(&ERRORS, all.len(), &tables.to_errors.of(pixels), &buffers)?;
        let vertical = outputs.uncertainty.then(|| work.read(&vertical, all.clone())).transpose()?;

        let mut horizontal = None;
        if outputs.log_t_resolution {
            let widths = room("horizontal errors", true)?;
            let buffers = [&tables.bins, &tables.samples, &constraints, &solutions, &widths];
            let threads = pixels * bins.div_ceil(COLUMNS);
            work.run(&HORIZONTAL, threads, &tables.to_horizontal.of(pixels), &buffers)?;
            horizontal = Some(work.read(&widths, all.clone())?);
        }
        let mut averaging = None;
        if outputs.averaging_kernel {
            let all = 0..all.len() * bins;
            let kernels = session.storage("averaging kernels", 4 * all.len() as u64)?;
            let buffers = [&tables.bins, &constraints, &solutions, &kernels];
            work.run(&AVERAGING, all.len(), &tables.to_averaging.of(pixels), &buffers)?;
            averaging = Some(work.read(&kernels, all)?);
        }
        Ok(Readings {
            found: work.read(&found, 0..pixels)?,
            emission: work.read(&emission, all)?,
            vertical,
            horizontal,
            averaging,
        })
    }
}

impl Running<'_, '_> {
    /// Waits for the device, and copies what it found into the map.
    pub(super) fn finish(self) -> Result<()> {
        let Self { shared, screened, slab, readings, submitted } = self;
        let done = submitted.wait()?;
        copy(&done, readings.emission, &mut *slab.emission)?;
        for (reading, to) in [
            (readings.vertical, &mut *slab.uncertainty),
            (readings.horizontal, &mut *slab.log_t_resolution),
            (readings.averaging, &mut *slab.averaging_kernel),
        ] {
            reading.map_or(Ok(()), |reading| copy(&done, reading, to))?;
        }
        done.look(readings.found, |found| {
            let mut rest = slab;
            let mut blocks = vec![];
            for (found, screened) in found.chunks(BLOCK).zip(screened.chunks(BLOCK)) {
                blocks.push((found, screened, rest.take(found.len())));
            }
            blocks.into_par_iter().for_each(|(found, screened, block)| store(shared, found, screened, block));
        })
    }
}

/// Copies numbers that already lie as they should.
fn copy(done: &Done, reading: Reading<f32>, to: &mut [f32]) -> Result<()> {
    done.look(reading, |from| {
        let blocks = to.par_chunks_mut(64 * BLOCK).zip(from.par_chunks(64 * BLOCK));
        blocks.for_each(|(to, from)| to.copy_from_slice(from));
    })
}

/// Numbers of some pixels, and what became of them.
fn store(shared: &Shared<'_, f32, CHANNELS>, found: &[Found], screened: &[Screened], mut slab: Slab<'_, f32>) {
    let missing = missing_number(shared.inversion);
    for (i, (found, screened)) in found.iter().zip(screened).enumerate() {
        match screened.verdict {
            Err(status) => slab.reject(i, status, missing),
            Ok(_) if found.state != POSITIVE && found.state != NEGATIVE => {
                slab.reject(i, Status::OutOfRange, missing);
            }
            Ok(dropped) => {
                slab.chi_squared[i] = found.chi_squared;
                slab.lambda[i] = found.lambda(shared.scale);
                slab.iterations[i] = found.iterations;
                slab.dropped[i] = dropped;
                slab.status[i] = match (found.state, dropped) {
                    (NEGATIVE, _) => Status::PositivityNotReached,
                    (_, 0) => Status::Converged,
                    (_, _) => Status::ChannelDropped,
                };
                let row = i * shared.channels..(i + 1) * shared.channels;
                slab.synthetic[row].copy_from_slice(&found.synthetic[..shared.channels]);
            }
        }
        slab.saturated[i] = screened.saturated;
    }
}
