//! Linear interpolation of three or four bands of 8 bits in registers of AVX2.
//!
//! Eight pixels of the picture at a time. Weights and offsets of all eight are computed together;
//! then two pixels share a register, one a half. Sixteen bytes at the upper left of the four
//! contributing pixels, and sixteen a row below, hold the pixels side by side. A shuffle brings each
//! band of the left pixel beside that of the right one as words, a multiply-add of words makes the
//! value along the row, and a product of 32 bits the value between the rows.
//!
//! Eight pixels one of which has no value, needs the columns of both edges, or is so near the end of
//! the image that sixteen bytes would go beyond it, are left to the portable version.

#![allow(unsafe_code)]
// SAFETY (of every block here): `write_picture` has found AVX2 before it calls `write_groups`. Loads
// and stores are unaligned. Those of samples begin at offsets that are compared, for each group,
// with the last from which all bytes exist; the others are of arrays as long as the register, or
// within spans that the loop's bounds leave room for.

use super::Remap;
use crate::{
    Sampling,
    gather::{Edges, place_map::ONE},
};
use core::arch::x86_64::*;

/// Pixels of the picture that are computed together.
const GROUP: usize = 8;

/// Groups whose samples are asked for before those of the block before it are used.
const BLOCK: usize = 32;

/// Bytes beyond its own pixels that the last store of eight of three bands reaches.
const SPARE: usize = 4;

/// Bytes that are read of each row of the image for a pixel.
const READ: usize = 16;

/// log2 of [`ONE`].
const SHIFT: i32 = ONE.trailing_zeros() as i32;

/// Byte of a register half that becomes zero.
const ZERO: i8 = -1;

/// Where the bytes of bands of the left and right pixel are: words of red left, red right, …
const PAIRS_OF_THREE: [i8; 16] = [
    0, ZERO, 3, ZERO, 1, ZERO, 4, ZERO, 2, ZERO, 5, ZERO, ZERO, ZERO, ZERO, ZERO,
];
const PAIRS_OF_FOUR: [i8; 16] = [
    0, ZERO, 4, ZERO, 1, ZERO, 5, ZERO, 2, ZERO, 6, ZERO, 3, ZERO, 7, ZERO,
];

/// Four pixels of three bands out of four of four.
const FIRST_THREE: [i8; 16] = [
    0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, ZERO, ZERO, ZERO, ZERO,
];

/// Writes a picture, if the processor has the instructions and the image suits them.
pub(super) fn write_picture(remap: &Remap<'_>, to: &mut [u8]) -> bool {
    let linear = remap.map.gathering().sampling == Sampling::Bilinear;
    if !linear || !std::is_x86_feature_detected!("avx2") {
        return false;
    }
    let [columns, rows] = remap.map.source_size();
    let row_bytes = columns * remap.bands;
    let in_32_bits = i32::try_from(remap.samples.len()).is_ok();
    let reaches = remap.samples.len().checked_sub(row_bytes + READ);
    let Some(last_offset) = reaches.filter(|_| in_32_bits && columns >= 2 && rows >= 2) else {
        return false;
    };
    let groups = Groups {
        remap,
        last_offset: last_offset as i32,
    };
    match remap.bands {
        // SAFETY: AVX2 is there.
        3 => unsafe { groups.write::<3>(to) },
        // SAFETY: AVX2 is there.
        4 => unsafe { groups.write::<4>(to) },
        _ => return false,
    }
    true
}

/// An image of two rows and columns at least, whose offsets fit in 32 bits.
struct Groups<'a> {
    remap: &'a Remap<'a>,
    /// The last offset from which [`READ`] bytes exist, in this row and the one below.
    last_offset: i32,
}

/// The contributing pixels of eight places.
#[derive(Clone, Copy)]
struct Group {
    /// Where the samples of the upper left ones begin.
    offsets: __m256i,
    /// Weights of the left and right ones, as two words.
    across: __m256i,
    /// Weights of the lower ones.
    down: __m256i,
    /// All bits of the places that must be looked up one by one.
    apart: __m256i,
}

