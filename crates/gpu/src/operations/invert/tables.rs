//! The inputs that all pixels share, on the device.

use super::{
    parameters::{
        AveragingParameters, CHANNELS, COLUMNS, ErrorParameters, HorizontalBlock,
        HorizontalParameters, SOLVE_NUMBERS, SolveBlock, SolveParameters,
    },
    precision::Precision,
};
use crate::{memory::buffer::Buffer, record::recorder::Recorder};
use isopach_compute::Result;
use isopach_emission::{
    Constraint, Real, Weights,
    backend::{NULL, Shared},
};

/// The inputs that all pixels share, on the device.
#[derive(Debug)]
pub(super) struct Tables<T> {
    /// Of every temperature bin, `Bin` of `six.wgsl`.
    pub(super) bins: Buffer,
    /// Bins of the samples of the averaging kernel.
    pub(super) sampled: Buffer,
    /// Shares of these bins.
    pub(super) shares: Buffer,
    solve_numbers: [T; SOLVE_NUMBERS],
    solve: SolveParameters,
    samples: usize,
    unit: T,
    uncertainty: bool,
}

impl<T: Precision> Tables<T> {
    pub(super) fn upload(recorder: &Recorder, shared: &Shared<'_, T, CHANNELS>) -> Result<Self> {
        let bins = shared.response.len();
        let samples = &shared.resolution;
        Ok(Self {
            bins: recorder.upload("bins of temperature", bins, |t| bin_entry(shared, t))?,
            sampled: recorder.upload("samples of the averaging kernel", samples.len(), |s| {
                let (bin, _) = samples[s];
                bin as u32
            })?,
            shares: recorder.upload("shares of the samples", samples.len(), |s| {
                let (_, share) = samples[s];
                share
            })?,
            solve_numbers: solve_numbers(shared),
            solve: SolveParameters::new(shared),
            samples: samples.len(),
            unit: shared.resolution_unit,
            uncertainty: shared.inversion.outputs.uncertainty,
        })
    }

    pub(super) fn solve_parameters(&self, pixels: usize) -> SolveBlock {
        let parameters = SolveParameters {
            pixels: pixels as u32,
            ..self.solve
        };
        SolveBlock::new(&self.solve_numbers, &parameters)
    }

    pub(super) fn error_parameters(&self, pixels: usize) -> ErrorParameters {
        ErrorParameters {
            pixels: pixels as u32,
            bins: self.solve.bins,
            wanted: u32::from(self.uncertainty),
            unused: 0,
        }
    }

    pub(super) fn horizontal_parameters(&self, pixels: usize) -> HorizontalBlock {
        let bins = self.solve.bins;
        let parameters = HorizontalParameters {
            pixels: pixels as u32,
            bins,
            samples: self.samples as u32,
            groups: bins.div_ceil(COLUMNS as u32),
            two: 2,
        };
        HorizontalBlock::new(&[self.unit], &parameters)
    }

    pub(super) fn averaging_parameters(&self, pixels: usize) -> AveragingParameters {
        AveragingParameters {
            pixels: pixels as u32,
            bins: self.solve.bins,
            unused: [0; 2],
        }
    }
}

impl SolveParameters {
    /// For any number of pixels.
    fn new<T: Precision>(shared: &Shared<'_, T, CHANNELS>) -> Self {
        let inversion = shared.inversion;
        Self {
            pixels: 0,
            bins: shared.response.len() as u32,
            channels: shared.channels as u32,
            samples: inversion.mu_samples as u32,
            most_iterations: u32::try_from(inversion.max_iterations).unwrap_or(u32::MAX),
            weights: match &inversion.weights {
                Weights::SelfNormalised => 0,
                Weights::EmissionMeasureLoci(_) => 1,
                Weights::Given(rows) if rows.nrows() == 1 => 2,
                Weights::Given(_) => 3,
            },
            constraint: match shared.constraint {
                Constraint::PerLogT => 0,
                Constraint::PerBin => 1,
            },
            upper_limits: u32::from(shared.upper_limits),
            loci: (0..CHANNELS).map(|f| u32::from(shared.loci[f]) << f).sum(),
            scale: shared.scale.log2().round() as i32,
            two: 2,
        }
    }
}

/// The numbers at the beginning of the parameters of `solve.wgsl`, in its order: L of the first
/// pass by rows, two columns of three each of the length of four; then the members of its struct.
fn solve_numbers<T: Precision>(shared: &Shared<'_, T, CHANNELS>) -> [T; SOLVE_NUMBERS] {
    let inversion = shared.inversion;
    let none = T::default();
    let first = shared
        .first
        .iter()
        .flat_map(|&[a, b, c, d, e, f]| [a, b, c, none, d, e, f, none]);
    let rest = [
        1.0 / shared.scale,
        inversion.chi_squared_target,
        inversion.target_growth,
        shared.round_off.to_f64(),
        shared.tolerance.to_f64(),
        T::LEAST_CONDITION.powi(2),
        T::LOUDEST,
        T::LEAST_DIFFERENCE,
        NULL,
    ];
    let mut numbers = [none; SOLVE_NUMBERS];
    for (to, number) in numbers.iter_mut().zip(first.chain(rest.map(T::from_f64))) {
        *to = number;
    }
    numbers
}

/// `Bin` of `six.wgsl`.
fn bin_entry<T: Precision>(shared: &Shared<'_, T, CHANNELS>, t: usize) -> [T; 12] {
    let [a, b, c, d, e, f] = shared.response[t];
    [
        a,
        b,
        c,
        shared.densities[t],
        d,
        e,
        f,
        shared.to_report[t],
        shared.resolution_widths[t],
        given_weight(shared, 0, t),
        shared.widths[t],
        T::default(),
    ]
}

/// A given weight; 0 if none is given.
pub(super) fn given_weight<T: Real>(shared: &Shared<'_, T, CHANNELS>, row: usize, bin: usize) -> T {
    match &shared.inversion.weights {
        Weights::Given(given) => T::from_f64(given[[row, bin]].abs()),
        Weights::SelfNormalised | Weights::EmissionMeasureLoci(_) => T::default(),
    }
}
