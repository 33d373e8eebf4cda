//! Points in tilted cylinders, seen along their axes.

use super::{
    build::Resident,
    queries::{Complete, Parameters, Queries, Search},
};
use crate::kernel::{Access, Kernel};
use isopach_cloud::{TICK, TICKS_PER_METRE};
use isopach_compute::Result;
use isopach_neighbours::{AxialStatistic, AxialStatistics, Cylinder};
use rayon::prelude::*;
use std::ops::Range;

const MEAN: Kernel = Kernel::new(
    "cylinder, mean",
    "cylinder_mean",
    super::sources!("walk.wgsl", "cylinder.wgsl", "cylinder_mean.wgsl"),
    &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write],
);
const MEDIAN: Kernel = Kernel::new(
    "cylinder, median",
    "cylinder_median",
    super::sources!("walk.wgsl", "cylinder.wgsl", "cylinder_median.wgsl"),
    &[Access::Read, Access::Read, Access::Read, Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&MEAN, &MEDIAN];

/// A count that says: too near to a border for f32, or the driver ended a loop.
const FLAGGED: u32 = u32::MAX;

/// Statistics of each query, and the queries that are left to the processor.
pub(super) struct Axial {
    pub(super) statistics: Vec<AxialStatistics>,
    /// Points near a border of the cylinder, loops that a driver ended, or an axis that is not of length 1.
    pub(super) undecided: Vec<usize>,
}

/// The points of each query's cylinder along its axis. Lengths are valid, and the enclosing radius is below 8 km.
pub(super) fn along_axes(
    resident: &Resident,
    queries: Queries<'_>,
    axes: &[[f64; 3]],
    cylinder: Cylinder,
    enclosing: f64,
    statistic: AxialStatistic,
) -> Result<Axial> {
    let kernel = match statistic {
        AxialStatistic::MeanDeviation => &MEAN,
        AxialStatistic::MedianIqr => &MEDIAN,
    };
    let plan = queries.plan().each("axes", 16).brought_back("statistics along axes", 16);
    let mut all = Axial { statistics: Vec::with_capacity(queries.len()), undecided: Vec::new() };
    let parameters = Parameters {
        reach: ((enclosing * TICKS_PER_METRE).ceil() as i32).saturating_add(1),
        half_length: (cylinder.half_length * TICKS_PER_METRE) as f32,
        radius: (cylinder.radius * TICKS_PER_METRE) as f32,
        ..Parameters::within(resident.grid, 0)
    };
    let directions = |batch: &Range<usize>| {
        let direction = |i: usize| {
            let axis = axes[batch.start + i];
            let [x, y, z] = if is_unit(axis) { axis.map(|x| x as f32) } else { [0.0; 3] };
            [x, y, z, 0.0]
        };
        Ok(vec![resident.session.upload("axes", batch.len(), direction)?])
    };
    let search = Search { kernel, parameters, entries: 1 };
    queries.each_batch(&plan, search, directions, |start, found: &[[u32; 4]]| {
        let undecided = |&i: &usize| {
            let axis = axes[start + i];
            found[i][0] == FLAGGED || (axis != [0.0; 3] && !is_unit(axis))
        };
        all.undecided.par_extend((0..found.len()).into_par_iter().filter(undecided).map(|i| start + i));
        all.statistics.par_extend(found.par_iter().map(statistics));
        Complete::Yes // what is not is among the undecided
    })?;
    Ok(all)
}

/// Whether an axis is as long as the kernels suppose: were it longer, points beside its shadow could count.
fn is_unit(axis: [f64; 3]) -> bool {
    (axis.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-9
}

/// One result in metres.
fn statistics(&[count, location, spread, _]: &[u32; 4]) -> AxialStatistics {
    let metres = |bits: u32| f64::from(f32::from_bits(bits)) * TICK;
    match count {
        0 | FLAGGED => AxialStatistics::default(),
        1 => AxialStatistics { count, location: metres(location), spread: f64::NAN },
        _ => AxialStatistics { count, location: metres(location), spread: metres(spread) },
    }
}
