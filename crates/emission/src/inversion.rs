//! Parameters of an inversion.

use crate::{EmissionError, EmissionMap, InvertPixels, Method, Observation, TemperatureResponse};
use isopach_compute::{Error, Result};
use ndarray::Array2;

/// The weights *w* of the constraint: a bin with a large weight is damped less.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Weights {
    /// From a first solution with w = 1: bins above 10⁻⁴ of its largest, smoothed over five bins.
    #[default]
    SelfNormalised,
    /// The lowest of the EM loci `counts / response` of these channels, smoothed over five bins.
    EmissionMeasureLoci(Vec<usize>),
    /// One row for all pixels or one row a pixel (in the order of the pixels), shape (1 or pixels,
    /// bins), finite and not below zero; taken as they are. Only ratios within a row should matter,
    /// but the grid of μ is not free of scale: see docs/algorithms/emission.md.
    Given(Array2<f64>),
}

/// One of the two emission measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Quantity {
    /// Differential emission measure ξ(T), cm⁻⁵ K⁻¹.
    #[default]
    Differential,
    /// Emission measure of a bin, ξ(T) T Δ ln T, cm⁻⁵.
    Integrated,
}

/// The constraint matrix L of the regularisation, which keeps `Σ (L_t x_t)²` small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Constraint {
    /// `L² = Δ log T / w`, a smooth density.
    #[default]
    PerLogT,
    /// `L = 1 / w`, each bin by itself. Solving for [`Quantity::Integrated`] implies it.
    PerBin,
}

/// Whether to reproduce the quirks of the reference program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Compatibility {
    /// No: true mid-points of bins; a response is cleaned channel by channel; a count of zero or
    /// below is a measurement with its error; bins that are negative within
    /// [`Inversion::negative_tolerance`] are no reason to iterate; missing results are NaN. A pixel
    /// whose first solution is nowhere negative has the reference's numbers.
    #[default]
    Off,
    /// As [`Self::Off`], but the reference's rules about signs: counts must be above zero, bins
    /// must not be below zero but for round-off, and [`crate::PixelStatus`] tells only these apart.
    /// The rules of this crate up to version 0.1, bit for bit.
    Strict,
    /// Yes: centres `log T₀ + Δᵢ (i + ½)`; a response cleaned by rows; a pixel is accepted if the
    /// product of its counts over errors is positive; below zero is below zero; given weights whose
    /// product is 1 or whose first is 0 mean "self-normalised"; missing results are 0.
    Reference,
}

/// The treatment of a pixel with bad channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MissingCounts {
    /// No result for the pixel.
    #[default]
    Reject,
    /// Invert the other channels.
    Drop,
}

/// Saturation levels, and the treatment of pixels with saturated channels.
///
/// A saturated channel says only that there was at least so much light: its count is too small, by
/// an unknown factor, and its neighbours along the column may hold charge that ran over.
/// [`crate::EmissionMap::saturated`] says which channels of which pixels are.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Saturation {
    /// One a channel, in the unit of the counts (for AIA [`crate::AiaChannel::saturation`] over the
    /// exposure); infinite for a channel that never is. A count at its level is saturated. Compared
    /// in single precision, so that both precisions agree.
    pub levels: Vec<f64>,
    /// Reject the pixel, or leave those channels out.
    pub then: MissingCounts,
}

/// Results to compute beside the emission measure. The horizontal error takes about half of the
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Outputs {
    /// Vertical error.
    pub uncertainty: bool,
    /// Horizontal error.
    pub log_t_resolution: bool,
    /// Averaging kernel: bins × bins numbers a pixel. For maps, take them block by block
    /// ([`Inversion::stream`]).
    pub averaging_kernel: bool,
}

impl Outputs {
    /// Both errors.
    pub const ERRORS: Self = Self {
        uncertainty: true,
        log_t_resolution: true,
        averaging_kernel: false,
    };
    /// The emission measure alone.
    pub const NONE: Self = Self {
        uncertainty: false,
        log_t_resolution: false,
        averaging_kernel: false,
    };
}

