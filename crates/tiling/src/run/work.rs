//! The pieces of work of a run, each done by some thread of the pool.

use super::turn::Ready;
use crate::{
    Cells, PointSource, RunStage, Tile, TileOperation, TileSink,
    buckets::{GatheredPoints, PartReach, origin_of},
    checkpoint::{Results, TilePart},
    memory_budget::Ledger,
    operation::TileStats,
    plan::tree::{quarter_block, tick_bounds},
    route::{Given, Routing, Unrouted},
};
use isopach_cloud::{Attributes, Cloud, Columns, Rect};
use isopach_compute::{Compute, Dispatcher, Error, Result};
use std::sync::{Mutex, PoisonError};

/// What all pieces of work share.
pub(super) struct Work<'a, O: TileOperation<N, B>, B: ?Sized, S: ?Sized, const N: usize> {
    pub(super) on: &'a Dispatcher<B>,
    pub(super) operation: &'a O,
    pub(super) sources: [&'a dyn PointSource; N],
    pub(super) routing: &'a Routing<'a>,
    pub(super) results: Option<&'a Results<'a, O::Output>>,
    pub(super) ledger: &'a Ledger,
    pub(super) sink: Mutex<&'a mut S>,
}

/// A tile, or a part of one that is too heavy, ready to be run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) part: TilePart,
    pub(super) cells: Cells,
    /// Points of all epochs, in core and halo.
    pub(super) points: u64,
    /// Bytes that it takes while it runs.
    pub(super) bytes: u64,
    /// Bytes that its result may take until it is handed over.
    pub(super) after: u64,
}

/// Bytes that a tile takes: first its points twice, as they are put together, then its points and
/// what the operation needs.
pub(super) fn need(load: &TileStats, bytes_per_point: u64, working: u64) -> u64 {
    let points = load.points().saturating_mul(bytes_per_point);
    points.saturating_add(points.max(working))
}

/// Bytes that a chunk takes while it is decoded and routed: its bytes and records, its points, and
/// half as many copies again.
pub(super) fn chunk_bytes(source: &dyn PointSource, chunk: usize, columns: Columns) -> u64 {
    const RECORD: u64 = 40;
    let column_bytes = Attributes::bytes_per_point(columns);
    let point = RECORD + 24 + column_bytes + (12 + column_bytes + 8) * 3 / 2;
    source.points_in_chunk(chunk).saturating_mul(point)
}

