//! Some pixels on their way through the device.

use super::{
    CHANNELS,
    back::Back,
    layout::{COLUMNS, Found, Numbers, SKIPPED, SOLUTION, Tables, given},
    precision::Precision,
};
use crate::{
    session::Session,
    work::{Reading, Submitted, Work},
};
use isopach_compute::Result;
use isopach_emission::{
    PixelStatus, Weights,
    backend::{Rows, Screened, Shared, Slab, missing_number, screen_pixel},
};
use rayon::prelude::*;
use std::sync::{Arc, atomic::Ordering};

/// Pixels whose results a thread copies at a time.
const BLOCK: usize = 1024;

/// What goes through the device together.
#[derive(Debug)]
pub(super) struct Batch<'a, T> {
    pub(super) session: &'a Arc<Session>,
    pub(super) shared: &'a Shared<'a, T, CHANNELS>,
    pub(super) tables: &'a Tables<T>,
    pub(super) rows: Rows<'a, T>,
}

/// A batch that the device is at.
#[derive(Debug)]
pub(super) struct Running<'a, 's, T> {
    session: &'a Session,
    shared: &'a Shared<'a, T, CHANNELS>,
    screened: Vec<Screened>,
    slab: Slab<'s, T>,
    readings: Readings<T>,
    submitted: Submitted,
}

/// What will be brought back; None: it was not asked for.
#[derive(Debug)]
struct Readings<T> {
    found: Reading<Found>,
    numbers: Reading<Numbers<T>>,
    emission: Back<T>,
    vertical: Option<Back<T>>,
    horizontal: Option<Back<T>>,
    averaging: Option<Back<T>>,
}

impl<'a, T: Precision> Batch<'a, T> {
    /// Sends the pixels of `slab` off; their results will go there.
    pub(super) fn submit<'s>(&self, slab: Slab<'s, T>) -> Result<Running<'a, 's, T>> {
        let screened: Vec<Screened> = (0..slab.pixel_count())
            .into_par_iter()
            .map(|i| self.screened(i))
            .collect();
        let mut work = self.session.work();
        let readings = self.record(&mut work, &screened)?;
        let (session, shared, submitted) = (self.session, self.shared, work.submit()?);
        Ok(Running {
            session,
            shared,
            screened,
            slab,
            readings,
            submitted,
        })
    }

    /// Which channels of a pixel to use. Weights that the precision has no room for make it one of
    /// those that are inverted again.
    fn screened(&self, i: usize) -> Screened {
        let shared = self.shared;
        let row = i * shared.channels..(i + 1) * shared.channels;
        let mut screened = screen_pixel(
            shared.inversion,
            &self.rows.counts[row.clone()],
            &self.rows.sigma[row],
        );
        if let Weights::Given(given) = &shared.inversion.weights {
            let row = if given.nrows() == 1 {
                0
            } else {
                self.rows.first + i
            };
            let room = given
                .row(row)
                .iter()
                .all(|&weight| T::has_room_for(weight, shared.constraint));
            if !room && screened.verdict.is_ok() {
                screened.verdict = Err(PixelStatus::OutOfRange);
            }
        }
        screened
    }

    fn record(&self, work: &mut Work, screened: &[Screened]) -> Result<Readings<T>> {
        let (session, shared, tables) = (self.session, self.shared, self.tables);
        let (pixels, bins, outputs) = (
            screened.len(),
            shared.response.len(),
            shared.inversion.outputs,
        );
        let observed = |at: usize| {
            let (row, f) = (at / shared.channels, at % shared.channels);
            let of = if row % 2 == 0 {
                self.rows.counts
            } else {
                self.rows.sigma
            };
            of[row / 2 * shared.channels + f]
        };
        let observed = session.upload(
            "counts and errors of the pixels",
            2 * self.rows.counts.len(),
            observed,
        )?;
        let verdicts = session.upload("channels of the pixels", pixels, |i| {
            screened[i].verdict.unwrap_or(SKIPPED)
        })?;
        let constraints = match &shared.inversion.weights {
            Weights::Given(rows) if rows.nrows() > 1 => {
                session.upload("constraints", pixels * bins, |at| {
                    given(shared, self.rows.first + at / bins, at % bins)
                })?
            }
            _ => session.storage("constraints", (size_of::<T>() * pixels * bins) as u64)?,
        };
        let solutions =
            session.storage("solutions", (SOLUTION * size_of::<T>() * pixels) as u64)?;
        let numbers = session.storage(
            "numbers of the pixels",
            (size_of::<Numbers<T>>() * pixels) as u64,
        )?;
        let found = session.storage("what was found", (size_of::<Found>() * pixels) as u64)?;
        let parameters = tables.to_solve(pixels);
        let buffers = [
            &tables.bins,
            &observed,
            &verdicts,
            &constraints,
            &solutions,
            &numbers,
            &found,
        ];
        work.run(&T::KERNELS.solve, pixels, &parameters, &buffers)?;

        let all = 0..pixels * bins;
        let room = |what, wanted: bool| {
            session.storage(
                what,
                if wanted {
                    (size_of::<T>() * all.len()) as u64
                } else {
                    0
                },
            )
        };
        let emission = room("emission measures", true)?;
        let vertical = room("vertical errors", outputs.uncertainty)?;
        let buffers = [&tables.bins, &constraints, &solutions, &emission, &vertical];
        work.run(
            &T::KERNELS.errors,
            all.len(),
            &tables.to_errors(pixels),
            &buffers,
        )?;
        let vertical = outputs
            .uncertainty
            .then(|| Back::of(session, work, &vertical, pixels, bins))
            .transpose()?;

        let mut horizontal = None;
        if outputs.log_t_resolution {
            let widths = room("horizontal errors", true)?;
            let buffers = [
                &tables.bins,
                &tables.sampled,
                &tables.shares,
                &constraints,
                &solutions,
                &widths,
            ];
            let threads = pixels * bins.div_ceil(COLUMNS);
            work.run(
                &T::KERNELS.horizontal,
                threads,
                &tables.to_horizontal(pixels),
                &buffers,
            )?;
            horizontal = Some(Back::of(session, work, &widths, pixels, bins)?);
        }
        let mut averaging = None;
        if outputs.averaging_kernel {
            let all = 0..all.len() * bins;
            let kernels =
                session.storage("averaging kernels", (size_of::<T>() * all.len()) as u64)?;
            let buffers = [&tables.bins, &constraints, &solutions, &kernels];
            work.run(
                &T::KERNELS.averaging,
                all.len(),
                &tables.to_averaging(pixels),
                &buffers,
            )?;
            averaging = Some(Back::of(session, work, &kernels, pixels * bins, bins)?);
        }
        Ok(Readings {
            found: work.read(&found, 0..pixels)?,
            numbers: work.read(&numbers, 0..pixels)?,
            emission: Back::of(session, work, &emission, pixels, bins)?,
            vertical,
            horizontal,
            averaging,
        })
    }
}