/// Regularised inversion of counts to emission measure.
///
/// Per pixel: λ is the point of a geometric grid of μ at which the discrepancy
/// `Σ_k (c_k μ / (s_k² + μ))²` is nearest to `channels × χ² target`; while a bin is negative by
/// more than its tolerance the target grows by `target_growth`, at most `max_iterations` times in
/// all. O(channels × bins) a pixel, O(bins²) with the horizontal error. Hannah & Kontar 2012, A&A
/// 539, A146; Hannah & Kontar 2013, A&A 553, A10.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Inversion {
    /// Response of each channel on its own grid of temperatures.
    pub response: TemperatureResponse,
    /// Edges of the temperature bins, log₁₀ K, ascending, one more than there are bins. Bins: at
    /// least as many as channels, and three.
    pub log_t_edges: Vec<f64>,
    /// The method. Weights, growth, iterations, μ and constraint below belong to
    /// [`Method::Regularised`].
    pub method: Method,
    /// Weights of the constraint.
    pub weights: Weights,
    /// χ² a channel to aim for at first (`reg_tweak` of the reference).
    pub chi_squared_target: f64,
    /// Factor of the target from one iteration to the next (`rgt_fact`).
    pub target_growth: f64,
    /// Most iterations, 1 or more (`max_iter`); 1 gives the first solution, with any signs.
    pub max_iterations: usize,
    /// Points of the grid of μ, 2 or more (`nmu`; the reference takes 42 for maps and 500 for
    /// single pixels).
    pub mu_samples: usize,
    /// The quantity to solve for (`emd_int` of the reference is [`Quantity::Integrated`]).
    pub solve_for: Quantity,
    /// The quantity to return (`emd_ret`), independent of the one that is solved for.
    pub report: Quantity,
    /// The constraint (`l_emd` is [`Constraint::PerBin`]).
    pub constraint: Constraint,
    /// How far below zero a bin may be, in units of its own vertical error, without sending the
    /// loop on; 0 or more, 0 for round-off only. Not used by [`Compatibility::Strict`] and
    /// [`Compatibility::Reference`].
    pub negative_tolerance: f64,
    /// Bad channels: an error that is not a finite number above zero, a count that is not a finite
    /// number (NaN is "no measurement") or is the [`Self::pad_value`]. Counts of zero and below are
    /// measurements, with their errors; except with [`Compatibility::Strict`] and
    /// [`Compatibility::Reference`].
    pub missing: MissingCounts,
    /// A count that stands for "no measurement", beside NaN; compared in single precision. A BLANK
    /// of a FITS file is NaN already.
    pub pad_value: Option<f64>,
    /// Saturated channels; none is recognised without.
    pub saturation: Option<Saturation>,
    /// Results to compute.
    pub outputs: Outputs,
    /// Quirks of the reference.
    pub compat: Compatibility,
}

impl Inversion {
    /// With the reference's defaults for maps, quirks off.
    #[must_use]
    pub fn new(response: TemperatureResponse, log_t_edges: Vec<f64>) -> Self {
        Self {
            response,
            log_t_edges,
            method: Method::default(),
            weights: Weights::default(),
            chi_squared_target: 1.0,
            target_growth: 1.5,
            max_iterations: 10,
            mu_samples: 42,
            solve_for: Quantity::default(),
            report: Quantity::default(),
            constraint: Constraint::default(),
            negative_tolerance: 2.0,
            missing: MissingCounts::default(),
            pad_value: None,
            saturation: None,
            outputs: Outputs::ERRORS,
            compat: Compatibility::default(),
        }
    }

