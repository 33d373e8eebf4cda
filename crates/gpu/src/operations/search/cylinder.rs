//! Points in tilted cylinders, seen along their axes.

use super::{
    build::Resident,
    grid::Grid,
    queries::{Complete, Parameters, Queries, Search},
};
use crate::{
    Medians,
    kernel::{Access, Kernel},
    pool::Buffer,
    work::Work,
};
use isopach_cloud::{TICK, TICKS_PER_METRE};
use isopach_compute::Result;
use isopach_neighbours::{AxialStatistic, AxialStatistics, Cylinder};
use rayon::prelude::*;
use std::ops::Range;

/// Of every kernel here: points, queries and results.
const BINDINGS: &[Access] = &[
    Access::Read,
    Access::Read,
    Access::Read,
    Access::Read,
    Access::Write,
];

const MEAN: Kernel = Kernel::new(
    "cylinder, mean",
    "cylinder_mean",
    super::sources!("walk.wgsl", "cylinder.wgsl", "cylinder_mean.wgsl"),
    BINDINGS,
);
pub(crate) const MEDIAN: Kernel = Kernel::new(
    "cylinder, median",
    "cylinder_median",
    super::sources!(
        "walk.wgsl",
        "cylinder.wgsl",
        "offsets.wgsl",
        "ranks.wgsl",
        "kept.wgsl",
        "digits.wgsl",
        "cylinder_median.wgsl"
    ),
    BINDINGS,
);
/// Instead of [`MEDIAN`], with [`MANY`]: see [`Medians`].
pub(crate) const FEW: Kernel = Kernel::new(
    "cylinder, median of few",
    "cylinder_median_few",
    super::sources!(
        "walk.wgsl",
        "cylinder.wgsl",
        "offsets.wgsl",
        "ranks.wgsl",
        "kept.wgsl",
        "cylinder_median_few.wgsl"
    ),
    BINDINGS,
);
pub(crate) const MANY: Kernel = Kernel::new(
    "cylinder, median of many",
    "cylinder_median_many",
    super::sources!(
        "walk.wgsl",
        "cylinder.wgsl",
        "offsets.wgsl",
        "ranks.wgsl",
        "digits.wgsl",
        "cylinder_median_many.wgsl"
    ),
    BINDINGS,
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&MEAN, &MEDIAN, &FEW, &MANY];

/// A count that says: too near to a border for f32, or the driver ended a loop.
const FLAGGED: u32 = u32::MAX;

/// One result: see cylinder.wgsl.
pub(super) type Entry = [u32; 4];

/// What is looked at. Lengths are valid, and the enclosing radius is below 8 km.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    pub(super) cylinder: Cylinder,
    /// Radius of the ball around it, metres.
    pub(super) enclosing: f64,
    pub(super) statistic: AxialStatistic,
}

impl Sides {
    /// What runs, one after the other, on the same buffers.
    fn kernels(self, medians: Medians) -> &'static [&'static Kernel] {
        match (self.statistic, medians) {
            (AxialStatistic::MeanDeviation, _) => &[&MEAN],
            (AxialStatistic::MedianIqr, Medians::OneKernel) => &[&MEDIAN],
            (AxialStatistic::MedianIqr, Medians::TwoKernels) => &[&FEW, &MANY],
        }
    }

    /// What a kernel is told of them.
    fn on(self, grid: Grid) -> Parameters {
        Parameters {
            reach: ((self.enclosing * TICKS_PER_METRE).ceil() as i32).saturating_add(1),
            half_length: (self.cylinder.half_length * TICKS_PER_METRE) as f32,
            radius: (self.cylinder.radius * TICKS_PER_METRE) as f32,
            ..Parameters::within(grid, 0)
        }
    }
}

/// Statistics of each query, and the queries that are left to the processor.
#[derive(Debug)]
pub(super) struct Axial {
    pub(super) statistics: Vec<AxialStatistics>,
    /// Points near a border of the cylinder, loops that a driver ended, or an axis that is not of
    /// length 1.
    pub(super) undecided: Vec<usize>,
}

impl Axial {
    pub(super) fn with_capacity(queries: usize) -> Self {
        Self {
            statistics: Vec::with_capacity(queries),
            undecided: Vec::new(),
        }
    }

    /// Takes what was found of the queries from `start` on; `is_odd` says which of these had axes
    /// that a kernel cannot take.
    pub(super) fn absorb(
        &mut self,
        start: usize,
        found: &[Entry],
        is_odd: impl Fn(usize) -> bool + Sync,
    ) {
        let undecided = |&i: &usize| found[i][0] == FLAGGED || is_odd(start + i);
        self.undecided.par_extend(
            (0..found.len())
                .into_par_iter()
                .filter(undecided)
                .map(|i| start + i),
        );
        self.statistics.par_extend(found.par_iter().map(statistics));
    }
}

/// Records the search around `n` queries along as many axes; where the results will be.
pub(super) fn record(
    work: &mut Work,
    resident: &Resident,
    [queries, axes]: [&Buffer; 2],
    n: usize,
    sides: Sides,
) -> Result<Buffer> {
    let Resident {
        session,
        points,
        starts,
        grid,
        ..
    } = resident;
    let found = session.storage("statistics along axes", (size_of::<Entry>() * n) as u64)?;
    let parameters = Parameters {
        count: n as u32,
        ..sides.on(*grid)
    };
    for kernel in sides.kernels(session.options.medians) {
        work.run(
            kernel,
            n,
            &parameters,
            &[points, starts, queries, axes, &found],
        )?;
    }
    Ok(found)
}

/// The points of each query's cylinder along its axis.
pub(super) fn along_axes(
    resident: &Resident,
    queries: Queries<'_>,
    axes: &[[f64; 3]],
    sides: Sides,
) -> Result<Axial> {
    let plan = queries
        .plan()
        .each("axes", 16)
        .brought_back("statistics along axes", 16);
    let mut all = Axial::with_capacity(queries.len());
    let directions = |batch: &Range<usize>| {
        let direction = |i: usize| {
            let axis = axes[batch.start + i];
            let [x, y, z] = if is_unit(axis) {
                axis.map(|x| x as f32)
            } else {
                [0.0; 3]
            };
            [x, y, z, 0.0]
        };
        Ok(vec![resident.session.upload(
            "axes",
            batch.len(),
            direction,
        )?])
    };
    let kernels = sides.kernels(resident.session.options.medians);
    let search = Search {
        kernels,
        parameters: sides.on(resident.grid),
        entries: 1,
    };
    queries.each_batch(&plan, search, directions, |start, found: &[Entry]| {
        all.absorb(start, found, |i| axes[i] != [0.0; 3] && !is_unit(axes[i]));
        Complete::Yes // what is not is among the undecided
    })?;
    Ok(all)
}

/// Whether an axis is as long as the kernels suppose: were it longer, points beside its shadow
/// could count.
fn is_unit(axis: [f64; 3]) -> bool {
    (axis.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-9
}

/// One result in metres.
fn statistics(&[count, location, spread, _]: &Entry) -> AxialStatistics {
    let metres = |bits: u32| f64::from(f32::from_bits(bits)) * TICK;
    match count {
        0 | FLAGGED => AxialStatistics::default(),
        1 => AxialStatistics {
            count,
            location: metres(location),
            spread: f64::NAN,
        },
        _ => AxialStatistics {
            count,
            location: metres(location),
            spread: metres(spread),
        },
    }
}
