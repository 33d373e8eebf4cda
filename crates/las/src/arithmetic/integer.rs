//! Integers as corrections of a prediction: first how many bits, then which.

use super::{
    decoder::Decoder,
    model::{BitModel, Model, get_or_create},
};

/// Bits of a correction that are modelled; those below are as they come.
const MODELLED: u32 = 8;

/// Decodes integers of `BITS` bits (for 16, the lower half of [`Self::next`]). The bit length of a
/// correction is modelled in `CONTEXTS` contexts.
pub(crate) struct Integers<const CONTEXTS: usize, const BITS: usize = 32> {
    bits: [Option<Box<Model>>; CONTEXTS],
    zero_or_one: BitModel,
    corrections: [Option<Box<Model>>; 32],
}

impl<const CONTEXTS: usize, const BITS: usize> Integers<CONTEXTS, BITS> {
    pub(crate) fn new() -> Self {
        Self {
            bits: [const { None }; CONTEXTS],
            zero_or_one: BitModel::new(),
            corrections: [const { None }; 32],
        }
    }

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
