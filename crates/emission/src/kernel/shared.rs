//! The numbers that all pixels share, in the precision of the lanes.

use crate::{
    Compatibility, Constraint, Discretised, Inversion, Real, Weights,
    discretised::{FWHM, ROUND_OFF},
};

/// The numbers that all pixels share, in the precision of the lanes.
#[derive(Debug)]
pub struct Shared<'a, T, const NF: usize> {
    /// The inversion.
    pub inversion: &'a Inversion,
    /// Channels that are there.
    pub channels: usize,
    /// R by bins, scaled, channels that are not there zero.
    pub response: Vec<[T; NF]>,
    /// Δ log T of each bin.
    pub widths: Vec<T>,
    /// 1 / Δ log T.
    pub densities: Vec<T>,
    /// Constraint of the first pass of self-normalised weights: l = Δ log T, and L of its `Rᵀ
    /// diag(√l) = L Q`.
    pub first: [[T; NF]; NF],
    /// The constraint that applies.
    pub constraint: Constraint,
    /// R is this many times that of the definition: a power of two.
    pub scale: f64,
    /// Factor of each bin from the solution to the reported quantity.
    pub to_report: Vec<T>,
    /// Sample: bin, and share of the next bin.
    pub resolution: Vec<(usize, T)>,
    /// From samples to standard deviations.
    pub resolution_unit: T,
    /// Horizontal error where no sample reaches half.
    pub resolution_widths: Vec<T>,
    /// Channels of the EM loci weights.
    pub loci: [bool; NF],
    /// Least value that is not negative, in units of the largest.
    pub round_off: T,
    /// How far below zero does not matter, in units of the vertical error.
    pub tolerance: T,
    /// Whether the EM loci of counts that are not above zero are those of their errors.
    pub upper_limits: bool,
}

/// Rows of counts and errors of a slab's pixels, and the position of the first.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    /// `[pixel × channels + channel]`.
    pub counts: &'a [T],
    /// Their standard deviations.
    pub sigma: &'a [T],
    /// Position of the first pixel among all, for weights that are given a row a pixel.
    pub first: usize,
}

impl<'a, T: Real, const NF: usize> Shared<'a, T, NF> {
    /// Rounds the definition's numbers once; NF at least as many as channels.
    #[must_use]
    pub fn new(inversion: &'a Inversion, definition: &Discretised) -> Self {
        let bins = definition.log_t.len();
        let channels = definition.channels;
        let scale = response_scale(definition);
        let rounded = |values: &[f64]| values.iter().map(|&x| T::from_f64(x)).collect::<Vec<T>>();
        let mut response = vec![[T::default(); NF]; bins];
        for (t, row) in response.iter_mut().enumerate() {
            for (to, from) in row.iter_mut().zip(definition.response_of_bin(t)) {
                *to = T::from_f64(from * scale);
            }
        }
        let mut loci = [false; NF];
        if let Weights::EmissionMeasureLoci(chosen) = &inversion.weights {
            chosen.iter().for_each(|&f| loci[f] = true);
        }
        let densities: Vec<f64> = definition.widths.iter().map(|w| 1.0 / w).collect();
        let to_report: Vec<f64> = (0..bins)
            .map(|t| definition.to_report(inversion, t) * scale)
            .collect();
        Self {
            inversion,
            channels,
            first: first_triangle(definition, scale).map(|row| row.map(T::from_f64)),
            response,
            widths: rounded(&definition.widths),
            densities: rounded(&densities),
            constraint: inversion.effective_constraint(),
            scale,
            to_report: rounded(&to_report),
            resolution: definition
                .resolution
                .iter()
                .map(|p| (p.bin, T::from_f64(p.share)))
                .collect(),
            resolution_unit: T::from_f64(definition.resolution_step / 2.0 / FWHM),
            resolution_widths: definition
                .widths
                .iter()
                .map(|w| T::from_f64(w / FWHM))
                .collect(),
            loci,
            round_off: T::from_f64(if inversion.compat == Compatibility::Reference {
                0.0
            } else {
                ROUND_OFF
            }),
            tolerance: T::from_f64(inversion.effective_tolerance()),
            upper_limits: inversion.compat == Compatibility::Off,
        }
    }
}

/// The power of two that brings the responses, largest by channel, to about one.
fn response_scale(definition: &Discretised) -> f64 {
    let largest = |f: usize| {
        (0..definition.log_t.len())
            .map(|t| definition.response_of_bin(t)[f])
            .fold(f64::MIN_POSITIVE, f64::max)
    };
    let mean = (0..definition.channels)
        .map(|f| largest(f).log2())
        .sum::<f64>()
        / definition.channels as f64;
    (-mean.round()).exp2()
}

fn first_triangle<const NF: usize>(definition: &Discretised, scale: f64) -> [[f64; NF]; NF] {
    use crate::lanes::array::Array;
    let mut x: Vec<[Array<f64, 1>; NF]> = (0..definition.log_t.len())
        .map(|t| {
            let root = definition.widths[t].sqrt() * scale;
            std::array::from_fn(|f| {
                Array::one(
                    definition
                        .response_of_bin(t)
                        .get(f)
                        .map_or(0.0, |r| r * root),
                )
            })
        })
        .collect();
    super::lq::lower_triangle(&mut x).map(|row| row.map(Array::only))
}
