//! The results of `solve.wgsl`.

use bytemuck::{Pod, Zeroable};
use isopach_emission::{Real, backend::Signs};

/// Numbers of a pixel's solution: seven times `Packed`.
pub(super) const SOLUTION: usize = 7 * 8;

/// The numbers of a pixel from `solve.wgsl`: a `Packed` of the counts of the solution, χ², and λ in
/// the units of the pixel's matrix, which was multiplied by 2^−exponent.
pub(super) type Numbers<T> = [T; 8];

/// The outcome of `solve.wgsl` for a pixel.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct SolveOutcome {
    pub(super) iterations: u32,
    /// One of the constants below, as in `solve.wgsl`.
    state: u32,
    exponent: i32,
    unused: u32,
}

/// In place of the channels that are left out: the pixel is not inverted.
pub(super) const SKIPPED: u32 = 0x8000_0000;
/// No bin is negative.
const POSITIVE: u32 = 1;
/// Some bin is, by more than the tolerance.
const NEGATIVE: u32 = 2;
/// Some bins are, none by more than the tolerance.
const WITHIN: u32 = 4;

impl SolveOutcome {
    /// The signs of the solution's bins; `None` if the device is not sure of them.
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
