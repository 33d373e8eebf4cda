//! Everything within a radius, as lists.

use super::{
    build::Resident,
    queries::{Parameters, Queries, square_metres},
};
use crate::{
    kernel::{Access, Kernel},
    pool::Role,
};
use isopach_compute::Result;
use isopach_neighbours::NeighbourLists;
use rayon::prelude::*;
use std::ops::Range;

use Access::{Read, Write};

const COUNT: Kernel = Kernel::new(
    "within, count",
    "within_count",
    super::sources!("walk.wgsl", "within_count.wgsl"),
    &[Read, Read, Read, Write],
);
const FILL: Kernel = Kernel::new(
    "within, fill",
    "within_fill",
    super::sources!("walk.wgsl", "within_fill.wgsl"),
    &[Read, Read, Read, Read, Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&COUNT, &FILL];

/// The points within `limit` square ticks of each query, by index.
pub(super) fn within(
    resident: &Resident,
    queries: Queries<'_>,
    limit: u128,
) -> Result<NeighbourLists> {
    let plan = queries
        .plan()
        .brought_back("counts of neighbours", 4)
        .each("offsets of lists", 4);
    let mut lists = NeighbourLists {
        offsets: vec![0],
        ..NeighbourLists::default()
    };
    // A stack, the next batch on top: one whose lists do not fit is halved.
    let mut batches: Vec<Range<usize>> = queries.batches(&plan)?.collect();
    batches.reverse();
    while let Some(batch) = batches.pop() {
        if let Some(halves) = one(resident, queries, &batch, limit, &mut lists)? {
            batches.extend(halves.into_iter().rev());
        }
    }
    Ok(lists)
}

/// The lists of one batch; its halves where they do not fit.
fn one(
    resident: &Resident,
    queries: Queries<'_>,
    batch: &Range<usize>,
    limit: u128,
    lists: &mut NeighbourLists,
) -> Result<Option<[Range<usize>; 2]>> {
    let session = &resident.session;
    let parameters = Parameters {
        count: batch.len() as u32,
        ..Parameters::within(resident.grid, limit)
    };
    let mut work = session.work();
    let items = queries.upload(&mut work, batch)?;
    let counts = session.storage("counts of neighbours", 4 * batch.len() as u64)?;
    work.run(
        &COUNT,
        batch.len(),
        &parameters,
        &[&resident.points, &resident.starts, &items, &counts],
    )?;
    let reading = work.read::<u32>(&counts, 0..batch.len())?;
    let counts = work.submit()?.wait()?.take(reading)?;
    session
        .faults
        .complete(!counts.contains(&super::ENDED[0]))?;
    let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let (pool, bytes) = (&session.pool, 8 * total);
    let fits = bytes <= pool.largest(Role::Storage)
        && bytes <= pool.largest(Role::ReadBack)
        && 2 * pool.class(bytes) + pool.class(4 * batch.len() as u64) <= pool.free_bytes();
    if !fits && batch.len() > 1 {
        let middle = batch.start + batch.len() / 2;
        return Ok(Some([batch.start..middle, middle..batch.end]));
    }
    let starts: Vec<u32> = counts
        .iter()
        .scan(0, |next, &count| {
            let start = *next;
            *next += count;
            Some(start)
        })
        .collect();
    let offsets = session.upload("offsets of lists", starts.len(), |i| starts[i])?;
    let found = session.storage("lists of neighbours", bytes)?;
    let mut work = session.work();
    work.run(
        &FILL,
        batch.len(),
        &parameters,
        &[&resident.points, &resident.starts, &items, &offsets, &found],
    )?;
    let reading = work.read::<[u32; 2]>(&found, 0..total as usize)?;
    let mut found = work.submit()?.wait()?.take(reading)?;
    let mut rest = &mut found[..];
    let mut each = Vec::with_capacity(counts.len());
    for &count in &counts {
        each.extend(rest.split_off_mut(..count as usize));
        lists
            .offsets
            .push(lists.offsets[lists.offsets.len() - 1] + count as usize);
    }
    each.into_par_iter()
        .for_each(|list| list.sort_unstable_by_key(|[index, _]| *index));
    lists.indices.extend(found.iter().map(|[index, _]| *index));
    lists
        .squared_distances
        .extend(found.iter().map(|[_, bits]| square_metres(*bits)));
    Ok(None)
}
