//! From chunks to tiles: every chunk is decoded once, and its points go to each tile that needs
//! them.
//!
//! Two passes over the points of a chunk. The first asks the plan which tiles need each, and
//! counts; the second copies them to lists that have the room they need.

use crate::{
    Plan, PointSource,
    buckets::{Buckets, Piece, origin_of},
    clock::{Clock, RunStage},
};
use isopach_cloud::{
    Attributes, Columns, Points, REACH, Rect, TICKS_PER_METRE, edge_tick, from_ticks, to_ticks,
};
use isopach_compute::{Error, Result};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// What all chunks of a run share.
pub(crate) struct Routing<'a> {
    pub(crate) plan: &'a Plan,
    /// Whole metres that every tile's heights are counted from.
    pub(crate) height: f64,
    pub(crate) columns: Columns,
    pub(crate) buckets: &'a Buckets<'a>,
    pub(crate) clock: &'a Clock,
    /// Whether a tile is to be run here and now: points of others are passed over.
    pub(crate) wanted: &'a [AtomicBool],
    /// Room to work in, kept from chunk to chunk.
    pub(crate) room: Mutex<Vec<Room>>,
}

/// What a chunk gave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    /// Points that passed the filters of the source.
    pub(crate) points: u64,
    /// Copies that went to tiles.
    pub(crate) copies: u64,
}

/// Why a chunk was not given to its tiles.
#[derive(Debug)]
pub(crate) enum Unrouted {
    /// The source cannot be read, or its points are not what it states.
    Source(Error),
    /// Something else: memory or disk have no room for its points.
    Other(Error),
}

impl Unrouted {
    /// Of an error that decoding a chunk ended with.
    fn of_reading(error: Error) -> Self {
        match error {
            Error::OutOfMemory { .. } => Self::Other(error),
            _ => Self::Source(error),
        }
    }
}

/// A chunk's tiles: counted first, then filled.
#[derive(Default)]
pub(crate) struct Room {
    /// By tile: one more than its place in `lists`; 0 where it has none.
    places: Vec<u32>,
    lists: Vec<List>,
    /// Place in `lists` and row, of each copy.
    copies: Vec<(u32, u32)>,
}

struct List {
    tile: usize,
    count: usize,
    base: [i64; 3],
    rows: Vec<u32>,
    ticks: Vec<[i32; 3]>,
}

