//! The k nearest points: lists, and their covariances.

use super::{
    build::Resident,
    moments,
    queries::{Parameters, Queries, Search, square_metres},
};
use crate::kernel::{Access, Kernel};
use isopach_compute::{Error, Result};
use isopach_neighbours::{Covariance, NeighbourLists};

/// The most neighbours that a thread keeps.
const MOST: usize = 64;

/// The kernel of one length of list: a short one leaves more threads their memory.
macro_rules! of_length {
    ($most:literal, $name:literal, $entry:literal, $($file:literal),+) => {
        (
            $most,
            Kernel::new(concat!($name, " ", $most, " nearest"), $entry, super::sources!(concat "const MOST: u32 = ", $most, "u;\n"; "walk.wgsl", "rings.wgsl", "closest.wgsl", $($file),+), &[Access::Read, Access::Read, Access::Read, Access::Write]),
        )
    };
}
macro_rules! list {
    ($most:literal) => {
        of_length!($most, "lists of", "k_nearest", "k_nearest.wgsl")
    };
}
macro_rules! covariance {
    ($most:literal) => {
        of_length!(
            $most,
            "covariances of",
            "covariance_of_nearest",
            "moments.wgsl",
            "covariance_of_nearest.wgsl"
        )
    };
}

const LISTS: [(usize, Kernel); 4] = [list!(8), list!(16), list!(32), list!(64)];
const COVARIANCES: [(usize, Kernel); 4] = [
    covariance!(8),
    covariance!(16),
    covariance!(32),
    covariance!(64),
];

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[
    &LISTS[0].1,
    &LISTS[1].1,
    &LISTS[2].1,
    &LISTS[3].1,
    &COVARIANCES[0].1,
    &COVARIANCES[1].1,
    &COVARIANCES[2].1,
    &COVARIANCES[3].1,
];

/// The shortest that suffices.
fn kernel(kernels: &[(usize, Kernel)], wanted: usize) -> Result<&Kernel> {
    let found = kernels
        .iter()
        .find(|(most, _)| wanted <= *most)
        .map(|(_, kernel)| kernel);
    found.ok_or(Error::Unsupported {
        operation: "find more than 64 nearest neighbours",
    })
}

/// Refuses what no kernel keeps.
pub(super) fn supported(wanted: usize) -> Result<()> {
    kernel(&LISTS, wanted.min(MOST + 1)).map(drop)
}

/// What the kernels are told: they start with the radius that at the mean density of the grid holds
/// as many points, and those that chance leaves out.
fn parameters(resident: &Resident, wanted: usize, limit: u128) -> Parameters {
    let grid = resident.grid;
    let hoped = wanted as f64 + (wanted as f64).sqrt();
    let share = hoped / f64::from(grid.points) * grid.cells() as f64 / std::f64::consts::PI;
    let side = (1_u64 << grid.shift) as f64;
    let reach = (share.sqrt() * side)
        .max(0.5 * side)
        .min(f64::from(i32::MAX)) as i32;
    Parameters {
        reach,
        wanted: wanted as u32,
        ..Parameters::within(grid, limit)
    }
}

/// The `wanted` nearest points (at least 1, at most 64) within `limit` square ticks of each query.
pub(super) fn lists(
    resident: &Resident,
    queries: Queries<'_>,
    wanted: usize,
    limit: u128,
) -> Result<NeighbourLists> {
    let kernel = kernel(&LISTS, wanted)?;
    let bytes = 8 * wanted as u64;
    let plan = queries.plan().brought_back("lists of neighbours", bytes);
    let search = Search {
        kernels: &[kernel],
        parameters: parameters(resident, wanted, limit),
        entries: wanted,
    };
    let mut lists = NeighbourLists {
        offsets: vec![0],
        ..NeighbourLists::default()
    };
    queries.each_batch(
        &plan,
        search,
        super::nothing_more,
        |_, found: &[[u32; 2]]| {
            for list in found.chunks_exact(wanted) {
                let list = list.iter().take_while(|[index, _]| *index != u32::MAX);
                lists.indices.extend(list.clone().map(|[index, _]| *index));
                lists
                    .squared_distances
                    .extend(list.map(|[_, bits]| square_metres(*bits)));
                lists.offsets.push(lists.indices.len());
            }
            found
                .iter()
                .step_by(wanted)
                .all(|entry| *entry != super::ENDED)
                .into()
        },
    )?;
    Ok(lists)
}

/// Mean and covariance of the `wanted` nearest points (at least 1, at most 64) of each query.
pub(super) fn covariances(
    resident: &Resident,
    queries: Queries<'_>,
    wanted: usize,
) -> Result<Vec<Covariance>> {
    moments::covariances(
        queries,
        kernel(&COVARIANCES, wanted)?,
        parameters(resident, wanted, u128::MAX),
    )
}
