//! The parameters of the kernels of an inversion.

use crate::record::layout::{AfterNumbers, uniform};

/// Most channels: rows of six stay in registers.
pub(super) const CHANNELS: usize = 6;

/// Columns of the averaging kernel per thread of `horizontal.wgsl`.
pub(super) const COLUMNS: usize = 4;

/// Numbers at the beginning of the parameters of `solve.wgsl`: six times `Six`, and nine more.
pub(super) const SOLVE_NUMBERS: usize = 6 * 8 + 9;

/// The parameters of `solve.wgsl`.
pub(super) type SolveBlock = AfterNumbers<SolveParameters, SOLVE_NUMBERS>;

/// The parameters of `horizontal.wgsl`.
pub(super) type HorizontalBlock = AfterNumbers<HorizontalParameters, 1>;

uniform! {
    /// The integers among the parameters of `solve.wgsl`.
    pub(super) struct SolveParameters {
        pixels: u32,
        bins: u32,
        channels: u32,
        samples: u32,
        most_iterations: u32,
        /// 0 self-normalised, 1 EM loci, 2 one row given, 3 one row per pixel given.
        weights: u32,
        /// 0 per log T, 1 per bin.
        constraint: u32,
        /// Channels of the EM loci weights, one bit each.
        loci: u32,
        upper_limits: u32,
        scale: i32,
        two: u32,
    }
}

uniform! {
    /// `Parameters` of `errors.wgsl`.
    pub(super) struct ErrorParameters {
        pixels: u32,
        bins: u32,
        wanted: u32,
        unused: u32,
    }
}

uniform! {
    /// The integers among the parameters of `horizontal.wgsl`.
    pub(super) struct HorizontalParameters {
        pixels: u32,
        bins: u32,
        samples: u32,
        groups: u32,
        two: u32,
    }
}

uniform! {
    /// `Parameters` of `averaging.wgsl`.
    pub(super) struct AveragingParameters {
        pixels: u32,
        bins: u32,
        unused: [u32; 2],
    }
}
