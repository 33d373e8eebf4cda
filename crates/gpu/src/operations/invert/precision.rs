//! The two precisions, and their kernels: of one text each, after `single.wgsl` or `double.wgsl`.

use crate::{
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
    const KERNELS: &'static Kernels;
    /// Difference of two discrepancies, in units of the target, below which the device does not
    /// choose: where the processor does not, and where the device's grid of μ, whose points are off
    /// by some units of the last place, could make it choose otherwise.
    const LEAST_DIFFERENCE: f64;
    /// Counts in units of their errors above which the precision is not enough; finite, so that its
    /// square is.
    const LOUDEST: f64;
    /// Whether its results may go back as halves.
    const HAS_HALVES: bool;
}

impl Precision for f32 {
    const KERNELS: &'static Kernels = &SINGLE;
    const LEAST_DIFFERENCE: f64 = Self::LEAST_MARGIN;
    const LOUDEST: f64 = Self::MOST_SIGNAL;
    const HAS_HALVES: bool = true;
}

impl Precision for f64 {
    const KERNELS: &'static Kernels = &DOUBLE;
    const LEAST_DIFFERENCE: f64 = 1e-11;
    const LOUDEST: f64 = 1e30;
    const HAS_HALVES: bool = false;
}

/// The kernels of a precision.
#[derive(Debug)]
pub(super) struct Kernels {
    pub(super) solve: Kernel,
    pub(super) errors: Kernel,
    pub(super) horizontal: Kernel,
    pub(super) averaging: Kernel,
}

/// A kernel: what comes before it, what its name ends with, its own text, and its buffers.
macro_rules! kernel {
    ([$precision:literal, $which:literal], $name:literal, $entry:literal, [$($file:literal),+], $buffers:expr) => {
        Kernel::new(
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
        Kernels {
            solve: kernel!(
                [$precision, $which],
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
                "errors of bins",
                "errors",
                ["errors.wgsl"],
                &[Read, Read, Read, Write, Write]
            ),
            horizontal: kernel!(
                [$precision, $which],
                "horizontal errors",
                "horizontal_errors",
                ["horizontal.wgsl"],
                &[Read, Read, Read, Read, Read, Write]
            ),
            averaging: kernel!(
                [$precision, $which],
                "averaging kernels",
                "averaging_kernels",
                ["averaging.wgsl"],
                &[Read, Read, Read, Write]
            ),
        }
    };
}

pub(super) static SINGLE: Kernels = kernels!("single.wgsl", "");
pub(super) static DOUBLE: Kernels = kernels!("double.wgsl", ", in double precision");

impl Kernels {
    /// All of them.
    pub(super) const fn all(&'static self) -> [&'static Kernel; 4] {
        [&self.solve, &self.errors, &self.horizontal, &self.averaging]
    }
}
