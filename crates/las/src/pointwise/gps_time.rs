//! GPS times: up to four sequences of regular steps.
//!
//! A time is taken as a whole number, its bits. In the current sequence the step to the next time
//! is coded as a multiple of a step that was there before, and a correction; another symbol goes on
//! with another sequence, or begins one.

use crate::arithmetic::{Decoder, Integers, LargeModel, Model, get_or_create};

/// The largest multiple that has a symbol of its own.
const LARGEST: i32 = 500;
/// The smallest one.
const SMALLEST: i32 = -10;
/// The symbol for the same time again; the next one is for a time in full, those behind it for
/// other sequences.
const UNCHANGED: i32 = LARGEST - SMALLEST + 1;
const FULL: i32 = UNCHANGED + 1;
const OTHERS: i32 = FULL + 1;
/// Symbols altogether.
const SYMBOLS: usize = (FULL + 4) as usize;

#[derive(Clone, Copy, Default)]
struct Sequence {
    last: i64,
    /// The step that multipliers refer to; zero before the first step.
    step: i32,
    /// Number of consecutive multipliers that were extreme.
    surprises: u32,
}

impl Sequence {
    /// After three extreme multipliers, the next difference becomes the new step.
    fn note_extreme(&mut self, step: i32) {
        self.surprises += 1;
        if self.surprises > 3 {
            (self.step, self.surprises) = (step, 0);
        }
    }
}

/// The last times.
pub(super) struct GpsTimes {
    sequences: [Sequence; 4],
    current: usize,
    newest: usize,
    /// Before the first step.
    without_step: Option<Box<Model>>,
    multiple: Box<LargeModel>,
    steps: Integers<9>,
}

impl GpsTimes {
    /// After the first point.
    pub(super) fn new(first: [u8; 8]) -> Self {
        let mut sequences = [Sequence::default(); 4];
        sequences[0].last = i64::from_le_bytes(first);
        let multiple = Box::new(LargeModel::new(SYMBOLS));
        Self {
            sequences,
            current: 0,
            newest: 0,
            without_step: None,
            multiple,
            steps: Integers::new(),
        }
    }

    /// The next point's time.
    #[inline]
    pub(super) fn next(&mut self, stream: &mut Decoder<'_>) -> [u8; 8] {
        // From another sequence it may go on to yet another; real streams do that once, and a
        // damaged one ends by `is_within_its_bytes`.
        for _ in 0..4 {
            let others = if self.sequences[self.current].step == 0 {
                self.first_step(stream)
            } else {
                self.another_step(stream)
            };
            match others {
                Some(others) => self.current = (self.current + others) & 3,
                None => break,
            }
        }
        self.sequences[self.current].last.to_le_bytes()
    }

    /// In a sequence of one time so far; how many sequences on it is, if it is another.
    fn first_step(&mut self, stream: &mut Decoder<'_>) -> Option<usize> {
        match stream.decode_symbol(get_or_create(&mut self.without_step, 6)) {
            0 => {}
            1 => {
                let (step, _) = self.steps.next(stream, 0, 0);
                let sequence = &mut self.sequences[self.current];
                (sequence.step, sequence.surprises) = (step, 0);
                sequence.last = sequence.last.wrapping_add(i64::from(step));
            }
            2 => self.begin_sequence(stream),
            other => return Some(other - 2),
        }
        None
    }

    /// In a sequence with a step; how many sequences on it is, if it is another.
    fn another_step(&mut self, stream: &mut Decoder<'_>) -> Option<usize> {
        let symbol = stream.decode_symbol(&mut self.multiple) as i32;
        let sequence = &mut self.sequences[self.current];
        let times = |multiple: i32| multiple.wrapping_mul(sequence.step);
        let (prediction, context) = match symbol {
            UNCHANGED => return None,
            FULL => {
                self.begin_sequence(stream);
                return None;
            }
            OTHERS.. => return Some((symbol - FULL) as usize),
            1 => (sequence.step, 1),
            0 => (0, 7),
            2..10 => (times(symbol), 2),
            10..LARGEST => (times(symbol), 3),
            LARGEST => (times(LARGEST), 4),
            _ if LARGEST - symbol > SMALLEST => (times(LARGEST - symbol), 5),
            _ => (times(SMALLEST), 6),
        };
        let (step, _) = self.steps.next(stream, prediction, context);
        match context {
            1 => sequence.surprises = 0,
            4 | 6 | 7 => sequence.note_extreme(step),
            _ => {}
        }
        sequence.last = sequence.last.wrapping_add(i64::from(step));
        None
    }

    /// A new sequence, in the place of the oldest: its upper half from that of the current one, its
    /// lower as it is.
    fn begin_sequence(&mut self, stream: &mut Decoder<'_>) {
        let upper = (self.sequences[self.current].last >> 32) as i32;
        let (upper, _) = self.steps.next(stream, upper, 8);
        let lower = stream.decode_raw(32);
        self.newest = (self.newest + 1) & 3;
        self.current = self.newest;
        self.sequences[self.current] = Sequence {
            last: i64::from(upper) << 32 | i64::from(lower),
            ..Sequence::default()
        };
    }
}
