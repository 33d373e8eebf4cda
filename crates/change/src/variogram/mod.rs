//! Errors that neighbouring cells share.

mod average;
mod fit;
mod pairs;
mod sampled_ground;

use crate::ChangeError;
use fit::Fit;
use isopach_compute::{Error, Result};
pub use pairs::LagBin;

/// Height difference at a place on stable ground.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StableSample {
    /// Absolute x and y, metres.
    pub position: [f64; 2],
    /// Difference of the epochs at the place, metres.
    pub difference: f64,
}

/// Estimator of the semivariance of a lag, from the differences Δ of its pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum VariogramEstimator {
    /// ½ · 2.198 · median(|Δ|)²: bears up to half of the pairs being outliers (Dowd 1984), and is
    /// the default of xdem.
    #[default]
    Dowd,
    /// ½ mean(√|Δ|)⁴ / (0.457 + 0.494/n) (Cressie & Hawkins 1980, doi:10.1007/BF01035243).
    CressieHawkins,
    /// ½ mean(Δ²): the most exact one for Gaussian errors (Matheron 1963).
    Matheron,
}

/// Correlation model of a structure, as a function of the distance h.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum VariogramModel {
    /// 1 − 1.5 h/a + 0.5 (h/a)³ up to the range a, then 0.
    #[default]
    Spherical,
    /// e^(−3h/a): 5 % are left at the (effective) range a.
    Exponential,
}

/// Options of a variogram.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VariogramOptions {
    /// Estimator of the semivariance of a lag.
    pub estimator: VariogramEstimator,
    /// Shape of the structures.
    pub model: VariogramModel,
    /// Largest number of structures, 0 to 2. A structure is fitted only if it explains more than
    /// the scatter of the lags.
    pub structures: usize,
    /// Differences further from the median than this many robust standard deviations (1.4826 · MAD)
    /// are left out.
    pub trim: f64,
    /// Largest lag, metres; `None`: half the diagonal of the samples' extent.
    pub longest_lag: Option<f64>,
}

impl Default for VariogramOptions {
    /// Dowd's estimator, up to two spherical structures, differences within five standard
    /// deviations.
    fn default() -> Self {
        Self {
            estimator: VariogramEstimator::Dowd,
            model: VariogramModel::Spherical,
            structures: 2,
            trim: 5.0,
            longest_lag: None,
        }
    }
}

/// Part of the errors that is correlated within a range.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VariogramStructure {
    /// Variance, m².
    pub sill: f64,
    /// Range, metres.
    pub range: f64,
    /// Correlation model.
    pub model: VariogramModel,
}

/// Variogram of differences over stable ground: γ(h) = nugget + Σ sill · (1 − correlation(h)).
///
/// The nugget is the error of single cells: roughness, sampling. The structures are errors that
/// neighbouring cells share: strips, trajectory, vegetation. A mean over an area has a variance
/// that falls with the area only beyond their ranges (Rolstad et al. 2009,
/// doi:10.3189/002214309789470950; Hugonnet et al. 2022, doi:10.1109/JSTARS.2022.3188922).
///
/// ```
/// use isopach_change::{StableSample, Variogram, VariogramOptions};
/// // Means of white noise over 8 × 8 cells, σ = 29 mm, and noise of its own for each cell.
/// fn random(i: u32) -> f64 {
///     let mixed = (i ^ (i >> 15)).wrapping_mul(0x85EB_CA77) ^ 0x9E37_79B9;
///     let mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xC2B2_AE3D);
///     f64::from(mixed ^ (mixed >> 16)) / f64::from(u32::MAX) * 2.0 - 1.0
/// }
/// let sample = |i: u32| {
///     let (x, y) = (i % 96, i / 96);
///     let shared: f64 = (0..64).map(|k| random((x + k % 8) + 128 * (y + k / 8))).sum();
///     let difference = 0.05 * shared / 8.0 + 0.02 * random(100_000 + i);
///     StableSample { position: [f64::from(x), f64::from(y)], difference }
/// };
/// let samples: Vec<_> = (0..9216).map(sample).collect();
/// let variogram = Variogram::from_samples(&samples, &VariogramOptions::default())?;
/// assert!((variogram.correlated_sigma() - 0.029).abs() < 0.006);
/// // A mean over 1000 m² is worth about fifteen squares.
/// assert!((8.0..30.0).contains(&variogram.effective_samples(1000.0)), "{variogram:?}");
/// # Ok::<(), isopach_compute::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Variogram {
    /// Variance that is not shared, m².
    pub nugget: f64,
    /// Shared parts, by range; empty if the differences are independent.
    pub structures: Vec<VariogramStructure>,
    /// Bins of the empirical variogram that the model was fitted to.
    pub bins: Vec<LagBin>,
    /// Mean of the squared correlation over the pairs of samples: the variance of their mean square
    /// is twice that times the sill squared. `None` if the parameters are given.
    pub squared_correlation: Option<f64>,
}

