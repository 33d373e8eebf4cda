//! Integers as corrections of a prediction: first how many bits, then which.

use super::{
    decoder::Decoder,
    encoder::StreamEncoder,
    model::{BitModel, NOT_SEARCHED, SEARCHED, SmallModel, get_or_create},
};

/// Bits of a correction that are modelled; those below are as they come.
const MODELLED: u32 = 8;

/// Decodes integers of `BITS` bits (for 16, the lower half of [`Self::next`]). The bit length of a
/// correction is modelled in `CONTEXTS` contexts.
pub(crate) type Integers<const CONTEXTS: usize, const BITS: usize = 32> =
    IntegersOf<CONTEXTS, BITS, SEARCHED>;

/// Encodes for [`Integers`].
pub(crate) type EncodingIntegers<const CONTEXTS: usize, const BITS: usize = 32> =
    IntegersOf<CONTEXTS, BITS, NOT_SEARCHED>;

/// The models of integers, for decoding or encoding.
pub(crate) struct IntegersOf<const CONTEXTS: usize, const BITS: usize, const CELLS: usize> {
    bits: [Option<Box<SmallModel<CELLS>>>; CONTEXTS],
    zero_or_one: BitModel,
    corrections: [Option<Box<SmallModel<CELLS>>>; 32],
}

impl<const CONTEXTS: usize, const BITS: usize, const CELLS: usize>
    IntegersOf<CONTEXTS, BITS, CELLS>
{
    pub(crate) fn new() -> Self {
        Self {
            bits: [const { None }; CONTEXTS],
            zero_or_one: BitModel::new(),
            corrections: [const { None }; 32],
        }
    }
}

impl<const CONTEXTS: usize, const BITS: usize> Integers<CONTEXTS, BITS> {
    /// The next integer, and the bits of its correction.
    ///
    /// A correction of k bits is one of the 2ᵏ integers in −(2ᵏ − 1) ..= −2ᵏ⁻¹ and 2ᵏ⁻¹ + 1 ..= 2ᵏ.
    #[inline(always)]
    pub(crate) fn next(
        &mut self,
        stream: &mut Decoder<'_>,
        prediction: i32,
        context: usize,
    ) -> (i32, usize) {
        let bits = stream.decode_symbol(get_or_create(&mut self.bits[context], BITS + 1));
        let k = bits as u32;
        let correction = match k {
            0 => stream.decode_bit(&mut self.zero_or_one) as i32,
            1..32 => {
                let modelled = k.min(MODELLED);
                let mut c = stream
                    .decode_symbol(get_or_create(&mut self.corrections[bits], 1 << modelled))
                    as u32;
                if k > MODELLED {
                    c = c << (k - MODELLED) | stream.decode_raw(k - MODELLED);
                }
                let upper = c >= 1 << (k - 1);
                (c as i32).wrapping_add(if upper {
                    1
                } else {
                    -(((1_u32 << k) - 1) as i32)
                })
            }
            _ => i32::MIN,
        };
        (prediction.wrapping_add(correction), bits)
    }
}

impl<const CONTEXTS: usize, const BITS: usize> EncodingIntegers<CONTEXTS, BITS> {
    /// Encodes an integer; the bits of its correction.
    #[inline(always)]
    pub(crate) fn encode(
        &mut self,
        stream: &mut StreamEncoder<'_>,
        prediction: i32,
        value: i32,
        context: usize,
    ) -> usize {
        let difference = value.wrapping_sub(prediction);
        let correction = if BITS == 16 {
            i32::from(difference as i16)
        } else {
            difference
        };
        let above_zero = correction > 0;
        let magnitude = correction.wrapping_abs() as u32 - u32::from(above_zero);
        let k = 32 - magnitude.leading_zeros();
        let bits = k as usize;
        stream.encode_symbol(get_or_create(&mut self.bits[context], BITS + 1), bits);
        match k {
            0 => stream.encode_bit(&mut self.zero_or_one, correction == 1),
            1..32 => {
                let shift = if above_zero {
                    -1
                } else {
                    ((1_u32 << k) - 1) as i32
                };
                let c = correction.wrapping_add(shift) as u32;
                let modelled = k.min(MODELLED);
                let raw = k - modelled;
                let model = get_or_create(&mut self.corrections[bits], 1 << modelled);
                stream.encode_symbol(model, (c >> raw) as usize);
                if raw > 0 {
                    stream.encode_raw(raw, c & ((1 << raw) - 1));
                }
            }
            _ => {}
        }
        bits
    }
}
