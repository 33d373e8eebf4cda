//! The two precisions, and their kernels: of one text each, after `single.wgsl` or `double.wgsl`.

use crate::{
    kernel::{Access, Kernel, WorkgroupMemory},
    prelude,
};
use bytemuck::Pod;
use isopach_emission::Real;

/// A precision that the device computes in.
pub(super) trait Precision: Real + Pod {
    /// Its kernels.
    const KERNELS: &'static Kernels;
    /// Difference of two discrepancies, in units of the target, below which the device does not choose: where the processor does not, and where the
    /// device's grid of μ, whose points are off by some units of the last place, could make it choose otherwise.
    const LEAST_DIFFERENCE: f64;
    /// Counts in units of their errors above which the precision is not enough; finite, so that its square is.
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

/// The kernels of a precision: what comes before each, and what their names end with.
macro_rules! kernels {
    ($precision:literal, $which:literal) => {{
        const SOLVE: Kernel = Kernel {
            name: concat!("solve pixels", $which),
            entry: "solve",
            source: &[
                include_str!($precision),
                prelude::THREADS,
                include_str!("six.wgsl"),
                include_str!("powers.wgsl"),
                include_str!("turn.wgsl"),
                include_str!("grid.wgsl"),
                include_str!("decompose.wgsl"),
                include_str!("weights.wgsl"),
                include_str!("solve.wgsl"),
            ],
            buffers: &[
                Access::Read,
                Access::Read,
                Access::Read,
                Access::Write,
                Access::Write,
                Access::Write,
                Access::Write,
            ],
            workgroup: 64,
            memory: WorkgroupMemory::AsItIs,
        };
        Kernels {
            solve: SOLVE,
            errors: Kernel {
                name: concat!("errors of bins", $which),
                entry: "errors",
                source: &[
                    include_str!($precision),
                    prelude::THREADS,
                    include_str!("six.wgsl"),
                    include_str!("errors.wgsl"),
                ],
                buffers: &[Access::Read, Access::Read, Access::Read, Access::Write, Access::Write],
                ..SOLVE
            },
            horizontal: Kernel {
                name: concat!("horizontal errors", $which),
                entry: "horizontal_errors",
                source: &[
                    include_str!($precision),
                    prelude::THREADS,
                    include_str!("six.wgsl"),
                    include_str!("horizontal.wgsl"),
                ],
                buffers: &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Read, Access::Write],
                ..SOLVE
            },
            averaging: Kernel {
                name: concat!("averaging kernels", $which),
                entry: "averaging_kernels",
                source: &[
                    include_str!($precision),
                    prelude::THREADS,
                    include_str!("six.wgsl"),
                    include_str!("averaging.wgsl"),
                ],
                buffers: &[Access::Read, Access::Read, Access::Read, Access::Write],
                ..SOLVE
            },
        }
    }};
}

pub(super) static SINGLE: Kernels = kernels!("single.wgsl", "");
pub(super) static DOUBLE: Kernels = kernels!("double.wgsl", ", in double precision");

impl Kernels {
    /// All of them.
    pub(super) const fn all(&'static self) -> [&'static Kernel; 4] {
        [&self.solve, &self.errors, &self.horizontal, &self.averaging]
    }
}
