//! The parts that backends share with the CPU version, so that a device has to compute the common
//! case only.
//!
//! A kernel is given [`Shared`] numbers, the pixels' [`Rows`] and the [`Slab`] of the map to write
//! to. It calls [`screen_pixel`] for the pixels and channels to use, and sets
//! [`crate::PixelStatus::OutOfRange`] where its precision is not enough. [`invert_with_kernel`]
//! does the rest, in either precision: shapes, map, and the pixels out of range, which it inverts
//! again on the CPU in double precision.

pub use crate::{
    discretised::NULL,
    kernel::{Rows, Shared},
    map::Slab,
    quirks::{ignores_given_weights, missing_number},
    screen::{Screened, screen_pixel},
    status::Signs,
};

use crate::{
    EmissionMap, Inversion, InvertPixels, Observation, Real, reinvert::reinvert_in_double,
};
use isopach_compute::{Cpu, Result};

/// Inverts with `kernel`, which fills the slab from the rows. Pixels that are
/// [`crate::PixelStatus::OutOfRange`] after it are inverted again on the CPU in double precision.
/// Without pixels the kernel is not called.
///
/// # Errors
/// As [`InvertPixels::invert`]; and those of `kernel`.
pub fn invert_with_kernel<T: Real>(
    inversion: &Inversion,
    observation: &Observation<'_, T>,
    kernel: impl FnOnce(Rows<'_, T>, Slab<'_, T>) -> Result<()>,
) -> Result<EmissionMap<T>> {
    let pixels = observation.pixel_rows(inversion.channels())?;
    inversion.check(pixels.pixel_count())?;
    let mut map = EmissionMap::zeroed(inversion, &pixels.leading);
    if !map.is_empty() {
        let (counts, sigma) = pixels.counts_and_sigma();
        kernel(
            Rows {
                counts,
                sigma,
                first: 0,
            },
            map.as_slab(),
        )?;
    }
    reinvert_in_double(
        inversion,
        observation,
        &mut map,
        &|inversion, observation| Cpu.invert(inversion, observation),
    )?;
    Ok(map)
}
