//! Reading every point of chosen squares.

use super::{
    choose::{SampleBlock, SampleBlocks},
    pass::{PassMemory, ticks_of, visit_chunks},
};
use crate::{PointSource, route::check_columns};
use isopach_cloud::{
    Attributes, Cloud, Columns, Origin, Points, REACH, Rect, TICKS_PER_METRE, cell_of, from_ticks,
};
use isopach_compute::{Error, Result};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// All points of some squares, in both epochs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PairedSample {
    /// A pair of clouds a square, in the order of the squares.
    pub pairs: Vec<BlockPair>,
    /// Points that lie more than 8,192 m above or below the middle height of their square: noise,
    /// left out.
    pub out_of_reach: u64,
}

/// The points of one square.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockPair {
    /// The square.
    pub block: SampleBlock,
    /// Its points in each epoch about one origin, ordered by easting, northing, height; equal ones
    /// as the source has them.
    pub clouds: [Cloud; 2],
}

impl PairedSample {
    /// All squares as one pair of clouds about one origin; `None` if they lie farther apart than a
    /// cloud reaches (8,192 m from its origin).
    #[must_use]
    pub fn joined_clouds(&self) -> Option<[Cloud; 2]> {
        let areas = self.pairs.iter().map(|pair| pair.block.area);
        let Some(whole) = areas.reduce(|a, b| a.union(&b)) else {
            return Some(Default::default());
        };
        let mut heights: Vec<i32> = self
            .pairs
            .iter()
            .map(|pair| pair.clouds[0].positions().origin().0[2])
            .collect();
        heights.sort_unstable();
        let [x, y] = whole.centre();
        let origin = Origin::near([x, y, f64::from(heights[heights.len() / 2])]).ok()?;
        let [mut first, mut second] = [0, 1].map(|_| Cloud::new(origin, Vec::new()));
        for pair in &self.pairs {
            append_cloud(&mut first, &pair.clouds[0])?;
            append_cloud(&mut second, &pair.clouds[1])?;
        }
        Some([first, second])
    }
}

/// Appends a cloud that has another origin; `None` if a point is out of reach.
fn append_cloud(to: &mut Cloud, from: &Cloud) -> Option<()> {
    let shift = from.positions().shift_to(to.positions().origin());
    let moved = from.positions().ticks().iter().map(|point| {
        let local: [i64; 3] = std::array::from_fn(|axis| i64::from(point[axis]) + shift[axis]);
        local
            .iter()
            .all(is_in_reach)
            .then(|| local.map(|tick| tick as i32))
    });
    let mut ticks: Vec<[i32; 3]> = moved.collect::<Option<_>>()?;
    to.append(&mut ticks, &mut from.attributes.clone());
    Some(())
}

/// Whether a coordinate from an origin, in ticks, is within the reach of a cloud.
fn is_in_reach(tick: &i64) -> bool {
    let reach = (REACH * TICKS_PER_METRE) as i64;
    (-reach..reach).contains(tick)
}

impl SampleBlocks {
    /// Reads the points of both epochs in the squares for which `filter` holds (absolute metres).
    ///
    /// Only chunks that may reach a square are decoded ([`PointSource::chunk_extent`]), each once.
    /// The result depends on neither chunks nor threads nor `memory` (bytes: half for the points
    /// kept, half for chunks that are decoded).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if the points do not fit into `memory`; [`Error::InvalidInput`] for a
    /// coordinate that is no place; those of the sources.
    pub fn read(
        &self,
        sources: [&dyn PointSource; 2],
        columns: Columns,
        filter: impl Fn([f64; 3]) -> bool + Sync,
        memory: u64,
    ) -> Result<PairedSample> {
        let budget = PointBudget::new(memory / 2, columns);
        let [before, after] = sources;
        let before = self.pieces_of(before, columns, &filter, &budget)?;
        let after = self.pieces_of(after, columns, &filter, &budget)?;
        let mut sample = PairedSample::default();
        let epochs = before.into_iter().zip(after);
        for (block, (first, second)) in self.blocks.iter().zip(epochs) {
            let (clouds, out_of_reach) = clouds_of_block(block, [first, second])?;
            sample.pairs.push(BlockPair {
                block: *block,
                clouds,
            });
            sample.out_of_reach += out_of_reach;
        }
        Ok(sample)
    }

