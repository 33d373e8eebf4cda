//! Emission measure in bands of temperature, and its mean temperature.

use crate::{Inversion, Real, forward::split_shape};
use isopach_compute::{Error, Result};
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

impl Inversion {
    /// Emission measure in bands of log₁₀ T, cm⁻⁵, shape (.., bands). A bin counts by the part of
    /// its width in log T that the band covers.
    ///
    /// `emission`: shape (.., bins), the quantity that [`Self::report`] names; NaN stays NaN.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the last axis is not the bins; [`Error::InvalidParameter`] for a
    /// band that ends before it begins.
    ///
    /// ```
    /// use isopach_emission::{Inversion, TemperatureResponse};
    /// use ndarray::Array1;
    ///
    /// let edges = (0..=14).map(|i| 5.7 + 0.1 * f64::from(i)).collect();
    /// let inversion = Inversion::new(TemperatureResponse::aia(), edges);
    /// let emission = Array1::from_elem(14, 1e21).into_dyn();
    /// let bands = inversion.in_bands(emission.view(), &[[5.7, 6.0], [6.0, 6.5], [6.5, 7.1]])?;
    /// assert!(bands[0] < bands[1] && bands[1] < bands[2]); // K per bin grows with T
    /// # Ok::<(), isopach_emission::Error>(())
    /// ```
    pub fn in_bands<T: Real>(
        &self,
        emission: ArrayViewD<'_, T>,
        bands: &[[f64; 2]],
    ) -> Result<ArrayD<T>> {
        let (leading, bins) = split_shape(emission.shape(), self.bins(), "bins")?;
        let integrated = self.integrated_factors()?;
        for band in bands {
            Error::check(
                "the upper end of a band",
                band[1],
                band[1] > band[0],
                "be above its lower end",
            )?;
        }
        let shares: Vec<Vec<f64>> = bands
            .iter()
            .map(|&band| self.band_factors(band, &integrated))
            .collect();
        let axis = Axis(leading.len());
        let mut found = ArrayD::from_elem(IxDyn(&[leading, &[bands.len()]].concat()), T::default());
        for (mut to, from) in found.lanes_mut(axis).into_iter().zip(emission.lanes(axis)) {
            for (to, shares) in to.iter_mut().zip(&shares) {
                *to = T::from_f64((0..bins).map(|t| from[t].to_f64() * shares[t]).sum());
            }
        }
        Ok(found)
    }

    fn band_factors(&self, [low, high]: [f64; 2], integrated: &[f64]) -> Vec<f64> {
        let covered = |edges: &[f64]| {
            (edges[1].min(high) - edges[0].max(low)).max(0.0) / (edges[1] - edges[0])
        };
        self.log_t_edges
            .windows(2)
            .zip(integrated)
            .map(|(edges, em)| covered(edges) * em)
            .collect()
    }

    /// Emission-weighted mean temperature, K, shape (..): `Σ EM_t T_t / Σ EM_t`; NaN if there is no
    /// emission.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the last axis is not the bins.
    pub fn mean_temperature<T: Real>(&self, emission: ArrayViewD<'_, T>) -> Result<ArrayD<T>> {
        let (leading, bins) = split_shape(emission.shape(), self.bins(), "bins")?;
        let integrated = self.integrated_factors()?;
        let kelvin: Vec<f64> = self
            .discretised()?
            .log_t
            .iter()
            .map(|x| 10f64.powf(*x))
            .collect();
        let of = |row: &dyn Fn(usize) -> f64| {
            let em = |t: usize| row(t) * integrated[t];
            let (total, weighted) = (0..bins).fold((0.0, 0.0), |(total, weighted), t| {
                (total + em(t), weighted + em(t) * kelvin[t])
            });
            weighted / total
        };
        let rows = emission.lanes(Axis(leading.len()));
        let means: Vec<T> = rows
            .into_iter()
            .map(|row| T::from_f64(of(&|t| row[t].to_f64())))
            .collect();
        ArrayD::from_shape_vec(IxDyn(leading), means).map_err(Error::invalid_input)
    }
}
