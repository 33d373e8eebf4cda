//! All points within a radius, as lists.

use super::{
    kernel_source::{ENDED, sources},
    parameters::{SearchParameters, to_square_metres},
    queries::Queries,
};
use crate::{
    memory::role::Role,
    points::resident_points::ResidentPoints,
    record::kernel::{
        Access::{Read, Write},
        Kernel,
    },
};
use isopach_compute::Result;
use isopach_neighbours::NeighbourLists;
use rayon::prelude::*;
use std::ops::Range;

const COUNT: Kernel = Kernel::new::<SearchParameters>(
    "within, count",
    "within_count",
    sources!("walk.wgsl", "within_count.wgsl"),
    &[Read, Read, Read, Write],
);
const FILL: Kernel = Kernel::new::<SearchParameters>(
    "within, fill",
    "within_fill",
    sources!("walk.wgsl", "within_fill.wgsl"),
    &[Read, Read, Read, Read, Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&COUNT, &FILL];

/// The points within `limit` square ticks of each query, by index.
pub(super) fn find_within(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    limit: u128,
) -> Result<NeighbourLists> {
    let plan = queries
        .plan_batch()
        .result_per_item("counts of neighbours", 4)
        .buffer_per_item("offsets of lists", 4);
    let mut lists = NeighbourLists {
        offsets: vec![0],
        ..NeighbourLists::default()
    };
    // A stack, the next batch on top: one whose lists do not fit is halved.
    let mut batches: Vec<Range<usize>> = queries.split_batches(&plan)?.collect();
    batches.reverse();
    while let Some(batch) = batches.pop() {
        match search_batch(resident, queries, &batch, limit)? {
            Found::Lists { counts, entries } => append_lists(&mut lists, &counts, entries),
            Found::TooMany => {
                let middle = batch.start + batch.len() / 2;
                batches.push(middle..batch.end);
                batches.push(batch.start..middle);
            }
        }
    }
    Ok(lists)
}

/// The lists of one batch.
enum Found {
    /// How many points each query found, and their numbers and squared distances, query by query.
    Lists {
        counts: Vec<u32>,
        entries: Vec<[u32; 2]>,
    },
    /// The lists do not fit into the budget together.
    TooMany,
}

/// Counts the points of each query, then lists them.
fn search_batch(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    batch: &Range<usize>,
    limit: u128,
) -> Result<Found> {
    let ResidentPoints {
        recorder,
        points,
        starts,
        ..
    } = resident;
    let parameters = SearchParameters {
        count: batch.len() as u32,
        ..SearchParameters::for_limit(resident.grid, limit)
    };
    let mut commands = recorder.begin_commands();
    let items = queries.upload_sorted(&mut commands, batch)?;
    let counts = recorder.allocate_storage("counts of neighbours", 4 * batch.len() as u64)?;
    let buffers = [points, starts, &items, &counts];
    commands.dispatch(&COUNT, batch.len(), &parameters, &buffers)?;
    let pending = commands.read_back::<u32>(&counts, 0..batch.len())?;
    let counts = commands.submit()?.wait()?.copy_out(pending)?;
    recorder
        .device
        .check_complete(!counts.contains(&ENDED[0]))?;

    let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    if batch.len() > 1 && !fits(resident, batch.len(), 8 * total) {
        return Ok(Found::TooMany);
    }
    let offsets = list_offsets(&counts);
    let offsets = recorder.upload("offsets of lists", offsets.len(), |i| offsets[i])?;
    let found = recorder.allocate_storage("lists of neighbours", 8 * total)?;
    let mut commands = recorder.begin_commands();
    let buffers = [points, starts, &items, &offsets, &found];
    commands.dispatch(&FILL, batch.len(), &parameters, &buffers)?;
    let pending = commands.read_back::<[u32; 2]>(&found, 0..total as usize)?;
    let entries = commands.submit()?.wait()?.copy_out(pending)?;
    Ok(Found::Lists { counts, entries })
}

/// Whether lists of `bytes` fit the device and the budget, on the device and on their way back.
fn fits(resident: &ResidentPoints, queries: usize, bytes: u64) -> bool {
    let pool = &resident.recorder.pool;
    let needed = 2 * pool.class_bytes(bytes) + pool.class_bytes(4 * queries as u64);
    bytes <= pool.largest_bytes(Role::Storage)
        && bytes <= pool.largest_bytes(Role::ReadBack)
        && needed <= pool.free_bytes()
}

/// The place of each list's first entry.
fn list_offsets(counts: &[u32]) -> Vec<u32> {
    let mut next = 0;
    counts
        .iter()
        .map(|&count| {
            let start = next;
            next += count;
            start
        })
        .collect()
}

/// Appends the lists of a batch, each sorted by index.
fn append_lists(lists: &mut NeighbourLists, counts: &[u32], mut entries: Vec<[u32; 2]>) {
    let mut rest = &mut entries[..];
    let mut by_query = Vec::with_capacity(counts.len());
    let mut end = lists.indices.len();
    for &count in counts {
        by_query.extend(rest.split_off_mut(..count as usize));
        end += count as usize;
        lists.offsets.push(end);
    }
    by_query
        .into_par_iter()
        .for_each(|list| list.sort_unstable_by_key(|[index, _]| *index));
    lists
        .indices
        .extend(entries.iter().map(|[index, _]| *index));
    lists
        .squared_distances
        .extend(entries.iter().map(|[_, bits]| to_square_metres(*bits)));
}
