//! The pieces of work of a run, as the scheduler sees them: without the types of operation, sources
//! and sink.

use super::scheduler::{Batch, ChunkToDecode};
use crate::{
    Cells,
    checkpoint::TilePart,
    memory_budget::{MemoryBudget, Reservation},
    route::RoutedCounts,
};
use isopach_compute::{Error, Result};
use std::sync::Arc;

/// A tile, or a part of one that was cut, that is ready to be run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TileUnit {
    pub(super) part: TilePart,
    pub(super) cells: Cells,
    /// Points of all epochs, in core and halo.
    pub(super) points: u64,
    /// Bytes that it takes while it runs.
    pub(super) bytes: u64,
    /// Bytes that its result may take in memory until it is delivered.
    pub(super) result_bytes: u64,
}

impl TileUnit {
    /// The error of a tile that cannot be cut any further and takes too much of `budget`.
    pub(super) fn too_heavy(&self, budget: &MemoryBudget) -> Error {
        Error::OutOfMemory {
            what: "the smallest tile that can hold its halo",
            requested: self.bytes,
            budget: budget.total_bytes(),
            advice: "raise the memory, or reduce what the halo comes from (depth, radii, spacing); half of the memory may go to one tile",
        }
    }
}

/// The work of a run, piece by piece, with the numbers that the scheduler needs to order it.
///
/// [`route_chunk`](Self::route_chunk), [`cut_tile`](Self::cut_tile), [`run_unit`](Self::run_unit)
/// and [`deliver_batch`](Self::deliver_batch) take long and run on threads of the pool, several at
/// a time; the others are called by the scheduler's thread.
pub(super) trait Pieces: Sync {
    /// Decodes a chunk and routes its points to the tiles that need them.
    fn route_chunk(&self, chunk: &ChunkToDecode) -> Result<RoutedCounts>;

    /// Cuts a tile into units that take a quarter of the memory at most; units without a point are
    /// left out.
    fn cut_tile(&self, tile: usize) -> Result<Vec<TileUnit>>;

    /// Runs the operation on a unit and keeps the result, in memory or on disk, until it is
    /// delivered.
    fn run_unit(&self, unit: &TileUnit) -> Result<()>;

    /// Hands results to the sink, in the order of the batch.
    fn deliver_batch(&self, batch: Batch) -> Result<()>;

    /// Bytes that a chunk takes while it is decoded and routed.
    fn chunk_bytes(&self, chunk: &ChunkToDecode) -> u64;

    /// The whole tile as a unit, once all its points are there; `None` for a tile without a point.
    fn weigh_tile(&self, tile: usize) -> Option<TileUnit>;

    /// Bytes of a result that is kept on disk.
    fn stored_bytes(&self, part: TilePart) -> u64;

    /// Keeps that a tile has no point, where results are kept on disk.
    fn record_empty(&self, tile: usize) -> Result<()>;

    /// Discards the points of a tile that is finished or has failed, and wants no more of them.
    fn close_tile(&self, tile: usize);

    /// The memory of the run.
    fn budget(&self) -> &Arc<MemoryBudget>;

    /// Reserves memory if it is free beside the points that wait, some of which may go to disk for
    /// it; `None` if it is not.
    fn reserve_memory(&self, bytes: u64) -> Result<Option<Reservation>>;
}
