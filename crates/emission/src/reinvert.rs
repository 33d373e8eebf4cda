//! Pixels that are inverted a second time, in double precision.

use crate::{EmissionMap, Inversion, Observation, PixelStatus, Real, Weights};
use isopach_compute::Result;
use ndarray::{Array2, Axis};
use rayon::prelude::*;

/// Pixels a thread that are inverted again in double precision at a time, so that memory is
/// bounded.
const REINVERTED_AT_ONCE: usize = 128;

/// An inversion in double precision.
pub(crate) type Double<'a> =
    &'a (dyn Fn(&Inversion, Observation<'_, f64>) -> Result<EmissionMap<f64>> + Sync);

/// Inverts those pixels again, by other means, for which lanes had not enough range or digits.
pub(crate) fn reinvert_in_double<T: Real>(
    inversion: &Inversion,
    observation: &Observation<'_, T>,
    map: &mut EmissionMap<T>,
    by: Double<'_>,
) -> Result<()> {
    let again: Vec<usize> = map
        .status
        .iter()
        .enumerate()
        .filter(|(_, s)| **s == PixelStatus::OutOfRange)
        .map(|(i, _)| i)
        .collect();
    let pixels = observation.pixel_rows(inversion.channels())?;
    let (channels, (counts, sigma)) = (inversion.channels(), pixels.counts_and_sigma());
    let invert = |some: &[usize]| {
        let chosen = |rows: &[T]| {
            Array2::from_shape_fn((some.len(), channels), |(i, f)| {
                rows[some[i] * channels + f].to_f64()
            })
            .into_dyn()
        };
        let counts = chosen(counts);
        let sigma = chosen(sigma);
        let mut inversion = inversion.clone();
        if let Weights::Given(given) = &mut inversion.weights
            && given.nrows() > 1
        {
            *given = given.select(Axis(0), some);
        }
        by(
            &inversion,
            Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            },
        )
    };
    for batch in again.chunks(REINVERTED_AT_ONCE * rayon::current_num_threads()) {
        let pieces: Vec<&[usize]> = batch.chunks(REINVERTED_AT_ONCE / 4).collect();
        let found: Vec<_> = pieces
            .par_iter()
            .map(|some| invert(some))
            .collect::<Result<_>>()?;
        for (some, found) in pieces.into_iter().zip(found) {
            let mut found = found.to_precision();
            let from = found.as_slab();
            let mut to = map.as_slab();
            some.iter()
                .enumerate()
                .for_each(|(i, &pixel)| to.copy_pixel(pixel, &from, i));
        }
    }
    map.inverted_again = again.len();
    Ok(())
}
