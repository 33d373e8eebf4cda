//! One pixel.

use super::svd::{Svd, decompose_svd, dot_product};
use crate::{
    Compatibility, Constraint, Discretised, Inversion, PixelStatus, Weights,
    discretised::{FWHM, NULL, ROUND_OFF, UNIT},
    status::Signs,
};
use ndarray::Array2;

/// The solution of one pixel; units and meanings as in [`crate::EmissionMap`].
#[derive(Clone, Debug, PartialEq)]
pub struct PixelSolution {
    /// The requested measure, one value per bin.
    pub emission: Vec<f64>,
    /// Its vertical error.
    pub uncertainty: Vec<f64>,
    /// Its horizontal error, Δ log₁₀ T.
    pub log_t_resolution: Vec<f64>,
    /// χ² a channel.
    pub chi_squared: f64,
    /// Counts of the solution, one per channel.
    pub synthetic: Vec<f64>,
    /// Regularisation parameter.
    pub lambda: f64,
    /// Iterations made.
    pub iterations: u32,
    /// How it ended.
    pub status: PixelStatus,
    /// Channels left out, as bits.
    pub dropped: u32,
    /// The kernels behind the errors.
    pub kernel: CountMap,
}

/// The linear map from counts to solution at the chosen λ.
#[derive(Clone, Debug, PartialEq)]
pub struct CountMap {
    /// `∂ solution / ∂ (counts / σ)`, shape (bins, channels), in 10¹⁵ units of the solved quantity.
    /// Times its transpose: the covariance.
    pub inverse: Array2<f64>,
    /// Averaging kernel, shape (bins, bins): column k is the solution for a unit of emission in bin
    /// k.
    pub averaging: Array2<f64>,
}

/// The counts of a pixel in units of their errors; channels left out are zero.
pub(super) struct ScaledPixel<'a> {
    pub(super) counts: &'a [f64],
    pub(super) g: Vec<f64>,
    pub(super) inverse_sigma: Vec<f64>,
    used: Vec<bool>,
    pub(super) dropped: u32,
}

impl<'a> ScaledPixel<'a> {
    pub(super) fn new(counts: &'a [f64], sigma: &[f64], dropped: u32) -> Self {
        let used: Vec<bool> = (0..counts.len()).map(|f| dropped & (1 << f) == 0).collect();
        let of_used = |value: &dyn Fn(usize) -> f64| {
            (0..counts.len())
                .map(|f| if used[f] { value(f) } else { 0.0 })
                .collect()
        };
        let g = of_used(&|f| counts[f] / sigma[f]);
        let inverse_sigma = of_used(&|f| 1.0 / sigma[f]);
        Self {
            counts,
            g,
            inverse_sigma,
            used,
            dropped,
        }
    }

    /// Number of channels in use.
    pub(super) fn used_channels(&self) -> f64 {
        self.used.iter().filter(|&&used| used).count() as f64
    }

    /// χ² a channel of a solution's counts.
    pub(super) fn chi_squared(&self, synthetic: &[f64]) -> f64 {
        let residual = |f: usize| (self.counts[f] - synthetic[f]) * self.inverse_sigma[f];
        (0..synthetic.len())
            .filter(|&f| self.used[f])
            .map(|f| residual(f).powi(2))
            .sum::<f64>()
            / self.used_channels()
    }
}

/// Solves one pixel whose channels outside `dropped` (bits) are good, or says that the result is no
/// finite number.
pub(super) fn solve_regularised(
    inversion: &Inversion,
    shared: &Discretised,
    given: Option<Vec<f64>>,
    counts: &[f64],
    sigma: &[f64],
    dropped: u32,
) -> Result<PixelSolution, PixelStatus> {
    let pixel = ScaledPixel::new(counts, sigma, dropped);
    let weights = weights_of(inversion, shared, &pixel, given, sigma);
    let l = constraint_of(inversion, shared, &weights);
    let system = RegularisedSystem::new(inversion, shared, &pixel, &l);
    let found = iterate_target(inversion, &system);
    let synthetic: Vec<f64> = (0..counts.len())
        .map(|f| {
            let bins = found.x.iter().enumerate();
            bins.map(|(t, x)| shared.response_of_bin(t)[f] * x).sum()
        })
        .collect();
    let chi_squared = pixel.chi_squared(&synthetic);
    if !chi_squared.is_finite() || !found.x.iter().all(|x| x.is_finite()) {
        return Err(PixelStatus::OutOfRange);
    }
    let kernel = system.count_map_at(found.lambda);
    let reported = |values: &[f64]| -> Vec<f64> {
        let bins = values.iter().enumerate();
        bins.map(|(t, value)| value * shared.to_report(inversion, t))
            .collect()
    };
    Ok(PixelSolution {
        emission: reported(&found.x),
        uncertainty: reported(&standard_deviations(&kernel.inverse)),
        log_t_resolution: column_resolution(shared, &kernel.averaging),
        chi_squared,
        synthetic,
        lambda: found.lambda,
        iterations: found.iterations as u32,
        status: PixelStatus::from_result(inversion, found.signs, dropped, chi_squared),
        dropped,
        kernel,
    })
}