impl Group {
    #[target_feature(enable = "avx2")]
    fn none() -> Self {
        let zero = _mm256_setzero_si256();
        Self {
            offsets: zero,
            across: zero,
            down: zero,
            apart: zero,
        }
    }
}

impl Groups<'_> {
    /// Writes all pixels: offsets and weights of a block of groups first, whose samples are asked
    /// for, then the pixels of the block before it.
    #[target_feature(enable = "avx2")]
    fn write<const BANDS: usize>(&self, to: &mut [u8]) {
        let [x, y] = self.remap.map.fixed_coordinates();
        let whole = x.len() / GROUP;
        let mut blocks = [[Group::none(); BLOCK]; 2];
        for block in 0..=whole.div_ceil(BLOCK) {
            let [ahead, behind] = if block % 2 == 0 { [0, 1] } else { [1, 0] };
            let coming = block * BLOCK..whole.min((block + 1) * BLOCK);
            for (group, places) in coming.zip(&mut blocks[ahead]) {
                let span = group * GROUP..(group + 1) * GROUP;
                *places = self.places::<BANDS>(&x[span.clone()], &y[span]);
                self.prefetch::<BANDS>(places);
            }
            let Some(block) = block.checked_sub(1) else {
                continue;
            };
            let here = block * BLOCK..whole.min((block + 1) * BLOCK);
            for (group, places) in here.zip(&blocks[behind]) {
                self.write_group::<BANDS>(group * GROUP, places, to);
            }
        }
        let first = whole * GROUP;
        self.remap.write_places(first, &mut to[first * BANDS..]);
    }

    /// Writes eight pixels of the picture from pixel `first` on.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn write_group<const BANDS: usize>(&self, first: usize, places: &Group, to: &mut [u8]) {
        let start = first * BANDS;
        let room = start + GROUP * BANDS + SPARE <= to.len();
        if room && _mm256_testz_si256(places.apart, places.apart) == 1 {
            let pixels = self.interpolate::<BANDS>(*places);
            store::<BANDS>(pixels, &mut to[start..]);
        } else {
            let pixels = &mut to[start..start + GROUP * BANDS];
            self.remap.write_places(first, pixels);
        }
    }

    /// Asks for the samples of the first and the last of eight places, in both rows: the image is
    /// larger than the caches, its rows lie further apart than a processor looks ahead by itself,
    /// and one access after the other would wait for memory.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn prefetch<const BANDS: usize>(&self, places: &Group) {
        let first = _mm256_extract_epi32::<0>(places.offsets);
        let last = _mm256_extract_epi32::<7>(places.offsets);
        let [columns, _] = self.remap.map.source_size();
        let samples = self.remap.samples.as_ptr();
        for offset in [first as usize, last as usize] {
            for below in [0, columns * BANDS] {
                // A prefetch reads nothing, wherever it points.
                let sample = samples.wrapping_add(offset).wrapping_add(below);
                _mm_prefetch::<_MM_HINT_T0>(sample.cast());
            }
        }
    }

    /// Offsets and weights of eight places.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn places<const BANDS: usize>(&self, x: &[i32], y: &[i32]) -> Group {
        let map = self.remap.map;
        let [columns, rows] = map.source_size().map(|side| side as i32);
        let all = |value: i32| _mm256_set1_epi32(value);
        let [x, y] = [x, y].map(|at| {
            assert!(at.len() == GROUP);
            // SAFETY: eight numbers.
            unsafe { _mm256_loadu_si256(at.as_ptr().cast()) }
        });
        let from_centre = _mm256_sub_epi32(x, all(ONE / 2));
        let (column, right) = match map.gathering().edges {
            Edges::Bounded => whole_and_rest(from_centre, columns),
            Edges::WrapColumns => (
                _mm256_srai_epi32::<SHIFT>(from_centre),
                _mm256_and_si256(from_centre, all(ONE - 1)),
            ),
        };
        let (row, down) = whole_and_rest(_mm256_sub_epi32(y, all(ONE / 2)), rows);
        let pixel = _mm256_add_epi32(_mm256_mullo_epi32(row, all(columns)), column);
        let offsets = match BANDS {
            3 => _mm256_add_epi32(pixel, _mm256_slli_epi32::<1>(pixel)),
            _ => _mm256_slli_epi32::<2>(pixel),
        };
        let left = _mm256_sub_epi32(all(ONE), right);
        let nowhere = _mm256_or_si256(x, column);
        let beyond = _mm256_or_si256(
            _mm256_cmpgt_epi32(column, all(columns - 2)),
            _mm256_cmpgt_epi32(offsets, all(self.last_offset)),
        );
        Group {
            offsets,
            across: _mm256_or_si256(left, _mm256_slli_epi32::<16>(right)),
            down,
            apart: _mm256_or_si256(_mm256_srai_epi32::<31>(nowhere), beyond),
        }
    }

    /// Values at eight places: four bytes a pixel, the fourth zero where there are three bands.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn interpolate<const BANDS: usize>(&self, places: Group) -> __m256i {
        let mut offsets = [0_i32; GROUP];
        // SAFETY: eight numbers.
        unsafe { _mm256_storeu_si256(offsets.as_mut_ptr().cast(), places.offsets) };
        let Group { across, down, .. } = places;
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
        let [columns, _] = self.remap.map.source_size();
        let along = |below: usize| {
            // SAFETY: `apart` is zero, so that both offsets are from 0 to `last_offset`.
            let samples = unsafe {
                let row = self.remap.samples.as_ptr().add(below);
                let low = _mm_loadu_si128(row.add(low as usize).cast());
                let high = _mm_loadu_si128(row.add(high as usize).cast());
                _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
            };
            _mm256_madd_epi16(_mm256_shuffle_epi8(samples, pairs), across)
        };
        let above = along(0);
        let below = along(columns * BANDS);
        let difference = _mm256_mullo_epi32(_mm256_sub_epi32(below, above), down);
        let half = _mm256_set1_epi32(1 << (2 * SHIFT - 1));
        let above = _mm256_add_epi32(_mm256_slli_epi32::<SHIFT>(above), half);
        _mm256_srli_epi32::<{ 2 * SHIFT }>(_mm256_add_epi32(above, difference))
    }
}

