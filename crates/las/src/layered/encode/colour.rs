//! The layers of red, green and blue, and of near infrared: which bytes differ from the last
//! colour, and how.

use super::{Layer, MOST_BYTES, attributes::Stream, steps::Block};
use crate::arithmetic::{EncodingModel, StreamEncoder, get_or_create};

/// Models of one context.
#[derive(Default)]
pub(super) struct Models {
    changed: Option<Box<EncodingModel>>,
    bytes: [Option<Box<EncodingModel>>; 6],
}

/// The channels of a colour, the lower byte first.
pub(super) type Channels<const N: usize> = [[u8; 2]; N];

/// A colour of `N` channels that a point has after its first 30 bytes.
pub(super) trait ColourField<const N: usize> {
    /// Place in a record.
    const AT: usize;

    /// Encodes a colour.
    fn encode(
        models: &mut Models,
        stream: &mut StreamEncoder<'_>,
        last: Channels<N>,
        now: Channels<N>,
    );
}

/// The layer of a colour.
pub(super) struct ColourLayer<F, const N: usize> {
    models: [Models; 4],
    last: Option<[Channels<N>; 4]>,
    stream: Stream,
    field: std::marker::PhantomData<F>,
}

impl<F: ColourField<N>, const N: usize> ColourLayer<F, N> {
    pub(super) fn new() -> Self {
        Self {
            models: std::array::from_fn(|_| Models::default()),
            last: None,
            stream: Stream::new(),
            field: std::marker::PhantomData,
        }
    }

    /// The colour of a record.
    #[inline(always)]
    fn colour_of(record: &[u8]) -> Channels<N> {
        std::array::from_fn(|channel| [0, 1].map(|half| record[F::AT + 2 * channel + half]))
    }
}

impl<F: ColourField<N>, const N: usize> Layer for ColourLayer<F, N> {
    fn encode_block(&mut self, block: &Block<'_>) {
        // Of the first point of a chunk only the one slot is used, and the others are copies.
        let first = Self::colour_of(block.record(0));
        let all = self.last.get_or_insert([first; 4]);
        let mut encoder = self.stream.bytes.encoder(MOST_BYTES * block.len());
        let mut has_changed = false;
        let mut start = block.points.start;
        for piece in block.pieces {
            if let Some(from) = piece.copied_from {
                all[piece.slot] = all[from];
            }
            let mut last = all[piece.slot];
            let models = &mut self.models[piece.context];
            for record in block.records(start..piece.end) {
                let now = Self::colour_of(record);
                F::encode(models, &mut encoder, last, now);
                has_changed |= now != last;
                last = now;
            }
            all[piece.slot] = last;
            start = piece.end;
        }
        let interval = encoder.interval();
        self.stream.keep(interval, has_changed);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.stream.finish()
    }
}

/// Red, green and blue.
pub(super) struct Rgb;

impl ColourField<3> for Rgb {
    const AT: usize = 30;

    #[inline(always)]
    fn encode(
        models: &mut Models,
        stream: &mut StreamEncoder<'_>,
        last: Channels<3>,
        now: Channels<3>,
    ) {
        let is_grey = now[0] == now[1] && now[0] == now[2];
        let differs = |channel: usize, half: usize| now[channel][half] != last[channel][half];
        let changed = (0..6).fold(usize::from(!is_grey) << 6, |bits, byte| {
            bits | usize::from(differs(byte / 2, byte % 2)) << byte
        });
        stream.encode_symbol(get_or_create(&mut models.changed, 128), changed);
        let mut encode = |byte: usize, difference: u8| {
            let model = get_or_create(&mut models.bytes[byte], 256);
            stream.encode_symbol(model, usize::from(difference));
        };
        for half in 0..2 {
            if differs(0, half) {
                encode(half, now[0][half].wrapping_sub(last[0][half]));
            }
        }
        if is_grey {
            return;
        }
        for half in 0..2 {
            let step =
                |channel: usize| i32::from(now[channel][half]) - i32::from(last[channel][half]);
            if differs(1, half) {
                let predicted = predict_byte(last[1][half], step(0));
                encode(2 + half, now[1][half].wrapping_sub(predicted));
            }
            if differs(2, half) {
                let predicted = predict_byte(last[2][half], (step(0) + step(1)) / 2);
                encode(4 + half, now[2][half].wrapping_sub(predicted));
            }
        }
    }
}

/// Near infrared.
pub(super) struct Infrared;

impl ColourField<1> for Infrared {
    const AT: usize = 36;

    #[inline(always)]
    fn encode(
        models: &mut Models,
        stream: &mut StreamEncoder<'_>,
        [last]: Channels<1>,
        [now]: Channels<1>,
    ) {
        let changed = [0, 1].map(|half| now[half] != last[half]);
        let symbol = usize::from(changed[0]) | usize::from(changed[1]) << 1;
        stream.encode_symbol(get_or_create(&mut models.changed, 4), symbol);
        for half in 0..2 {
            if changed[half] {
                let model = get_or_create(&mut models.bytes[half], 256);
                stream.encode_symbol(model, usize::from(now[half].wrapping_sub(last[half])));
            }
        }
    }
}

/// The byte that went the same step, within its range.
#[inline(always)]
fn predict_byte(last: u8, step: i32) -> u8 {
    (i32::from(last) + step).clamp(0, 255) as u8
}
