//! Chunks by where they are.

use crate::PointSource;
use isopach_cloud::Rect;
use std::collections::HashMap;

/// Chunks of one source that state the same extent: a file, or a chunk that is known by itself.
#[derive(Clone, Debug)]
pub(crate) struct ChunkGroup {
    pub(crate) source: usize,
    /// A rectangle that has all their points, far edges included.
    pub(crate) extent: Rect,
    /// Their numbers, ascending.
    pub(crate) chunks: Vec<usize>,
    /// Points before any filter.
    pub(crate) points: u64,
}

/// All chunks of all sources, by extent; a chunk that does not say where it is has the extent of
/// its source.
pub(crate) fn group_chunks(sources: &[&dyn PointSource]) -> Vec<ChunkGroup> {
    let mut groups: Vec<ChunkGroup> = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let whole = source.extent();
        let mut places = HashMap::new();
        for chunk in 0..source.chunk_count() {
            let extent = source.chunk_extent(chunk).unwrap_or(whole);
            let key = [extent.min, extent.max].map(|corner| corner.map(f64::to_bits));
            let place = *places.entry(key).or_insert(groups.len());
            if place == groups.len() {
                groups.push(ChunkGroup {
                    source: number,
                    extent,
                    chunks: Vec::new(),
                    points: 0,
                });
            }
            groups[place].chunks.push(chunk);
            groups[place].points += source.points_in_chunk(chunk);
        }
    }
    groups
}
