//! Points in tilted cylinders, and their statistics along the axes.

use super::{
    kernel_source::sources,
    parameters::SearchParameters,
    queries::{Complete, Queries, Search},
};
use crate::{
    memory::buffer::Buffer,
    options::Medians,
    points::{cell_grid::CellGrid, resident_points::ResidentPoints},
    record::{
        commands::Commands,
        kernel::{
            Access::{self, Read, Write},
            Kernel,
        },
    },
};
use isopach_cloud::{TICK, TICKS_PER_METRE};
use isopach_compute::Result;
use isopach_neighbours::{AxialStatistic, AxialStatistics, Cylinder, CylinderQuery};
use rayon::prelude::*;

/// The buffers of every kernel here: points, starts of cells, queries, axes and results.
const BUFFERS: &[Access] = &[Read, Read, Read, Read, Write];

const MEAN: Kernel = Kernel::new::<SearchParameters>(
    "cylinder, mean",
    "cylinder_mean",
    sources!("walk.wgsl", "cylinder.wgsl", "cylinder_mean.wgsl"),
    BUFFERS,
);
pub(crate) const MEDIAN: Kernel = Kernel::new::<SearchParameters>(
    "cylinder, median",
    "cylinder_median",
    sources!(
        "walk.wgsl",
        "cylinder.wgsl",
        "offsets.wgsl",
        "ranks.wgsl",
        "kept.wgsl",
        "digits.wgsl",
        "cylinder_median.wgsl"
    ),
    BUFFERS,
);
/// Instead of [`MEDIAN`], with [`MEDIAN_OF_MANY`]: see [`Medians`].
pub(crate) const MEDIAN_OF_FEW: Kernel = Kernel::new::<SearchParameters>(
    "cylinder, median of few",
    "cylinder_median_few",
    sources!(
        "walk.wgsl",
        "cylinder.wgsl",
        "offsets.wgsl",
        "ranks.wgsl",
        "kept.wgsl",
        "cylinder_median_few.wgsl"
    ),
    BUFFERS,
);
pub(crate) const MEDIAN_OF_MANY: Kernel = Kernel::new::<SearchParameters>(
    "cylinder, median of many",
    "cylinder_median_many",
    sources!(
        "walk.wgsl",
        "cylinder.wgsl",
        "offsets.wgsl",
        "ranks.wgsl",
        "digits.wgsl",
        "cylinder_median_many.wgsl"
    ),
    BUFFERS,
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&MEAN, &MEDIAN, &MEDIAN_OF_FEW, &MEDIAN_OF_MANY];

/// A count that means: too near to a border for `f32`, or the driver ended a loop.
const FLAGGED: u32 = u32::MAX;

/// One result: see cylinder.wgsl.
pub(super) type CylinderEntry = [u32; 4];

/// Bytes of one result.
pub(super) const ENTRY_BYTES: u64 = size_of::<CylinderEntry>() as u64;

/// The cylinders to search. Lengths are valid, and the enclosing radius is below 8 km.
#[derive(Clone, Copy, Debug)]
pub(super) struct CylinderSearch {
    pub(super) cylinder: Cylinder,
    /// Radius of the ball around it, metres.
    pub(super) enclosing: f64,
    pub(super) statistic: AxialStatistic,
}

impl CylinderSearch {
    /// The query without the radius of the ball.
    pub(super) fn query(self) -> CylinderQuery {
        CylinderQuery {
            cylinder: self.cylinder,
            statistic: self.statistic,
        }
    }

    /// The kernels that run, one after the other, on the same buffers.
    fn kernels_for(self, medians: Medians) -> &'static [&'static Kernel] {
        match (self.statistic, medians) {
            (AxialStatistic::MeanDeviation, _) => &[&MEAN],
            (AxialStatistic::MedianIqr, Medians::OneKernel) => &[&MEDIAN],
            (AxialStatistic::MedianIqr, Medians::TwoKernels) => &[&MEDIAN_OF_FEW, &MEDIAN_OF_MANY],
        }
    }

    fn parameters_on(self, grid: CellGrid) -> SearchParameters {
        let reach = (self.enclosing * TICKS_PER_METRE).ceil() as i32;
        SearchParameters {
            reach: reach.saturating_add(1),
            half_length: (self.cylinder.half_length * TICKS_PER_METRE) as f32,
            radius: (self.cylinder.radius * TICKS_PER_METRE) as f32,
            ..SearchParameters::for_limit(grid, 0)
        }
    }
}

