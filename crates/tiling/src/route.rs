//! From chunks to tiles: every chunk is decoded once, and its points go to each tile that needs
//! them.
//!
//! Two passes over the points of a chunk. The first asks the plan which tiles need each, and
//! counts; the second copies them to lists that have the room they need.

use crate::{
    Plan, PointSource, TilingError,
    buckets::{Buckets, Piece, origin_of},
    clock::{Clock, RunStage},
};
use isopach_cloud::{
    Attributes, Columns, Points, REACH, Rect, TICKS_PER_METRE, edge_tick, from_ticks, to_ticks,
};
use isopach_compute::{Error, Result};
use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// The state that all chunks of a run share.
pub(crate) struct Routing<'a> {
    pub(crate) plan: &'a Plan,
    /// Whole metres that every tile's heights are counted from.
    pub(crate) height: f64,
    pub(crate) columns: Columns,
    pub(crate) buckets: &'a Buckets<'a>,
    pub(crate) clock: &'a Clock,
    /// Whether a tile is to be run here and now: points of others are passed over.
    pub(crate) wanted: &'a [AtomicBool],
    /// Scratch of chunks that are routed, reused by the next ones.
    pub(crate) scratch: Mutex<Vec<RouteScratch>>,
}

/// Numbers of points that a chunk gave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RoutedCounts {
    /// Points that passed the filters of the source.
    pub(crate) points: u64,
    /// Copies that went to tiles.
    pub(crate) copies: u64,
}

/// Why the points of a chunk did not reach their tiles.
#[derive(Debug)]
pub(crate) enum RouteError {
    /// The source cannot be read, or its points contradict its statements.
    Source(Error),
    /// Something else: memory or disk have no room for its points.
    Other(Error),
}

impl RouteError {
    /// The error that decoding a chunk ended with.
    fn from_decoding(error: Error) -> Self {
        match error {
            Error::OutOfMemory { .. } => Self::Other(error),
            _ => Self::Source(error),
        }
    }
}

/// The tiles of a chunk: their points are counted first, then copied.
#[derive(Default)]
pub(crate) struct RouteScratch {
    /// By tile: one more than its place in `lists`; 0 if it has none.
    places: Vec<u32>,
    lists: Vec<TileList>,
    copies: Vec<PointCopy>,
}

/// The points of a chunk that a tile needs.
struct TileList {
    tile: usize,
    count: usize,
    /// Ticks of the tile's origin.
    base: [i64; 3],
    rows: Vec<u32>,
    ticks: Vec<[i32; 3]>,
}

/// A point that goes to a tile.
struct PointCopy {
    /// Place in [`RouteScratch::lists`].
    list: u32,
    /// Position in the chunk.
    row: u32,
}

/// A chunk of a source.
#[derive(Clone, Copy)]
pub(crate) struct SourceChunk<'a> {
    pub(crate) source: &'a dyn PointSource,
    /// Position of the source in the run.
    pub(crate) number: usize,
    pub(crate) chunk: usize,
    /// The rectangle that the source states for it, far edges included.
    pub(crate) extent: &'a Rect,
}

impl Routing<'_> {
    /// Decodes a chunk and gives its points to the tiles that need them.
    pub(crate) fn route_chunk(
        &self,
        from: SourceChunk<'_>,
    ) -> std::result::Result<RoutedCounts, RouteError> {
        let points = {
            let _stage = self.clock.start_stage(RunStage::Decode);
            from.source
                .read_chunk(from.chunk, self.columns)
                .map_err(RouteError::from_decoding)?
        };
        let _stage = self.clock.start_stage(RunStage::Route);
        check_columns(from.source, &points, self.columns).map_err(RouteError::Source)?;
        let mut scratch = self.lock_scratch().pop().unwrap_or_default();
        scratch.places.resize(self.plan.len(), 0);
        let outcome = self.route_points(from, &points, &mut scratch);
        scratch.clear_lists();
        self.lock_scratch().push(scratch);
        outcome
    }

    /// Wants no more points of a tile, and discards those that wait.
    pub(crate) fn close_tile(&self, tile: usize) {
        self.wanted[tile].store(false, Ordering::Relaxed);
        self.buckets.discard_tile(tile);
    }

    fn lock_scratch(&self) -> MutexGuard<'_, Vec<RouteScratch>> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the points of a chunk to their tiles, all of them or none.
    fn route_points(
        &self,
        from: SourceChunk<'_>,
        points: &Points,
        scratch: &mut RouteScratch,
    ) -> std::result::Result<RoutedCounts, RouteError> {
        self.count_copies(from, points, scratch)
            .map_err(RouteError::Source)?;
        let sizes = scratch.lists.iter().map(|list| list.count);
        let bytes = sizes.map(|count| self.buckets.piece_bytes(count)).sum();
        let mut waiting = self
            .buckets
            .admit_points(bytes)
            .map_err(RouteError::Other)?;
        self.fill_lists(from.source, points, scratch)
            .map_err(RouteError::Source)?;
        for list in &mut scratch.lists {
            let piece = Piece {
                chunk: from.chunk,
                ticks: std::mem::take(&mut list.ticks),
                attributes: self.select_attributes(points, &list.rows),
            };
            let share = waiting.split_off(self.buckets.piece_bytes(list.count));
            self.buckets.put_piece(from.number, list.tile, piece, share);
        }
        Ok(RoutedCounts {
            points: points.len() as u64,
            copies: scratch.copies.len() as u64,
        })
    }

    /// Finds the tiles that need each point, and counts the points of each tile.
    fn count_copies(
        &self,
        from: SourceChunk<'_>,
        points: &Points,
        scratch: &mut RouteScratch,
    ) -> Result<()> {
        let mut outside = OutsidePoints::default();
        for (row, point) in points.xyz.iter().enumerate() {
            if let Some(value) = point.iter().find(|value| !value.is_finite()) {
                return Err(TilingError::PointNoPlace {
                    name: from.source.name(),
                    chunk: from.chunk,
                    row,
                    value: *value,
                }
                .into());
            }
            // Ownership is decided on the coordinate as it will be held, not as it was written.
            let ticks = [to_ticks(point[0]), to_ticks(point[1])];
            let is_in_plan = self.plan.for_each_tile_at(ticks, |tile| {
                if self.wanted[tile as usize].load(Ordering::Relaxed) {
                    scratch.count_point(tile, row as u32);
                }
            });
            if !is_in_plan || !contains_ticks(from.extent, ticks) {
                outside.add_point(*point);
            }
        }
        outside.check_none(from, points.len())
    }

    /// Copies the points to the lists of their tiles.
    fn fill_lists(
        &self,
        source: &dyn PointSource,
        points: &Points,
        scratch: &mut RouteScratch,
    ) -> Result<()> {
        let needs_rows = self.columns != Columns::XYZ;
        for list in &mut scratch.lists {
            list.base = origin_of(&self.plan.core(list.tile), self.height)?.ticks();
            list.ticks.reserve_exact(list.count);
            if needs_rows {
                list.rows.reserve_exact(list.count);
            }
        }
        for copy in &scratch.copies {
            let list = &mut scratch.lists[copy.list as usize];
            let ticks = points.xyz[copy.row as usize].map(to_ticks);
            let local = relative_ticks(ticks, list.base);
            list.ticks
                .push(local.ok_or_else(|| out_of_reach(source, ticks, list.base))?);
            if needs_rows {
                list.rows.push(copy.row);
            }
        }
        Ok(())
    }

    fn select_attributes(&self, points: &Points, rows: &[u32]) -> Attributes {
        if self.columns == Columns::XYZ {
            return Attributes::default();
        }
        let mut attributes = points.attributes.select(rows);
        attributes.retain(self.columns);
        attributes
    }
}

