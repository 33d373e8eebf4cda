//! Three or four bands: two pixels in a register, one a half, a band in its own 32 bits.
//!
//! Sixteen bytes at the upper left of the contributing pixels, and sixteen a row below, hold the
//! pixels side by side. A shuffle brings each band of the left pixel beside that of the right one.

use super::{GROUP, Groups, ZERO, interpolate_rows, places::Group, twice};
use core::arch::x86_64::*;

/// Where the bytes of bands of the left and right pixel are: words of red left, red right, …
const PAIRS_OF_THREE: [i8; 16] = [
    0, ZERO, 3, ZERO, 1, ZERO, 4, ZERO, 2, ZERO, 5, ZERO, ZERO, ZERO, ZERO, ZERO,
];
const PAIRS_OF_FOUR: [i8; 16] = [
    0, ZERO, 4, ZERO, 1, ZERO, 5, ZERO, 2, ZERO, 6, ZERO, 3, ZERO, 7, ZERO,
];

impl Groups<'_> {
    /// Values at eight places, none of which is apart: four bytes a pixel, the fourth zero where
    /// there are three bands.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn interpolate_pairs<const BANDS: usize>(&self, places: &Group) -> __m256i {
        let mut offsets = [0_i32; GROUP];
        // SAFETY: eight numbers.
        unsafe { _mm256_storeu_si256(offsets.as_mut_ptr().cast(), places.offsets) };
        let Group { across, down, .. } = *places;
        let values = |i: usize, across: __m256i, down: __m256i| {
            self.two_values::<BANDS>(offsets[i], offsets[i + 4], across, down)
        };
        let first = values(
            0,
            _mm256_shuffle_epi32::<0x00>(across),
            _mm256_shuffle_epi32::<0x00>(down),
        );
        let second = values(
            1,
            _mm256_shuffle_epi32::<0x55>(across),
            _mm256_shuffle_epi32::<0x55>(down),
        );
        let third = values(
            2,
            _mm256_shuffle_epi32::<0xAA>(across),
            _mm256_shuffle_epi32::<0xAA>(down),
        );
        let fourth = values(
            3,
            _mm256_shuffle_epi32::<0xFF>(across),
            _mm256_shuffle_epi32::<0xFF>(down),
        );
        _mm256_packus_epi16(
            _mm256_packus_epi32(first, second),
            _mm256_packus_epi32(third, fourth),
        )
    }

    /// Values at two places, one a half of the register, a band a number.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn two_values<const BANDS: usize>(
        &self,
        low: i32,
        high: i32,
        across: __m256i,
        down: __m256i,
    ) -> __m256i {
        let pairs = match BANDS {
            3 => twice(PAIRS_OF_THREE),
            _ => twice(PAIRS_OF_FOUR),
        };
        let along = [0, self.row_bytes].map(|below| {
            // SAFETY: both offsets are from 0 to `last_offset`.
            let samples = unsafe {
                let row = self.remap.samples.as_ptr().add(below);
                let low = _mm_loadu_si128(row.add(low as usize).cast());
                let high = _mm_loadu_si128(row.add(high as usize).cast());
                _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
            };
            _mm256_madd_epi16(_mm256_shuffle_epi8(samples, pairs), across)
        });
        interpolate_rows(along, down)
    }
}
