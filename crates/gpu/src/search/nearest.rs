//! The nearest point.

use super::{
    SEARCH,
    build::Resident,
    queries::{Parameters, Queries, square_metres},
};
use crate::kernel::{Access, Kernel};
use isopach_compute::Result;
use isopach_neighbours::Neighbour;
use rayon::prelude::*;

pub(crate) const NEAREST: Kernel = Kernel {
    name: "nearest",
    entry: "nearest",
    source: super::sources!("walk.wgsl", "rings.wgsl", "nearest.wgsl"),
    buffers: &[Access::Read, Access::Read, Access::Read, Access::Write],
    ..SEARCH
};

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&NEAREST];

/// The nearest point within `limit` square ticks of each query.
pub(super) fn nearest(resident: &Resident, queries: Queries<'_>, limit: u128) -> Result<Vec<Option<Neighbour>>> {
    let plan = queries.plan().brought_back("nearest neighbours", 8);
    let mut all = Vec::with_capacity(queries.len());
    for batch in queries.batches(&plan)? {
        let mut work = resident.session.work();
        let items = queries.upload(&mut work, &batch)?;
        let found = resident.session.storage("nearest neighbours", 8 * batch.len() as u64)?;
        let parameters = Parameters { count: batch.len() as u32, ..Parameters::within(resident.grid, limit) };
        work.run(&NEAREST, batch.len(), &parameters, &[&resident.points, &resident.starts, &items, &found])?;
        let reading = work.read::<[u32; 2]>(&found, 0..batch.len())?;
        let neighbour = |&[index, bits]: &[u32; 2]| {
            (index != u32::MAX).then(|| Neighbour { index, squared_distance: square_metres(bits) })
        };
        let complete = work.submit()?.wait()?.look(reading, |found| {
            all.par_extend(found.par_iter().map(neighbour));
            !found.par_iter().any(|entry| *entry == super::ENDED)
        })?;
        resident.session.faults.complete(complete)?;
    }
    Ok(all)
}
