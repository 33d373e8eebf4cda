//! Which point each one is compared with, and in which contexts its fields are encoded.

use super::POINT;
use crate::layered::pieces::{LayerVersion, Piece, Pieces};
use std::ops::Range;

/// The step to a point from the one that it is compared with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    /// Number in the chunk of the point that this one is compared with: the last one of its scanner
    /// channel, for the first one of a channel the point before it.
    pub(super) last: u32,
    /// Scanner channel of this point.
    pub(super) channel: u8,
    /// Scanner channel of the point before it.
    pub(super) channel_before: u8,
    /// The point before it: first return (1), last return (2), of a new GPS time (4).
    pub(super) before: u8,
    /// This one: of a new GPS time (1), last return (2), first return (4).
    pub(super) kind: u8,
}

impl Step {
    /// Whether the GPS time differs.
    #[inline(always)]
    pub(super) fn has_new_time(self) -> bool {
        self.kind & 1 != 0
    }

    /// Context of a return: first (2), last (1), single (3), or between.
    #[inline(always)]
    pub(super) fn return_context(self) -> usize {
        usize::from(self.kind >> 1)
    }
}

/// Consecutive points of a chunk.
pub(super) struct Block<'a> {
    records: &'a [u8],
    record: usize,
    /// Their numbers.
    pub(super) points: Range<usize>,
    pub(super) steps: &'a [Step],
    pub(super) pieces: &'a [Piece],
}

impl<'a> Block<'a> {
    /// The fields that all formats have of a point of the chunk.
    #[inline(always)]
    pub(super) fn point(&self, number: usize) -> &'a [u8] {
        &self.records[number * self.record..][..POINT]
    }

    /// The record of a point of the chunk.
    #[inline(always)]
    pub(super) fn record(&self, number: usize) -> &'a [u8] {
        &self.records[number * self.record..][..self.record]
    }

    /// The points of the block: each with its step.
    #[inline(always)]
    pub(super) fn points(&self) -> impl Iterator<Item = (&'a [u8], Step)> {
        let bytes = &self.records[self.points.start * self.record..self.points.end * self.record];
        bytes
            .chunks_exact(self.record)
            .map(|record| &record[..POINT])
            .zip(self.steps.iter().copied())
    }

    /// The records of some points of the block.
    #[inline(always)]
    pub(super) fn records(&self, points: Range<usize>) -> std::slice::ChunksExact<'a, u8> {
        self.records[points.start * self.record..points.end * self.record].chunks_exact(self.record)
    }

    /// Points of the block.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }
}

/// Goes through the points of a chunk.
pub(super) struct Stepper {
    /// Number of the last point of each scanner channel.
    last: [Option<u32>; 4],
    channel: u8,
    before: u8,
    steps: Vec<Step>,
    pieces: Pieces,
}

impl Stepper {
    /// After the first point.
    pub(super) fn new(first: &[u8]) -> Self {
        let channel = channel_of(first);
        let mut last = [None; 4];
        last[usize::from(channel)] = Some(0);
        Self {
            last,
            channel,
            before: return_bits(first),
            steps: Vec::new(),
            pieces: Pieces::new(LayerVersion::Three, channel),
        }
    }

    /// Steps to the points of a range that begins where the last one ended.
    pub(super) fn next_block<'a>(
        &'a mut self,
        records: &'a [u8],
        record: usize,
        points: Range<usize>,
    ) -> Block<'a> {
        self.steps.clear();
        self.pieces.list.clear();
        for i in points.clone() {
            let point = &records[i * record..][..POINT];
            let channel = channel_of(point);
            let place = usize::from(channel);
            let last = self.last[place].unwrap_or(i as u32 - 1); // a chunk has fewer than 2^32
            let time = time_of(point);
            let has_new_time = time != time_of(&records[last as usize * record..][..POINT]);
            let returns = return_bits(point);
            self.steps.push(Step {
                last,
                channel,
                channel_before: self.channel,
                before: self.before,
                kind: u8::from(has_new_time) | (returns & 1) << 2 | returns & 2,
            });
            self.pieces.add_point(i, channel, self.channel);
            self.before = returns | u8::from(has_new_time) << 2;
            self.last[place] = Some(i as u32);
            self.channel = channel;
        }
        Block {
            records,
            record,
            points,
            steps: &self.steps,
            pieces: &self.pieces.list,
        }
    }
}

/// The scanner channel of a point.
fn channel_of(point: &[u8]) -> u8 {
    point[15] >> 4 & 3
}

/// Whether a point is the first return (1) and the last one (2).
fn return_bits(point: &[u8]) -> u8 {
    let number = point[14] & 15;
    let of = point[14] >> 4;
    u8::from(number == 1) | u8::from(number >= of) << 1
}

/// The GPS time of a point: as numbers, as LASzip compares them.
fn time_of(point: &[u8]) -> f64 {
    f64::from_bits(time_bits(point))
}

/// The bits of the GPS time of a point.
pub(super) fn time_bits(point: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&point[22..30]);
    u64::from_le_bytes(bytes)
}
