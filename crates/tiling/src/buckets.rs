//! Points on their way from chunks to tiles, in memory or spilled to disk.

use crate::{
    clock::{Clock, RunStage},
    memory_budget::{MemoryBudget, Reservation, WaitingPoints},
    spill::{Spill, SpillBlock, SpillFile},
};
use isopach_cloud::{Attributes, Columns, Origin};
use isopach_compute::{Error, Result};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// The points of one chunk for one tile.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) chunk: usize,
    pub(crate) ticks: Vec<[i32; 3]>,
    pub(crate) attributes: Attributes,
}

/// A piece on disk: its chunk and its points.
#[derive(Clone, Copy, Debug)]
struct SpilledPiece {
    chunk: u32,
    points: u32,
}

/// The points of one source in one tile.
#[derive(Debug, Default)]
struct Bucket {
    in_memory: Vec<Piece>,
    /// Accounts for the pieces in memory.
    waiting: Option<WaitingPoints>,
    on_disk: Vec<(SpillBlock, Vec<SpilledPiece>)>,
    points: u64,
}

/// The points of all sources, by tile.
#[derive(Debug)]
pub(crate) struct Buckets<'a> {
    /// Those of source `s` in tile `t` at `s · tiles + t`.
    buckets: Vec<Mutex<Bucket>>,
    /// Bytes that each holds in memory, to choose by without taking locks.
    sizes: Vec<AtomicU64>,
    tiles: usize,
    columns: Columns,
    budget: Arc<MemoryBudget>,
    clock: &'a Clock,
    disk: SpillFile,
    /// Held while it is decided whether something fits, so that two do not take the same room.
    entrance: Mutex<()>,
}

impl<'a> Buckets<'a> {
    /// Empty ones.
    pub(crate) fn new(
        [sources, tiles]: [usize; 2],
        columns: Columns,
        spill: Spill,
        budget: &Arc<MemoryBudget>,
        clock: &'a Clock,
    ) -> Self {
        let all = sources * tiles;
        Self {
            buckets: (0..all).map(|_| Mutex::default()).collect(),
            sizes: (0..all).map(|_| AtomicU64::new(0)).collect(),
            tiles,
            columns,
            budget: Arc::clone(budget),
            clock,
            disk: SpillFile::new(spill),
            entrance: Mutex::new(()),
        }
    }

    /// Bytes of a point in a bucket.
    pub(crate) fn bytes_per_point(&self) -> u64 {
        size_of::<[i32; 3]>() as u64 + Attributes::bytes_per_point(self.columns)
    }

    /// Bytes that were put on disk.
    pub(crate) fn spilled_bytes(&self) -> u64 {
        self.disk.bytes_written()
    }

