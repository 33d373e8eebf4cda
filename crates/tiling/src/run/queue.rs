//! Which chunk is decoded next, and which tiles are complete after it.

use crate::{Plan, PointSource, groups::ChunkGroup};

/// Chunks in the order in which tiles need them, and for how many groups of chunks each tile waits.
#[derive(Debug)]
pub(super) struct Queue {
    groups: Vec<Waited>,
    /// Chunks that no tile needs, by source.
    skipped: Vec<u64>,
    /// The first group that has a chunk which was not begun.
    at: usize,
    /// Groups that each tile waits for.
    waits: Vec<u32>,
}

/// Chunks, and the tiles that wait for all of them.
#[derive(Debug)]
struct Waited {
    group: ChunkGroup,
    /// Ascending, at least one.
    tiles: Vec<u32>,
    begun: usize,
    left: usize,
}

/// A chunk to be decoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Next {
    pub(super) group: usize,
    pub(super) source: usize,
    pub(super) chunk: usize,
}

impl Queue {
    /// For the tiles that are `wanted`.
    pub(super) fn new(groups: Vec<ChunkGroup>, plan: &Plan, wanted: &[bool]) -> Self {
        let sources = groups
            .iter()
            .map(|group| group.source + 1)
            .max()
            .unwrap_or(0);
        let (mut queue, mut skipped) = (Vec::new(), vec![0; sources]);
        let mut waits = vec![0; plan.len()];
        for group in groups {
            let mut tiles = Vec::new();
            plan.for_each_tile_meeting(&group.extent, |tile| {
                if wanted[tile as usize] {
                    tiles.push(tile);
                }
            });
            if tiles.is_empty() {
                skipped[group.source] += group.chunks.len() as u64;
                continue;
            }
            tiles.sort_unstable();
            tiles.iter().for_each(|&tile| waits[tile as usize] += 1);
            let left = group.chunks.len();
            queue.push(Waited {
                group,
                tiles,
                begun: 0,
                left,
            });
        }
        queue.sort_by_key(|waited| (waited.tiles[0], waited.group.source, waited.group.chunks[0]));
        Self {
            groups: queue,
            skipped,
            at: 0,
            waits,
        }
    }

    /// Chunks in all, those that no tile needs with them.
    pub(super) fn chunks(&self) -> u64 {
        self.each_chunk().count() as u64 + self.skipped.iter().sum::<u64>()
    }

    /// Chunks of a source that no tile needs.
    pub(super) fn skipped(&self, source: usize) -> u64 {
        self.skipped.get(source).copied().unwrap_or(0)
    }

    /// Source and number of each chunk that is needed.
    pub(super) fn each_chunk(&self) -> impl Iterator<Item = (usize, usize)> {
        self.groups.iter().flat_map(|waited| {
            waited
                .group
                .chunks
                .iter()
                .map(|&chunk| (waited.group.source, chunk))
        })
    }

    /// Tells each source which of its chunks are needed, in the order in which they are.
    pub(super) fn announce(&self, sources: &[&dyn PointSource]) {
        let mut needed = vec![Vec::new(); sources.len()];
        self.each_chunk()
            .for_each(|(source, chunk)| needed[source].push(chunk));
        sources
            .iter()
            .zip(needed)
            .for_each(|(source, chunks)| source.expect_chunks(&chunks));
    }

    /// Tiles that wait for nothing.
    pub(super) fn complete(&self) -> Vec<usize> {
        (0..self.waits.len())
            .filter(|&tile| self.waits[tile] == 0)
            .collect()
    }

    /// The next chunk, if a tile before `end` needs it.
    pub(super) fn next(&mut self, end: usize) -> Option<Next> {
        while self
            .groups
            .get(self.at)
            .is_some_and(|waited| waited.begun == waited.group.chunks.len())
        {
            self.at += 1;
        }
        let waited = self
            .groups
            .get(self.at)
            .filter(|waited| (waited.tiles[0] as usize) < end)?;
        Some(Next {
            group: self.at,
            source: waited.group.source,
            chunk: waited.group.chunks[waited.begun],
        })
    }

    /// The next chunk was begun.
    pub(super) fn begin(&mut self, next: Next) {
        self.groups[next.group].begun += 1;
    }

    /// Where the points of a group's chunks are.
    pub(super) fn extent(&self, group: usize) -> &isopach_cloud::Rect {
        &self.groups[group].group.extent
    }

    /// The first tile that waits for a group.
    pub(super) fn first_tile(&self, group: usize) -> usize {
        self.groups[group].tiles[0] as usize
    }

    /// A chunk of a group is done; the tiles that are complete by that.
    pub(super) fn routed(&mut self, group: usize) -> Vec<usize> {
        let waited = &mut self.groups[group];
        waited.left -= 1;
        if waited.left > 0 {
            return Vec::new();
        }
        let mut complete = Vec::new();
        for &tile in &waited.tiles {
            self.waits[tile as usize] -= 1;
            if self.waits[tile as usize] == 0 {
                complete.push(tile as usize);
            }
        }
        complete
    }

    /// Gives up the chunks of a group that were not begun; how many, and the tiles that wait for
    /// it.
    pub(super) fn give_up(&mut self, group: usize) -> (u64, Vec<usize>) {
        let waited = &mut self.groups[group];
        let left_out = waited.group.chunks.len() - waited.begun;
        waited.begun = waited.group.chunks.len();
        waited.left -= left_out;
        (
            left_out as u64,
            waited.tiles.iter().map(|&tile| tile as usize).collect(),
        )
    }
}
