//! Linear interpolation: of four pixels, along two rows and then between them.

use super::{
    Groups, ONE, SHIFT,
    places::Group,
    registers::{
        neighbours_in_halves, neighbours_in_lanes, neighbours_of_bands, numbers_of, pack_pixels,
        spread,
    },
};
use core::arch::x86_64::*;

impl<const TAPS: usize> Groups<'_, TAPS> {
    /// Values of one or two bands at eight places, none of which is apart: four bytes a pixel, zeroes
    /// beyond the bands.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn linear_lanes<const BANDS: usize>(&self, places: &Group) -> __m256i {
        let across = weights_of(places.right);
        let above = self.four_bytes(places.offsets, 0, 0);
        let below = self.four_bytes(places.offsets, 1, 0);
        if BANDS == 1 {
            let above = neighbours_in_lanes(above, 0);
            let below = neighbours_in_lanes(below, 0);
            return interpolate(above, below, across, places.down);
        }
        let [above_first, above_second] = neighbours_of_bands(above);
        let [below_first, below_second] = neighbours_of_bands(below);
        let first = interpolate(above_first, below_first, across, places.down);
        let second = interpolate(above_second, below_second, across, places.down);
        _mm256_or_si256(first, _mm256_slli_epi32::<8>(second))
    }

    /// Values of three or four bands at eight places, none of which is apart: four bytes a pixel, the
    /// fourth zero where there are three bands.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn linear_halves<const BANDS: usize>(&self, places: &Group) -> __m256i {
        let offsets = numbers_of(places.offsets);
        let across = weights_of(places.right);
        let values = |lane: usize, across: __m256i, down: __m256i| {
            let offsets = [offsets[lane], offsets[lane + 4]];
            let above = self.twice_sixteen_bytes(offsets, 0);
            let below = self.twice_sixteen_bytes(offsets, 1);
            let above = neighbours_in_halves::<BANDS>(above, 0);
            let below = neighbours_in_halves::<BANDS>(below, 0);
            interpolate(above, below, across, down)
        };
        pack_pixels([
            values(0, spread::<0>(across), spread::<0>(places.down)),
            values(1, spread::<1>(across), spread::<1>(places.down)),
            values(2, spread::<2>(across), spread::<2>(places.down)),
            values(3, spread::<3>(across), spread::<3>(places.down)),
        ])
    }
}

/// Weights of the left and right pixels, as two words.
#[inline]
#[target_feature(enable = "avx2")]
fn weights_of(right: __m256i) -> __m256i {
    let left = _mm256_sub_epi32(_mm256_set1_epi32(ONE), right);
    _mm256_or_si256(left, _mm256_slli_epi32::<16>(right))
}

/// Values of neighbours in two rows, rounded once, by weights of left and right and of the lower row.
#[inline]
#[target_feature(enable = "avx2")]
fn interpolate(above: __m256i, below: __m256i, across: __m256i, down: __m256i) -> __m256i {
    let above = _mm256_madd_epi16(above, across);
    let below = _mm256_madd_epi16(below, across);
    let difference = _mm256_mullo_epi32(_mm256_sub_epi32(below, above), down);
    let half = _mm256_set1_epi32(1 << (2 * SHIFT - 1));
    let above = _mm256_add_epi32(_mm256_slli_epi32::<SHIFT>(above), half);
    _mm256_srli_epi32::<{ 2 * SHIFT }>(_mm256_add_epi32(above, difference))
}