/// The weights *w* of a pixel: given, from EM loci, or from a first solution.
fn weights_of(
    inversion: &Inversion,
    shared: &Discretised,
    pixel: &ScaledPixel<'_>,
    given: Option<Vec<f64>>,
    sigma: &[f64],
) -> Vec<f64> {
    match (given, &inversion.weights) {
        (Some(row), _) => row.iter().map(|w| w.abs()).collect(),
        (None, Weights::EmissionMeasureLoci(chosen)) => {
            let limits = upper_limits(inversion, pixel.counts, sigma);
            smooth_weights(&lowest_loci(shared, pixel, chosen, &limits))
        }
        (None, Weights::SelfNormalised | Weights::Given(_)) => {
            smooth_weights(&first_solution(inversion, shared, pixel))
        }
    }
}

/// The diagonal l of `L⁻²`.
fn constraint_of(inversion: &Inversion, shared: &Discretised, weights: &[f64]) -> Vec<f64> {
    match inversion.effective_constraint() {
        Constraint::PerLogT => weights
            .iter()
            .zip(&shared.widths)
            .map(|(w, width)| w.abs() / width)
            .collect(),
        Constraint::PerBin => weights.iter().map(|w| w * w).collect(),
    }
}

/// Where the iterations ended.
struct Iterated {
    lambda: f64,
    x: Vec<f64>,
    signs: Signs,
    iterations: usize,
}

/// Raises the χ² target until no bin is negative by more than the tolerance, or the iterations are
/// over.
fn iterate_target(inversion: &Inversion, system: &RegularisedSystem<'_>) -> Iterated {
    let mut target = inversion.chi_squared_target;
    let mut found = Iterated {
        lambda: 0.0,
        x: vec![],
        signs: Signs::Negative,
        iterations: 0,
    };
    while found.signs == Signs::Negative && found.iterations < inversion.max_iterations {
        let lambda = system.choose_lambda(target);
        found.lambda = lambda;
        found.x = system.solution_at(lambda);
        found.signs = signs_of(&found.x, inversion, || system.deviations_at(lambda));
        target *= inversion.target_growth;
        found.iterations += 1;
    }
    found
}

/// Signs of the bins; the vertical errors are asked for only where they decide.
fn signs_of(x: &[f64], inversion: &Inversion, deviations: impl FnOnce() -> Vec<f64>) -> Signs {
    let largest = x.iter().copied().fold(0.0, f64::max);
    let least = if inversion.compat == Compatibility::Reference {
        0.0
    } else {
        -ROUND_OFF * largest
    };
    if !x.iter().any(|&x| x < least) {
        return Signs::Positive;
    }
    let tolerance = inversion.effective_tolerance();
    if tolerance == 0.0
        || x.iter()
            .zip(deviations())
            .any(|(&x, deviation)| x < least && x < -tolerance * deviation)
    {
        Signs::Negative
    } else {
        Signs::WithinError
    }
}

/// Standard deviation of each bin from the noise of the counts.
pub(super) fn standard_deviations(inverse: &Array2<f64>) -> Vec<f64> {
    inverse
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|k| k * k).sum::<f64>().sqrt())
        .collect()
}

/// The counts of the EM loci: a count that is not above zero is replaced by its error, as an upper
/// limit.
fn upper_limits(inversion: &Inversion, counts: &[f64], sigma: &[f64]) -> Vec<f64> {
    let measured = |count: f64| count > 0.0 || inversion.compat != Compatibility::Off;
    counts
        .iter()
        .zip(sigma)
        .map(|(&count, &sigma)| if measured(count) { count } else { sigma })
        .collect()
}

