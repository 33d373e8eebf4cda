//! Mean and covariance of neighbourhoods.

use super::{
    kernel_source::{ENDED, sources},
    parameters::SearchParameters,
    queries::{Queries, Search, no_more_buffers},
};
use crate::{
    points::resident_points::ResidentPoints,
    record::kernel::{Access, Kernel},
};
use isopach_cloud::TICK;
use isopach_compute::Result;
use isopach_neighbours::Covariance;
use rayon::prelude::*;

const COVARIANCE: Kernel = Kernel::new::<SearchParameters>(
    "covariance",
    "covariance",
    sources!("walk.wgsl", "moments.wgsl", "ball.wgsl", "covariance.wgsl"),
    &[Access::Read, Access::Read, Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&COVARIANCE];

/// Words of one result: see moments.wgsl.
const ENTRY: usize = 13;

/// Covariances of the points within `limit` square ticks of each query.
pub(super) fn covariances_within(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    limit: u128,
) -> Result<Vec<Covariance>> {
    let parameters = SearchParameters::for_limit(resident.grid, limit);
    run_covariances(queries, &COVARIANCE, parameters)
}

/// Covariances of the points that `kernel` finds.
pub(super) fn run_covariances(
    queries: Queries<'_>,
    kernel: &Kernel,
    parameters: SearchParameters,
) -> Result<Vec<Covariance>> {
    let bytes = 4 * ENTRY as u64;
    let plan = queries.plan_batch().result_per_item("covariances", bytes);
    let search = Search {
        kernels: &[kernel],
        parameters: &[parameters],
        entries: 1,
    };
    let mut all = Vec::with_capacity(queries.len());
    queries.for_each_batch(
        &plan,
        search,
        no_more_buffers,
        |_, found: &[[u32; ENTRY]]| {
            all.par_extend(found.par_iter().map(decode_covariance));
            found.par_iter().all(|entry| entry[0] != ENDED[0]).into()
        },
    )?;
    Ok(all)
}

/// One result in metres.
fn decode_covariance(entry: &[u32; ENTRY]) -> Covariance {
    let count = entry[0];
    let number = |word: usize| f64::from(f32::from_bits(entry[word]));
    let mut covariance = Covariance {
        count,
        ..Covariance::default()
    };
    if count > 0 {
        covariance.mean =
            [0, 1, 2].map(|axis| (f64::from(entry[1 + axis] as i32) + number(4 + axis)) * TICK);
    }
    if count > 1 {
        covariance.upper = std::array::from_fn(|i| number(7 + i) * (TICK * TICK));
    }
    covariance
}
