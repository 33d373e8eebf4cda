//! From chunks to tiles: every chunk is decoded once, and its points go to each tile that needs them.

use crate::{Plan, PointSource, Progress, report::SourceReport};
use isopach_cloud::{Attributes, Cloud, Columns, Origin, Points, REACH, TICKS_PER_METRE, from_ticks, to_ticks};
use isopach_compute::{Error, Result};
use rayon::prelude::*;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// What one chunk gave to one tile.
struct Piece {
    chunk: usize,
    ticks: Vec<[i32; 3]>,
    attributes: Attributes,
}

/// The points of one source, by tile.
pub(crate) struct Buckets {
    tiles: Vec<Mutex<Vec<Piece>>>,
    columns: Columns,
}

impl Buckets {
    /// Takes the points of one tile out, in the order of the source.
    pub(crate) fn take(&self, tile: usize, origin: Origin) -> Cloud {
        let mut pieces = std::mem::take(&mut *self.tiles[tile].lock().unwrap_or_else(PoisonError::into_inner));
        pieces.sort_unstable_by_key(|piece| piece.chunk);
        let mut cloud = Cloud::new(origin, Vec::new());
        cloud.attributes = Attributes::empty(self.columns);
        for piece in &mut pieces {
            cloud.append(&mut piece.ticks, &mut piece.attributes);
        }
        cloud
    }

    /// Whether a tile got no point.
    pub(crate) fn is_empty(&self, tile: usize) -> bool {
        self.tiles[tile].lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// What all sources of a run share.
pub(crate) struct Routing<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) origins: &'a [Origin],
    pub(crate) columns: Columns,
    pub(crate) budget: u64,
    pub(crate) held: &'a AtomicU64,
    pub(crate) chunks_done: &'a AtomicU64,
    pub(crate) chunks_total: u64,
    pub(crate) progress: &'a (dyn Fn(Progress) + Sync),
}

impl Routing<'_> {
    /// Decodes every chunk of `source` that a tile needs, once, in parallel.
    pub(crate) fn route(&self, source: &dyn PointSource) -> Result<(Buckets, SourceReport)> {
        let buckets =
            Buckets { tiles: (0..self.plan.len()).map(|_| Mutex::default()).collect(), columns: self.columns };
        let counters: [AtomicU64; 4] = Default::default();
        let [decodes, skipped, points, routed] = &counters;
        (0..source.chunk_count()).into_par_iter().try_for_each(|chunk| {
            let whole = self.plan.whole().rect();
            if source.chunk_extent(chunk).is_some_and(|extent| extent.intersection(&whole).is_none()) {
                skipped.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            let decoded = source.read_chunk(chunk, self.columns)?;
            decodes.fetch_add(1, Ordering::Relaxed);
            points.fetch_add(decoded.len() as u64, Ordering::Relaxed);
            let copies = self.scatter(source, chunk, &decoded, &buckets)?;
            routed.fetch_add(copies, Ordering::Relaxed);
            let done = self.chunks_done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.progress)(Progress::Read { done, total: self.chunks_total, points: decoded.len() as u64 });
            Ok(())
        })?;
        let [decodes, chunks_skipped, points, routed] = counters.map(AtomicU64::into_inner);
        Ok((buckets, SourceReport { name: source.name(), decodes, chunks_skipped, points, routed }))
    }

    /// Copies the points of a chunk to their tiles; returns how many copies were made.
    fn scatter(&self, source: &dyn PointSource, chunk: usize, points: &Points, buckets: &Buckets) -> Result<u64> {
        let mut rows: std::collections::BTreeMap<usize, (Vec<u32>, Vec<[i32; 3]>)> = Default::default();
        for (i, point) in points.xyz.iter().enumerate() {
            let ticks = point.map(to_ticks);
            // Ownership is decided on the coordinate as it will be held, not as it was written.
            let at = [from_ticks(ticks[0]), from_ticks(ticks[1])];
            let [columns, lines] = self.plan.tiles_of(at).ok_or_else(|| outside(source, point))?;
            for line in lines[0]..=lines[1] {
                for column in columns[0]..=columns[1] {
                    let tile = self.plan.tile_at(column, line);
                    let (indices, local) = rows.entry(tile).or_default();
                    indices.push(i as u32);
                    local.push(relative(ticks, self.origins[tile], point)?);
                }
            }
        }
        let copies: u64 = rows.values().map(|(indices, _)| indices.len() as u64).sum();
        self.reserve(copies)?;
        for (tile, (indices, ticks)) in rows {
            let piece = Piece { chunk, ticks, attributes: points.attributes.select(&indices) };
            buckets.tiles[tile].lock().unwrap_or_else(PoisonError::into_inner).push(piece);
        }
        Ok(copies)
    }

    /// Accounts for `copies` more points in tiles.
    fn reserve(&self, copies: u64) -> Result<()> {
        let bytes = copies * (12 + Attributes::bytes_per_point(self.columns));
        let requested = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if requested > self.budget {
            let advice = "allow more memory, smaller tiles have larger halos in total";
            return Err(Error::OutOfMemory {
                what: "holding the points of all tiles",
                requested,
                budget: self.budget,
                advice,
            });
        }
        Ok(())
    }
}

fn outside(source: &dyn PointSource, point: &[f64; 3]) -> Error {
    let [x, y, _] = point;
    Error::InvalidInput(format!(
        "{} has a point at {x} {y}, outside the extent that it states: {}",
        source.name(),
        source.extent()
    ))
}

/// Ticks about a tile's origin.
#[inline]
fn relative(ticks: [i64; 3], origin: Origin, point: &[f64; 3]) -> Result<[i32; 3]> {
    const LIMIT: i64 = (REACH * TICKS_PER_METRE) as i64;
    let base = origin.ticks();
    let mut local = [0; 3];
    for axis in 0..3 {
        let tick = ticks[axis].saturating_sub(base[axis]);
        if !(-LIMIT..LIMIT).contains(&tick) {
            let value = point[axis];
            return Err(Error::InvalidInput(format!(
                "the coordinate {value} is more than 8192 m from its tile's origin"
            )));
        }
        local[axis] = tick as i32; // in range: checked above
    }
    Ok(local)
}
