//! The nearest point.

use super::{
    kernel_source::{ENDED, sources},
    parameters::{SearchParameters, to_square_metres},
    queries::{Queries, Search, no_more_buffers},
};
use crate::{
    points::resident_points::ResidentPoints,
    record::kernel::{Access, Kernel},
};
use isopach_compute::Result;
use isopach_neighbours::Neighbour;
use rayon::prelude::*;

pub(crate) const NEAREST: Kernel = Kernel::new::<SearchParameters>(
    "nearest",
    "nearest",
    sources!("walk.wgsl", "rings.wgsl", "nearest.wgsl"),
    &[Access::Read, Access::Read, Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&NEAREST];

/// The nearest point within `limit` square ticks of each query.
pub(super) fn find_nearest(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    limit: u128,
) -> Result<Vec<Option<Neighbour>>> {
    let plan = queries
        .plan_batch()
        .result_per_item("nearest neighbours", 8);
    let search = Search {
        kernels: &[&NEAREST],
        parameters: &[SearchParameters::for_limit(resident.grid, limit)],
        entries: 1,
    };
    let mut all = Vec::with_capacity(queries.len());
    queries.for_each_batch(&plan, search, no_more_buffers, |_, found: &[[u32; 2]]| {
        all.par_extend(found.par_iter().map(decode_neighbour));
        found.par_iter().all(|entry| *entry != ENDED).into()
    })?;
    Ok(all)
}

/// One result in metres.
fn decode_neighbour(&[index, bits]: &[u32; 2]) -> Option<Neighbour> {
    (index != u32::MAX).then(|| Neighbour {
        index,
        squared_distance: to_square_metres(bits),
    })
}