    /// Number of temperature bins.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.log_t_edges.len().saturating_sub(1)
    }

    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.response.channels.len()
    }

    /// The constraint that applies: solving for the integrated measure implies
    /// [`Constraint::PerBin`].
    #[must_use]
    pub fn effective_constraint(&self) -> Constraint {
        if self.solve_for == Quantity::Integrated {
            Constraint::PerBin
        } else {
            self.constraint
        }
    }

    /// The tolerance of negative bins that applies.
    #[must_use]
    pub fn effective_tolerance(&self) -> f64 {
        if self.compat == Compatibility::Off {
            self.negative_tolerance
        } else {
            0.0
        }
    }

    /// Inverts one pixel or an image of any shape in double precision.
    ///
    /// # Errors
    /// As [`InvertPixels::invert`].
    pub fn run(
        &self,
        on: &(impl InvertPixels + ?Sized),
        observation: Observation<'_, f64>,
    ) -> Result<EmissionMap<f64>> {
        on.invert(self, observation)
    }

    /// Like [`Self::run`], in single precision.
    ///
    /// # Errors
    /// As [`InvertPixels::invert`].
    pub fn run_single(
        &self,
        on: &(impl InvertPixels + ?Sized),
        observation: Observation<'_, f32>,
    ) -> Result<EmissionMap<f32>> {
        on.invert_single(self, observation)
    }

    /// Checks the parameters for an image of `pixels` pixels.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] or [`Error::InvalidInput`], naming the wrong parameter.
    pub fn check(&self, pixels: usize) -> Result<()> {
        self.response.check_response()?;
        let bins = self.bins();
        let channels = self.channels();
        let enough = bins >= channels.max(3);
        Error::check(
            "the number of bins",
            bins as f64,
            enough,
            "be at least that of the channels, and three",
        )?;
        if !self.log_t_edges.windows(2).all(|w| w[0] < w[1])
            || !self.log_t_edges.iter().all(|x| x.is_finite())
        {
            return Err(EmissionError::BinEdges {
                edges: self.log_t_edges.len(),
            }
            .into());
        }
        Error::positive("the χ² target", self.chi_squared_target)?;
        Error::positive("the growth of the χ² target", self.target_growth)?;
        let tolerance = self.negative_tolerance;
        Error::check(
            "the tolerance of negative bins",
            tolerance,
            tolerance >= 0.0,
            "be 0 or more",
        )?;
        Error::check(
            "the number of iterations",
            self.max_iterations as f64,
            self.max_iterations > 0,
            "be at least 1",
        )?;
        Error::check(
            "the number of μ samples",
            self.mu_samples as f64,
            self.mu_samples > 1,
            "be at least 2",
        )?;
        self.check_saturation()?;
        self.check_weights(pixels)
    }

    fn check_saturation(&self) -> Result<()> {
        let Some(Saturation { levels, .. }) = &self.saturation else {
            return Ok(());
        };
        Error::check_length(
            "saturation levels",
            levels.len(),
            "channels",
            self.channels(),
        )?;
        levels.iter().try_for_each(|&level| {
            Error::check(
                "a saturation level",
                level,
                level > 0.0,
                "be above zero (infinite: never)",
            )
            .map(drop)
        })
    }

    fn check_weights(&self, pixels: usize) -> Result<()> {
        if self.method != Method::Regularised
            && (self.weights != Weights::SelfNormalised || self.constraint != Constraint::PerLogT)
        {
            return Err(EmissionError::WeightsOfOtherMethod.into());
        }
        match &self.weights {
            Weights::SelfNormalised => {}
            Weights::EmissionMeasureLoci(chosen) => {
                if chosen.is_empty() {
                    return Err(EmissionError::NoLociChannel.into());
                }
                if let Some(&unknown) = chosen.iter().find(|&&c| c >= self.channels()) {
                    let must = "be a position in the response's channels";
                    Error::check(
                        "a channel of the EM loci weights",
                        unknown as f64,
                        false,
                        must,
                    )?;
                }
            }
            Weights::Given(given) => {
                let (rows, columns) = given.dim();
                if columns != self.bins() || (rows != 1 && rows != pixels) {
                    return Err(EmissionError::WeightShape {
                        rows,
                        columns,
                        bins: self.bins(),
                        pixels,
                    }
                    .into());
                }
                let good = |x: &&f64| {
                    x.is_finite() && (**x >= 0.0 || self.compat == Compatibility::Reference)
                };
                if let Some(&bad) = given.iter().find(|x| !good(x)) {
                    Error::check("a weight", bad, false, "be a finite number, zero or above")?;
                }
            }
        }
        Ok(())
    }
}
