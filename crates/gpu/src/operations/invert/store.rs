//! Results of the device, stored in the map.

use super::{
    outcome::{Numbers, SolveOutcome},
    parameters::CHANNELS,
    precision::Precision,
};
use isopach_emission::{
    PixelStatus,
    backend::{Screened, Shared, Slab, missing_number},
};

/// Stores the numbers and the status of some pixels; returns how many the device was not sure of.
pub(super) fn store_pixels<T: Precision>(
    shared: &Shared<'_, T, CHANNELS>,
    outcomes: &[SolveOutcome],
    numbers: &[Numbers<T>],
    screened: &[Screened],
    mut slab: Slab<'_, T>,
) -> u64 {
    let missing = missing_number(shared.inversion);
    let bins = shared.response.len();
    let mut undecided = 0;
    for (i, ((outcome, numbers), screened)) in
        outcomes.iter().zip(numbers).zip(screened).enumerate()
    {
        // A negative width: the driver ended a loop of `horizontal.wgsl`.
        let widths = slab
            .log_t_resolution
            .get(i * bins..(i + 1) * bins)
            .unwrap_or_default();
        let complete = widths.iter().all(|width| width.to_f64() >= 0.0);
        let signs = outcome.signs().filter(|_| complete);
        match (screened.verdict, signs) {
            (Err(status), _) => slab.reject_pixel(i, status, missing),
            (Ok(_), None) => {
                slab.reject_pixel(i, PixelStatus::OutOfRange, missing);
                undecided += 1;
            }
            (Ok(dropped), Some(signs)) => {
                store_solution(shared, &mut slab, i, outcome, numbers);
                let chi_squared = slab.chi_squared[i].to_f64();
                slab.dropped[i] = dropped;
                slab.status[i] =
                    PixelStatus::from_result(shared.inversion, signs, dropped, chi_squared);
            }
        }
        slab.saturated[i] = screened.saturated;
    }
    undecided
}

/// Stores χ², λ, iterations and the counts of the solution of pixel `i`.
fn store_solution<T: Precision>(
    shared: &Shared<'_, T, CHANNELS>,
    slab: &mut Slab<'_, T>,
    i: usize,
    outcome: &SolveOutcome,
    numbers: &Numbers<T>,
) {
    let [a, b, c, chi_squared, d, e, f, lambda] = *numbers;
    slab.chi_squared[i] = chi_squared;
    slab.lambda[i] = outcome.lambda(lambda, shared.scale);
    slab.iterations[i] = outcome.iterations;
    let row = i * shared.channels..(i + 1) * shared.channels;
    slab.synthetic[row].copy_from_slice(&[a, b, c, d, e, f][..shared.channels]);
}