/// The same bytes in both halves.
#[inline]
#[target_feature(enable = "avx2")]
fn twice(bytes: [i8; 16]) -> __m256i {
    // SAFETY: sixteen bytes.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

/// The pixel before a place from the first centre, and the distance from it, so that the next pixel
/// exists: a place at or beyond the last centre is a whole pixel beyond the last but one.
#[inline]
#[target_feature(enable = "avx2")]
fn whole_and_rest(from_centre: __m256i, count: i32) -> (__m256i, __m256i) {
    let last = _mm256_set1_epi32((count - 1) << SHIFT);
    let at = _mm256_min_epi32(_mm256_max_epi32(from_centre, _mm256_setzero_si256()), last);
    let whole = _mm256_min_epi32(_mm256_srai_epi32::<SHIFT>(at), _mm256_set1_epi32(count - 2));
    (
        whole,
        _mm256_sub_epi32(at, _mm256_slli_epi32::<SHIFT>(whole)),
    )
}

/// Stores eight pixels at the start of `to`, which has [`SPARE`] more bytes at least.
#[inline]
#[target_feature(enable = "avx2")]
fn store<const BANDS: usize>(pixels: __m256i, to: &mut [u8]) {
    assert!(to.len() >= GROUP * BANDS + SPARE);
    let to = to.as_mut_ptr();
    if BANDS == 3 {
        let packed = _mm256_shuffle_epi8(pixels, twice(FIRST_THREE));
        // SAFETY: bytes 0 to 16 and 12 to 28; `to` has 28.
        unsafe {
            _mm_storeu_si128(to.cast(), _mm256_castsi256_si128(packed));
            _mm_storeu_si128(to.add(12).cast(), _mm256_extracti128_si256::<1>(packed));
        }
    } else {
        // SAFETY: 32 bytes; `to` has 36.
        unsafe { _mm256_storeu_si256(to.cast(), pixels) };
    }
}
