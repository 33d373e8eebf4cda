//! From chunks to tiles: every chunk is decoded once, and its points go to each tile that needs them.
//!
//! Two passes over the points of a chunk. The first rounds them to ticks and asks the plan which tiles need each; the second copies them to
//! the tiles of the window that the first pass has seen, so that finding a tile's list is one look into a small table.

use crate::{
    Plan, PointSource, Progress,
    buckets::{Buckets, Budget, Piece},
    report::SourceReport,
    window::{Addressed, List, Window},
};
use isopach_cloud::{Attributes, Columns, Origin, Points, REACH, TICKS_PER_METRE, from_ticks, to_ticks};
use isopach_compute::{Error, Result};
use rayon::prelude::*;
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

/// What all sources of a run share.
pub(crate) struct Routing<'a> {
    pub(crate) plan: &'a Plan,
    /// Whole metres that every tile's heights are counted from.
    pub(crate) height: f64,
    pub(crate) columns: Columns,
    pub(crate) budget: &'a Budget,
    pub(crate) chunks_done: AtomicU64,
    pub(crate) chunks_total: u64,
    pub(crate) progress: &'a (dyn Fn(Progress) + Sync),
}

/// One source on its way into buckets.
struct Lane<'a> {
    source: &'a dyn PointSource,
    buckets: Buckets,
    decodes: AtomicU64,
    skipped: AtomicU64,
    points: AtomicU64,
    routed: AtomicU64,
    outside: AtomicU64,
    /// Chunk and coordinates of a point outside, the first chunk that has one.
    example: Mutex<Option<(usize, [f64; 3])>>,
    decoding: AtomicU64,
    routing: AtomicU64,
}

impl Routing<'_> {
    /// The whole-metre origin of a tile: the middle of its core. Results do not depend on it, as ticks are exact about any.
    pub(crate) fn origin(&self, tile: usize) -> Result<Origin> {
        let [x, y] = self.plan.core(tile).rect().centre();
        Origin::near([x, y, self.height])
    }

    /// Decodes every chunk that a tile needs, once, in parallel; what each source gave, by tile.
    pub(crate) fn route<const N: usize>(
        &self,
        sources: [&dyn PointSource; N],
    ) -> Result<([Buckets; N], Vec<SourceReport>)> {
        self.budget.reserve(self.plan.len() as u64 * N as u64 * Buckets::BYTES)?;
        let lanes = sources.map(|source| Lane::new(source, self.plan.len(), self.columns));
        let chunks: Vec<(&Lane<'_>, usize)> =
            lanes.iter().flat_map(|lane| (0..lane.source.chunk_count()).map(move |chunk| (lane, chunk))).collect();
        chunks.into_par_iter().try_for_each_init(Vec::new, |addressed, (lane, chunk)| {
            let points = self.route_chunk(lane, chunk, addressed)?;
            let done = self.chunks_done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.progress)(Progress::Read { done, total: self.chunks_total, points });
            Ok(())
        })?;
        let reports = lanes.iter().map(|lane| lane.report(self.columns)).collect::<Result<_>>()?;
        Ok((lanes.map(|lane| lane.buckets), reports))
    }

    /// Routes one chunk; returns how many points it had. `addressed` is room to work in, kept from chunk to chunk.
    fn route_chunk(&self, lane: &Lane<'_>, chunk: usize, addressed: &mut Vec<Addressed>) -> Result<u64> {
        let whole = self.plan.whole().rect();
        if lane.source.chunk_extent(chunk).is_some_and(|extent| extent.intersection(&whole).is_none()) {
            lane.skipped.fetch_add(1, Ordering::Relaxed);
            return Ok(0);
        }
        let start = Instant::now();
        let mut points = lane.source.read_chunk(chunk, self.columns)?;
        add_time(&lane.decoding, start);
        lane.decodes.fetch_add(1, Ordering::Relaxed);
        lane.points.fetch_add(points.len() as u64, Ordering::Relaxed);

        let start = Instant::now();
        check_columns(lane.source, &points, self.columns)?;
        points.attributes.retain(self.columns);
        self.address(lane, chunk, &points, addressed)?;
        let copies = self.scatter(lane, chunk, &points, addressed)?;
        lane.routed.fetch_add(copies, Ordering::Relaxed);
        add_time(&lane.routing, start);
        Ok(points.len() as u64)
    }

    /// Which tiles need each point. Those that none owns are counted.
    fn address(&self, lane: &Lane<'_>, chunk: usize, points: &Points, addressed: &mut Vec<Addressed>) -> Result<()> {
        addressed.clear();
        addressed.reserve(points.len());
        for (row, point) in points.xyz.iter().enumerate() {
            if let Some(value) = point.iter().find(|value| !value.is_finite()) {
                let name = lane.source.name();
                let problem =
                    format!("{name}: point {row} of chunk {chunk} has the coordinate {value}, which is no place");
                return Err(Error::InvalidInput(problem));
            }
            let ticks = point.map(to_ticks);
            // Ownership is decided on the coordinate as it will be held, not as it was written.
            match self.plan.tiles_of([from_ticks(ticks[0]), from_ticks(ticks[1])]) {
                Some(tiles) => addressed.push(Addressed { row: row as u32, ticks, tiles }),
                None => lane.note_outside(chunk, *point),
            }
        }
        Ok(())
    }

    /// Copies the points of a chunk to their tiles; returns how many copies were made.
    fn scatter(&self, lane: &Lane<'_>, chunk: usize, points: &Points, addressed: &[Addressed]) -> Result<u64> {
        let Some(mut window) = Window::around(addressed) else { return Ok(0) };
        let copies = addressed.iter().map(|point| point.copies()).sum();
        self.budget.reserve(copies * bytes_per_point(self.columns))?;
        for point in addressed {
            point.each_tile(|tile| {
                window.list(tile).count += 1;
                Ok(())
            })?;
        }
        window.make_room(self)?;
        for point in addressed {
            point.each_tile(|tile| {
                let list = window.list(tile);
                list.rows.push(point.row);
                list.ticks.push(relative(point.ticks, list.base).ok_or_else(|| far(lane.source, point, list.base))?);
                Ok(())
            })?;
        }
        for List { tile, rows, ticks, .. } in window.lists {
            lane.buckets.put(tile, Piece { chunk, ticks, attributes: points.attributes.select(&rows) });
        }
        Ok(copies)
    }
}

