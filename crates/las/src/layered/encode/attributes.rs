//! The layers of class, flags, intensity, scan angle, user data and point source.

use super::{
    Layer, MOST_BYTES,
    steps::{Block, Step},
};
use crate::{
    arithmetic::{EncodedStream, EncodingIntegers, EncodingModel, get_or_create},
    layered::flags_of,
};
use std::marker::PhantomData;

/// A field of one symbol a point.
pub(super) trait SymbolField {
    /// Symbols that there are.
    const SYMBOLS: usize;

    /// The symbol of a point.
    fn symbol_of(point: &[u8]) -> u8;

    /// Which of 64 models encodes it, by the last symbol and the step.
    fn context_of(last: u8, step: Step) -> usize;
}

/// The class.
pub(super) struct Classification;

impl SymbolField for Classification {
    const SYMBOLS: usize = 256;

    #[inline(always)]
    fn symbol_of(point: &[u8]) -> u8 {
        point[16]
    }

    #[inline(always)]
    fn context_of(last: u8, step: Step) -> usize {
        usize::from(last & 31) << 1 | usize::from(step.return_context() == 3)
    }
}

/// The flags of class, scan direction and edge of a line.
pub(super) struct Flags;

impl SymbolField for Flags {
    const SYMBOLS: usize = 64;

    #[inline(always)]
    fn symbol_of(point: &[u8]) -> u8 {
        flags_of(point[15])
    }

    #[inline(always)]
    fn context_of(last: u8, _: Step) -> usize {
        usize::from(last)
    }
}

/// The user data.
pub(super) struct UserData;

impl SymbolField for UserData {
    const SYMBOLS: usize = 256;

    #[inline(always)]
    fn symbol_of(point: &[u8]) -> u8 {
        point[17]
    }

    #[inline(always)]
    fn context_of(last: u8, _: Step) -> usize {
        usize::from(last / 4)
    }
}

/// The layer of a field of one symbol a point.
pub(super) struct SymbolLayer<F> {
    /// By scanner channel and context.
    models: Vec<[Option<Box<EncodingModel>>; 64]>,
    stream: Stream,
    field: PhantomData<F>,
}

impl<F: SymbolField> SymbolLayer<F> {
    pub(super) fn new() -> Self {
        Self {
            models: (0..4).map(|_| [const { None }; 64]).collect(),
            stream: Stream::new(),
            field: PhantomData,
        }
    }
}

impl<F: SymbolField> Layer for SymbolLayer<F> {
    fn encode_block(&mut self, block: &Block<'_>) {
        let mut encoder = self.stream.bytes.encoder(MOST_BYTES * block.len());
        let mut has_changed = false;
        for (point, step) in block.points() {
            let last = F::symbol_of(block.point(step.last as usize));
            let symbol = F::symbol_of(point);
            let models = &mut self.models[usize::from(step.channel)];
            let model = &mut models[F::context_of(last, step) & 63];
            encoder.encode_symbol(get_or_create(model, F::SYMBOLS), usize::from(symbol));
            has_changed |= symbol != last;
        }
        let interval = encoder.interval();
        self.stream.keep(interval, has_changed);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.stream.finish()
    }
}

/// The layer of the intensity.
pub(super) struct IntensityLayer {
    /// By scanner channel: models, and the last value by kind of return and of GPS time.
    contexts: [Option<(EncodingIntegers<4, 16>, [u16; 8])>; 4],
    stream: Stream,
}

impl IntensityLayer {
    pub(super) fn new() -> Self {
        Self {
            contexts: [const { None }; 4],
            stream: Stream::new(),
        }
    }
}

impl Layer for IntensityLayer {
    fn encode_block(&mut self, block: &Block<'_>) {
        let mut encoder = self.stream.bytes.encoder(MOST_BYTES * block.len());
        let mut has_changed = false;
        for (point, step) in block.points() {
            let last = u16_at(block.point(step.last as usize), 12);
            let value = u16_at(point, 12);
            let (integers, last_of) = self.contexts[usize::from(step.channel)]
                .get_or_insert_with(|| (EncodingIntegers::new(), [last; 8]));
            let context = step.return_context();
            let last_of = &mut last_of[context << 1 | usize::from(step.has_new_time())];
            integers.encode(&mut encoder, i32::from(*last_of), i32::from(value), context);
            *last_of = value;
            has_changed |= value != last;
        }
        let interval = encoder.interval();
        self.stream.keep(interval, has_changed);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.stream.finish()
    }
}

/// A field of 16 bits that is encoded where it changes.
pub(super) trait ChangedField {
    /// The value of a point.
    fn value_of(point: &[u8]) -> i32;

    /// The context, of two.
    fn context_of(step: Step) -> usize;
}

/// The scan angle.
pub(super) struct ScanAngle;

impl ChangedField for ScanAngle {
    #[inline(always)]
    fn value_of(point: &[u8]) -> i32 {
        i32::from(u16_at(point, 18) as i16)
    }

    #[inline(always)]
    fn context_of(step: Step) -> usize {
        usize::from(step.has_new_time())
    }
}

/// The point source.
pub(super) struct PointSource;

impl ChangedField for PointSource {
    #[inline(always)]
    fn value_of(point: &[u8]) -> i32 {
        i32::from(u16_at(point, 20))
    }

    #[inline(always)]
    fn context_of(_: Step) -> usize {
        0
    }
}

/// The layer of a field that is encoded where it changes.
pub(super) struct ChangedLayer<F> {
    /// By scanner channel.
    integers: [EncodingIntegers<2, 16>; 4],
    stream: Stream,
    field: PhantomData<F>,
}

impl<F: ChangedField> ChangedLayer<F> {
    pub(super) fn new() -> Self {
        Self {
            integers: std::array::from_fn(|_| EncodingIntegers::new()),
            stream: Stream::new(),
            field: PhantomData,
        }
    }
}

impl<F: ChangedField> Layer for ChangedLayer<F> {
    fn encode_block(&mut self, block: &Block<'_>) {
        let mut encoder = self.stream.bytes.encoder(MOST_BYTES * block.len());
        let mut has_changed = false;
        for (point, step) in block.points() {
            let last = F::value_of(block.point(step.last as usize));
            let value = F::value_of(point);
            if value != last {
                let integers = &mut self.integers[usize::from(step.channel)];
                integers.encode(&mut encoder, last, value, F::context_of(step));
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

/// A stream, and whether anything in it differs from what came before.
pub(super) struct Stream {
    pub(super) bytes: EncodedStream,
    has_changed: bool,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            bytes: EncodedStream::new(),
            has_changed: false,
        }
    }

    /// Keeps the output of an encoder, and whether its input has changed.
    pub(super) fn keep(&mut self, interval: crate::arithmetic::Interval, has_changed: bool) {
        self.bytes.keep(interval);
        self.has_changed |= has_changed;
    }

    /// The bytes: none if nothing has changed.
    pub(super) fn finish(self) -> Vec<u8> {
        if self.has_changed {
            self.bytes.finish()
        } else {
            Vec::new()
        }
    }
}

/// A little-endian 16-bit integer of a point.
#[inline(always)]
fn u16_at(point: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([point[at], point[at + 1]])
}
