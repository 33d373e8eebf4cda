//! The definition: plain loops in double precision, one pixel at a time. Everything faster is held
//! to this.
//!
//! With R the response in bins (counts for 10¹⁵ units), A = R/σ, g = counts/σ, and the constraint
//! diagonal, L⁻² = diag(l): `A diag(√l) = U S Vᵀ`, `c = Uᵀ g`, and with d = 1/(s² + λ) the solution
//! is `x = diag(√l) V S diag(d) c`.

mod cholesky;
mod nonnegative;
mod pixel;
mod positive;
mod svd;

pub use pixel::{CountMap, PixelSolution};

use crate::{
    Discretised, EmissionError, EmissionMap, Inversion, Method, Observation, PixelStatus, Weights,
    dictionary::Dictionary, quirks::missing_number, screen::screen_pixel,
};
use isopach_compute::{Error, Result};
/// Inverts every pixel, one after the other.
///
/// # Errors
/// As [`crate::InvertPixels::invert`].
pub fn invert(
    inversion: &Inversion,
    observation: Observation<'_, f64>,
) -> Result<EmissionMap<f64>> {
    let pixels = observation.pixel_rows(inversion.channels())?;
    inversion.check(pixels.pixel_count())?;
    let solver = Solver::new(inversion)?;
    let mut map = EmissionMap::zeroed(inversion, &pixels.leading);
    let (counts, sigma) = pixels.counts_and_sigma();
    let channels = inversion.channels();
    let bins = inversion.bins();
    let missing = missing_number(inversion);
    let mut slab = map.as_slab();
    for i in 0..slab.pixel_count() {
        let row = i * channels..(i + 1) * channels;
        let counts = &counts[row.clone()];
        let sigma = &sigma[row.clone()];
        let screened = screen_pixel(inversion, counts, sigma);
        let found = screened
            .verdict
            .and_then(|dropped| solver.solve_pixel(i, counts, sigma, dropped));
        match found {
            Err(status) => slab.reject_pixel(i, status, missing),
            Ok(found) => {
                let row_of_bins = i * bins..(i + 1) * bins;
                slab.emission[row_of_bins.clone()].copy_from_slice(&found.emission);
                if inversion.outputs.uncertainty {
                    slab.uncertainty[row_of_bins.clone()].copy_from_slice(&found.uncertainty);
                }
                if inversion.outputs.averaging_kernel {
                    let kernel = i * bins * bins..(i + 1) * bins * bins;
                    slab.averaging_kernel[kernel]
                        .copy_from_slice(found.kernel.averaging.as_slice().unwrap_or_default());
                }
                if inversion.outputs.log_t_resolution {
                    slab.log_t_resolution[row_of_bins].copy_from_slice(&found.log_t_resolution);
                }
                slab.chi_squared[i] = found.chi_squared;
                slab.synthetic[row].copy_from_slice(&found.synthetic);
                slab.lambda[i] = found.lambda;
                slab.iterations[i] = found.iterations;
                slab.status[i] = found.status;
                slab.dropped[i] = found.dropped;
            }
        }
        slab.saturated[i] = screened.saturated;
    }
    Ok(map)
}

/// Inverts a single pixel, and returns its averaging kernel and covariance as well.
///
/// # Errors
/// As [`invert`]; [`Error::InvalidInput`] with the [`crate::PixelStatus`] in words if the pixel has
/// no result.
pub fn invert_pixel(inversion: &Inversion, counts: &[f64], sigma: &[f64]) -> Result<PixelSolution> {
    let channels = inversion.channels();
    Error::check_length("counts", counts.len(), "channels", channels)?;
    Error::check_length("errors", sigma.len(), "channels", channels)?;
    inversion.check(1)?;
    let solver = Solver::new(inversion)?;
    screen_pixel(inversion, counts, sigma)
        .verdict
        .and_then(|dropped| solver.solve_pixel(0, counts, sigma, dropped))
        .map_err(|status| Error::from(EmissionError::NoResult { status }))
}

/// The state that all pixels share.
struct Solver<'a> {
    inversion: &'a Inversion,
    shared: Discretised,
    dictionary: Dictionary,
}

impl<'a> Solver<'a> {
    fn new(inversion: &'a Inversion) -> Result<Self> {
        let shared = inversion.discretised()?;
        let dictionary = Dictionary::new(inversion, &shared);
        Ok(Self {
            inversion,
            shared,
            dictionary,
        })
    }

    /// Solves pixel `i`, whose channels outside `dropped` (bits) are good.
    fn solve_pixel(
        &self,
        i: usize,
        counts: &[f64],
        sigma: &[f64],
        dropped: u32,
    ) -> std::result::Result<PixelSolution, PixelStatus> {
        let Self {
            inversion,
            shared,
            dictionary,
        } = self;
        match inversion.method {
            Method::Regularised => pixel::solve_regularised(
                inversion,
                shared,
                given_row(inversion, i),
                counts,
                sigma,
                dropped,
            ),
            Method::Positive => {
                positive::solve_positive(inversion, shared, dictionary, counts, sigma, dropped)
            }
            Method::NonNegative => nonnegative::solve_nonnegative(
                inversion, shared, dictionary, counts, sigma, dropped,
            ),
        }
    }
}

/// The given weights of pixel `i`, where they are given and to be used.
pub(crate) fn given_row(inversion: &Inversion, i: usize) -> Option<Vec<f64>> {
    let Weights::Given(given) = &inversion.weights else {
        return None;
    };
    let row = given.row(if given.nrows() == 1 { 0 } else { i }).to_vec();
    inversion.uses_given_row(&row).then_some(row)
}
