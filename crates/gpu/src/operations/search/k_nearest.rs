//! The k nearest points: lists, and their covariances.

use super::{
    kernel_source::{ENDED, sources},
    moments::run_covariances,
    parameters::{SearchParameters, to_square_metres},
    queries::{Queries, Search, no_more_buffers},
};
use crate::{
    points::resident_points::ResidentPoints,
    record::kernel::{Access, Kernel},
};
use isopach_compute::{Error, Result};
use isopach_neighbours::{Covariance, NeighbourLists};

/// The most neighbours that a thread keeps.
const MAX_WANTED: usize = 64;

const BUFFERS: &[Access] = &[Access::Read, Access::Read, Access::Read, Access::Write];

/// A kernel for lists of up to `max` neighbours.
struct SizedKernel {
    max: usize,
    kernel: Kernel,
}

/// The kernel for one length of list: a short one leaves more memory per thread.
macro_rules! sized_kernel {
    ($max:literal, $name:literal, $entry:literal, $($file:literal),+) => {
        SizedKernel {
            max: $max,
            kernel: Kernel::new::<SearchParameters>(
                concat!($name, " ", $max, " nearest"),
                $entry,
                sources!(
                    concat "const MOST: u32 = ", $max, "u;\n";
                    "walk.wgsl", "rings.wgsl", "closest.wgsl", $($file),+
                ),
                BUFFERS,
            ),
        }
    };
}
macro_rules! list_kernel {
    ($max:literal) => {
        sized_kernel!($max, "lists of", "k_nearest", "k_nearest.wgsl")
    };
}
macro_rules! covariance_kernel {
    ($max:literal) => {
        sized_kernel!(
            $max,
            "covariances of",
            "covariance_of_nearest",
            "moments.wgsl",
            "covariance_of_nearest.wgsl"
        )
    };
}

const LISTS: [SizedKernel; 4] = [
    list_kernel!(8),
    list_kernel!(16),
    list_kernel!(32),
    list_kernel!(64),
];
const COVARIANCES: [SizedKernel; 4] = [
    covariance_kernel!(8),
    covariance_kernel!(16),
    covariance_kernel!(32),
    covariance_kernel!(64),
];

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[
    &LISTS[0].kernel,
    &LISTS[1].kernel,
    &LISTS[2].kernel,
    &LISTS[3].kernel,
    &COVARIANCES[0].kernel,
    &COVARIANCES[1].kernel,
    &COVARIANCES[2].kernel,
    &COVARIANCES[3].kernel,
];

/// The kernel with the shortest lists that suffice.
fn shortest_kernel(kernels: &[SizedKernel], wanted: usize) -> Result<&Kernel> {
    kernels
        .iter()
        .find(|sized| wanted <= sized.max)
        .map(|sized| &sized.kernel)
        .ok_or(Error::Unsupported {
            operation: "find more than 64 nearest neighbours",
        })
}

/// Refuses more neighbours than any kernel keeps.
pub(super) fn check_supported(wanted: usize) -> Result<()> {
    shortest_kernel(&LISTS, wanted.min(MAX_WANTED + 1)).map(drop)
}

/// Parameters of a search that starts with the radius that, at the mean density of the grid, holds
/// `wanted` points and the spread of their number.
fn start_parameters(resident: &ResidentPoints, wanted: usize, limit: u128) -> SearchParameters {
    let grid = resident.grid;
    let hoped = wanted as f64 + (wanted as f64).sqrt();
    let share = hoped / f64::from(grid.points) * grid.cell_count() as f64 / std::f64::consts::PI;
    let side = (1_u64 << grid.shift) as f64;
    let radius = (share.sqrt() * side).max(0.5 * side);
    SearchParameters {
        reach: radius.min(f64::from(i32::MAX)) as i32,
        wanted: wanted as u32,
        ..SearchParameters::for_limit(grid, limit)
    }
}

/// The `wanted` nearest points (1 to 64) within `limit` square ticks of each query.
pub(super) fn find_lists(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    wanted: usize,
    limit: u128,
) -> Result<NeighbourLists> {
    let bytes = 8 * wanted as u64;
    let plan = queries
        .plan_batch()
        .result_per_item("lists of neighbours", bytes);
    let search = Search {
        kernels: &[shortest_kernel(&LISTS, wanted)?],
        parameters: &[start_parameters(resident, wanted, limit)],
        entries: wanted,
    };
    let mut lists = NeighbourLists {
        offsets: vec![0],
        ..NeighbourLists::default()
    };
    queries.for_each_batch(&plan, search, no_more_buffers, |_, found: &[[u32; 2]]| {
        for list in found.chunks_exact(wanted) {
            append_list(&mut lists, list);
        }
        found
            .iter()
            .step_by(wanted)
            .all(|entry| *entry != ENDED)
            .into()
    })?;
    Ok(lists)
}

fn append_list(lists: &mut NeighbourLists, list: &[[u32; 2]]) {
    for &[index, bits] in list {
        if index == u32::MAX {
            break;
        }
        lists.indices.push(index);
        lists.squared_distances.push(to_square_metres(bits));
    }
    lists.offsets.push(lists.indices.len());
}

/// Mean and covariance of the `wanted` nearest points (1 to 64) of each query.
pub(super) fn find_covariances(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    wanted: usize,
) -> Result<Vec<Covariance>> {
    let kernel = shortest_kernel(&COVARIANCES, wanted)?;
    let parameters = start_parameters(resident, wanted, u128::MAX);
    run_covariances(queries, kernel, parameters)
}
