//! The pieces of work of a run, with the types of operation, sources and sink.

use super::{
    pieces::{Pieces, TileUnit},
    scheduler::{Batch, ChunkToDecode, ReadyResult},
};
use crate::{
    Cells, PointSource, RunStage, Tile, TileOperation, TileSink, TilingError,
    buckets::{GatheredPoints, PartReach, origin_of},
    checkpoint::{Results, TilePart},
    memory_budget::{MemoryBudget, Reservation},
    operation::TileStats,
    plan::tree::{quarter_block, tick_bounds},
    route::{RouteError, RoutedCounts, Routing, SourceChunk},
};
use isopach_cloud::{Attributes, Cloud, Columns, Rect};
use isopach_compute::{Compute, Dispatcher, Error, Result};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Everything that the pieces of a run share.
pub(super) struct TilePieces<'a, O: TileOperation<N, B>, B: ?Sized, S: ?Sized, const N: usize> {
    pub(super) on: &'a Dispatcher<B>,
    pub(super) operation: &'a O,
    pub(super) sources: [&'a dyn PointSource; N],
    pub(super) routing: Routing<'a>,
    /// Where results are kept on disk, if they are.
    pub(super) results: Option<&'a Results<'a, O::Output>>,
    pub(super) budget: Arc<MemoryBudget>,
    pub(super) sink: Mutex<&'a mut S>,
    /// Whether results go to the sink.
    pub(super) delivers: bool,
    /// Results that wait in memory for delivery.
    pub(super) held: Mutex<BTreeMap<TilePart, (Rect, O::Output)>>,
    /// Held while the note of unreadable sources is changed.
    pub(super) damage_note: Mutex<()>,
}

/// Peak bytes that a tile takes: first its points twice, as they are put together, then its points
/// and the `working` bytes of the operation.
pub(super) fn tile_bytes(stats: &TileStats, bytes_per_point: u64, working: u64) -> u64 {
    let points = stats.points().saturating_mul(bytes_per_point);
    points.saturating_add(points.max(working))
}

/// Bytes that a chunk takes while it is decoded and routed: its bytes and records, its points, and
/// half as many copies again.
pub(super) fn decoding_bytes(source: &dyn PointSource, chunk: usize, columns: Columns) -> u64 {
    const RECORD: u64 = 40;
    let column_bytes = Attributes::bytes_per_point(columns);
    let point = RECORD + 24 + column_bytes + (12 + column_bytes + 8) * 3 / 2;
    source.points_in_chunk(chunk).saturating_mul(point)
}

