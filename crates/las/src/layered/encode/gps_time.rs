//! The layer of GPS times, encoded where they change: up to four sequences of regular steps a
//! scanner channel.
//!
//! A time is taken as a whole number, its bits. In the current sequence the step to the next time
//! is coded as a multiple of a step that was there before, and a correction; another symbol goes on
//! with another sequence, or begins one.

use super::{
    Layer, MOST_BYTES,
    attributes::Stream,
    steps::{Block, time_bits},
};
use crate::arithmetic::{
    EncodingIntegers, EncodingModel, LargeEncodingModel, StreamEncoder, get_or_create,
};

/// The largest multiple that has a symbol of its own.
const LARGEST: i32 = 500;
/// The smallest one.
const SMALLEST: i32 = -10;
/// The symbol for a time in full; those behind it are for other sequences.
const FULL: usize = (LARGEST - SMALLEST + 1) as usize;
/// Symbols altogether.
const SYMBOLS: usize = FULL + 4;

#[derive(Clone, Copy, Default)]
struct Sequence {
    last: i64,
    /// The step that multipliers refer to; zero before the first step.
    step: i32,
    /// Number of extreme multipliers since the last one that was not.
    surprises: u32,
}

impl Sequence {
    /// The step to a time, if it is one of 32 bits.
    fn step_to(&self, time: i64) -> Option<i32> {
        i32::try_from(time.wrapping_sub(self.last)).ok()
    }

    /// After more than three extreme multipliers, the step becomes the one that multipliers refer
    /// to.
    fn note_extreme(&mut self, step: i32) {
        self.surprises += 1;
        if self.surprises > 3 {
            self.step = step;
            self.surprises = 0;
        }
    }
}

/// State of one scanner channel.
struct Times {
    sequences: [Sequence; 4],
    current: usize,
    newest: usize,
    /// Before the first step.
    without_step: Option<Box<EncodingModel>>,
    multiple: Box<LargeEncodingModel>,
    steps: EncodingIntegers<9>,
}

impl Times {
    /// Begins with the point that the first one of the channel is compared with.
    fn new(last: &[u8]) -> Self {
        let mut sequences = [Sequence::default(); 4];
        sequences[0].last = time_bits(last) as i64;
        Self {
            sequences,
            current: 0,
            newest: 0,
            without_step: None,
            multiple: Box::new(LargeEncodingModel::new(SYMBOLS)),
            steps: EncodingIntegers::new(),
        }
    }

    /// Encodes a time that is not the last one.
    #[inline]
    fn encode(&mut self, stream: &mut StreamEncoder<'_>, time: i64) {
        if self.sequences[self.current].step_to(time).is_none() {
            let others = (1..4).find(|others| {
                let sequence = &self.sequences[(self.current + others) & 3];
                sequence.step_to(time).is_some()
            });
            self.encode_escape(stream, others.unwrap_or(0));
            match others {
                Some(others) => self.current = (self.current + others) & 3,
                None => return self.begin_sequence(stream, time),
            }
        }
        let sequence = self.sequences[self.current];
        let step = sequence.step_to(time).unwrap_or_default(); // there is one
        if sequence.step == 0 {
            stream.encode_symbol(get_or_create(&mut self.without_step, 5), 0);
            self.steps.encode(stream, 0, step, 0);
            let sequence = &mut self.sequences[self.current];
            sequence.step = step;
            sequence.surprises = 0;
        } else {
            self.encode_multiple(stream, step);
        }
        self.sequences[self.current].last = time;
    }

    /// Encodes that the time is in the sequence that is so many on, or for 0 in a new one.
    fn encode_escape(&mut self, stream: &mut StreamEncoder<'_>, others: usize) {
        if self.sequences[self.current].step == 0 {
            stream.encode_symbol(get_or_create(&mut self.without_step, 5), 1 + others);
        } else {
            stream.encode_symbol(&mut *self.multiple, FULL + others);
        }
    }

    /// Encodes a step as a multiple of the one before, and a correction.
    #[inline(always)]
    fn encode_multiple(&mut self, stream: &mut StreamEncoder<'_>, step: i32) {
        let sequence = &mut self.sequences[self.current];
        let multiple = nearest_multiple(step, sequence.step);
        let [symbol, clamped, context] = match multiple {
            1 => [1, 1, 1],
            0 => [0, 0, 7],
            2..10 => [multiple, multiple, 2],
            10..LARGEST => [multiple, multiple, 3],
            LARGEST.. => [LARGEST, LARGEST, 4],
            _ if multiple > SMALLEST => [LARGEST - multiple, multiple, 5],
            _ => [LARGEST - SMALLEST, SMALLEST, 6],
        };
        let prediction = clamped.wrapping_mul(sequence.step);
        stream.encode_symbol(&mut *self.multiple, symbol as usize);
        self.steps
            .encode(stream, prediction, step, context as usize);
        match context {
            1 => sequence.surprises = 0,
            4 | 6 | 7 => sequence.note_extreme(step),
            _ => {}
        }
    }

    /// Begins a sequence in the place of the oldest one, with a time in full.
    fn begin_sequence(&mut self, stream: &mut StreamEncoder<'_>, time: i64) {
        let upper = (self.sequences[self.current].last >> 32) as i32;
        self.steps.encode(stream, upper, (time >> 32) as i32, 8);
        stream.encode_raw(32, time as u32);
        self.newest = (self.newest + 1) & 3;
        self.current = self.newest;
        self.sequences[self.current] = Sequence {
            last: time,
            ..Sequence::default()
        };
    }
}

/// The multiple of a step that is nearest to another one: in single precision, as in LASzip.
fn nearest_multiple(step: i32, of: i32) -> i32 {
    let multiple = step as f32 / of as f32;
    if multiple >= 0.0 {
        (multiple + 0.5) as i32
    } else {
        (multiple - 0.5) as i32
    }
}

/// The layer of GPS times.
pub(super) struct GpsTimeLayer {
    times: [Option<Box<Times>>; 4],
    stream: Stream,
}

impl GpsTimeLayer {
    pub(super) fn new() -> Self {
        Self {
            times: [const { None }; 4],
            stream: Stream::new(),
        }
    }
}

impl Layer for GpsTimeLayer {
    fn encode_block(&mut self, block: &Block<'_>) {
        let mut encoder = self.stream.bytes.encoder(MOST_BYTES * block.len());
        let mut has_changed = false;
        for (point, step) in block.points() {
            let times = self.times[usize::from(step.channel)]
                .get_or_insert_with(|| Box::new(Times::new(block.point(step.last as usize))));
            if step.has_new_time() {
                times.encode(&mut encoder, time_bits(point) as i64);
                has_changed = true;
            }
        }
        let interval = encoder.interval();
        self.stream.keep(interval, has_changed);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.stream.finish()
    }
}
