//! From chunks to tiles: every chunk is decoded once, and its points go to each tile that needs
//! them.
//!
//! Two passes over the points of a chunk. The first finds the region of each, and counts; the second
//! copies them to the lists of the region's tiles, which have the room they need. Where regions
//! would be more than points, the plan is asked for the tiles of each point instead.

use crate::{
    Plan, PointSource, TilingError,
    buckets::{Buckets, Piece, origin_of},
    clock::{Clock, RunStage},
    regions::Regions,
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

/// Regions that an extent may have, however few points it has.
const LEAST_REGIONS: usize = 1024;

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
    /// By point: its region, if there are regions.
    regions: Vec<u32>,
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

impl TileList {
    /// A list without points.
    fn new(tile: u32) -> Self {
        Self {
            tile: tile as usize,
            count: 0,
            base: [0; 3],
            rows: vec![],
            ticks: vec![],
        }
    }

    /// Appends a point, given in absolute ticks.
    #[inline(always)]
    fn push_point(&mut self, source: &dyn PointSource, ticks: [i64; 3]) -> Result<()> {
        let local = relative_ticks(ticks, self.base);
        self.ticks
            .push(local.ok_or_else(|| out_of_reach(source, ticks, self.base))?);
        Ok(())
    }
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
        let most_regions = points.len().max(LEAST_REGIONS);
        let regions = Regions::new(self.plan, from.extent, most_regions, |tile| {
            self.wanted[tile as usize].load(Ordering::Relaxed)
        });
        match &regions {
            Some(regions) => self.count_by_region(from, points, regions, scratch),
            None => self.count_copies(from, points, scratch),
        }
        .map_err(RouteError::Source)?;
        let sizes = scratch.lists.iter().map(|list| list.count);
        let bytes = sizes.map(|count| self.piece_bytes(count)).sum();
        let mut waiting = self
            .buckets
            .admit_points(bytes)
            .map_err(RouteError::Other)?;
        self.prepare_lists(scratch).map_err(RouteError::Source)?;
        match &regions {
            Some(regions) => self.fill_by_region(from.source, points, regions, scratch),
            None => self.fill_lists(from.source, points, scratch),
        }
        .map_err(RouteError::Source)?;
        let mut copies = 0;
        for list in scratch.lists.iter_mut().filter(|list| list.count > 0) {
            let piece = Piece {
                chunk: from.chunk,
                ticks: std::mem::take(&mut list.ticks),
                attributes: self.select_attributes(points, &list.rows),
            };
            copies += list.count as u64;
            let share = waiting.split_off(self.piece_bytes(list.count));
            self.buckets.put_piece(from.number, list.tile, piece, share);
        }
        Ok(RoutedCounts {
            points: points.len() as u64,
            copies,
        })
    }

    /// Bytes that the points of a list take; a list of none is no piece.
    fn piece_bytes(&self, count: usize) -> u64 {
        match count {
            0 => 0,
            _ => self.buckets.piece_bytes(count),
        }
    }

    /// Finds the region of each point, and counts the points of each tile.
    fn count_by_region(
        &self,
        from: SourceChunk<'_>,
        points: &Points,
        regions: &Regions,
        scratch: &mut RouteScratch,
    ) -> Result<()> {
        let mut outside = OutsidePoints::default();
        let mut counts = vec![0_usize; regions.len()];
        scratch.regions.clear();
        scratch.regions.reserve(points.len());
        for (row, point) in points.xyz.iter().enumerate() {
            check_finite(from, row, point)?;
            // Ownership is decided on the coordinate as it will be held, not as it was written.
            let Some(region) = regions.region_at([to_ticks(point[0]), to_ticks(point[1])]) else {
                outside.add_point(*point);
                continue;
            };
            scratch.regions.push(region);
            counts[region as usize] += 1;
        }
        outside.check_none(from, points.len())?;
        let tiles = regions.tiles.iter();
        scratch.lists.extend(tiles.map(|&tile| TileList::new(tile)));
        for (region, count) in counts.into_iter().enumerate() {
            for &place in regions.places_of(region as u32) {
                scratch.lists[place as usize].count += count;
            }
        }
        Ok(())
    }

    /// Copies the points to the lists of the tiles of their regions.
    fn fill_by_region(
        &self,
        source: &dyn PointSource,
        points: &Points,
        regions: &Regions,
        scratch: &mut RouteScratch,
    ) -> Result<()> {
        let needs_rows = self.columns != Columns::XYZ;
        for (row, (point, region)) in points.xyz.iter().zip(&scratch.regions).enumerate() {
            let ticks = point.map(to_ticks);
            for &place in regions.places_of(*region) {
                let list = &mut scratch.lists[place as usize];
                list.push_point(source, ticks)?;
                if needs_rows {
                    list.rows.push(row as u32); // as many as a chunk has
                }
            }
        }
        Ok(())
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
            check_finite(from, row, point)?;
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

    /// Finds the origins of the lists' tiles, and reserves the room for their points.
    fn prepare_lists(&self, scratch: &mut RouteScratch) -> Result<()> {
        let needs_rows = self.columns != Columns::XYZ;
        for list in scratch.lists.iter_mut().filter(|list| list.count > 0) {
            list.base = origin_of(&self.plan.core(list.tile), self.height)?.ticks();
            list.ticks.reserve_exact(list.count);
            if needs_rows {
                list.rows.reserve_exact(list.count);
            }
        }
        Ok(())
    }

    /// Copies the points to the lists of their tiles.
    fn fill_lists(
        &self,
        source: &dyn PointSource,
        points: &Points,
        scratch: &mut RouteScratch,
    ) -> Result<()> {
        let needs_rows = self.columns != Columns::XYZ;
        for copy in &scratch.copies {
            let list = &mut scratch.lists[copy.list as usize];
            list.push_point(source, points.xyz[copy.row as usize].map(to_ticks))?;
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
            self.lists.push(TileList::new(tile));
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

/// Refuses a coordinate that is no number.
#[inline(always)]
fn check_finite(from: SourceChunk<'_>, row: usize, point: &[f64; 3]) -> Result<()> {
    // of infinities and NaN this is NaN
    if point[0] * 0.0 + point[1] * 0.0 + point[2] * 0.0 == 0.0 {
        return Ok(());
    }
    let value = point.iter().find(|value| !value.is_finite());
    Err(TilingError::PointNoPlace {
        name: from.source.name(),
        chunk: from.chunk,
        row,
        value: value.copied().unwrap_or(f64::NAN),
    }
    .into())
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
    // the reach is that of an `i32`
    const { assert!((REACH * TICKS_PER_METRE) as i64 == 1 << 31) };
    let local: [i64; 3] = std::array::from_fn(|axis| ticks[axis].saturating_sub(base[axis]));
    let narrow = local.map(|tick| tick as i32);
    (narrow.map(i64::from) == local).then_some(narrow)
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