impl Routing<'_> {
    /// Decodes one chunk of a source and gives its points to the tiles that need them.
    pub(crate) fn route(
        &self,
        number: usize,
        source: &dyn PointSource,
        chunk: usize,
        extent: &Rect,
    ) -> std::result::Result<Given, Unrouted> {
        let points = {
            let _working = self.clock.start_stage(RunStage::Decode);
            source
                .read_chunk(chunk, self.columns)
                .map_err(Unrouted::of_reading)?
        };
        let _working = self.clock.start_stage(RunStage::Route);
        check_columns(source, &points, self.columns).map_err(Unrouted::Source)?;
        let mut room = self
            .room
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_default();
        room.places.resize(self.plan.len(), 0);
        let counted = self
            .count(source, chunk, extent, &points, &mut room)
            .map_err(Unrouted::Source);
        let outcome = counted.and_then(|()| {
            let bytes = room.copies.len() as u64 * self.buckets.bytes_per_point()
                + room.lists.len() as u64 * Buckets::PIECE;
            self.buckets.enter(bytes).map_err(Unrouted::Other)?;
            let filled = self.fill(source, &points, &mut room);
            filled
                .inspect_err(|_| self.buckets.turn_back(bytes))
                .map_err(Unrouted::Source)
        });
        let copies = room.copies.len() as u64;
        for List {
            tile, ticks, rows, ..
        } in room.lists.drain(..)
        {
            room.places[tile] = 0;
            if outcome.is_ok() {
                let attributes = self.attributes_of(&points, &rows);
                self.buckets.put_piece(
                    number,
                    tile,
                    Piece {
                        chunk,
                        ticks,
                        attributes,
                    },
                );
            }
        }
        room.copies.clear();
        self.room
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(room);
        outcome.map(|()| Given {
            points: points.len() as u64,
            copies,
        })
    }

    /// Which tiles need each point.
    fn count(
        &self,
        source: &dyn PointSource,
        chunk: usize,
        extent: &Rect,
        points: &Points,
        room: &mut Room,
    ) -> Result<()> {
        let mut outside = Outside::default();
        for (row, point) in points.xyz.iter().enumerate() {
            if let Some(value) = point.iter().find(|value| !value.is_finite()) {
                let name = source.name();
                let problem = format!(
                    "{name}: point {row} of chunk {chunk} has the coordinate {value}, which is no place"
                );
                return Err(Error::InvalidInput(problem));
            }
            // Ownership is decided on the coordinate as it will be held, not as it was written.
            let ticks = [to_ticks(point[0]), to_ticks(point[1])];
            let told = self.plan.for_each_tile_at(ticks, |tile| {
                if self.wanted[tile as usize].load(Ordering::Relaxed) {
                    let list = room.list(tile);
                    room.lists[list as usize].count += 1;
                    room.copies.push((list, row as u32));
                }
            });
            if !told || !holds(extent, ticks) {
                outside.note(*point);
            }
        }
        outside.complaint(source, chunk, extent, points.len())
    }

    /// Copies the points to the lists of their tiles.
    fn fill(&self, source: &dyn PointSource, points: &Points, room: &mut Room) -> Result<()> {
        for list in &mut room.lists {
            list.base = origin_of(&self.plan.core(list.tile), self.height)?.ticks();
            list.ticks.reserve_exact(list.count);
            if self.columns != Columns::XYZ {
                list.rows.reserve_exact(list.count);
            }
        }
        for &(list, row) in &room.copies {
            let list = &mut room.lists[list as usize];
            let ticks = points.xyz[row as usize].map(to_ticks);
            list.ticks
                .push(relative(ticks, list.base).ok_or_else(|| far(source, ticks, list.base))?);
            if self.columns != Columns::XYZ {
                list.rows.push(row);
            }
        }
        Ok(())
    }

    fn attributes_of(&self, points: &Points, rows: &[u32]) -> Attributes {
        if self.columns == Columns::XYZ {
            return Attributes::default();
        }
        let mut attributes = points.attributes.select(rows);
        attributes.retain(self.columns);
        attributes
    }
}

impl Room {
    /// The place of a tile's list.
    #[inline]
    fn list(&mut self, tile: u32) -> u32 {
        let place = &mut self.places[tile as usize];
        if *place == 0 {
            self.lists.push(List {
                tile: tile as usize,
                count: 0,
                base: [0; 3],
                rows: vec![],
                ticks: vec![],
            });
            *place = self.lists.len() as u32; // at most 2^24 tiles
        }
        *place - 1
    }
}

/// Points that are not where their chunk is said to be.
#[derive(Default)]
struct Outside {
    count: usize,
    first: Option<[f64; 3]>,
}

impl Outside {
    fn note(&mut self, point: [f64; 3]) {
        self.count += 1;
        self.first = self.first.or(Some(point));
    }

    /// Tiles that the chunk was not expected in may be done already, so this cannot be overlooked.
    fn complaint(
        &self,
        source: &dyn PointSource,
        chunk: usize,
        extent: &Rect,
        of: usize,
    ) -> Result<()> {
        let Some([x, y, _]) = self.first else {
            return Ok(());
        };
        let (name, count) = (source.name(), self.count);
        Err(Error::InvalidInput(format!(
            "{name}: {count} of {of} points of chunk {chunk} lie outside the extent that it states ({extent}), one of them at {x} E {y} N"
        )))
    }
}

/// Whether a rectangle, far edges included, has a point (ticks); its edges are rounded as points
/// are.
#[inline]
fn holds(rect: &Rect, point: [i64; 2]) -> bool {
    (0..2).all(|axis| {
        edge_tick(rect.min[axis]) <= point[axis] && point[axis] <= to_ticks(rect.max[axis])
    })
}

/// Refuses a chunk whose columns are not what was asked for, or not as long as its points are many.
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
    Err(Error::InvalidInput(format!(
        "{} lacks a column that is asked for, or some of its values",
        source.name()
    )))
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
fn far(source: &dyn PointSource, ticks: [i64; 3], base: [i64; 3]) -> Error {
    let [height, middle] = [ticks[2], base[2]].map(from_ticks);
    Error::InvalidInput(format!(
        "{} has a point of height {height} m, more than 8192 m from the middle of the heights that the sources state ({middle} m)",
        source.name()
    ))
}
