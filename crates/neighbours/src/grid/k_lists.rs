//! Lists of the k nearest.

use super::{
    Grid,
    chunk_lists::{ChunkLists, restore_query_order},
    closest::KNearest,
    queries::{CHUNK, LocalQuery, QueryOrder, step_chunks},
};
use crate::{NeighbourLists, distance};
use isopach_cloud::Positions;
use rayon::prelude::*;

/// Lists the `k` points, of which there are as many, nearest to each query within `limit` square
/// ticks, nearest first.
pub(super) fn list_k_nearest(
    grid: &Grid<'_>,
    queries: Positions<'_>,
    k: usize,
    limit: u128,
) -> NeighbourLists {
    let walk = QueryOrder::new(grid, queries);
    if limit == u128::MAX {
        return list_exactly_k(grid, &walk, k);
    }
    let parts: Vec<ChunkLists> = step_chunks(walk.len())
        .map(|steps| {
            let mut search = KNearest::new(grid, k, limit);
            let mut found = ChunkLists::default();
            for step in steps {
                let query = walk.localise(walk.query_at_step(step));
                found.append_k_nearest(&mut search, query);
            }
            found
        })
        .collect();
    restore_query_order(&walk, &parts)
}

impl ChunkLists {
    fn append_k_nearest(&mut self, search: &mut KNearest<'_>, query: LocalQuery) {
        match query {
            LocalQuery::Near(query) => {
                let ids = search.ids();
                let nearest = search.find_k_nearest(query).iter();
                for &(squared, place) in nearest {
                    self.indices.push(ids[place as usize]);
                    self.squared_distances
                        .push(distance::square_metres(u128::from(squared)));
                }
            }
            LocalQuery::Far(query) => {
                for (squared, id) in search.find_far(query) {
                    self.indices.push(id);
                    self.squared_distances
                        .push(distance::square_metres(squared));
                }
            }
        }
        self.ends.push(self.indices.len());
    }
}

/// Lists the `k` nearest without a limit: all lists are equally long, and have their places before
/// they are known.
fn list_exactly_k(grid: &Grid<'_>, walk: &QueryOrder<'_>, k: usize) -> NeighbourLists {
    let mut lists = NeighbourLists {
        offsets: (0..=walk.len()).map(|i| i * k).collect(),
        indices: vec![0; walk.len() * k],
        squared_distances: vec![0.0; walk.len() * k],
    };
    if k == 0 {
        return lists;
    }
    let chunk = CHUNK * k;
    let indices = lists.indices.par_chunks_mut(chunk);
    let squared = lists.squared_distances.par_chunks_mut(chunk);
    indices
        .zip(squared)
        .enumerate()
        .for_each(|(chunk, (indices, squared))| {
            let mut search = KNearest::new(grid, k, u128::MAX);
            let lists = indices.chunks_mut(k).zip(squared.chunks_mut(k));
            for (i, (indices, squared)) in lists.enumerate() {
                let query = walk.localise(walk.query_at_step(chunk * CHUNK + i));
                write_k_nearest(&mut search, query, indices, squared);
            }
        });
    if !walk.is_as_given() {
        lists.indices = walk.restore_lists(&lists.indices, k);
        lists.squared_distances = walk.restore_lists(&lists.squared_distances, k);
    }
    lists
}

fn write_k_nearest(
    search: &mut KNearest<'_>,
    query: LocalQuery,
    indices: &mut [u32],
    squared_distances: &mut [f32],
) {
    let to = indices.iter_mut().zip(squared_distances);
    match query {
        LocalQuery::Near(query) => {
            let ids = search.ids();
            for ((index, to), &(squared, place)) in to.zip(search.find_k_nearest(query)) {
                *index = ids[place as usize];
                *to = distance::square_metres(u128::from(squared));
            }
        }
        LocalQuery::Far(query) => {
            for ((index, to), (squared, id)) in to.zip(search.find_far(query)) {
                *index = id;
                *to = distance::square_metres(squared);
            }
        }
    }
}
