//! The capability of a backend: inversion of pixels.

use crate::{EmissionError, EmissionMap, Inversion, forward::split_shape, reference};
use isopach_compute::{Compute, Result};
use ndarray::{ArrayViewD, CowArray, IxDyn};

/// Counts and their errors, shape (.., channels): any leading shape, any strides.
#[derive(Clone, Debug)]
pub struct Observation<'a, T> {
    /// Counts, in the unit of the response: DN s⁻¹ px⁻¹.
    pub counts: ArrayViewD<'a, T>,
    /// Standard deviations of the counts, same shape and unit.
    pub sigma: ArrayViewD<'a, T>,
}

/// Counts and errors as rows of channels, one a pixel.
pub(crate) struct PixelRows<'a, T> {
    pub(crate) leading: Vec<usize>,
    pub(crate) counts: CowArray<'a, T, IxDyn>,
    pub(crate) sigma: CowArray<'a, T, IxDyn>,
}

impl<T: Clone> Observation<'_, T> {
    /// Checks shapes; copies only arrays that are not in standard order.
    pub(crate) fn pixel_rows(&self, channels: usize) -> Result<PixelRows<'_, T>> {
        let counts = self.counts.shape();
        let sigma = self.sigma.shape();
        if counts != sigma {
            return Err(EmissionError::SigmaShape {
                counts: counts.to_vec(),
                sigma: sigma.to_vec(),
            }
            .into());
        }
        let (leading, _) = split_shape(counts, channels, "channels")?;
        Ok(PixelRows {
            leading: leading.to_vec(),
            counts: self.counts.as_standard_layout(),
            sigma: self.sigma.as_standard_layout(),
        })
    }
}

impl<T> PixelRows<'_, T> {
    pub(crate) fn counts_and_sigma(&self) -> (&[T], &[T]) {
        // In standard order by `Observation::pixels`.
        (
            self.counts.as_slice().unwrap_or_default(),
            self.sigma.as_slice().unwrap_or_default(),
        )
    }

    pub(crate) fn pixel_count(&self) -> usize {
        self.leading.iter().product()
    }
}

/// Capability: inverts counts to emission measure. No pixel can make another fail or change it.
///
/// An override in double precision must choose the same λ after the same number of iterations, and
/// agree to 10⁻⁸ of each pixel's largest value; in single precision the same λ in 99.99 % of the
/// pixels, and 10⁻⁵ at the 99th percentile.
pub trait InvertPixels: Compute {
    /// Inverts in double precision. The provided body is the definition.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`](isopach_compute::Error::InvalidParameter) or [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) for parameters or shapes that no
    /// backend can work with.
    fn invert(
        &self,
        inversion: &Inversion,
        observation: Observation<'_, f64>,
    ) -> Result<EmissionMap<f64>> {
        reference::invert(inversion, observation)
    }

    /// Inverts in single precision. The provided body is the definition in double precision,
    /// rounded.
    ///
    /// # Errors
    /// As [`Self::invert`].
    fn invert_single(
        &self,
        inversion: &Inversion,
        observation: Observation<'_, f32>,
    ) -> Result<EmissionMap<f32>> {
        let counts = observation.counts.mapv(f64::from);
        let sigma = observation.sigma.mapv(f64::from);
        let wide = Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        };
        Ok(reference::invert(inversion, wide)?.to_precision())
    }
}
