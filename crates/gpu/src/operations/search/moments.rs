//! Mean and covariance of neighbourhoods.

use super::{
    build::Resident,
    queries::{Parameters, Queries, Search},
};
use crate::kernel::{Access, Kernel};
use isopach_cloud::TICK;
use isopach_compute::Result;
use isopach_neighbours::Covariance;
use rayon::prelude::*;

const COVARIANCE: Kernel = Kernel::new(
    "covariance",
    "covariance",
    super::sources!("walk.wgsl", "moments.wgsl", "ball.wgsl", "covariance.wgsl"),
    &[Access::Read, Access::Read, Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&COVARIANCE];

/// Words of one result: see moments.wgsl.
const ENTRY: usize = 13;

/// Of the points within `limit` square ticks.
pub(super) fn within(
    resident: &Resident,
    queries: Queries<'_>,
    limit: u128,
) -> Result<Vec<Covariance>> {
    covariances(
        queries,
        &COVARIANCE,
        Parameters::within(resident.grid, limit),
    )
}

/// Of the points that `kernel` finds.
pub(super) fn covariances(
    queries: Queries<'_>,
    kernel: &Kernel,
    parameters: Parameters,
) -> Result<Vec<Covariance>> {
    let bytes = 4 * ENTRY as u64;
    let plan = queries.plan().brought_back("covariances", bytes);
    let mut all = Vec::with_capacity(queries.len());
    let search = Search {
        kernels: &[kernel],
        parameters,
        entries: 1,
    };
    queries.each_batch(
        &plan,
        search,
        super::nothing_more,
        |_, found: &[[u32; ENTRY]]| {
            all.par_extend(found.par_iter().map(covariance));
            found
                .par_iter()
                .all(|entry| entry[0] != super::ENDED[0])
                .into()
        },
    )?;
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
        mean: if count > 0 {
            std::array::from_fn(mean)
        } else {
            none.mean
        },
        upper: if count > 1 {
            std::array::from_fn(|i| number(7 + i) * (TICK * TICK))
        } else {
            none.upper
        },
    }
}