impl<O, B, S, const N: usize> Work<'_, O, B, S, N>
where
    B: Compute + ?Sized,
    O: TileOperation<N, B>,
    S: TileSink<O::Output> + ?Sized,
{
    /// Decodes and routes a chunk.
    pub(super) fn route(
        &self,
        source: usize,
        chunk: usize,
        extent: &Rect,
    ) -> std::result::Result<Given, Unrouted> {
        self.routing
            .route(source, self.sources[source], chunk, extent)
    }

    /// Points of each epoch in a tile.
    pub(super) fn points_in(&self, tile: usize) -> [u64; N] {
        std::array::from_fn(|source| self.routing.buckets.point_count(source, tile))
    }

    /// A tile or part with so many points.
    pub(super) fn unit(&self, part: TilePart, cells: Cells, points: [u64; N]) -> Unit {
        let load = TileStats::new(points.to_vec(), &cells, self.routing.plan.halo());
        let working = self.operation.working_bytes(&load);
        let bytes = need(&load, self.routing.buckets.bytes_per_point(), working);
        let after = if self.results.is_some() { 0 } else { working };
        Unit {
            part,
            cells,
            points: load.points(),
            bytes,
            after,
        }
    }

    /// Cuts a tile until each part takes a quarter of the memory at most; parts without a point are
    /// left out.
    pub(super) fn cut(&self, tile: usize) -> Result<Vec<Unit>> {
        let _working = self.routing.clock.start_stage(RunStage::Load);
        let (halo, most) = (self.routing.plan.halo(), self.ledger.limit() / 4);
        let mut cut = Vec::new();
        let mut open = vec![self.routing.plan.core(tile)];
        while !open.is_empty() {
            let counts = self.count(tile, &open)?;
            let mut smaller = Vec::new();
            for (cells, points) in open.into_iter().zip(counts) {
                let unit = self.unit(
                    TilePart {
                        tile,
                        part: 0,
                        of: 0,
                    },
                    cells,
                    points,
                );
                match quarter_block(&cells, halo) {
                    _ if points.iter().sum::<u64>() == 0 => {}
                    _ if unit.bytes <= most => cut.push((cells, points)),
                    Some(parts) => smaller.extend(parts.into_iter().flatten()),
                    None => return Err(too_heavy(&unit, self.ledger)),
                }
            }
            open = smaller;
        }
        cut.sort_by_key(|(cells, _)| [cells.first[1], cells.first[0]]);
        let of = cut.len();
        let unit = |(part, (cells, points))| self.unit(TilePart { tile, part, of }, cells, points);
        Ok(cut.into_iter().enumerate().map(unit).collect())
    }

    /// Points of each epoch in blocks of a tile's cells and their halos.
    fn count(&self, tile: usize, blocks: &[Cells]) -> Result<Vec<[u64; N]>> {
        let mut counts = vec![[0; N]; blocks.len()];
        let wanted: Vec<PartReach> = blocks
            .iter()
            .map(|cells| self.wanted(tile, cells))
            .collect::<Result<_>>()?;
        for source in 0..N {
            self.routing
                .buckets
                .for_each_piece(source, tile, |_, ticks, _| {
                    for (count, wanted) in counts.iter_mut().zip(&wanted) {
                        count[source] += ticks
                            .iter()
                            .filter(|ticks| wanted.local_ticks(**ticks).is_some())
                            .count() as u64;
                    }
                })?;
        }
        Ok(counts)
    }

    /// What a block of a tile's cells needs of the tile's points.
    fn wanted(&self, tile: usize, cells: &Cells) -> Result<PartReach> {
        let height = self.routing.height;
        let [from, to] =
            [self.routing.plan.core(tile), *cells].map(|cells| origin_of(&cells, height));
        let (from, to) = (from?.ticks(), to?.ticks());
        let [low, high] = tick_bounds(cells, self.routing.plan.halo());
        let about = |ticks: [i64; 2]| std::array::from_fn(|axis| ticks[axis] - to[axis]);
        Ok(PartReach {
            shift: std::array::from_fn(|axis| from[axis] - to[axis]),
            reach: [about(low), about(high)],
        })
    }

    /// Puts a unit's points together and runs the operation; the result, unless it was kept on
    /// disk.
    pub(super) fn run(&self, unit: &Unit) -> Result<Option<(Rect, O::Output)>> {
        let tile = self.load(unit)?;
        let core = tile.core;
        let output = {
            let _working = self.routing.clock.start_stage(RunStage::Compute);
            let output = self.on.run(|backend| self.on_backend(backend, &tile));
            drop(tile);
            output.inspect_err(|error| tracing::error!(%core, %error, "a tile failed"))?
        };
        let Some(results) = self.results else {
            return Ok(Some((core, output)));
        };
        let _working = self.routing.clock.start_stage(RunStage::Keep);
        results.put_result(unit.part, core, &output)?;
        Ok(None)
    }

    /// The operation on one backend, which may keep the tile's points where it computes until all
    /// is done.
    fn on_backend(&self, backend: &B, tile: &Tile<N>) -> Result<O::Output> {
        let mut output = None;
        let points = tile
            .epochs
            .each_ref()
            .map(|epoch| epoch.positions().ticks());
        backend.holding(&points, &mut || {
            output = Some(self.operation.run_tile(backend, tile))
        });
        // A backend that does not do what it holds for is asked without that.
        output.unwrap_or_else(|| self.operation.run_tile(backend, tile))
    }

    fn load(&self, unit: &Unit) -> Result<Tile<N>> {
        let _working = self.routing.clock.start_stage(RunStage::Load);
        let Unit {
            part: TilePart { tile, of, .. },
            cells,
            ..
        } = *unit;
        let origin = origin_of(&cells, self.routing.height)?;
        let mut epochs: [_; N] = std::array::from_fn(|_| Cloud::default());
        for (source, cloud) in epochs.iter_mut().enumerate() {
            let GatheredPoints { ticks, attributes } = if of == 1 {
                self.routing.buckets.gather_tile(source, tile)?
            } else {
                self.routing
                    .buckets
                    .gather_part(source, tile, &self.wanted(tile, &cells)?)?
            };
            *cloud = Cloud::new(origin, ticks);
            cloud.attributes = attributes;
        }
        if of == 1 {
            self.routing.buckets.discard_tile(tile);
        }
        Ok(Tile {
            cells,
            core: cells.rect(),
            halo: self.routing.plan.halo(),
            epochs,
        })
    }

    /// Begins the sink.
    pub(super) fn begin(&self) -> Result<()> {
        let _working = self.routing.clock.start_stage(RunStage::Write);
        self.sink
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .begin(self.routing.plan.whole().rect())
    }

    /// Hands a result over.
    pub(super) fn hand_over(&self, ready: Ready<O::Output>) -> Result<()> {
        let (core, output) = match (ready, self.results) {
            (Ready::Here(core, output, bytes), _) => {
                self.ledger.done(bytes);
                (core, output)
            }
            (Ready::Kept(part, bytes), Some(results)) => {
                return self.hand_over_kept(results, part, bytes);
            }
            (Ready::Kept(part, _), None) => {
                return Err(Error::InvalidInput(format!(
                    "the result of tile {} is not there",
                    part.tile
                )));
            }
        };
        self.accept(core, output)
    }

    /// Hands over a result for which `bytes` were set aside.
    fn hand_over_kept(
        &self,
        results: &Results<'_, O::Output>,
        part: TilePart,
        bytes: u64,
    ) -> Result<()> {
        let (core, output) = {
            let _working = self.routing.clock.start_stage(RunStage::Keep);
            results.get_result(part)?
        };
        let outcome = self.accept(core, output);
        self.ledger.done(bytes);
        outcome
    }

    fn accept(&self, core: Rect, output: O::Output) -> Result<()> {
        let _working = self.routing.clock.start_stage(RunStage::Write);
        self.sink
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .accept(core, output)
    }

    /// Sets aside the bytes of a result on disk, so that it can be handed over: `None` where there
    /// is no room now. `is_last`: nothing that is going on will make room.
    pub(super) fn room_for_kept(&self, part: TilePart, is_last: bool) -> Result<Option<u64>> {
        let bytes = self
            .results
            .map_or(0, |results| results.bytes_on_disk(part));
        if self.routing.buckets.set_aside(bytes)? {
            return Ok(Some(bytes));
        }
        if is_last {
            self.ledger.work(bytes);
            return Ok(Some(bytes));
        }
        Ok(None)
    }
}

/// A tile that cannot be cut any further.
pub(super) fn too_heavy(unit: &Unit, ledger: &Ledger) -> Error {
    Error::OutOfMemory {
        what: "the smallest tile that can hold its halo",
        requested: unit.bytes,
        budget: ledger.given(),
        advice: "raise the memory, or reduce what the halo comes from (depth, radii, spacing); half of the memory may go to one tile",
    }
}
