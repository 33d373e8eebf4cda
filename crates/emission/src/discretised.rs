//! The discretised inversion: bins and response.

use crate::{Compatibility, EmissionError, Inversion, Quantity, response::interpolate_linear};
use isopach_compute::Result;

/// Scale of the response and of the solution in the reference. Part of the definition, because the
/// grid of μ is not free of scale.
pub(crate) const UNIT: f64 = 1e15;

/// How far below zero, in units of the largest bin, still counts as round-off.
pub(crate) const ROUND_OFF: f64 = 1e-12;

/// Square of a singular value, in units of the largest, up to which it is zero but for round-off.
pub const NULL: f64 = 1e-26;

/// Full width at half maximum of a Gaussian in standard deviations, 2 √(2 ln 2), as the reference
/// has it.
pub(crate) const FWHM: f64 = 2.354_820_045_030_949_3;

/// Steps of the sampling of the horizontal error over the range of temperatures. The reference's
/// last sample is one step before the end.
pub(crate) const STEPS: usize = 51;

/// A sample of a row of the averaging kernel: `(1 − share) × K[bin] + share × K[bin + 1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResolutionPoint {
    /// The bin below.
    pub bin: usize,
    /// How far to the next bin, 0 to 1.
    pub share: f64,
}

/// Temperature bins and the response in them, which all pixels share.
#[derive(Clone, Debug, PartialEq)]
pub struct Discretised {
    /// Centres of the bins, log₁₀ K.
    pub log_t: Vec<f64>,
    /// Widths of the bins, Δ log₁₀ T.
    pub widths: Vec<f64>,
    /// `T Δ ln T` of each bin, K: from differential to integrated.
    pub kelvin: Vec<f64>,
    /// Number of channels.
    pub channels: usize,
    /// Counts for 10¹⁵ units of the solution, `[bin × channels + channel]`.
    pub response: Vec<f64>,
    /// Where a column of the averaging kernel is sampled for its width; 51 points one
    /// `resolution_step` apart.
    pub resolution: Vec<ResolutionPoint>,
    /// Distance of those points, Δ log₁₀ T.
    pub resolution_step: f64,
}

impl Discretised {
    /// The row of a bin: the response of every channel.
    #[must_use]
    pub fn response_of_bin(&self, bin: usize) -> &[f64] {
        &self.response[bin * self.channels..][..self.channels]
    }

    /// Factor of bin `t` from the solution to the reported quantity.
    #[must_use]
    pub fn to_report(&self, inversion: &Inversion, bin: usize) -> f64 {
        UNIT * match (inversion.solve_for, inversion.report) {
            (Quantity::Differential, Quantity::Integrated) => self.kelvin[bin],
            (Quantity::Integrated, Quantity::Differential) => 1.0 / self.kelvin[bin],
            _ => 1.0,
        }
    }
}

impl Inversion {
    /// Bins and response in numbers; for backends.
    ///
    /// # Errors
    /// As [`Self::check`], but for given weights.
    pub fn discretised(&self) -> Result<Discretised> {
        self.response.check_response()?;
        let edges = &self.log_t_edges;
        if self.bins() < 3 || !edges.windows(2).all(|w| w[0] < w[1]) {
            return Err(EmissionError::BinEdges { edges: edges.len() }.into());
        }
        let widths: Vec<f64> = edges.windows(2).map(|w| w[1] - w[0]).collect();
        let log_t: Vec<f64> = match self.compat {
            Compatibility::Off | Compatibility::Strict => {
                edges.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect()
            }
            Compatibility::Reference => widths
                .iter()
                .enumerate()
                .map(|(i, width)| edges[0] + width * (i as f64 + 0.5))
                .collect(),
        };
        let kelvin: Vec<f64> = log_t
            .iter()
            .zip(&widths)
            .map(|(x, width)| 10f64.powf(*x) * 10f64.powf(*width).ln())
            .collect();
        let logs: Vec<Vec<f64>> = self
            .response
            .clean_channels(self.compat)?
            .into_iter()
            .map(|channel| channel.into_iter().map(f64::log10).collect())
            .collect();
        let mut response = Vec::with_capacity(log_t.len() * logs.len());
        for (&x, kelvin) in log_t.iter().zip(&kelvin) {
            for channel in &logs {
                let value = 10f64.powf(interpolate_linear(x, &self.response.log_t, channel));
                let factor = if self.solve_for == Quantity::Differential {
                    *kelvin
                } else {
                    1.0
                };
                response.push(value * factor * UNIT);
            }
        }
        let (resolution, resolution_step) = resolution_points(&log_t);
        Ok(Discretised {
            channels: logs.len(),
            log_t,
            widths,
            kelvin,
            response,
            resolution,
            resolution_step,
        })
    }
}

fn resolution_points(log_t: &[f64]) -> (Vec<ResolutionPoint>, f64) {
    let (low, high) = log_t
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &x| {
            (l.min(x), h.max(x))
        });
    (
        (0..STEPS)
            .map(|k: usize| {
                let x = low + 1e-8 + (high - low) * k as f64 / STEPS as f64;
                let bin = log_t
                    .partition_point(|&centre| centre <= x)
                    .clamp(1, log_t.len() - 1)
                    - 1;
                ResolutionPoint {
                    bin,
                    share: ((x - log_t[bin]) / (log_t[bin + 1] - log_t[bin])).clamp(0.0, 1.0),
                }
            })
            .collect(),
        (high - low) / STEPS as f64,
    )
}
