//! Answers that are lists.

use super::{
    Grid,
    queries::{Located, chunks},
};
use crate::{Neighbours, plain};
use isopach_cloud::Positions;
use rayon::prelude::*;

/// One list a query, in the order of the queries; `answer` fills an empty list with squared distances and indices.
pub(super) fn gather(
    grid: &Grid<'_>,
    queries: Positions<'_>,
    answer: impl Fn(Located, &mut Vec<(u128, u32)>) + Sync,
) -> Neighbours {
    let shift = queries.shift_to(grid.points.origin());
    let parts: Vec<Neighbours> = chunks(queries.len())
        .map(|chunk| {
            let start = chunk.start;
            let mut found = Vec::new();
            let mut entries: Vec<(u32, f32)> = Vec::new();
            let mut ranges = vec![[0_usize; 2]; chunk.len()];
            for i in grid.order(queries, shift, chunk) {
                found.clear();
                answer(grid.locate(queries, shift, start + i as usize), &mut found);
                let first = entries.len();
                entries.extend(found.iter().map(|&(squared, id)| (id, plain::square_metres(squared))));
                ranges[i as usize] = [first, entries.len()];
            }
            in_order(&entries, &ranges)
        })
        .collect();
    concatenate(&parts)
}

/// Lists in the order of the queries from entries in the order in which they were found. Offsets are ends.
fn in_order(entries: &[(u32, f32)], ranges: &[[usize; 2]]) -> Neighbours {
    let mut lists = Neighbours {
        offsets: Vec::with_capacity(ranges.len()),
        indices: Vec::with_capacity(entries.len()),
        squared_distances: Vec::with_capacity(entries.len()),
    };
    for &[first, end] in ranges {
        lists.indices.extend(entries[first..end].iter().map(|entry| entry.0));
        lists.squared_distances.extend(entries[first..end].iter().map(|entry| entry.1));
        lists.offsets.push(lists.indices.len());
    }
    lists
}

/// Joins the parts (whose offsets are ends) to one.
fn concatenate(parts: &[Neighbours]) -> Neighbours {
    let total = parts.iter().map(|part| part.indices.len()).sum();
    let queries: usize = parts.iter().map(|part| part.offsets.len()).sum();
    let mut all = Neighbours {
        offsets: Vec::with_capacity(queries + 1),
        indices: Vec::with_capacity(total),
        squared_distances: Vec::with_capacity(total),
    };
    all.offsets.push(0);
    for part in parts {
        let base = all.indices.len();
        all.offsets.extend(part.offsets.iter().map(|end| base + end));
        all.indices.extend_from_slice(&part.indices);
        all.squared_distances.extend_from_slice(&part.squared_distances);
    }
    all
}