/// Statistics per query, and the queries that are left to the CPU.
#[derive(Debug)]
pub(super) struct CylinderBatch {
    pub(super) statistics: Vec<AxialStatistics>,
    /// Queries with a point near a border of the cylinder, with a loop that the driver ended, or
    /// with an axis that is not of length 1.
    pub(super) undecided: Vec<usize>,
}

impl CylinderBatch {
    pub(super) fn with_capacity(queries: usize) -> Self {
        Self {
            statistics: Vec::with_capacity(queries),
            undecided: Vec::new(),
        }
    }

    /// Appends the results of the queries from `start` on; `is_odd` says which of these have axes
    /// that a kernel cannot take.
    pub(super) fn append_results(
        &mut self,
        start: usize,
        found: &[CylinderEntry],
        is_odd: impl Fn(usize) -> bool + Sync,
    ) {
        let undecided = (0..found.len())
            .into_par_iter()
            .filter(|&i| found[i][0] == FLAGGED || is_odd(start + i))
            .map(|i| start + i);
        self.undecided.par_extend(undecided);
        let statistics = found.par_iter().map(decode_statistics);
        self.statistics.par_extend(statistics);
    }
}

/// Records the search around `n` queries along as many axes; returns the buffer of the results.
pub(super) fn record_cylinders(
    commands: &mut Commands,
    resident: &ResidentPoints,
    [queries, axes]: [&Buffer; 2],
    n: usize,
    search: CylinderSearch,
) -> Result<Buffer> {
    let ResidentPoints {
        recorder,
        points,
        starts,
        grid,
        ..
    } = resident;
    let bytes = ENTRY_BYTES * n as u64;
    let found = recorder.allocate_storage("statistics along axes", bytes)?;
    let parameters = SearchParameters {
        count: n as u32,
        ..search.parameters_on(*grid)
    };
    let buffers = [points, starts, queries, axes, &found];
    for kernel in search.kernels_for(recorder.options.medians) {
        commands.dispatch(kernel, n, &parameters, &buffers)?;
    }
    Ok(found)
}

/// Statistics of the points in each query's cylinder along its axis.
pub(super) fn search_cylinders(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    axes: &[[f64; 3]],
    cylinders: CylinderSearch,
) -> Result<CylinderBatch> {
    let recorder = &resident.recorder;
    let plan = queries
        .plan_batch()
        .buffer_per_item("axes", 16)
        .result_per_item("statistics along axes", ENTRY_BYTES);
    let search = Search {
        kernels: cylinders.kernels_for(recorder.options.medians),
        parameters: &[cylinders.parameters_on(resident.grid)],
        entries: 1,
    };
    let mut all = CylinderBatch::with_capacity(queries.len());
    queries.for_each_batch(
        &plan,
        search,
        |batch| {
            let axis = |i: usize| kernel_axis(axes[batch.start + i]);
            Ok(vec![recorder.upload("axes", batch.len(), axis)?])
        },
        |start, found: &[CylinderEntry]| {
            all.append_results(start, found, |i| axes[i] != [0.0; 3] && !is_unit(axes[i]));
            Complete::Yes // a query whose loops were ended is undecided
        },
    )?;
    Ok(all)
}

/// An axis as kernels take it; zero if it is not of length 1.
fn kernel_axis(axis: [f64; 3]) -> [f32; 4] {
    let [x, y, z] = if is_unit(axis) { axis } else { [0.0; 3] };
    [x as f32, y as f32, z as f32, 0.0]
}

/// Whether an axis is as long as the kernels suppose: along a longer one, points beside its shadow
/// could count.
fn is_unit(axis: [f64; 3]) -> bool {
    (axis.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-9
}

/// One result in metres.
fn decode_statistics(&[count, location, spread, _]: &CylinderEntry) -> AxialStatistics {
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
