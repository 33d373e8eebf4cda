//! For backends: what they share with the processor's version, so that a device computes only what
//! it is good at.
//!
//! A kernel is given [`Shared`] numbers, the pixels' [`Rows`] and the [`Slab`] of the map to write
//! to. It asks [`screen`] which pixels and channels are to be used, and gives
//! [`crate::PixelStatus::OutOfRange`] to those of which it is not sure. [`invert`] does what is
//! around it, in either precision: the shapes, the map, and the pixels that the kernel was not sure
//! of, once more on the processor in double precision.

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

/// Inverts by `kernel`, which fills the slab with what it finds in the rows, and again in double
/// precision on the processor what is [`crate::PixelStatus::OutOfRange`] after that. Without pixels
/// the kernel is not called.
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