impl RouteScratch {
    /// Counts a point for a tile.
    #[inline]
    fn count_point(&mut self, tile: u32, row: u32) {
        let place = &mut self.places[tile as usize];
        if *place == 0 {
            self.lists.push(TileList {
                tile: tile as usize,
                count: 0,
                base: [0; 3],
                rows: vec![],
                ticks: vec![],
            });
            *place = self.lists.len() as u32; // at most 2^24 tiles
        }
        let list = *place - 1;
        self.lists[list as usize].count += 1;
        self.copies.push(PointCopy { list, row });
    }

    /// Makes it ready for another chunk.
    fn clear_lists(&mut self) {
        for list in self.lists.drain(..) {
            self.places[list.tile] = 0;
        }
        self.copies.clear();
    }
}

/// Points outside the extent that is stated for their chunk.
#[derive(Default)]
struct OutsidePoints {
    count: usize,
    first: Option<[f64; 3]>,
}

impl OutsidePoints {
    fn add_point(&mut self, point: [f64; 3]) {
        self.count += 1;
        self.first = self.first.or(Some(point));
    }

    /// Refuses points outside: tiles that the chunk was not expected in may be done already.
    fn check_none(&self, from: SourceChunk<'_>, of: usize) -> Result<()> {
        let Some([x, y, _]) = self.first else {
            return Ok(());
        };
        Err(TilingError::PointsOutside {
            name: from.source.name(),
            chunk: from.chunk,
            outside: self.count,
            points: of,
            extent: *from.extent,
            first: [x, y],
        }
        .into())
    }
}

/// Whether a rectangle, far edges included, has a point (ticks); its edges are rounded as points
/// are.
#[inline]
fn contains_ticks(rect: &Rect, point: [i64; 2]) -> bool {
    (0..2).all(|axis| {
        edge_tick(rect.min[axis]) <= point[axis] && point[axis] <= to_ticks(rect.max[axis])
    })
}

/// Refuses a chunk that lacks a requested column, or one whose columns differ in length from its
/// points.
pub(crate) fn check_columns(
    source: &dyn PointSource,
    points: &Points,
    columns: Columns,
) -> Result<()> {
    let fit = points
        .attributes
        .lengths()
        .iter()
        .all(|(_, length)| *length == points.len());
    if fit && points.attributes.columns().contains(columns) {
        return Ok(());
    }
    Err(TilingError::MissingColumn {
        name: source.name(),
    }
    .into())
}

/// Ticks about a tile's origin; `None` out of reach.
#[inline]
fn relative_ticks(ticks: [i64; 3], base: [i64; 3]) -> Option<[i32; 3]> {
    const LIMIT: i64 = (REACH * TICKS_PER_METRE) as i64;
    let local: [i64; 3] = std::array::from_fn(|axis| ticks[axis].saturating_sub(base[axis]));
    let reached = local.iter().all(|tick| (-LIMIT..LIMIT).contains(tick));
    reached.then(|| local.map(|tick| tick as i32)) // in range: just checked
}

/// In the plane a tile and its halo are within reach by the plan, so it is the height.
fn out_of_reach(source: &dyn PointSource, ticks: [i64; 3], base: [i64; 3]) -> Error {
    let [height, middle] = [ticks[2], base[2]].map(from_ticks);
    TilingError::HeightOutOfReach {
        name: source.name(),
        height,
        middle,
    }
    .into()
}
