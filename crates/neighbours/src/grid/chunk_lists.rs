//! Lists of the queries of a chunk, and lists of all queries from them.

use super::queries::QueryOrder;
use crate::NeighbourLists;

/// Lists of some queries, in the order in which they were answered.
#[derive(Default)]
pub(super) struct ChunkLists {
    pub(super) indices: Vec<u32>,
    pub(super) squared_distances: Vec<f32>,
    /// Where each list ends.
    pub(super) ends: Vec<usize>,
}

impl ChunkLists {
    fn range_of_list(&self, i: usize) -> std::ops::Range<usize> {
        i.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[i]
    }
}

/// Brings the lists into the order of the queries.
pub(super) fn restore_query_order(walk: &QueryOrder<'_>, parts: &[ChunkLists]) -> NeighbourLists {
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