/// Fewest samples.
const FEWEST: usize = 100;

impl Variogram {
    /// Estimates and fits the variogram of samples. The result does not depend on their order: a
    /// hash of the positions chooses the pairs.
    ///
    /// O(n · min(n, 2·10⁸/n)) for n samples.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for more than two structures, or a trim or a longest lag that is
    /// not above zero; [`Error::InvalidInput`] for fewer than 100 samples, numbers that are not
    /// finite, or samples at one place.
    pub fn from_samples(samples: &[StableSample], options: &VariogramOptions) -> Result<Self> {
        check_input(samples, options)?;
        let bins = pairs::bin_pairs(&pairs::trim_outliers(samples, options.trim), options)?;
        let Fit { nugget, structures } = fit::fit_structures(&bins, options);
        let mut found = Self {
            nugget,
            structures,
            bins,
            squared_correlation: None,
        };
        let squared = sampled_ground::mean_squared_correlation(samples, &found);
        found.squared_correlation = Some(squared);
        Ok(found)
    }

    /// Variogram from known parameters, without bins.
    #[must_use]
    pub fn from_structures(nugget: f64, structures: Vec<VariogramStructure>) -> Self {
        Self {
            nugget,
            structures,
            bins: Vec::new(),
            squared_correlation: None,
        }
    }

    /// Covariance of the shared part at two places `distance` metres apart, m².
    #[must_use]
    pub fn covariance(&self, distance: f64) -> f64 {
        let parts = self
            .structures
            .iter()
            .map(|structure| structure.sill * structure.correlation(distance));
        parts.fold(0.0, |sum, part| sum + part) // an empty sum of f64 is −0
    }

    /// γ(h), m²; 0 at 0.
    #[must_use]
    pub fn semivariance(&self, distance: f64) -> f64 {
        if distance == 0.0 {
            0.0
        } else {
            self.nugget + self.covariance(0.0) - self.covariance(distance)
        }
    }

    /// Standard deviation of the shared part at one place, metres: input of
    /// [`crate::Detection::correlated`].
    #[must_use]
    pub fn correlated_sigma(&self) -> f64 {
        self.covariance(0.0).sqrt()
    }
}

impl VariogramStructure {
    /// Correlation at a distance, metres: 1 at 0.
    #[must_use]
    pub fn correlation(&self, distance: f64) -> f64 {
        let h = distance / self.range;
        match self.model {
            VariogramModel::Spherical if h >= 1.0 => 0.0,
            VariogramModel::Spherical => 1.0 - 1.5 * h + 0.5 * h * h * h,
            VariogramModel::Exponential => (-3.0 * h).exp(),
        }
    }
}

fn check_input(samples: &[StableSample], options: &VariogramOptions) -> Result<()> {
    Error::check(
        "trim",
        options.trim,
        options.trim > 0.0,
        "give a number of standard deviations above 0",
    )?;
    let structures = options.structures as f64;
    Error::check(
        "structures of a variogram",
        structures,
        options.structures <= 2,
        "give 0, 1 or 2",
    )?;
    if let Some(lag) = options.longest_lag {
        Error::check(
            "longest lag",
            lag,
            lag > 0.0 && lag.is_finite(),
            "give metres above 0",
        )?;
    }
    if samples.len() < FEWEST {
        return Err(ChangeError::TooFewSamples {
            given: samples.len(),
            needed: FEWEST,
        }
        .into());
    }
    let is_finite = |sample: &StableSample| {
        sample.position.iter().all(|x| x.is_finite()) && sample.difference.is_finite()
    };
    if let Some(index) = samples.iter().position(|sample| !is_finite(sample)) {
        return Err(ChangeError::SampleNotFinite {
            index,
            position: samples[index].position,
            difference: samples[index].difference,
        }
        .into());
    }
    Ok(())
}
