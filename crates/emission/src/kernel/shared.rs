//! What every pixel shares, in the precision of the lanes.

use crate::{
    Compat, Constraint, Discretised, Inversion, Real, Weights,
    discretised::{FWHM, ROUND_OFF},
};

/// What every pixel shares.
#[derive(Debug)]
pub(crate) struct Shared<'a, T, const NF: usize> {
    pub(crate) inversion: &'a Inversion,
    pub(crate) channels: usize,
    /// R by bins, scaled, channels that are not there zero.
    pub(crate) response: Vec<[T; NF]>,
    pub(crate) widths: Vec<T>,
    /// 1 / Δ log T.
    pub(crate) densities: Vec<T>,
    /// Constraint of the first pass of self-normalised weights: l = Δ log T, and L of its `Rᵀ diag(√l) = L Q`.
    pub(crate) first: [[T; NF]; NF],
    pub(crate) constraint: Constraint,
    /// R is this many times that of the definition: a power of two.
    pub(crate) scale: f64,
    /// From the solution to what is reported.
    pub(crate) to_report: Vec<T>,
    /// Sample: bin, and share of the next bin.
    pub(crate) resolution: Vec<(usize, T)>,
    /// From samples to standard deviations.
    pub(crate) resolution_unit: T,
    /// Horizontal error where no sample reaches half.
    pub(crate) resolution_widths: Vec<T>,
    /// Channels of the EM loci weights.
    pub(crate) loci: [bool; NF],
    /// Least value that is not negative, in units of the largest.
    pub(crate) round_off: T,
}

/// Rows of counts and errors of a slab's pixels, and the position of the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a, T> {
    pub(crate) counts: &'a [T],
    pub(crate) sigma: &'a [T],
    pub(crate) first: usize,
}

impl<'a, T: Real, const NF: usize> Shared<'a, T, NF> {
    pub(crate) fn new(inversion: &'a Inversion, definition: &Discretised) -> Self {
        let (bins, channels) = (definition.log_t.len(), definition.channels);
        let scale = scale(definition);
        let rounded = |values: &[f64]| values.iter().map(|&x| T::of(x)).collect::<Vec<T>>();
        let mut response = vec![[T::default(); NF]; bins];
        for (t, row) in response.iter_mut().enumerate() {
            for (to, from) in row.iter_mut().zip(definition.bin(t)) {
                *to = T::of(from * scale);
            }
        }
        let mut loci = [false; NF];
        if let Weights::EmissionMeasureLoci(chosen) = &inversion.weights {
            chosen.iter().for_each(|&f| loci[f] = true);
        }
        let densities: Vec<f64> = definition.widths.iter().map(|w| 1.0 / w).collect();
        let to_report: Vec<f64> = (0..bins).map(|t| definition.to_report(inversion, t) * scale).collect();
        Self {
            inversion,
            channels,
            first: first_triangle(definition, scale).map(|row| row.map(T::of)),
            response,
            widths: rounded(&definition.widths),
            densities: rounded(&densities),
            constraint: inversion.effective_constraint(),
            scale,
            to_report: rounded(&to_report),
            resolution: definition.resolution.iter().map(|p| (p.bin, T::of(p.share))).collect(),
            resolution_unit: T::of(definition.resolution_step / 2.0 / FWHM),
            resolution_widths: definition.widths.iter().map(|w| T::of(w / FWHM)).collect(),
            loci,
            round_off: T::of(if inversion.compat == Compat::Reference { 0.0 } else { ROUND_OFF }),
        }
    }
}

/// The power of two that brings the responses, largest by channel, to about one.
fn scale(definition: &Discretised) -> f64 {
    let largest =
        |f: usize| (0..definition.log_t.len()).map(|t| definition.bin(t)[f]).fold(f64::MIN_POSITIVE, f64::max);
    let mean = (0..definition.channels).map(|f| largest(f).log2()).sum::<f64>() / definition.channels as f64;
    (-mean.round()).exp2()
}

fn first_triangle<const NF: usize>(definition: &Discretised, scale: f64) -> [[f64; NF]; NF] {
    use crate::lanes::array::Array;
    let mut x: Vec<[Array<f64, 1>; NF]> = (0..definition.log_t.len())
        .map(|t| {
            let root = definition.widths[t].sqrt() * scale;
            std::array::from_fn(|f| Array::one(definition.bin(t).get(f).map_or(0.0, |r| r * root)))
        })
        .collect();
    super::lq::lower_triangle(&mut x).map(|row| row.map(Array::only))
}
