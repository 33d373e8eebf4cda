//! The order in which chunks are decoded, and the tiles that are complete after each.

use crate::{Plan, PointSource, groups::ChunkGroup};
use isopach_cloud::Rect;

/// Chunks in the order in which tiles need them.
#[derive(Debug)]
pub(in crate::run) struct ChunkQueue {
    groups: Vec<QueuedGroup>,
    /// Chunks that no tile needs, by source.
    skipped: Vec<u64>,
    /// The first group with a chunk that was not started.
    at: usize,
    /// Number of groups that each tile waits for.
    waits: Vec<u32>,
}

/// Chunks, and the tiles that wait for all of them.
#[derive(Debug)]
struct QueuedGroup {
    group: ChunkGroup,
    /// Ascending, at least one.
    tiles: Vec<u32>,
    started: usize,
    /// Chunks that are not routed yet.
    left: usize,
}

/// A chunk to be decoded.
#[derive(Clone, Copy, Debug)]
pub(in crate::run) struct ChunkToDecode {
    /// Its group in the queue.
    pub(super) group: usize,
    pub(in crate::run) source: usize,
    pub(in crate::run) chunk: usize,
    /// A rectangle that has its points, far edges included.
    pub(in crate::run) extent: Rect,
}

/// The loss when a group is given up.
#[derive(Debug)]
pub(super) struct GivenUp {
    /// Chunks that are not started any more.
    pub(super) chunks: u64,
    /// Tiles that wait for the group.
    pub(super) tiles: Vec<usize>,
}

impl ChunkQueue {
    /// The chunks that the `wanted` tiles of a plan need.
    pub(in crate::run) fn new(groups: Vec<ChunkGroup>, plan: &Plan, wanted: &[bool]) -> Self {
        let sources = groups.iter().map(|group| group.source + 1).max();
        let mut queue = Self {
            groups: Vec::new(),
            skipped: vec![0; sources.unwrap_or(0)],
            at: 0,
            waits: vec![0; plan.len()],
        };
        for group in groups {
            queue.add_group(group, plan, wanted);
        }
        queue
            .groups
            .sort_by_key(|queued| (queued.tiles[0], queued.group.source, queued.group.chunks[0]));
        queue
    }

    fn add_group(&mut self, group: ChunkGroup, plan: &Plan, wanted: &[bool]) {
        let mut tiles = Vec::new();
        plan.for_each_tile_meeting(&group.extent, |tile| {
            if wanted[tile as usize] {
                tiles.push(tile);
            }
        });
        if tiles.is_empty() {
            self.skipped[group.source] += group.chunks.len() as u64;
            return;
        }
        tiles.sort_unstable();
        for &tile in &tiles {
            self.waits[tile as usize] += 1;
        }
        self.groups.push(QueuedGroup {
            left: group.chunks.len(),
            group,
            tiles,
            started: 0,
        });
    }

    /// Number of all chunks, skipped ones included.
    pub(super) fn chunk_count(&self) -> u64 {
        self.needed_chunks().count() as u64 + self.skipped_count()
    }

    /// Number of chunks that no tile needs.
    pub(super) fn skipped_count(&self) -> u64 {
        self.skipped.iter().sum()
    }

    /// Number of chunks of a source that no tile needs.
    pub(in crate::run) fn skipped_of_source(&self, source: usize) -> u64 {
        self.skipped.get(source).copied().unwrap_or(0)
    }

    /// Source and number of each chunk that is needed, in order.
    pub(in crate::run) fn needed_chunks(&self) -> impl Iterator<Item = (usize, usize)> {
        self.groups.iter().flat_map(|queued| {
            let source = queued.group.source;
            queued
                .group
                .chunks
                .iter()
                .map(move |&chunk| (source, chunk))
        })
    }

    /// Announces to each source the chunks that will be read, in order.
    pub(in crate::run) fn announce_chunks(&self, sources: &[&dyn PointSource]) {
        let mut needed = vec![Vec::new(); sources.len()];
        for (source, chunk) in self.needed_chunks() {
            needed[source].push(chunk);
        }
        for (source, chunks) in sources.iter().zip(needed) {
            source.expect_chunks(&chunks);
        }
    }

    /// Tiles that wait for no chunk.
    pub(super) fn complete_tiles(&self) -> Vec<usize> {
        (0..self.waits.len())
            .filter(|&tile| self.waits[tile] == 0)
            .collect()
    }

    /// The next chunk, if a tile before `end` needs it.
    pub(super) fn peek_chunk(&self, end: usize) -> Option<ChunkToDecode> {
        let queued = self.groups.get(self.at)?;
        if queued.tiles[0] as usize >= end {
            return None;
        }
        Some(ChunkToDecode {
            group: self.at,
            source: queued.group.source,
            chunk: queued.group.chunks[queued.started],
            extent: queued.group.extent,
        })
    }

    /// The chunk that was next has started.
    pub(super) fn start_chunk(&mut self, chunk: &ChunkToDecode) {
        self.groups[chunk.group].started += 1;
        self.skip_started_groups();
    }

    /// The first tile that waits for a group.
    pub(super) fn first_tile(&self, group: usize) -> usize {
        self.groups[group].tiles[0] as usize
    }

    /// A chunk of a group is routed: the tiles that are complete by that.
    pub(super) fn chunk_is_routed(&mut self, group: usize) -> Vec<usize> {
        let queued = &mut self.groups[group];
        queued.left -= 1;
        if queued.left > 0 {
            return Vec::new();
        }
        let mut complete = Vec::new();
        for &tile in &queued.tiles {
            let waits = &mut self.waits[tile as usize];
            *waits -= 1;
            if *waits == 0 {
                complete.push(tile as usize);
            }
        }
        complete
    }

    /// Gives up the chunks of a group that were not started.
    pub(super) fn give_up_group(&mut self, group: usize) -> GivenUp {
        let queued = &mut self.groups[group];
        let not_started = queued.group.chunks.len() - queued.started;
        queued.started = queued.group.chunks.len();
        queued.left -= not_started;
        let tiles = queued.tiles.iter().map(|&tile| tile as usize).collect();
        self.skip_started_groups();
        GivenUp {
            chunks: not_started as u64,
            tiles,
        }
    }

    fn skip_started_groups(&mut self) {
        while let Some(queued) = self.groups.get(self.at)
            && queued.started == queued.group.chunks.len()
        {
            self.at += 1;
        }
    }
}
