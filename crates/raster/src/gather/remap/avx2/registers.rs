//! Samples of an image in registers, and how they are brought side by side.

use super::{GROUP, Groups};
use core::arch::x86_64::*;

/// Byte of a register half that becomes zero.
pub(super) const ZERO: i8 = -1;

/// Words of the first and second, and of the third and fourth, of four bytes.
const PAIRS_OF_ONE: [[i8; 16]; 2] = [
    [
        0, ZERO, 1, ZERO, 4, ZERO, 5, ZERO, 8, ZERO, 9, ZERO, 12, ZERO, 13, ZERO,
    ],
    [
        2, ZERO, 3, ZERO, 6, ZERO, 7, ZERO, 10, ZERO, 11, ZERO, 14, ZERO, 15, ZERO,
    ],
];

/// Words of red left, red right, … of the first and second of four pixels, and of the third and
/// fourth.
const PAIRS_OF_THREE: [[i8; 16]; 2] = [
    [
        0, ZERO, 3, ZERO, 1, ZERO, 4, ZERO, 2, ZERO, 5, ZERO, ZERO, ZERO, ZERO, ZERO,
    ],
    [
        6, ZERO, 9, ZERO, 7, ZERO, 10, ZERO, 8, ZERO, 11, ZERO, ZERO, ZERO, ZERO, ZERO,
    ],
];
const PAIRS_OF_FOUR: [[i8; 16]; 2] = [
    [
        0, ZERO, 4, ZERO, 1, ZERO, 5, ZERO, 2, ZERO, 6, ZERO, 3, ZERO, 7, ZERO,
    ],
    [
        8, ZERO, 12, ZERO, 9, ZERO, 13, ZERO, 10, ZERO, 14, ZERO, 11, ZERO, 15, ZERO,
    ],
];

impl<const TAPS: usize> Groups<'_, TAPS> {
    /// Four bytes from `further` beyond each of eight offsets on, some rows below.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn four_bytes(&self, offsets: __m256i, row: usize, further: usize) -> __m256i {
        debug_assert!(row < TAPS);
        let below = row * self.row_bytes + further;
        // SAFETY: offsets are from 0 to `last_offset`, and `further` + 4 are not above the bytes read.
        unsafe {
            let samples = self.remap.samples.as_ptr().add(below);
            _mm256_i32gather_epi32::<1>(samples.cast(), offsets)
        }
    }

    /// Sixteen bytes from each of two offsets on, some rows below: one a half.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn twice_sixteen_bytes(&self, [low, high]: [i32; 2], row: usize) -> __m256i {
        debug_assert!(row < TAPS);
        // SAFETY: offsets are from 0 to `last_offset`.
        unsafe {
            let samples = self.remap.samples.as_ptr().add(row * self.row_bytes);
            let low = _mm_loadu_si128(samples.add(low as usize).cast());
            let high = _mm_loadu_si128(samples.add(high as usize).cast());
            _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
        }
    }
}

/// Neighbours of one band side by side as words, of pixels in halves: the first and second of four
/// pixels, or the third and fourth.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn neighbours_in_halves<const BANDS: usize>(samples: __m256i, pair: usize) -> __m256i {
    let bytes = match BANDS {
        3 => PAIRS_OF_THREE[pair],
        _ => PAIRS_OF_FOUR[pair],
    };
    _mm256_shuffle_epi8(samples, twice(bytes))
}

/// Neighbours side by side as words, of pixels of one band in lanes of four bytes: the first and
/// second of four, or the third and fourth.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn neighbours_in_lanes(samples: __m256i, pair: usize) -> __m256i {
    _mm256_shuffle_epi8(samples, twice(PAIRS_OF_ONE[pair]))
}

/// Neighbours side by side as words, of two bands of two pixels in lanes of four bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn neighbours_of_bands(samples: __m256i) -> [__m256i; 2] {
    [
        _mm256_and_si256(samples, _mm256_set1_epi16(0xff)),
        _mm256_srli_epi16::<8>(samples),
    ]
}

/// Eight numbers as an array.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn numbers_of(register: __m256i) -> [i32; GROUP] {
    let mut numbers = [0; GROUP];
    // SAFETY: eight numbers.
    unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), register) };
    numbers
}

/// The same bytes in both halves.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn twice(bytes: [i8; 16]) -> __m256i {
    // SAFETY: sixteen bytes.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

/// Copies the number of one of four lanes to all of its half.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn spread<const LANE: usize>(register: __m256i) -> __m256i {
    match LANE {
        0 => _mm256_shuffle_epi32::<0x00>(register),
        1 => _mm256_shuffle_epi32::<0x55>(register),
        2 => _mm256_shuffle_epi32::<0xAA>(register),
        _ => _mm256_shuffle_epi32::<0xFF>(register),
    }
}

/// Eight pixels of four bytes from four registers of two pixels, whose numbers are kept within 0 and
/// 255.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn pack_pixels([first, second, third, fourth]: [__m256i; 4]) -> __m256i {
    _mm256_packus_epi16(
        _mm256_packus_epi32(first, second),
        _mm256_packus_epi32(third, fourth),
    )
}
