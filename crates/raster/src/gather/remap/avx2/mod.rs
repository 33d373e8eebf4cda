//! Pictures of one to four bands of 8 bits in registers of AVX2.
//!
//! Eight pixels of the picture at a time: offsets and steps of all eight are computed together
//! (`places`), then their values (`nearest`, `linear`, `cubic`). Of one or two bands all eight pixels
//! share a register, each in its own 32 bits; of three or four two pixels do, each in its own half.
//! Either way a multiply-add of words makes values along the row, and products of 32 bits the value
//! between the rows.
//!
//! Eight pixels one of which has no value, needs pixels beyond an edge or of both ends of a row, or is
//! so near the end of the image that the bytes read at once would go beyond it, are left to the
//! portable version.
//!
//! Registers are not passed through `map` of arrays and the like, as the compiler does not inline
//! closures of AVX2 into functions without it.

#![allow(unsafe_code)]
// SAFETY (of every block here and in the modules below): `write_picture` has found AVX2 before it
// calls `write`. Loads and stores are unaligned. Those of samples begin at offsets that are
// compared, for each group, with the last from which all bytes exist; the others are of arrays as
// long as the register, or within spans that the loop's bounds leave room for.

mod cubic;
mod linear;
mod nearest;
mod places;
mod registers;
mod store;

use super::Remap;
use crate::{Sampling, gather::place_map::ONE};
use core::arch::x86_64::*;
use places::{Group, Steps};

/// Pixels of the picture that are computed together.
const GROUP: usize = 8;

/// Groups whose samples are asked for before those of the block before it are used.
const BLOCK: usize = 32;

/// log2 of [`ONE`].
const SHIFT: i32 = ONE.trailing_zeros() as i32;

/// Writes a picture, if the processor has the instructions and the image suits them.
pub(super) fn write_picture(remap: &Remap<'_>, to: &mut [u8]) -> bool {
    match remap.map.gathering().sampling {
        Sampling::Nearest => write_picture_by::<1>(remap, to),
        Sampling::Bilinear => write_picture_by::<2>(remap, to),
        Sampling::Bicubic => write_picture_by::<4>(remap, to),
    }
}

/// [`write_picture`] by so many contributing pixels along an axis.
fn write_picture_by<const TAPS: usize>(remap: &Remap<'_>, to: &mut [u8]) -> bool {
    if !std::is_x86_feature_detected!("avx2") {
        return false;
    }
    let Some(groups) = Groups::<TAPS>::new(remap) else {
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

/// An image whose offsets fit in 32 bits, of so many rows and columns at least as contribute.
struct Groups<'a, const TAPS: usize> {
    remap: &'a Remap<'a>,
    across: Steps,
    down: Steps,
    /// Bytes of a row.
    row_bytes: usize,
    /// The last offset from which the bytes that are read at once exist, in all contributing rows.
    last_offset: i32,
}

/// Bytes that are read at once of a row of the image for a pixel.
const fn bytes_read(bands: usize, taps: usize) -> usize {
    match (bands, taps) {
        (_, 1) | (1, _) | (2, 2) => 4,
        (2, _) => 8,
        _ => 16,
    }
}

impl<'a, const TAPS: usize> Groups<'a, TAPS> {
    fn new(remap: &'a Remap<'a>) -> Option<Self> {
        let [columns, rows] = remap.map.source_size();
        let row_bytes = columns * remap.bands;
        let length = remap.samples.len();
        let reached = (TAPS - 1) * row_bytes + bytes_read(remap.bands, TAPS);
        let last_offset = length.checked_sub(reached)?;
        let suits = i32::try_from(length).is_ok() && columns >= TAPS && rows >= TAPS;
        let [across, down] = Steps::of_map(remap.map);
        suits.then_some(Self {
            remap,
            across,
            down,
            row_bytes,
            last_offset: last_offset as i32,
        })
    }

    /// Writes all pixels: offsets and steps of a block of groups first, whose samples are asked for,
    /// then the pixels of the block before it.
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
            let pixels = match (TAPS, BANDS) {
                (1, _) => self.nearest(places),
                (2, 1 | 2) => self.linear_lanes::<BANDS>(places),
                (2, _) => self.linear_halves::<BANDS>(places),
                (_, 1 | 2) => self.cubic_lanes::<BANDS>(places),
                _ => self.cubic_halves::<BANDS>(places),
            };
            store::store_pixels::<BANDS>(pixels, &mut to[start..]);
        } else {
            let pixels = &mut to[start..start + GROUP * BANDS];
            self.remap.write_places(first, pixels);
        }
    }

    /// Asks for the samples of the first and the last of eight places, in all contributing rows: the
    /// image is larger than the caches, its rows lie further apart than a processor looks ahead by
    /// itself, and one access after the other would wait for memory.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn prefetch(&self, places: &Group) {
        let first = _mm256_extract_epi32::<0>(places.offsets);
        let last = _mm256_extract_epi32::<7>(places.offsets);
        let samples = self.remap.samples.as_ptr();
        for offset in [first as usize, last as usize] {
            for row in 0..TAPS {
                // A prefetch reads nothing, wherever it points.
                let sample = samples.wrapping_add(offset);
                let sample = sample.wrapping_add(row * self.row_bytes);
                _mm_prefetch::<_MM_HINT_T0>(sample.cast());
            }
        }
    }
}
