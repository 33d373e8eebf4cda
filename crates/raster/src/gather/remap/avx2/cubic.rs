//! Cubic interpolation: of sixteen pixels, along four rows and then between them.

use super::{
    Groups, ONE, SHIFT,
    places::Group,
    registers::{
        neighbours_in_halves, neighbours_in_lanes, neighbours_of_bands, numbers_of, pack_pixels,
        spread,
    },
};
use crate::gather::place_map::integer_cubic_weights;
use core::arch::x86_64::*;

/// Weights of four pixels as words, by steps beyond the second.
static WEIGHTS: [[i16; 4]; ONE as usize] = weights_as_words();

const fn weights_as_words() -> [[i16; 4]; ONE as usize] {
    let mut words = [[0; 4]; ONE as usize];
    let mut step = 0;
    while step < words.len() {
        let weights = integer_cubic_weights(step as i32);
        let mut pixel = 0;
        while pixel < 4 {
            // From -152 to 2048.
            words[step][pixel] = weights[pixel] as i16;
            pixel += 1;
        }
        step += 1;
    }
    words
}

/// Two words of weights a place: of the first and second pixel, and of the third and fourth.
type Words = [__m256i; 2];

impl<const TAPS: usize> Groups<'_, TAPS> {
    /// Values of one or two bands at eight places, none of which is apart: four bytes a pixel, zeroes
    /// beyond the bands.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn cubic_lanes<const BANDS: usize>(&self, places: &Group) -> __m256i {
        let across = weights_of(places.right);
        let down = split_words(weights_of(places.down));
        let mut first = half();
        let mut second = half();
        for (row, weights) in down.into_iter().enumerate() {
            let samples = self.four_bytes(places.offsets, row, 0);
            if BANDS == 1 {
                let left = neighbours_in_lanes(samples, 0);
                let right = neighbours_in_lanes(samples, 1);
                first = add_row(first, [left, right], across, weights);
            } else {
                let others = self.four_bytes(places.offsets, row, 4);
                let [left_first, left_second] = neighbours_of_bands(samples);
                let [right_first, right_second] = neighbours_of_bands(others);
                first = add_row(first, [left_first, right_first], across, weights);
                second = add_row(second, [left_second, right_second], across, weights);
            }
        }
        if BANDS == 1 {
            return bytes_of(first);
        }
        _mm256_or_si256(bytes_of(first), _mm256_slli_epi32::<8>(bytes_of(second)))
    }

    /// Values of three or four bands at eight places, none of which is apart: four bytes a pixel, the
    /// fourth zero where there are three bands.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn cubic_halves<const BANDS: usize>(&self, places: &Group) -> __m256i {
        let offsets = numbers_of(places.offsets);
        let across = weights_of(places.right);
        let down = split_words(weights_of(places.down));
        let values = |lane: usize, across: Words, down: [__m256i; 4]| {
            let offsets = [offsets[lane], offsets[lane + 4]];
            let mut sum = half();
            for (row, weights) in down.into_iter().enumerate() {
                let samples = self.twice_sixteen_bytes(offsets, row);
                let left = neighbours_in_halves::<BANDS>(samples, 0);
                let right = neighbours_in_halves::<BANDS>(samples, 1);
                sum = add_row(sum, [left, right], across, weights);
            }
            _mm256_srai_epi32::<{ 2 * SHIFT }>(sum)
        };
        pack_pixels([
            values(0, spread_words::<0>(across), spread_rows::<0>(down)),
            values(1, spread_words::<1>(across), spread_rows::<1>(down)),
            values(2, spread_words::<2>(across), spread_rows::<2>(down)),
            values(3, spread_words::<3>(across), spread_rows::<3>(down)),
        ])
    }
}

/// Half of the divisor of sums, 2²².
#[inline]
#[target_feature(enable = "avx2")]
fn half() -> __m256i {
    _mm256_set1_epi32(1 << (2 * SHIFT - 1))
}

/// Values of sums, kept within 0 and 255.
#[inline]
#[target_feature(enable = "avx2")]
fn bytes_of(sum: __m256i) -> __m256i {
    let value = _mm256_srai_epi32::<{ 2 * SHIFT }>(sum);
    let value = _mm256_max_epi32(value, _mm256_setzero_si256());
    _mm256_min_epi32(value, _mm256_set1_epi32(255))
}

/// Adds weights · (the value along a row, of two pairs of neighbours) to sums.
#[inline]
#[target_feature(enable = "avx2")]
fn add_row(sum: __m256i, [left, right]: [__m256i; 2], across: Words, weights: __m256i) -> __m256i {
    let left = _mm256_madd_epi16(left, across[0]);
    let right = _mm256_madd_epi16(right, across[1]);
    let along = _mm256_add_epi32(left, right);
    _mm256_add_epi32(sum, _mm256_mullo_epi32(along, weights))
}

/// Weights of four pixels for eight numbers of steps beyond the second.
#[inline]
#[target_feature(enable = "avx2")]
fn weights_of(steps: __m256i) -> Words {
    let steps = _mm256_and_si256(steps, _mm256_set1_epi32(ONE - 1));
    let table: *const i32 = WEIGHTS.as_ptr().cast();
    // SAFETY: steps are below ONE, and eight bytes belong to each.
    unsafe {
        [
            _mm256_i32gather_epi32::<8>(table, steps),
            _mm256_i32gather_epi32::<8>(table.add(1), steps),
        ]
    }
}

/// Weights of four pixels as numbers.
#[inline]
#[target_feature(enable = "avx2")]
fn split_words([first, third]: Words) -> [__m256i; 4] {
    [
        _mm256_srai_epi32::<16>(_mm256_slli_epi32::<16>(first)),
        _mm256_srai_epi32::<16>(first),
        _mm256_srai_epi32::<16>(_mm256_slli_epi32::<16>(third)),
        _mm256_srai_epi32::<16>(third),
    ]
}

/// Copies the words of one of four lanes to all of its half.
#[inline]
#[target_feature(enable = "avx2")]
fn spread_words<const LANE: usize>([first, third]: Words) -> Words {
    [spread::<LANE>(first), spread::<LANE>(third)]
}

/// Copies the weights of rows of one of four lanes to all of its half.
#[inline]
#[target_feature(enable = "avx2")]
fn spread_rows<const LANE: usize>([first, second, third, fourth]: [__m256i; 4]) -> [__m256i; 4] {
    [
        spread::<LANE>(first),
        spread::<LANE>(second),
        spread::<LANE>(third),
        spread::<LANE>(fourth),
    ]
}