/// `X = diag(1/σ) Rᵀ diag(√l)` and its decomposition.
struct RegularisedSystem<'a> {
    shared: &'a Discretised,
    pixel: &'a ScaledPixel<'a>,
    l: &'a [f64],
    svd: Svd,
    /// Uᵀ g.
    c: Vec<f64>,
    mu: Vec<f64>,
}

impl<'a> RegularisedSystem<'a> {
    fn new(
        inversion: &Inversion,
        shared: &'a Discretised,
        pixel: &'a ScaledPixel<'a>,
        l: &'a [f64],
    ) -> Self {
        let entry = |f: usize, t: usize| {
            shared.response_of_bin(t)[f] * pixel.inverse_sigma[f] * l[t].sqrt()
        };
        let rows = (0..pixel.g.len())
            .map(|f| (0..l.len()).map(|t| entry(f, t)).collect())
            .collect();
        let svd = decompose_svd(rows);
        let c = svd.u.iter().map(|u| dot_product(u, &pixel.g)).collect();
        let mu = grid_of_mu(&svd.squared, inversion.mu_samples);
        Self {
            shared,
            pixel,
            l,
            svd,
            c,
            mu,
        }
    }

    /// The point of the grid at which the discrepancy is nearest to its target; the first of
    /// several.
    fn choose_lambda(&self, target: f64) -> f64 {
        let target = target * self.pixel.used_channels();
        let discrepancy = |mu: f64| -> f64 {
            let terms = self.c.iter().zip(&self.svd.squared);
            terms
                .map(|(c, squared)| (c * mu / (squared + mu)).powi(2))
                .sum::<f64>()
                - target
        };
        let mut best = f64::INFINITY;
        let mut lambda = self.mu[0];
        for &mu in &self.mu {
            let distance = discrepancy(mu).abs();
            if distance < best {
                (best, lambda) = (distance, mu);
            }
        }
        lambda
    }

    /// `d = 1 / (s² + λ)`; 0 where s is zero but for round-off.
    fn damping_factors(&self, lambda: f64) -> Vec<f64> {
        let null = null_threshold(&self.svd.squared);
        self.svd
            .squared
            .iter()
            .map(|&squared| {
                if squared > null {
                    1.0 / (squared + lambda)
                } else {
                    0.0
                }
            })
            .collect()
    }

    /// `diag(√l) V S v`. The same as `diag(l) Aᵀ U v`, but that would lose the square of the
    /// condition number of X in digits: `U v` is large, and most of it cancels.
    fn back_project(&self, v: &[f64]) -> Vec<f64> {
        let sum = |t: usize| {
            v.iter()
                .zip(&self.svd.scaled_v)
                .map(|(v, row)| v * row[t])
                .sum::<f64>()
        };
        (0..self.l.len())
            .map(|t| self.l[t].sqrt() * sum(t))
            .collect()
    }

    fn solution_at(&self, lambda: f64) -> Vec<f64> {
        let damped: Vec<f64> = self
            .damping_factors(lambda)
            .iter()
            .zip(&self.c)
            .map(|(d, c)| d * c)
            .collect();
        self.back_project(&damped)
    }