impl<O, B, S, const N: usize> Pieces for TilePieces<'_, O, B, S, N>
where
    B: Compute + ?Sized,
    O: TileOperation<N, B>,
    S: TileSink<O::Output> + ?Sized,
{
    fn route_chunk(&self, chunk: &ChunkToDecode) -> Result<RoutedCounts> {
        let routed = self.routing.route_chunk(SourceChunk {
            source: self.sources[chunk.source],
            number: chunk.source,
            chunk: chunk.chunk,
            extent: &chunk.extent,
        });
        routed.map_err(|error| match error {
            RouteError::Source(error) => {
                self.note_unreadable(chunk.source, &error);
                error
            }
            RouteError::Other(error) => error,
        })
    }

    fn cut_tile(&self, tile: usize) -> Result<Vec<TileUnit>> {
        let _stage = self.routing.clock.start_stage(RunStage::Load);
        let mut light = Vec::new();
        let mut open = vec![self.routing.plan.core(tile)];
        while !open.is_empty() {
            let counts = self.count_points(tile, &open)?;
            let mut smaller = Vec::new();
            for (cells, points) in open.into_iter().zip(counts) {
                let whole = TilePart {
                    tile,
                    part: 0,
                    of: 1,
                };
                let unit = self.weigh_unit(whole, cells, points);
                if unit.points == 0 {
                    continue;
                }
                if unit.bytes <= self.budget.limit() / 4 {
                    light.push((cells, points));
                } else if let Some(parts) = quarter_block(&cells, self.routing.plan.halo()) {
                    smaller.extend(parts.into_iter().flatten());
                } else {
                    return Err(unit.too_heavy(&self.budget));
                }
            }
            open = smaller;
        }
        light.sort_by_key(|(cells, _)| [cells.first[1], cells.first[0]]);
        let of = light.len();
        let parts = light.into_iter().enumerate();
        Ok(parts
            .map(|(part, (cells, points))| {
                self.weigh_unit(TilePart { tile, part, of }, cells, points)
            })
            .collect())
    }

    fn run_unit(&self, unit: &TileUnit) -> Result<()> {
        let tile = self.load_tile(unit)?;
        let core = tile.core;
        let output = self.compute_tile(tile)?;
        if let Some(results) = self.results {
            let _stage = self.routing.clock.start_stage(RunStage::Keep);
            return results.put_result(unit.part, core, &output);
        }
        if self.delivers {
            self.lock_held().insert(unit.part, (core, output));
        }
        Ok(())
    }

    fn deliver_batch(&self, batch: Batch) -> Result<()> {
        if batch.begins_sink {
            let _stage = self.routing.clock.start_stage(RunStage::Write);
            self.lock_sink().begin(self.routing.plan.whole().rect())?;
        }
        let mut results = batch.results.into_iter();
        let mut loaded = results.next().map(|first| self.load_result(first));
        while let Some(ready) = loaded {
            let ready = ready?;
            let following = results.next();
            let (accepted, next) = rayon::join(
                || self.accept_result(ready),
                || following.map(|result| self.load_result(result)),
            );
            accepted?;
            loaded = next;
        }
        Ok(())
    }

    fn chunk_bytes(&self, chunk: &ChunkToDecode) -> u64 {
        decoding_bytes(
            self.sources[chunk.source],
            chunk.chunk,
            self.routing.columns,
        )
    }

    fn weigh_tile(&self, tile: usize) -> Option<TileUnit> {
        let points = std::array::from_fn(|source| self.routing.buckets.point_count(source, tile));
        let whole = TilePart {
            tile,
            part: 0,
            of: 1,
        };
        let unit = self.weigh_unit(whole, self.routing.plan.core(tile), points);
        (unit.points > 0).then_some(unit)
    }

    fn stored_bytes(&self, part: TilePart) -> u64 {
        self.results
            .map_or(0, |results| results.bytes_on_disk(part))
    }

    fn record_empty(&self, tile: usize) -> Result<()> {
        self.results
            .map_or(Ok(()), |results| results.put_empty(tile))
    }

    fn close_tile(&self, tile: usize) {
        self.routing.close_tile(tile);
    }

    fn budget(&self) -> &Arc<MemoryBudget> {
        &self.budget
    }

    fn reserve_memory(&self, bytes: u64) -> Result<Option<Reservation>> {
        self.routing.buckets.reserve_memory(bytes)
    }
}

