//! What is in the buffers, as the kernels have it.
//!
//! Structures of the kernels that hold numbers of either precision are arrays here: their members
//! lie one after another, `vec3` and a number together as four.

use super::{CHANNELS, precision::Precision};
use crate::{pool::Buffer, session::Session};
use bytemuck::{Pod, Zeroable};
use isopach_compute::Result;
use isopach_emission::{
    Constraint, Real, Weights,
    backend::{NULL, Shared, Signs},
};

/// Numbers of a pixel's solution: seven times `Packed`.
pub(super) const SOLUTION: usize = 7 * 8;

/// Columns of the averaging kernel a thread of `horizontal.wgsl`.
pub(super) const COLUMNS: usize = 4;

/// Words of a block of parameters, at most.
const WORDS: usize = 128;

/// Parameters of a kernel: numbers of its precision, then whole numbers.
type Parameters = [u32; WORDS];

/// Numbers and whole numbers one after another.
fn parameters<T: Pod>(numbers: &[T], whole: &impl Pod) -> Parameters {
    let mut words = [0; WORDS];
    let (numbers, whole): (&[u32], &[u32]) = (
        bytemuck::cast_slice(numbers),
        bytemuck::cast_slice(bytemuck::bytes_of(whole)),
    );
    words
        .iter_mut()
        .zip(numbers.iter().chain(whole))
        .for_each(|(to, from)| *to = *from);
    words
}

/// The whole numbers among the parameters of `solve.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct ToSolve {
    pixels: u32,
    bins: u32,
    channels: u32,
    samples: u32,
    most_iterations: u32,
    weights: u32,
    constraint: u32,
    loci: u32,
    upper_limits: u32,
    scale: i32,
    two: u32,
}

/// `Parameters` of `errors.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct ToErrors {
    pixels: u32,
    bins: u32,
    wanted: u32,
    unused: u32,
}

/// The whole numbers among the parameters of `horizontal.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct ToHorizontal {
    pixels: u32,
    bins: u32,
    samples: u32,
    groups: u32,
    two: u32,
}

/// `Parameters` of `averaging.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct ToAveraging {
    pixels: u32,
    bins: u32,
    unused: [u32; 2],
}

/// What `solve.wgsl` found of a pixel: a `Packed` of the counts of the solution, with χ² and with λ
/// in the units of the pixel's matrix, which was multiplied by 2^−exponent.
pub(super) type Numbers<T> = [T; 8];

/// How `solve.wgsl` found it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct Found {
    pub(super) iterations: u32,
    /// One of the constants below, as in `solve.wgsl`.
    state: u32,
    exponent: i32,
    unused: u32,
}

/// In place of the channels that are left out: there is nothing to invert.
pub(super) const SKIPPED: u32 = 0x8000_0000;
/// No bin is negative.
const POSITIVE: u32 = 1;
/// Some bin is, by more than the tolerance.
const NEGATIVE: u32 = 2;
/// Some bins are, none by more than the tolerance.
const WITHIN: u32 = 4;

impl Found {
    /// The signs of the solution's bins; None where the device is not sure of them.
    pub(super) fn signs(&self) -> Option<Signs> {
        match self.state {
            POSITIVE => Some(Signs::Positive),
            WITHIN => Some(Signs::WithinError),
            NEGATIVE => Some(Signs::Negative),
            _ => None,
        }
    }

    /// λ in the reference's units.
    pub(super) fn lambda(&self, lambda: impl Real, scale: f64) -> f64 {
        let root = f64::from(self.exponent).exp2() / scale;
        lambda.to_f64() * root * root
    }
}

/// What all pixels share, on the device.
#[derive(Debug)]
pub(super) struct Tables<T> {
    pub(super) bins: Buffer,
    pub(super) sampled: Buffer,
    pub(super) shares: Buffer,
    /// L of the first pass by rows, two columns of three each of the length of four; then what
    /// `solve.wgsl` names.
    solve_numbers: Vec<T>,
    solve: ToSolve,
    samples: usize,
    unit: T,
    wanted: bool,
}

impl<T: Precision> Tables<T> {
    pub(super) fn upload(session: &Session, shared: &Shared<'_, T, CHANNELS>) -> Result<Self> {
        let none = T::default();
        let bin = |t: usize| {
            let [a, b, c, d, e, f] = shared.response[t];
            let given = given(shared, 0, t);
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
                given,
                shared.widths[t],
                none,
            ]
        };
        let (bins, samples) = (shared.response.len(), shared.resolution.len());
        Ok(Self {
            bins: session.upload("bins of temperature", bins, bin)?,
            sampled: session.upload("samples of the averaging kernel", samples, |s| {
                shared.resolution[s].0 as u32
            })?,
            shares: session.upload("shares of the samples", samples, |s| shared.resolution[s].1)?,
            solve_numbers: numbers_to_solve(shared),
            solve: ToSolve::new(shared),
            samples,
            unit: shared.resolution_unit,
            wanted: shared.inversion.outputs.uncertainty,
        })
    }

    pub(super) fn to_solve(&self, pixels: usize) -> Parameters {
        parameters(
            &self.solve_numbers,
            &ToSolve {
                pixels: pixels as u32,
                ..self.solve
            },
        )
    }

    pub(super) fn to_errors(&self, pixels: usize) -> ToErrors {
        ToErrors {
            pixels: pixels as u32,
            bins: self.solve.bins,
            wanted: u32::from(self.wanted),
            unused: 0,
        }
    }

    pub(super) fn to_horizontal(&self, pixels: usize) -> Parameters {
        let bins = self.solve.bins;
        let (samples, groups) = (self.samples as u32, bins.div_ceil(COLUMNS as u32));
        parameters(
            &[self.unit],
            &ToHorizontal {
                pixels: pixels as u32,
                bins,
                samples,
                groups,
                two: 2,
            },
        )
    }

    pub(super) fn to_averaging(&self, pixels: usize) -> ToAveraging {
        ToAveraging {
            pixels: pixels as u32,
            bins: self.solve.bins,
            unused: [0; 2],
        }
    }
}

impl ToSolve {
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

/// The numbers among the parameters of `solve.wgsl`, in its order.
fn numbers_to_solve<T: Precision>(shared: &Shared<'_, T, CHANNELS>) -> Vec<T> {
    let (inversion, none) = (shared.inversion, T::default());
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
    first.chain(rest.map(T::from_f64)).collect()
}

/// A weight as it was given; 0 where none is.
pub(super) fn given<T: Real>(shared: &Shared<'_, T, CHANNELS>, row: usize, bin: usize) -> T {
    match &shared.inversion.weights {
        Weights::Given(given) => T::from_f64(given[[row, bin]].abs()),
        _ => T::default(),
    }
}
