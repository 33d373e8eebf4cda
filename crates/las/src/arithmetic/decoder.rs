//! The arithmetic decoder: an interval, and where in it the stream points.

use super::model::{BitModel, Cell, ModelOf};

/// Decodes one stream. Behind its end come zeros, and [`Decoder::is_within_its_bytes`] tells.
///
/// Invariant: `value < length` but for a first word of all ones, and `length ≥ 2²⁴` between
/// symbols.
pub(crate) struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
    value: u32,
    length: u32,
}

impl<'a> Decoder<'a> {
    /// Starts on a stream; `None` if it has no first word.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let value = u32::from_be_bytes(*bytes.first_chunk()?);
        Some(Self {
            bytes,
            at: 4,
            value,
            length: u32::MAX,
        })
    }

    /// Whether no more bytes were used than there are.
    pub(crate) fn is_within_its_bytes(&self) -> bool {
        self.at <= self.bytes.len()
    }

    /// The next symbol of a model's alphabet.
    #[inline(always)]
    pub(crate) fn decode_symbol<
        C: Cell,
        const MOST: usize,
        const ENDS: usize,
        const CELLS: usize,
    >(
        &mut self,
        model: &mut ModelOf<C, MOST, ENDS, CELLS>,
    ) -> usize {
        let part = self.length >> 15;
        let found = model.find_symbol((self.value / part).min(32_767));
        let low = u32::from(found.low) * part;
        // The last symbol also owns the remainder of the division.
        let high = if found.is_last {
            self.length
        } else {
            u32::from(found.high) * part
        };
        self.value = self.value.wrapping_sub(low);
        self.length = high - low;
        self.renormalise();
        model.count_symbol(found.symbol);
        found.symbol
    }

    /// The next bit.
    #[inline]
    pub(crate) fn decode_bit(&mut self, model: &mut BitModel) -> u32 {
        let middle = model.zero_bound() * (self.length >> 13);
        let bit = self.value >= middle;
        if bit {
            self.value -= middle;
            self.length -= middle;
        } else {
            self.length = middle;
        }
        self.renormalise();
        model.count_bit(bit);
        u32::from(bit)
    }

    /// `count` bits, 1 to 32, that are all equally likely.
    #[inline(always)]
    pub(crate) fn decode_raw(&mut self, count: u32) -> u32 {
        if count > 19 {
            let low = self.decode_few(16);
            return self.decode_few(count - 16) << 16 | low;
        }
        self.decode_few(count)
    }

    #[inline(always)]
    fn decode_few(&mut self, count: u32) -> u32 {
        self.length >>= count;
        let bits = self.value / self.length;
        self.value = self.value.wrapping_sub(self.length.wrapping_mul(bits));
        self.renormalise();
        bits
    }

    /// Takes in bytes until the interval is long enough: as many as it has leading zero bytes,
    /// without a branch.
    #[inline(always)]
    fn renormalise(&mut self) {
        let shift = self.length.leading_zeros() & 24;
        let next = match self.bytes.get(self.at..self.at + 4) {
            Some(word) => u32::from_be_bytes([word[0], word[1], word[2], word[3]]),
            None => self.interval_end(),
        };
        self.value = ((u64::from(self.value) << 32 | u64::from(next)) >> (32 - shift)) as u32;
        self.length <<= shift;
        self.at += (shift / 8) as usize;
    }

    /// The next four bytes, padded with zeros past the end of the stream.
    #[cold]
    fn interval_end(&self) -> u32 {
        let mut word = [0; 4];
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        word[..rest.len().min(4)].copy_from_slice(&rest[..rest.len().min(4)]);
        u32::from_be_bytes(word)
    }
}