impl<'a, O, B, S, const N: usize> TilePieces<'a, O, B, S, N>
where
    B: Compute + ?Sized,
    O: TileOperation<N, B>,
    S: TileSink<O::Output> + ?Sized,
{
    fn lock_sink(&self) -> MutexGuard<'_, &'a mut S> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_held(&self) -> MutexGuard<'_, BTreeMap<TilePart, (Rect, O::Output)>> {
        // A poisoned map is whole: each change of it is one step.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes the output of the sink.
    pub(super) fn finish_sink(&self) -> Result<()> {
        let _stage = self.routing.clock.start_stage(RunStage::Write);
        self.lock_sink().finish()
    }

    /// Notes beside the results that a source could not be read, so that a repaired one is accepted
    /// in its place. An error that may pass is no damage.
    fn note_unreadable(&self, source: usize, error: &Error) {
        let Some(results) = self.results.filter(|_| !error.is_transient()) else {
            return;
        };
        let _one_at_a_time = self
            .damage_note
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        results.note_damaged_input(source, &self.sources[source].name());
    }

    /// A tile or part with these points of each epoch, and the bytes that it takes.
    fn weigh_unit(&self, part: TilePart, cells: Cells, points: [u64; N]) -> TileUnit {
        let stats = TileStats::new(points.to_vec(), &cells, self.routing.plan.halo());
        let working = self.operation.working_bytes(&stats);
        TileUnit {
            part,
            cells,
            points: stats.points(),
            bytes: tile_bytes(&stats, self.routing.buckets.bytes_per_point(), working),
            result_bytes: if self.results.is_some() { 0 } else { working },
        }
    }

    /// Points of each epoch in blocks of a tile's cells and their halos.
    fn count_points(&self, tile: usize, blocks: &[Cells]) -> Result<Vec<[u64; N]>> {
        let mut counts = vec![[0; N]; blocks.len()];
        let reaches: Vec<PartReach> = blocks
            .iter()
            .map(|cells| self.part_reach(tile, cells))
            .collect::<Result<_>>()?;
        for source in 0..N {
            let buckets = self.routing.buckets;
            buckets.for_each_piece(source, tile, |_, ticks, _| {
                for (count, reach) in counts.iter_mut().zip(&reaches) {
                    let inside = ticks.iter().filter(|t| reach.local_ticks(**t).is_some());
                    count[source] += inside.count() as u64;
                }
            })?;
        }
        Ok(counts)
    }

    /// Which of a tile's points a block of its cells needs, and where they are about its origin.
    fn part_reach(&self, tile: usize, cells: &Cells) -> Result<PartReach> {
        let plan = self.routing.plan;
        let from = origin_of(&plan.core(tile), self.routing.height)?.ticks();
        let to = origin_of(cells, self.routing.height)?.ticks();
        let bounds = tick_bounds(cells, plan.halo());
        Ok(PartReach {
            shift: std::array::from_fn(|axis| from[axis] - to[axis]),
            reach: bounds.map(|ticks| std::array::from_fn(|axis| ticks[axis] - to[axis])),
        })
    }

    /// Puts a unit's points together.
    fn load_tile(&self, unit: &TileUnit) -> Result<Tile<N>> {
        let _stage = self.routing.clock.start_stage(RunStage::Load);
        let TilePart { tile, of, .. } = unit.part;
        let is_whole = of == 1;
        let origin = origin_of(&unit.cells, self.routing.height)?;
        let buckets = self.routing.buckets;
        let mut epochs: [_; N] = std::array::from_fn(|_| Cloud::default());
        for (source, cloud) in epochs.iter_mut().enumerate() {
            let GatheredPoints { ticks, attributes } = if is_whole {
                buckets.gather_tile(source, tile)?
            } else {
                buckets.gather_part(source, tile, &self.part_reach(tile, &unit.cells)?)?
            };
            *cloud = Cloud::new(origin, ticks);
            cloud.attributes = attributes;
        }
        if is_whole {
            buckets.discard_tile(tile);
        }
        Ok(Tile {
            cells: unit.cells,
            core: unit.cells.rect(),
            halo: self.routing.plan.halo(),
            epochs,
        })
    }

    /// Runs the operation on the first backend that will.
    fn compute_tile(&self, tile: Tile<N>) -> Result<O::Output> {
        let _stage = self.routing.clock.start_stage(RunStage::Compute);
        let core = tile.core;
        let output = self.on.run(|backend| self.run_on_backend(backend, &tile));
        drop(tile);
        output.inspect_err(|error| tracing::error!(%core, %error, "a tile failed"))
    }

    /// Runs the operation on one backend, which may keep the tile's points where it computes until
    /// the operation is done.
    fn run_on_backend(&self, backend: &B, tile: &Tile<N>) -> Result<O::Output> {
        let points = tile
            .epochs
            .each_ref()
            .map(|epoch| epoch.positions().ticks());
        let _pin = backend.pin(&points);
        self.operation.run_tile(backend, tile)
    }

    /// Takes one result out of memory, or reads it from disk.
    fn load_result(&self, result: ReadyResult) -> Result<LoadedResult<O::Output>> {
        match result {
            ReadyResult::InMemory(part, reserved) => {
                let held = self.lock_held().remove(&part);
                drop(reserved);
                let (core, output) = held.ok_or_else(|| missing_result(part))?;
                Ok(LoadedResult {
                    core,
                    output,
                    _reserved: None,
                })
            }
            ReadyResult::OnDisk(part, reserved) => {
                let results = self.results.ok_or_else(|| missing_result(part))?;
                let _stage = self.routing.clock.start_stage(RunStage::Keep);
                let (core, output) = results.get_result(part)?;
                Ok(LoadedResult {
                    core,
                    output,
                    _reserved: Some(reserved),
                })
            }
        }
    }

    /// Hands a result to the sink.
    fn accept_result(&self, result: LoadedResult<O::Output>) -> Result<()> {
        let _stage = self.routing.clock.start_stage(RunStage::Write);
        self.lock_sink().accept(result.core, result.output)
    }
}

/// A result that is next in order, in memory.
struct LoadedResult<T> {
    core: Rect,
    output: T,
    /// The memory of one that was read from disk.
    _reserved: Option<Reservation>,
}

fn missing_result(part: TilePart) -> Error {
    TilingError::MissingResult { tile: part.tile }.into()
}