    /// `∂ solution / ∂ (counts / σ)`, shape (bins, channels).
    fn inverse_at(&self, lambda: f64) -> Array2<f64> {
        let bins = self.l.len();
        let channels = self.c.len();
        let d = self.damping_factors(lambda);
        let columns: Vec<Vec<f64>> = (0..channels)
            .map(|f: usize| {
                self.back_project(
                    &(0..channels)
                        .map(|k| d[k] * self.svd.u[k][f])
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        Array2::from_shape_fn((bins, channels), |(t, f)| columns[f][t])
    }

    /// Vertical error of each bin, in the units of the solution.
    fn deviations_at(&self, lambda: f64) -> Vec<f64> {
        standard_deviations(&self.inverse_at(lambda))
    }

    fn count_map_at(&self, lambda: f64) -> CountMap {
        let bins = self.l.len();
        let channels = self.c.len();
        let d = self.damping_factors(lambda);
        let turned = |to: &dyn Fn(usize) -> f64| {
            self.back_project(&(0..channels).map(|k| d[k] * to(k)).collect::<Vec<_>>())
        };
        let seen = |k: usize, bin: usize| -> f64 {
            let row = self
                .shared
                .response_of_bin(bin)
                .iter()
                .zip(&self.pixel.inverse_sigma);
            row.zip(&self.svd.u[k])
                .map(|((r, inverse_sigma), u)| r * inverse_sigma * u)
                .sum()
        };
        let averaging: Vec<Vec<f64>> = (0..bins).map(|bin| turned(&|k| seen(k, bin))).collect();
        CountMap {
            inverse: self.inverse_at(lambda),
            averaging: Array2::from_shape_fn((bins, bins), |(t, bin)| averaging[bin][t]),
        }
    }
}

/// From 10⁻⁴ of the smallest squared singular value to the largest singular value, not squared, as
/// the reference has it. Those that are zero but for round-off (channels that are not there, or
/// sums of others) are left out.
fn grid_of_mu(squared: &[f64], samples: usize) -> Vec<f64> {
    let null = null_threshold(squared);
    let least = squared
        .iter()
        .copied()
        .filter(|&s| s > null)
        .fold(f64::INFINITY, f64::min);
    let low = least * 1e-4;
    let high = squared.iter().copied().fold(0.0, f64::max).sqrt();
    let step = (high.ln() - low.ln()) / (samples - 1) as f64;
    (0..samples)
        .map(|i| (i as f64 * step).exp() * low)
        .collect()
}

/// Squared singular values up to this are zero.
fn null_threshold(squared: &[f64]) -> f64 {
    NULL * squared.iter().copied().fold(0.0, f64::max)
}

/// Solution with w = 1 and `L² = 1 / Δ log T`, where it is above 10⁻⁴ of its largest, else 1.
fn first_solution(
    inversion: &Inversion,
    shared: &Discretised,
    pixel: &ScaledPixel<'_>,
) -> Vec<f64> {
    let system = RegularisedSystem::new(inversion, shared, pixel, &shared.widths);
    let first = system.solution_at(system.choose_lambda(inversion.chi_squared_target));
    let least = 1e-4 * first.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    first
        .iter()
        .map(|&x| if x > least { x } else { 1.0 })
        .collect()
}

/// The lowest of the EM loci in each bin, loci that are zero left out.
fn lowest_loci(
    shared: &Discretised,
    pixel: &ScaledPixel<'_>,
    chosen: &[usize],
    counts: &[f64],
) -> Vec<f64> {
    (0..shared.log_t.len())
        .map(|t: usize| {
            let curves = chosen
                .iter()
                .filter(|&&f| pixel.used[f])
                .map(|&f| counts[f] / shared.response_of_bin(t)[f]);
            curves.filter(|&x| x != 0.0).fold(f64::INFINITY, f64::min)
        })
        .collect()
}

/// Mean over five bins, with zero for the two end bins and beyond, in units of the largest weight;
/// at least 10⁻⁸.
fn smooth_weights(w: &[f64]) -> Vec<f64> {
    let largest = w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let inner = |j: usize| j >= 1 && j + 1 < w.len();
    let mean = |t: usize| {
        (t.saturating_sub(2)..=t + 2)
            .filter(|&j| inner(j))
            .map(|j| w[j] * 0.2)
            .sum::<f64>()
    };
    (0..w.len())
        .map(|t| mean(t) / largest)
        .map(|w| if w <= 1e-8 { 1e-8 } else { w })
        .collect()
}

/// Half width at half maximum of each column of the averaging kernel as a standard deviation; the
/// width of the bin where no sample reaches half.
pub(super) fn column_resolution(shared: &Discretised, averaging: &Array2<f64>) -> Vec<f64> {
    (0..shared.log_t.len())
        .map(|k: usize| {
            let column = averaging.column(k);
            let half = column.iter().copied().fold(f64::NEG_INFINITY, f64::max) / 2.0;
            let sample = |i: &usize| {
                let point = shared.resolution[*i];
                column[point.bin] + (column[point.bin + 1] - column[point.bin]) * point.share
                    >= half
            };
            let first = (0..shared.resolution.len()).find(sample);
            let last = (0..shared.resolution.len()).rev().find(sample);
            match (first, last) {
                (Some(first), Some(last)) => {
                    (last - first) as f64 * shared.resolution_step / 2.0 / FWHM
                }
                _ => shared.widths[k] / FWHM,
            }
        })
        .collect()
}

impl CountMap {
    /// Covariance of the solution from the errors of the counts, shape (bins, bins), in the square
    /// of the solved quantity's unit.
    #[must_use]
    pub fn covariance(&self) -> Array2<f64> {
        self.inverse.dot(&self.inverse.t()) * (UNIT * UNIT)
    }
}