impl<T: Precision> Running<'_, '_, T> {
    /// Waits for the device, and copies what it found into the map.
    pub(super) fn finish(self) -> Result<()> {
        let Self {
            session,
            shared,
            screened,
            slab,
            readings,
            submitted,
        } = self;
        let done = submitted.wait()?;
        readings.emission.copy(&done, &mut *slab.emission)?;
        for (reading, to) in [
            (readings.vertical, &mut *slab.uncertainty),
            (readings.horizontal, &mut *slab.log_t_resolution),
            (readings.averaging, &mut *slab.averaging_kernel),
        ] {
            reading.map_or(Ok(()), |reading| reading.copy(&done, to))?;
        }
        let numbers = done.take(readings.numbers)?;
        done.look(readings.found, |found| {
            let mut rest = slab;
            let mut blocks = vec![];
            for ((found, numbers), screened) in found
                .chunks(BLOCK)
                .zip(numbers.chunks(BLOCK))
                .zip(screened.chunks(BLOCK))
            {
                blocks.push((found, numbers, screened, rest.take_pixels(found.len())));
            }
            let left = blocks
                .into_par_iter()
                .map(|(found, numbers, screened, block)| {
                    store(shared, found, numbers, screened, block)
                });
            session.near_ties.fetch_add(left.sum(), Ordering::Relaxed);
        })
    }
}

/// Numbers of some pixels, and what became of them; returns how many the device was not sure of.
fn store<T: Precision>(
    shared: &Shared<'_, T, CHANNELS>,
    found: &[Found],
    numbers: &[Numbers<T>],
    screened: &[Screened],
    mut slab: Slab<'_, T>,
) -> u64 {
    let missing = missing_number(shared.inversion);
    let mut left = 0;
    let bins = shared.response.len();
    for (i, ((found, [rest @ .., lambda]), screened)) in
        found.iter().zip(numbers).zip(screened).enumerate()
    {
        // A negative width: the driver ended a loop of `horizontal.wgsl`.
        let widths = slab
            .log_t_resolution
            .get(i * bins..(i + 1) * bins)
            .unwrap_or_default();
        let signs = found
            .signs()
            .filter(|_| widths.iter().all(|width| width.to_f64() >= 0.0));
        match (screened.verdict, signs) {
            (Err(status), _) => slab.reject_pixel(i, status, missing),
            (Ok(_), None) => {
                slab.reject_pixel(i, PixelStatus::OutOfRange, missing);
                left += 1;
            }
            (Ok(dropped), Some(signs)) => {
                let [a, b, c, chi_squared, d, e, f] = *rest;
                slab.chi_squared[i] = chi_squared;
                slab.lambda[i] = found.lambda(*lambda, shared.scale);
                slab.iterations[i] = found.iterations;
                slab.dropped[i] = dropped;
                slab.status[i] = PixelStatus::from_result(
                    shared.inversion,
                    signs,
                    dropped,
                    chi_squared.to_f64(),
                );
                let row = i * shared.channels..(i + 1) * shared.channels;
                slab.synthetic[row].copy_from_slice(&[a, b, c, d, e, f][..shared.channels]);
            }
        }
        slab.saturated[i] = screened.saturated;
    }
    left
}
