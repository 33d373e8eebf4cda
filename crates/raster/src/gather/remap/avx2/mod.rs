//! Linear interpolation of one to four bands of 8 bits in registers of AVX2.
//!
//! Eight pixels of the picture at a time. Weights and offsets of all eight are computed together
//! (`places`). Of one or two bands all eight pixels share a register (`lanes`), of three or four two
//! pixels do (`pairs`). Either way a multiply-add of words makes the value along the row, and a
//! product of 32 bits the value between the rows.
//!
//! Eight pixels one of which has no value, needs the columns of both edges, or is so near the end of
//! the image that the bytes read at once would go beyond it, are left to the portable version.

#![allow(unsafe_code)]
// SAFETY (of every block here and in the modules below): `write_picture` has found AVX2 before it
// calls `write`. Loads and stores are unaligned. Those of samples begin at offsets that are
// compared, for each group, with the last from which all bytes exist; the others are of arrays as
// long as the register, or within spans that the loop's bounds leave room for.

mod lanes;
mod pairs;
mod places;
mod store;

use super::Remap;
use crate::{Sampling, gather::place_map::ONE};
use core::arch::x86_64::*;
use places::Group;

/// Pixels of the picture that are computed together.
const GROUP: usize = 8;

/// Groups whose samples are asked for before those of the block before it are used.
const BLOCK: usize = 32;

/// log2 of [`ONE`].
const SHIFT: i32 = ONE.trailing_zeros() as i32;

/// Byte of a register half that becomes zero.
const ZERO: i8 = -1;

/// Writes a picture, if the processor has the instructions and the image suits them.
pub(super) fn write_picture(remap: &Remap<'_>, to: &mut [u8]) -> bool {
    let linear = remap.map.gathering().sampling == Sampling::Bilinear;
    if !linear || !std::is_x86_feature_detected!("avx2") {
        return false;
    }
    let Some(groups) = Groups::new(remap) else {
        return false;
    };
    match remap.bands {
        // SAFETY: AVX2 is there.
        1 => unsafe { groups.write::<1>(to) },
        // SAFETY: AVX2 is there.
        2 => unsafe { groups.write::<2>(to) },
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
    /// Bytes of a row.
    row_bytes: usize,
    /// The last offset from which the bytes that are read at once exist, in this row and the one
    /// below.
    last_offset: i32,
}

/// Bytes that are read of each row of the image for a pixel.
const fn bytes_read(bands: usize) -> usize {
    match bands {
        1 | 2 => 4,
        _ => 16,
    }
}

impl<'a> Groups<'a> {
    fn new(remap: &'a Remap<'a>) -> Option<Self> {
        let [columns, rows] = remap.map.source_size();
        let row_bytes = columns * remap.bands;
        let length = remap.samples.len();
        let last_offset = length.checked_sub(row_bytes + bytes_read(remap.bands))?;
        let suits = i32::try_from(length).is_ok() && columns >= 2 && rows >= 2;
        suits.then_some(Self {
            remap,
            row_bytes,
            last_offset: last_offset as i32,
        })
    }

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
                self.prefetch(places);
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
        let room = start + store::bytes_stored(BANDS) <= to.len();
        if room && _mm256_testz_si256(places.apart, places.apart) == 1 {
            let pixels = match BANDS {
                1 | 2 => self.interpolate_lanes::<BANDS>(places),
                _ => self.interpolate_pairs::<BANDS>(places),
            };
            store::store_pixels::<BANDS>(pixels, &mut to[start..]);
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
    fn prefetch(&self, places: &Group) {
        let first = _mm256_extract_epi32::<0>(places.offsets);
        let last = _mm256_extract_epi32::<7>(places.offsets);
        let samples = self.remap.samples.as_ptr();
        for offset in [first as usize, last as usize] {
            for below in [0, self.row_bytes] {
                // A prefetch reads nothing, wherever it points.
                let sample = samples.wrapping_add(offset).wrapping_add(below);
                _mm_prefetch::<_MM_HINT_T0>(sample.cast());
            }
        }
    }
}

/// Values between two rows, rounded once: of values along them in 1/2048, and weights of the lower.
#[inline]
#[target_feature(enable = "avx2")]
fn interpolate_rows([above, below]: [__m256i; 2], down: __m256i) -> __m256i {
    let difference = _mm256_mullo_epi32(_mm256_sub_epi32(below, above), down);
    let half = _mm256_set1_epi32(1 << (2 * SHIFT - 1));
    let above = _mm256_add_epi32(_mm256_slli_epi32::<SHIFT>(above), half);
    _mm256_srli_epi32::<{ 2 * SHIFT }>(_mm256_add_epi32(above, difference))
}

/// The same bytes in both halves.
#[inline]
#[target_feature(enable = "avx2")]
fn twice(bytes: [i8; 16]) -> __m256i {
    // SAFETY: sixteen bytes.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}