impl<'a> Lane<'a> {
    fn new(source: &'a dyn PointSource, tiles: usize, columns: Columns) -> Self {
        let zero = AtomicU64::default;
        Self {
            source,
            buckets: Buckets::new(tiles, columns),
            decodes: zero(),
            skipped: zero(),
            points: zero(),
            routed: zero(),
            outside: zero(),
            example: Mutex::default(),
            decoding: zero(),
            routing: zero(),
        }
    }

    fn note_outside(&self, chunk: usize, point: [f64; 3]) {
        self.outside.fetch_add(1, Ordering::Relaxed);
        let mut example = self.example.lock().unwrap_or_else(PoisonError::into_inner);
        if example.is_none_or(|(first, _)| chunk < first) {
            *example = Some((chunk, point));
        }
    }

    /// What the source gave, or why that cannot be.
    fn report(&self, columns: Columns) -> Result<SourceReport> {
        let [decodes, chunks_skipped, points, routed, outside, decoding, routing] =
            [&self.decodes, &self.skipped, &self.points, &self.routed, &self.outside, &self.decoding, &self.routing]
                .map(|counter| counter.load(Ordering::Relaxed));
        let name = self.source.name();
        if let Some((_, [x, y, _])) = *self.example.lock().unwrap_or_else(PoisonError::into_inner) {
            let stated = self.source.extent();
            return Err(Error::InvalidInput(format!(
                "{name}: {outside} of {points} points lie outside the extent that it states ({stated}), one of them at {x} E {y} N"
            )));
        }
        if points == 0 {
            let stored = self.source.point_count();
            return Err(Error::InvalidInput(format!(
                "{name}: none of its {stored} points is wanted: check the filters"
            )));
        }
        let [decoding, routing] = [decoding, routing].map(std::time::Duration::from_nanos);
        let (chunks, bytes) = (decodes + chunks_skipped, routed * bytes_per_point(columns));
        Ok(SourceReport { name, chunks, decodes, chunks_skipped, points, routed, bytes, decoding, routing })
    }
}

/// Bytes of a point in a bucket.
fn bytes_per_point(columns: Columns) -> u64 {
    size_of::<[i32; 3]>() as u64 + Attributes::bytes_per_point(columns)
}

fn add_time(to: &AtomicU64, start: Instant) {
    to.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
}

/// Refuses a chunk whose columns are not what was asked for, or not as long as its points are many.
fn check_columns(source: &dyn PointSource, points: &Points, columns: Columns) -> Result<()> {
    let fit = points.attributes.lengths().iter().all(|(_, length)| *length == points.len());
    if fit && points.attributes.columns().contains(columns) {
        return Ok(());
    }
    Err(Error::InvalidInput(format!("{} lacks a column that is asked for, or some of its values", source.name())))
}

/// Ticks about a tile's origin; `None` out of reach.
#[inline]
fn relative(ticks: [i64; 3], base: [i64; 3]) -> Option<[i32; 3]> {
    const LIMIT: i64 = (REACH * TICKS_PER_METRE) as i64;
    let local: [i64; 3] = std::array::from_fn(|axis| ticks[axis].saturating_sub(base[axis]));
    let reached = local.iter().all(|tick| (-LIMIT..LIMIT).contains(tick));
    reached.then(|| local.map(|tick| tick as i32)) // in range: just checked
}

/// In the plane a tile and its halo are within reach by the plan, so it is the height.
fn far(source: &dyn PointSource, point: &Addressed, base: [i64; 3]) -> Error {
    let [height, middle] = [point.ticks[2], base[2]].map(from_ticks);
    Error::InvalidInput(format!(
        "{} has a point of height {height} m, more than 8192 m from the middle of the heights that the sources state ({middle} m)",
        source.name()
    ))
}
