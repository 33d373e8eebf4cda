//! The arithmetic encoder: an interval, and the bytes that all of it begins with.

use super::model::{BitModel, Cell, ModelOf};

/// Bytes that an encoder keeps at hand before the interval's own, so that a carry rarely goes
/// farther.
const AT_HAND: usize = 3;

/// The bits at hand: those bytes and the 32 bits of the interval.
const MASK: u64 = (1 << 56) - 1;

/// Shortest interval between symbols, as in the format.
const LEAST_LENGTH: u32 = 1 << 24;

/// A stream that is being encoded, some symbols at a time.
pub(crate) struct EncodedStream {
    /// [`AT_HAND`] zeros, the stream, and room.
    bytes: Vec<u8>,
    interval: Interval,
}

/// The interval, and where its bytes are.
#[derive(Clone, Copy)]
pub(crate) struct Interval {
    /// Bytes of the stream that are settled but for a carry.
    at: usize,
    /// Start of the interval, below the bytes at hand.
    low: u64,
    length: u32,
}

/// Encodes symbols to a stream with the room for them.
///
/// A value of its own, not a reference to the stream, so that the interval is in registers.
pub(crate) struct StreamEncoder<'a> {
    bytes: &'a mut [u8],
    interval: Interval,
}

impl EncodedStream {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            interval: Interval {
                at: 0,
                low: 0,
                length: u32::MAX,
            },
        }
    }

    /// An encoder of symbols that take up to `room` bytes. What it ends with goes to
    /// [`Self::keep`].
    pub(crate) fn encoder(&mut self, room: usize) -> StreamEncoder<'_> {
        // one symbol more than there is room for would be stored in 8 bytes
        let needed = self.interval.at + room + 16;
        if self.bytes.len() < needed {
            self.bytes.resize(needed.max(2 * self.bytes.len()), 0);
        }
        StreamEncoder {
            bytes: &mut self.bytes,
            interval: self.interval,
        }
    }

    /// Keeps the output of an encoder.
    pub(crate) fn keep(&mut self, interval: Interval) {
        self.interval = interval;
    }

    /// The bytes of the whole stream.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let mut encoder = self.encoder(4);
        let zeros = encoder.end_interval();
        let end = encoder.interval().at + AT_HAND;
        self.bytes.truncate(end);
        self.bytes.resize(end + zeros, 0);
        self.bytes.drain(..AT_HAND);
        self.bytes
    }
}

impl StreamEncoder<'_> {
    /// The interval, for [`EncodedStream::keep`].
    pub(crate) fn interval(self) -> Interval {
        self.interval
    }

    /// Encodes a symbol of a model's alphabet: two bytes at most.
    #[inline(always)]
    pub(crate) fn encode_symbol<
        C: Cell,
        const MOST: usize,
        const ENDS: usize,
        const CELLS: usize,
    >(
        &mut self,
        model: &mut ModelOf<C, MOST, ENDS, CELLS>,
        symbol: usize,
    ) {
        let found = model.parts_of(symbol);
        let length = self.interval.length;
        let part = length >> 15;
        let low = u32::from(found.low) * part;
        // The last symbol also owns the remainder of the division.
        let high = if found.is_last {
            length
        } else {
            u32::from(found.high) * part
        };
        self.narrow(low, high - low);
        model.count_symbol(symbol);
    }

    /// Encodes a bit: two bytes at most.
    #[inline]
    pub(crate) fn encode_bit(&mut self, model: &mut BitModel, bit: bool) {
        let length = self.interval.length;
        let middle = model.zero_bound() * (length >> 13);
        if bit {
            self.narrow(middle, length - middle);
        } else {
            self.narrow(0, middle);
        }
        model.count_bit(bit);
    }

    /// Encodes `count` bits, 1 to 32, that are all equally likely: five bytes at most.
    #[inline(always)]
    pub(crate) fn encode_raw(&mut self, count: u32, bits: u32) {
        if count > 19 {
            self.encode_few(16, bits & 0xFFFF);
            return self.encode_few(count - 16, bits >> 16);
        }
        self.encode_few(count, bits);
    }

    #[inline(always)]
    fn encode_few(&mut self, count: u32, bits: u32) {
        let length = self.interval.length >> count;
        self.narrow(bits * length, length);
    }

    /// Makes the interval the part of it that begins at `low` and has this length; bytes that all
    /// of it has are settled.
    #[inline(always)]
    fn narrow(&mut self, low: u32, length: u32) {
        let Interval { at, low: start, .. } = self.interval;
        let mut low = start + u64::from(low);
        if low > MASK {
            low &= MASK;
            carry(self.bytes, at);
        }
        if let Some(place) = self.bytes.get_mut(at..at + 8) {
            place.copy_from_slice(&(low << 8).to_be_bytes());
        }
        let shift = length.leading_zeros() & 24;
        self.interval = Interval {
            at: at + (shift / 8) as usize,
            low: (low << shift) & MASK,
            length: length << shift,
        };
    }

    /// Settles the bytes that decide for this interval; the zeros that have to follow them.
    fn end_interval(&mut self) -> usize {
        if self.interval.length > 2 * LEAST_LENGTH {
            self.narrow(LEAST_LENGTH, LEAST_LENGTH >> 1);
            3
        } else {
            self.narrow(LEAST_LENGTH >> 1, LEAST_LENGTH >> 9);
            2
        }
    }
}

/// Adds one to the number that the first `end` bytes are.
#[cold]
#[inline(never)]
fn carry(bytes: &mut [u8], end: usize) {
    for byte in bytes[..end].iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}
