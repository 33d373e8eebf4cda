//! The two precisions and their kernels: one WGSL text each, after `single.wgsl` or `double.wgsl`.

use super::parameters::{AveragingParameters, ErrorParameters, HorizontalBlock, SolveBlock};
use crate::record::{
    kernel::{
        Access::{Read, Write},
        Kernel,
    },
    prelude,
};
use bytemuck::Pod;
use isopach_emission::Real;

/// A precision that the device computes in.
pub(super) trait Precision: Real + Pod {
    /// Its kernels.
    const KERNELS: &'static PrecisionKernels;
    /// Difference of two discrepancies, in units of the target, below which the device leaves the
    /// choice to the CPU: the points of its grid of μ are off by some units of the last place.
    const LEAST_DIFFERENCE: f64;
    /// Counts in units of their errors above which the precision is not enough; its square is
    /// finite.
    const LOUDEST: f64;
    /// Whether its results may be copied back in half precision.
    const HAS_HALVES: bool;
}

impl Precision for f32 {
    const KERNELS: &'static PrecisionKernels = &SINGLE;
    const LEAST_DIFFERENCE: f64 = Self::LEAST_MARGIN;
    const LOUDEST: f64 = Self::MOST_SIGNAL;
    const HAS_HALVES: bool = true;
}

impl Precision for f64 {
    const KERNELS: &'static PrecisionKernels = &DOUBLE;
    const LEAST_DIFFERENCE: f64 = 1e-11;
    const LOUDEST: f64 = 1e30;
    const HAS_HALVES: bool = false;
}

/// The kernels of a precision.
#[derive(Debug)]
pub(super) struct PrecisionKernels {
    pub(super) solve: Kernel,
    pub(super) errors: Kernel,
    pub(super) horizontal: Kernel,
    pub(super) averaging: Kernel,
}

/// A kernel: its precision and the end of its name, its parameters, its own files, its buffers.
macro_rules! kernel {
    ([$precision:literal, $which:literal], $parameters:ty, $name:literal, $entry:literal, [$($file:literal),+], $buffers:expr) => {
        Kernel::new::<$parameters>(
            concat!($name, $which),
            $entry,
            &[include_str!($precision), prelude::THREADS, include_str!("six.wgsl"), $(include_str!($file)),+],
            $buffers,
        )
    };
}

/// The kernels of a precision.
macro_rules! kernels {
    ($precision:literal, $which:literal) => {
        PrecisionKernels {
            solve: kernel!(
                [$precision, $which],
                SolveBlock,
                "solve pixels",
                "solve",
                [
                    "powers.wgsl",
                    "turn.wgsl",
                    "grid.wgsl",
                    "decompose.wgsl",
                    "weights.wgsl",
                    "solve.wgsl"
                ],
                &[Read, Read, Read, Write, Write, Write, Write]
            ),
            errors: kernel!(
                [$precision, $which],
                ErrorParameters,
                "errors of bins",
                "errors",
                ["errors.wgsl"],
                &[Read, Read, Read, Write, Write]
            ),
            horizontal: kernel!(
                [$precision, $which],
                HorizontalBlock,
                "horizontal errors",
                "horizontal_errors",
                ["horizontal.wgsl"],
                &[Read, Read, Read, Read, Read, Write]
            ),
            averaging: kernel!(
                [$precision, $which],
                AveragingParameters,
                "averaging kernels",
                "averaging_kernels",
                ["averaging.wgsl"],
                &[Read, Read, Read, Write]
            ),
        }
    };
}

pub(super) static SINGLE: PrecisionKernels = kernels!("single.wgsl", "");
pub(super) static DOUBLE: PrecisionKernels = kernels!("double.wgsl", ", in double precision");

impl PrecisionKernels {
    /// All four.
    pub(super) const fn list(&'static self) -> [&'static Kernel; 4] {
        [&self.solve, &self.errors, &self.horizontal, &self.averaging]
    }
}