    /// Points of each block, in the order of the blocks.
    fn pieces_of(
        &self,
        source: &dyn PointSource,
        columns: Columns,
        filter: &(impl Fn([f64; 3]) -> bool + Sync),
        budget: &PointBudget,
    ) -> Result<Vec<BlockPiece>> {
        let places: HashMap<[i64; 2], usize> = self
            .blocks
            .iter()
            .enumerate()
            .map(|(i, block)| (block.cell, i))
            .collect();
        let chunks = self.chunks_that_meet(source, &places);
        let room = PassMemory {
            what: "a sample of a survey",
            memory: budget.memory,
            worker: 0,
        };
        let mut pieces = visit_chunks(
            source,
            &chunks,
            columns,
            &room,
            Vec::new,
            |pieces: &mut Vec<BlockPiece>, chunk, points: Points| {
                check_columns(source, &points, columns)?;
                let found = self.split_chunk(source, chunk, &points, &places, filter)?;
                budget.take_points(found.iter().map(|piece| piece.ticks.len() as u64).sum())?;
                pieces.extend(found);
                Ok(())
            },
        )?
        .concat();
        pieces.sort_unstable_by_key(|piece| (piece.block, piece.chunk));
        let mut joined: Vec<BlockPiece> = (0..self.blocks.len())
            .map(|block| BlockPiece::without_points(block, columns))
            .collect();
        for piece in pieces {
            joined[piece.block].append_piece(piece);
        }
        Ok(joined)
    }

    fn chunks_that_meet(
        &self,
        source: &dyn PointSource,
        places: &HashMap<[i64; 2], usize>,
    ) -> Vec<usize> {
        (0..source.chunk_count())
            .filter(|chunk: &usize| match source.chunk_extent(*chunk) {
                None => !places.is_empty(),
                Some(extent) => self.meets_blocks(&extent, places),
            })
            .collect()
    }

    /// Whether a closed rectangle has a place of a block: by its cells or by the blocks, as either
    /// are fewer.
    fn meets_blocks(&self, extent: &Rect, places: &HashMap<[i64; 2], usize>) -> bool {
        let [west, south] = extent.min.map(|low| cell_of(low, self.side));
        let [east, north] = extent.max.map(|high| cell_of(high, self.side));
        let spans = [
            i128::from(east) - i128::from(west) + 1,
            i128::from(north) - i128::from(south) + 1,
        ];
        if spans[0].saturating_mul(spans[1]) <= places.len() as i128 {
            (south..=north)
                .any(|row| (west..=east).any(|column| places.contains_key(&[column, row])))
        } else {
            places.keys().any(|[column, row]: &[i64; 2]| {
                (west..=east).contains(column) && (south..=north).contains(row)
            })
        }
    }

    /// The points of a chunk that lie in blocks, by block.
    fn split_chunk(
        &self,
        source: &dyn PointSource,
        chunk: usize,
        points: &Points,
        places: &HashMap<[i64; 2], usize>,
        filter: &impl Fn([f64; 3]) -> bool,
    ) -> Result<Vec<BlockPiece>> {
        let mut found: HashMap<usize, (Vec<[i64; 3]>, Vec<u32>)> = HashMap::new();
        for (row, point) in points.xyz.iter().enumerate() {
            let ticks = ticks_of(source, chunk, row, *point)?;
            let held = ticks.map(from_ticks);
            let cell = [held[0], held[1]].map(|value| cell_of(value, self.finest) >> self.level);
            if let Some(block) = places.get(&cell).filter(|_| filter(held)) {
                let (list, rows) = found.entry(*block).or_default();
                list.push(ticks);
                rows.push(row as u32);
            }
        }
        let pieces = found.into_iter().map(|(block, (ticks, rows))| {
            let attributes = points.attributes.select(&rows);
            BlockPiece {
                block,
                chunk,
                ticks,
                attributes,
            }
        });
        Ok(pieces.collect())
    }
}

