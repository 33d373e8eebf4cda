//! Stores of eight pixels.

use super::{
    GROUP,
    registers::{ZERO, twice},
};
use core::arch::x86_64::*;

/// Four pixels of one, two and three bands out of four of four.
const FIRST: [i8; 16] = [
    0, 4, 8, 12, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO,
];
const FIRST_TWO: [i8; 16] = [
    0, 1, 4, 5, 8, 9, 12, 13, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO,
];
const FIRST_THREE: [i8; 16] = [
    0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, ZERO, ZERO, ZERO, ZERO,
];

/// Bytes that [`store_pixels`] writes: four beyond the pixels of three bands.
pub(super) const fn bytes_stored(bands: usize) -> usize {
    match bands {
        3 => GROUP * 3 + 4,
        _ => GROUP * bands,
    }
}

/// Stores eight pixels of four bytes, of which some are bands, at the start of `to`, which has
/// [`bytes_stored`] at least.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn store_pixels<const BANDS: usize>(pixels: __m256i, to: &mut [u8]) {
    assert!(to.len() >= bytes_stored(BANDS));
    let to = to.as_mut_ptr();
    match BANDS {
        1 => {
            let [low, high] = halves(_mm256_shuffle_epi8(pixels, twice(FIRST)));
            // SAFETY: eight bytes.
            unsafe { _mm_storel_epi64(to.cast(), _mm_unpacklo_epi32(low, high)) };
        }
        2 => {
            let [low, high] = halves(_mm256_shuffle_epi8(pixels, twice(FIRST_TWO)));
            // SAFETY: sixteen bytes.
            unsafe { _mm_storeu_si128(to.cast(), _mm_unpacklo_epi64(low, high)) };
        }
        3 => {
            let [low, high] = halves(_mm256_shuffle_epi8(pixels, twice(FIRST_THREE)));
            // SAFETY: bytes 0 to 16 and 12 to 28; `to` has 28.
            unsafe {
                _mm_storeu_si128(to.cast(), low);
                _mm_storeu_si128(to.add(12).cast(), high);
            }
        }
        // SAFETY: 32 bytes.
        _ => unsafe { _mm256_storeu_si256(to.cast(), pixels) },
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn halves(register: __m256i) -> [__m128i; 2] {
    [
        _mm256_castsi256_si128(register),
        _mm256_extracti128_si256::<1>(register),
    ]
}
