//! The nearest point.

use super::{
    build::Resident,
    queries::{Parameters, Queries, Search, square_metres},
};
use crate::kernel::{Access, Kernel};
use isopach_compute::Result;
use isopach_neighbours::Neighbour;
use rayon::prelude::*;

pub(crate) const NEAREST: Kernel = Kernel::new(
    "nearest",
    "nearest",
    super::sources!("walk.wgsl", "rings.wgsl", "nearest.wgsl"),
    &[Access::Read, Access::Read, Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&NEAREST];

/// The nearest point within `limit` square ticks of each query.
pub(super) fn nearest(
    resident: &Resident,
    queries: Queries<'_>,
    limit: u128,
) -> Result<Vec<Option<Neighbour>>> {
    let plan = queries.plan().brought_back("nearest neighbours", 8);
    let search = Search {
        kernels: &[&NEAREST],
        parameters: Parameters::within(resident.grid, limit),
        entries: 1,
    };
    let mut all = Vec::with_capacity(queries.len());
    queries.each_batch(
        &plan,
        search,
        super::nothing_more,
        |_, found: &[[u32; 2]]| {
            all.par_extend(found.par_iter().map(neighbour));
            found.par_iter().all(|entry| *entry != super::ENDED).into()
        },
    )?;
    Ok(all)
}

/// One result in metres.
fn neighbour(&[index, bits]: &[u32; 2]) -> Option<Neighbour> {
    (index != u32::MAX).then(|| Neighbour {
        index,
        squared_distance: square_metres(bits),
    })
}