/// Points of one block, absolute ticks, and the columns beside them.
#[derive(Clone, Debug)]
struct BlockPiece {
    block: usize,
    chunk: usize,
    ticks: Vec<[i64; 3]>,
    attributes: Attributes,
}

impl BlockPiece {
    fn without_points(block: usize, columns: Columns) -> Self {
        Self {
            block,
            chunk: 0,
            ticks: Vec::new(),
            attributes: Attributes::empty(columns),
        }
    }

    fn append_piece(&mut self, mut other: Self) {
        self.ticks.append(&mut other.ticks);
        self.attributes.append(&mut other.attributes);
    }

    /// Ticks of point `i` about an origin.
    fn local_ticks(&self, i: u32, base: [i64; 3]) -> [i64; 3] {
        std::array::from_fn(|axis| self.ticks[i as usize][axis] - base[axis])
    }

    /// A cloud about `origin`, ordered by coordinates, and how many points were out of its reach.
    fn into_cloud(self, origin: Origin) -> (Cloud, u64) {
        let base = origin.ticks();
        let mut order: Vec<u32> = (0..self.ticks.len() as u32)
            .filter(|i: &u32| self.local_ticks(*i, base).iter().all(is_in_reach))
            .collect();
        order.sort_unstable_by_key(|i| (self.ticks[*i as usize], *i));
        let ticks = order
            .iter()
            .map(|i| self.local_ticks(*i, base).map(|tick| tick as i32))
            .collect(); // in reach: filtered above
        let mut cloud = Cloud::new(origin, ticks);
        cloud.attributes = self.attributes.select(&order);
        (cloud, (self.ticks.len() - order.len()) as u64)
    }
}

fn clouds_of_block(block: &SampleBlock, epochs: [BlockPiece; 2]) -> Result<([Cloud; 2], u64)> {
    let mut heights: Vec<i64> = epochs
        .iter()
        .flat_map(|piece| piece.ticks.iter().map(|point| point[2]))
        .collect();
    let middle = heights.len() / 2;
    let height = match heights.is_empty() {
        true => 0,
        false => *heights.select_nth_unstable(middle).1,
    };
    let [x, y] = block.area.centre();
    let origin = Origin::near([x, y, from_ticks(height)])?;
    let [(first, lost_first), (second, lost_second)] = epochs.map(|piece| piece.into_cloud(origin));
    Ok(([first, second], lost_first + lost_second))
}

/// Bytes for the points that are kept.
struct PointBudget {
    memory: u64,
    point: u64,
    taken: AtomicU64,
}

impl PointBudget {
    /// A point takes its ticks and columns twice while pieces are joined.
    fn new(memory: u64, columns: Columns) -> Self {
        let point = 2 * (size_of::<[i64; 3]>() as u64 + Attributes::bytes_per_point(columns));
        Self {
            memory,
            point,
            taken: AtomicU64::new(0),
        }
    }

    fn take_points(&self, points: u64) -> Result<()> {
        let bytes = points.saturating_mul(self.point);
        let taken = self
            .taken
            .fetch_add(bytes, Ordering::Relaxed)
            .saturating_add(bytes);
        if taken <= self.memory {
            return Ok(());
        }
        let advice = "give more memory, or ask for fewer points";
        Err(Error::OutOfMemory {
            what: "a sample of a survey",
            requested: taken,
            budget: self.memory,
            advice,
        })
    }
}