    fn lock_bucket(&self, place: usize) -> MutexGuard<'_, Bucket> {
        // A poisoned bucket is still whole: each change of it is one step.
        self.buckets[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that a piece of `points` points takes in memory.
    pub(crate) fn piece_bytes(&self, points: usize) -> u64 {
        points as u64 * self.bytes_per_point() + size_of::<Piece>() as u64
    }

    /// Adds a piece to its tile, with the guard of its bytes ([`Self::admit_points`]). Pieces may
    /// come in any order.
    pub(crate) fn put_piece(
        &self,
        source: usize,
        tile: usize,
        piece: Piece,
        waiting: WaitingPoints,
    ) {
        let place = source * self.tiles + tile;
        let mut bucket = self.lock_bucket(place);
        bucket.points += piece.ticks.len() as u64;
        bucket.in_memory.push(piece);
        let bytes = match &mut bucket.waiting {
            Some(held) => {
                held.merge_with(waiting);
                held.bytes()
            }
            None => bucket.waiting.insert(waiting).bytes(),
        };
        self.sizes[place].store(bytes, Ordering::Relaxed);
    }

    /// Points of a source in a tile.
    pub(crate) fn point_count(&self, source: usize, tile: usize) -> u64 {
        self.lock_bucket(source * self.tiles + tile).points
    }

    /// Reserves `bytes` for work if they are free beside the points that wait, which are spilled
    /// for it where they may be; `None` if they are not free.
    pub(crate) fn reserve_memory(&self, bytes: u64) -> Result<Option<Reservation>> {
        let _one_at_a_time = self.entrance.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(room) = self.budget.room_for_points().checked_sub(bytes) else {
            return Ok(None);
        };
        if self.budget.waiting_bytes() > room {
            if !self.disk.is_allowed() {
                return Ok(None);
            }
            self.spill_largest(room)?;
        }
        Ok(Some(self.budget.reserve(bytes)))
    }

    /// Makes room for `bytes` of points more, and counts them: the largest buckets are spilled
    /// until a quarter of the room is free.
    pub(crate) fn admit_points(&self, bytes: u64) -> Result<WaitingPoints> {
        let _one_at_a_time = self.entrance.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.budget.room_for_points();
        if self.budget.waiting_bytes().saturating_add(bytes) > room {
            if !self.disk.is_allowed() {
                return Err(self.budget.points_do_not_fit(bytes));
            }
            self.spill_largest((room / 4 * 3).saturating_sub(bytes))?;
        }
        Ok(self.budget.admit_points(bytes))
    }

    /// Spills the largest buckets until at most `bytes` are left in memory.
    fn spill_largest(&self, bytes: u64) -> Result<()> {
        let _stage = self.clock.start_stage(RunStage::Spill);
        while self.budget.waiting_bytes() > bytes {
            let sizes = self.sizes.iter().map(|size| size.load(Ordering::Relaxed));
            let Some((place, _)) = sizes
                .enumerate()
                .max_by_key(|(_, size)| *size)
                .filter(|(_, size)| *size > 0)
            else {
                break; // everything is on disk, or about to be loaded
            };
            self.spill_bucket(place)?;
        }
        Ok(())
    }

    /// Writes the pieces that a bucket has in memory to disk, as one block.
    fn spill_bucket(&self, place: usize) -> Result<()> {
        let mut bucket = self.lock_bucket(place);
        if bucket.in_memory.is_empty() {
            return Ok(());
        }
        let bytes: Vec<&[u8]> = bucket
            .in_memory
            .iter()
            .flat_map(Piece::byte_slices)
            .collect();
        let block = self.disk.write_block(&bytes)?;
        let pieces = bucket.in_memory.iter().map(Piece::spilled_piece).collect();
        bucket.on_disk.push((block, pieces));
        self.empty_memory(place, &mut bucket);
        Ok(())
    }

    /// Drops the pieces that a bucket has in memory.
    fn empty_memory(&self, place: usize, bucket: &mut Bucket) {
        bucket.in_memory = Vec::new();
        bucket.waiting = None;
        self.sizes[place].store(0, Ordering::Relaxed);
    }

    /// Shows all points of a source in a tile, a piece at a time, in any order: its chunk, where
    /// its points begin in the order of the source (by chunk, and in a chunk as they came), and the
    /// points.
    pub(crate) fn for_each_piece(
        &self,
        source: usize,
        tile: usize,
        mut show: impl FnMut(usize, &[[i32; 3]], &Attributes),
    ) -> Result<()> {
        let bucket = self.lock_bucket(source * self.tiles + tile);
        let starts = ChunkStarts::of_bucket(&bucket);
        for piece in &bucket.in_memory {
            show(
                starts.start_of(piece.chunk),
                &piece.ticks,
                &piece.attributes,
            );
        }
        let mut bytes = Vec::new();
        for (block, puts) in &bucket.on_disk {
            self.disk.read_block(*block, &mut bytes)?;
            let mut rest = &bytes[..];
            for put in puts {
                let (ticks, attributes) = self.split_piece(*put, &mut rest);
                show(starts.start_of(put.chunk as usize), &ticks, &attributes);
            }
        }
        Ok(())
    }

    /// Takes a piece off the front of the bytes of a block, whose checksum was right.
    fn split_piece(&self, put: SpilledPiece, rest: &mut &[u8]) -> (Vec<[i32; 3]>, Attributes) {
        let mut ticks = vec![[0_i32; 3]; put.points as usize];
        let mut attributes = Attributes::zeroed(self.columns, put.points as usize);
        let mut take = |to: &mut [u8]| {
            let (bytes, after) = rest.split_at(to.len());
            to.copy_from_slice(bytes);
            *rest = after;
        };
        take(bytemuck::cast_slice_mut(&mut ticks));
        attributes
            .column_bytes_mut()
            .into_iter()
            .for_each(&mut take);
        (ticks, attributes)
    }

    /// Forgets the points of a tile.
    pub(crate) fn discard_tile(&self, tile: usize) {
        for source in 0..self.buckets.len() / self.tiles {
            let place = source * self.tiles + tile;
            let mut bucket = self.lock_bucket(place);
            self.empty_memory(place, &mut bucket);
            *bucket = Bucket::default();
        }
    }
}

impl Piece {
    fn byte_slices(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(bytemuck::cast_slice(&self.ticks)).chain(self.attributes.column_bytes())
    }

