//! Which point each one is compared with, and in which contexts its fields are encoded.

use super::POINT;
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
    /// What the point before it was: first return (1), last return (2), of a new GPS time (4).
    pub(super) before: u8,
    /// What this one is: of a new GPS time (1), last return (2), first return (4).
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

/// Points whose colours and extra bytes have one context.
///
/// In version 3 of these layers the context is the scanner channel only where the channel changed,
/// and 0 otherwise, as in LASzip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// One past its last point.
    pub(super) end: usize,
    /// Which models encode them.
    pub(super) context: usize,
    /// Which of the last values they are compared with.
    pub(super) slot: usize,
    /// The slot that this one is to be copied from first.
    pub(super) copied_from: Option<usize>,
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
    /// Context of colours and extra bytes.
    context: usize,
    contexts_used: [bool; 4],
    steps: Vec<Step>,
    pieces: Vec<Piece>,
}

impl Stepper {
    /// After the first point.
    pub(super) fn new(first: &[u8]) -> Self {
        let channel = channel_of(first);
        let mut last = [None; 4];
        last[usize::from(channel)] = Some(0);
        let mut contexts_used = [false; 4];
        contexts_used[usize::from(channel)] = true;
        Self {
            last,
            channel,
            before: return_bits(first),
            context: usize::from(channel),
            contexts_used,
            steps: Vec::new(),
            pieces: Vec::new(),
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
        self.pieces.clear();
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
            let context = if channel == self.channel { 0 } else { place };
            self.add_to_piece(i, context);
            self.before = returns | u8::from(has_new_time) << 2;
            self.last[place] = Some(i as u32);
            self.channel = channel;
        }
        Block {
            records,
            record,
            points,
            steps: &self.steps,
            pieces: &self.pieces,
        }
    }

    /// Adds a point to the piece of its context.
    #[inline]
    fn add_to_piece(&mut self, point: usize, context: usize) {
        let mut piece = Piece {
            end: point + 1,
            context,
            slot: context,
            copied_from: None,
        };
        if context != self.context {
            if self.contexts_used[context] {
                // as in LASzip: the first point after a change is compared with the last one of the
                // other context
                piece.slot = self.context;
            } else {
                self.contexts_used[context] = true;
                piece.copied_from = Some(self.context);
            }
            self.context = context;
        }
        match self.pieces.last_mut() {
            Some(before)
                if before.context == context
                    && before.slot == piece.slot
                    && piece.copied_from.is_none() =>
            {
                before.end = piece.end;
            }
            _ => self.pieces.push(piece),
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
