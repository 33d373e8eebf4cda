//! One or two bands: eight pixels in a register, each in its own 32 bits.
//!
//! Four bytes at the upper left of the contributing pixels hold the left and the right one. Eight of
//! them come by one instruction, and nothing has to move between pixels.

use super::{Groups, ZERO, interpolate_rows, places::Group, twice};
use core::arch::x86_64::*;

/// Where the left and right sample of one band are: words of left, right, for each of four pixels.
const PAIR_OF_ONE: [i8; 16] = [
    0, ZERO, 1, ZERO, 4, ZERO, 5, ZERO, 8, ZERO, 9, ZERO, 12, ZERO, 13, ZERO,
];

impl Groups<'_> {
    /// Values at eight places, none of which is apart: four bytes a pixel, zeroes beyond the bands.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn interpolate_lanes<const BANDS: usize>(&self, places: &Group) -> __m256i {
        let rows = [0, self.row_bytes].map(|below| {
            // SAFETY: offsets are from 0 to `last_offset`.
            unsafe {
                let row = self.remap.samples.as_ptr().add(below);
                _mm256_i32gather_epi32::<1>(row.cast(), places.offsets)
            }
        });
        let value = |words: [__m256i; 2]| {
            let along = words.map(|words| _mm256_madd_epi16(words, places.across));
            interpolate_rows(along, places.down)
        };
        if BANDS == 1 {
            return value(rows.map(|row| _mm256_shuffle_epi8(row, twice(PAIR_OF_ONE))));
        }
        let low = _mm256_set1_epi16(0xff);
        let first = value(rows.map(|row| _mm256_and_si256(row, low)));
        let second = value(rows.map(|row| _mm256_srli_epi16::<8>(row)));
        _mm256_or_si256(first, _mm256_slli_epi32::<8>(second))
    }
}
