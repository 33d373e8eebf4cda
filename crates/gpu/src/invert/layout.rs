//! What is in the buffers, as the kernels have it.

use super::CHANNELS;
use crate::{pool::Buffer, session::Session};
use bytemuck::{Pod, Zeroable};
use isopach_compute::Result;
use isopach_emission::{Constraint, Real, Weights, backend::NULL, backend::Shared};

/// Bytes of a pixel's solution: seven times `Packed`.
pub(super) const SOLUTION_BYTES: u64 = 7 * 32;

/// Columns of the averaging kernel a thread of `horizontal.wgsl`.
pub(super) const COLUMNS: usize = 4;

/// `Parameters` of `solve.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct ToSolve {
    /// Two columns of three, each of the length of four.
    first: [[f32; 8]; 6],
    pixels: u32,
    bins: u32,
    channels: u32,
    samples: u32,
    most_iterations: u32,
    weights: u32,
    constraint: u32,
    loci: u32,
    scale: i32,
    filler: f32,
    goal: f32,
    growth: f32,
    round_off: f32,
    least_condition: f32,
    most_signal: f32,
    least_margin: f32,
    nothing: f32,
    unused: [u32; 3],
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

/// `Parameters` of `horizontal.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct ToHorizontal {
    pixels: u32,
    bins: u32,
    samples: u32,
    groups: u32,
    unit: f32,
    unused: [u32; 3],
}

/// `Parameters` of `averaging.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct ToAveraging {
    pixels: u32,
    bins: u32,
    unused: [u32; 2],
}

impl ToErrors {
    /// For so many pixels.
    pub(super) fn of(self, pixels: usize) -> Self {
        Self { pixels: pixels as u32, ..self }
    }
}

impl ToHorizontal {
    /// For so many pixels.
    pub(super) fn of(self, pixels: usize) -> Self {
        Self { pixels: pixels as u32, ..self }
    }
}

impl ToAveraging {
    /// For so many pixels.
    pub(super) fn of(self, pixels: usize) -> Self {
        Self { pixels: pixels as u32, ..self }
    }
}

/// `Bin`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Bin {
    low: [f32; 3],
    width: f32,
    high: [f32; 3],
    density: f32,
    to_report: f32,
    widest: f32,
    given: f32,
    unused: f32,
}

/// `Sample`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Sample {
    bin: u32,
    share: f32,
}

/// What `solve.wgsl` found of a pixel.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct Found {
    pub(super) chi_squared: f32,
    /// λ in the units of the pixel's matrix, which was multiplied by 2^−exponent.
    lambda: f32,
    pub(super) synthetic: [f32; CHANNELS],
    pub(super) iterations: u32,
    /// One of the constants below, as in `solve.wgsl`.
    pub(super) state: u32,
    exponent: i32,
    unused: u32,
}

/// In place of the channels that are left out: there is nothing to invert.
pub(super) const SKIPPED: u32 = 0x8000_0000;
/// No bin is negative.
pub(super) const POSITIVE: u32 = 1;
/// Some bin is.
pub(super) const NEGATIVE: u32 = 2;

impl Found {
    /// λ in the reference's units.
    pub(super) fn lambda(&self, scale: f64) -> f64 {
        let root = f64::from(self.exponent).exp2() / scale;
        f64::from(self.lambda) * root * root
    }
}

/// What all pixels share, on the device.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) bins: Buffer,
    pub(super) samples: Buffer,
    pub(super) to_solve: ToSolve,
    pub(super) to_errors: ToErrors,
    pub(super) to_horizontal: ToHorizontal,
    pub(super) to_averaging: ToAveraging,
}

impl Tables {
    pub(super) fn upload(session: &Session, shared: &Shared<'_, f32, CHANNELS>) -> Result<Self> {
        let bin = |t: usize| {
            let [a, b, c, d, e, f] = shared.response[t];
            Bin {
                low: [a, b, c],
                width: shared.widths[t],
                high: [d, e, f],
                density: shared.densities[t],
                to_report: shared.to_report[t],
                widest: shared.resolution_widths[t],
                given: given(shared, 0, t),
                unused: 0.0,
            }
        };
        let sample = |s: usize| {
            let (bin, share) = shared.resolution[s];
            Sample { bin: bin as u32, share }
        };
        let bins = shared.response.len();
        Ok(Self {
            bins: session.upload("bins of temperature", bins, bin)?,
            samples: session.upload("samples of the averaging kernel", shared.resolution.len(), sample)?,
            to_solve: ToSolve::new(shared),
            to_errors: ToErrors {
                bins: bins as u32,
                wanted: u32::from(shared.inversion.outputs.uncertainty),
                ..Zeroable::zeroed()
            },
            to_horizontal: ToHorizontal {
                bins: bins as u32,
                samples: shared.resolution.len() as u32,
                groups: bins.div_ceil(COLUMNS) as u32,
                unit: shared.resolution_unit,
                ..Zeroable::zeroed()
            },
            to_averaging: ToAveraging { bins: bins as u32, ..Zeroable::zeroed() },
        })
    }
}

impl ToSolve {
    /// For so many pixels.
    pub(super) fn of(self, pixels: usize) -> Self {
        Self { pixels: pixels as u32, ..self }
    }

    fn new(shared: &Shared<'_, f32, CHANNELS>) -> Self {
        let inversion = shared.inversion;
        Self {
            first: shared.first.map(|[a, b, c, d, e, f]| [a, b, c, 0.0, d, e, f, 0.0]),
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
            loci: (0..CHANNELS).map(|f| u32::from(shared.loci[f]) << f).sum(),
            scale: shared.scale.log2().round() as i32,
            filler: (1.0 / shared.scale) as f32,
            goal: inversion.chi_squared_target as f32,
            growth: inversion.target_growth as f32,
            round_off: shared.round_off,
            least_condition: f32::LEAST_CONDITION.powi(2) as f32,
            most_signal: f32::MOST_SIGNAL as f32,
            least_margin: f32::LEAST_MARGIN as f32,
            nothing: NULL as f32,
            ..Zeroable::zeroed()
        }
    }
}

/// A weight as it was given; 0 where none is.
pub(super) fn given(shared: &Shared<'_, f32, CHANNELS>, row: usize, bin: usize) -> f32 {
    match &shared.inversion.weights {
        Weights::Given(given) => given[[row, bin]].abs() as f32,
        _ => 0.0,
    }
}
