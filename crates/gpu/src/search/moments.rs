//! Mean and covariance of neighbourhoods.

use super::{
    SEARCH,
    build::Resident,
    queries::{Parameters, Queries},
};
use crate::kernel::{Access, Kernel};
use isopach_cloud::TICK;
use isopach_compute::Result;
use isopach_neighbours::Covariance;
use rayon::prelude::*;

const COVARIANCE: Kernel = Kernel {
    name: "covariance",
    entry: "covariance",
    source: super::sources!("walk.wgsl", "moments.wgsl", "covariance.wgsl"),
    buffers: &[Access::Read, Access::Read, Access::Read, Access::Write],
    ..SEARCH
};

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&COVARIANCE];

/// Words of one result: see moments.wgsl.
const ENTRY: usize = 13;

/// Of the points within `limit` square ticks.
pub(super) fn within(resident: &Resident, queries: Queries<'_>, limit: u128) -> Result<Vec<Covariance>> {
    covariances(resident, queries, &COVARIANCE, Parameters::within(resident.grid, limit))
}

/// Of the points that `kernel` finds.
pub(super) fn covariances(
    resident: &Resident,
    queries: Queries<'_>,
    kernel: &Kernel,
    parameters: Parameters,
) -> Result<Vec<Covariance>> {
    let bytes = 4 * ENTRY as u64;
    let plan = queries.plan().brought_back("covariances", bytes);
    let mut all = Vec::with_capacity(queries.len());
    for batch in queries.batches(&plan)? {
        let mut work = resident.session.work();
        let items = queries.upload(&mut work, &batch)?;
        let found = resident.session.storage("covariances", bytes * batch.len() as u64)?;
        let parameters = Parameters { count: batch.len() as u32, ..parameters };
        work.run(kernel, batch.len(), &parameters, &[&resident.points, &resident.starts, &items, &found])?;
        let reading = work.read::<[u32; ENTRY]>(&found, 0..batch.len())?;
        let complete = work.submit()?.wait()?.look(reading, |found| {
            all.par_extend(found.par_iter().map(covariance));
            !found.par_iter().any(|entry| entry[0] == super::ENDED[0])
        })?;
        resident.session.faults.complete(complete)?;
    }
    Ok(all)
}

/// One result in metres.
fn covariance(entry: &[u32; ENTRY]) -> Covariance {
    let count = entry[0];
    let number = |word: usize| f64::from(f32::from_bits(entry[word]));
    let mean = |axis: usize| (f64::from(entry[1 + axis] as i32) + number(4 + axis)) * TICK;
    let none = Covariance::default();
    Covariance {
        count,
        mean: if count > 0 { std::array::from_fn(mean) } else { none.mean },
        upper: if count > 1 { std::array::from_fn(|i| number(7 + i) * (TICK * TICK)) } else { none.upper },
    }
}
