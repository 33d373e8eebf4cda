//! Answers that are lists.

use super::{
    Grid,
    nearest::{id_of, squared_of},
    queries::{LocalQuery, QueryOrder, step_chunks},
};
use crate::{NeighbourLists, distance};
use isopach_cloud::Positions;
use rayon::prelude::*;

/// Lists of some queries, in the order in which they were answered.
#[derive(Default)]
struct ChunkLists {
    indices: Vec<u32>,
    squared_distances: Vec<f32>,
    /// Where each list ends.
    ends: Vec<usize>,
}

impl ChunkLists {
    fn range_of_list(&self, i: usize) -> std::ops::Range<usize> {
        i.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[i]
    }
}

/// One list a query, in the order of the queries; `answer` fills an empty list with keys (squared
/// distance and index).
pub(super) fn collect_lists(
    grid: &Grid<'_>,
    queries: Positions<'_>,
    answer: impl Fn(LocalQuery, &mut Vec<u128>) + Sync,
) -> NeighbourLists {
    let walk = QueryOrder::new(grid, queries);
    let parts: Vec<ChunkLists> = step_chunks(walk.len())
        .map(|chunk| {
            let mut scratch = Vec::new();
            let mut found = ChunkLists::default();
            for step in chunk {
                scratch.clear();
                answer(walk.localise(walk.query_at_step(step)), &mut scratch);
                found.indices.extend(scratch.iter().map(|&key| id_of(key)));
                found.squared_distances.extend(
                    scratch
                        .iter()
                        .map(|&key| distance::square_metres(squared_of(key))),
                );
                found.ends.push(found.indices.len());
            }
            found
        })
        .collect();
    restore_query_order(&walk, &parts)
}

/// Brings the lists into the order of the queries.
fn restore_query_order(walk: &QueryOrder<'_>, parts: &[ChunkLists]) -> NeighbourLists {
    let count = walk.len();
    let mut offsets = vec![0; count + 1];
    let lists = || {
        parts
            .iter()
            .flat_map(|part| (0..part.ends.len()).map(move |i| (part, part.range_of_list(i))))
    };
    for (step, (_, list)) in lists().enumerate() {
        offsets[walk.query_at_step(step) + 1] = list.len();
    }
    for i in 0..count {
        offsets[i + 1] += offsets[i];
    }
    let total = offsets[count];
    let mut indices = vec![0; total];
    let mut squared_distances = vec![0.0; total];
    for (step, (part, list)) in lists().enumerate() {
        let start = offsets[walk.query_at_step(step)];
        let to = start..start + list.len();
        indices[to.clone()].copy_from_slice(&part.indices[list.clone()]);
        squared_distances[to].copy_from_slice(&part.squared_distances[list]);
    }
    NeighbourLists {
        offsets,
        indices,
        squared_distances,
    }
}
