//! Answers that are lists.

use super::{
    Grid,
    chunk_lists::{ChunkLists, restore_query_order},
    nearest::{id_of, squared_of},
    queries::{LocalQuery, QueryOrder, step_chunks},
};
use crate::{NeighbourLists, distance};
use isopach_cloud::Positions;
use rayon::prelude::*;

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
