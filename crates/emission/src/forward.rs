//! The forward model: from emission to counts.

use crate::{EmissionError, Inversion, Quantity};
use isopach_compute::Result;
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

impl Inversion {
    /// Counts of an emission measure, shape (.., channels): `Σ_t K_f(T_t) ξ_t T_t Δ ln T_t`. O(bins
    /// × channels) a pixel.
    ///
    /// `emission`: shape (.., bins), the quantity that [`Self::report`] names.
    ///
    /// # Errors
    /// As [`Self::discretised`]; [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) if the last axis is not the bins.
    pub fn forward(&self, emission: ArrayViewD<'_, f64>) -> Result<ArrayD<f64>> {
        let shared = self.discretised()?;
        let (leading, bins) = split_shape(emission.shape(), self.bins(), "bins")?;
        let axis = Axis(leading.len());
        let mut counts = ArrayD::zeros(IxDyn(&[leading, &[self.channels()]].concat()));
        for (mut to, from) in counts.lanes_mut(axis).into_iter().zip(emission.lanes(axis)) {
            for t in 0..bins {
                let solution = from[t] / shared.to_report(self, t);
                for (count, response) in to.iter_mut().zip(shared.response_of_bin(t)) {
                    *count += response * solution;
                }
            }
        }
        Ok(counts)
    }

    /// Emission measure of each bin, cm⁻⁵, for a unit of the reported quantity.
    pub(crate) fn integrated_factors(&self) -> Result<Vec<f64>> {
        let shared = self.discretised()?;
        Ok(match self.report {
            Quantity::Differential => shared.kelvin,
            Quantity::Integrated => vec![1.0; self.bins()],
        })
    }
}

/// The leading shape, and the last axis, which must be `expected`.
pub(crate) fn split_shape<'a>(
    shape: &'a [usize],
    expected: usize,
    axis: &'static str,
) -> Result<(&'a [usize], usize)> {
    match shape.split_last() {
        Some((&last, leading)) if last == expected => Ok((leading, last)),
        _ => Err(EmissionError::LastAxis {
            shape: shape.to_vec(),
            expected,
            axis,
        }
        .into()),
    }
}