    fn spilled_piece(&self) -> SpilledPiece {
        SpilledPiece {
            chunk: self.chunk as u32,
            points: self.ticks.len() as u32,
        } // a chunk has fewer points, a source fewer chunks
    }
}

/// Where the points of each chunk begin among those of a bucket.
struct ChunkStarts(Vec<(usize, usize)>);

impl ChunkStarts {
    fn of_bucket(bucket: &Bucket) -> Self {
        let here = bucket
            .in_memory
            .iter()
            .map(|piece| (piece.chunk, piece.ticks.len()));
        let there = bucket.on_disk.iter().flat_map(|(_, puts)| puts);
        let mut chunks: Vec<(usize, usize)> = here
            .chain(there.map(|put| (put.chunk as usize, put.points as usize)))
            .collect();
        chunks.sort_unstable();
        let mut start = 0;
        for (_, points) in &mut chunks {
            start += std::mem::replace(points, start);
        }
        Self(chunks)
    }

    fn start_of(&self, chunk: usize) -> usize {
        self.0[self.0.partition_point(|(other, _)| *other < chunk)].1
    }
}

/// Room for the points of a tile, filled piece by piece.
pub(crate) struct GatheredPoints {
    pub(crate) ticks: Vec<[i32; 3]>,
    pub(crate) attributes: Attributes,
}

/// Where the points of a tile are to be.
pub(crate) struct PartReach {
    /// Ticks to add to a coordinate of the bucket to have it about the new origin.
    pub(crate) shift: [i64; 3],
    /// Lowest and highest of the new coordinates, in the plane.
    pub(crate) reach: [[i64; 2]; 2],
}

impl PartReach {
    /// A coordinate about the new origin, if it is wanted.
    #[inline]
    pub(crate) fn local_ticks(&self, ticks: [i32; 3]) -> Option<[i32; 3]> {
        let moved: [i64; 3] = std::array::from_fn(|axis| i64::from(ticks[axis]) + self.shift[axis]);
        let [low, high] = self.reach;
        let inside = (0..2).all(|axis| low[axis] <= moved[axis] && moved[axis] <= high[axis]);
        // a part's origin is nearer to its points than its tile's
        inside.then(|| moved.map(|tick| tick as i32))
    }
}

impl Buckets<'_> {
    /// All points of a source in a tile, in the order of the source.
    pub(crate) fn gather_tile(&self, source: usize, tile: usize) -> Result<GatheredPoints> {
        let points = self.lock_bucket(source * self.tiles + tile).points;
        if u32::try_from(points).is_err() {
            return Err(Error::OutOfMemory {
                what: "numbering the points of a tile",
                requested: points,
                budget: u64::from(u32::MAX),
                advice: "use smaller tiles",
            });
        }
        let mut ticks = vec![[0; 3]; points as usize];
        let mut attributes = Attributes::zeroed(self.columns, points as usize);
        self.for_each_piece(source, tile, |start, from, columns| {
            ticks[start..start + from.len()].copy_from_slice(from);
            for (to, bytes) in attributes
                .column_bytes_mut()
                .into_iter()
                .zip(columns.column_bytes())
            {
                let at = bytes.len() / from.len().max(1) * start;
                to[at..at + bytes.len()].copy_from_slice(bytes);
            }
        })?;
        Ok(GatheredPoints { ticks, attributes })
    }

    /// The wanted points of a source in a tile, in the order of the source.
    pub(crate) fn gather_part(
        &self,
        source: usize,
        tile: usize,
        wanted: &PartReach,
    ) -> Result<GatheredPoints> {
        let mut runs = Vec::new();
        self.for_each_piece(source, tile, |start, from, columns| {
            let rows: Vec<u32> = (0..from.len() as u32)
                .filter(|&i| wanted.local_ticks(from[i as usize]).is_some())
                .collect();
            let ticks: Vec<[i32; 3]> = from
                .iter()
                .filter_map(|ticks| wanted.local_ticks(*ticks))
                .collect();
            runs.push((start, ticks, columns.select(&rows)));
        })?;
        runs.sort_unstable_by_key(|(start, ..)| *start);
        let mut all = GatheredPoints {
            ticks: Vec::new(),
            attributes: Attributes::empty(self.columns),
        };
        for (_, mut ticks, mut attributes) in runs {
            all.ticks.append(&mut ticks);
            all.attributes.append(&mut attributes);
        }
        Ok(all)
    }
}

/// The whole-metre origin of a block of cells: the middle of its core. Results do not depend on it,
/// as ticks are exact about any.
pub(crate) fn origin_of(core: &crate::Cells, height: f64) -> Result<Origin> {
    let [x, y] = core.rect().centre();
    Origin::near([x, y, height])
}
