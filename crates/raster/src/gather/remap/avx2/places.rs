//! Offsets and steps of eight places.

use super::{GROUP, Groups, SHIFT};
use crate::{
    Sampling,
    gather::{Edges, PlaceMap, place_map::ONE},
};
use core::arch::x86_64::*;

/// The contributing pixels of eight places.
#[derive(Clone, Copy)]
pub(super) struct Group {
    /// Where the samples of the upper left ones begin.
    pub(super) offsets: __m256i,
    /// Steps of 1/2048 from the one of two to the right that is left of the place, or from the second
    /// of four.
    pub(super) right: __m256i,
    /// The same along rows, down.
    pub(super) down: __m256i,
    /// All bits of the places that must be looked up one by one.
    pub(super) apart: __m256i,
}

impl Group {
    #[target_feature(enable = "avx2")]
    pub(super) fn none() -> Self {
        let zero = _mm256_setzero_si256();
        Self {
            offsets: zero,
            right: zero,
            down: zero,
            apart: zero,
        }
    }
}

/// How a coordinate in 1/2048 pixel becomes the first contributing pixel and steps from there.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    /// Pixels along the axis.
    count: i32,
    /// Taken off first.
    origin: i32,
    /// The rest is moved to these limits.
    limits: [i32; 2],
    /// The first contributing pixel is this one at most.
    last: i32,
}

impl Steps {
    /// Along columns and along rows.
    pub(super) fn of_map(map: &PlaceMap) -> [Self; 2] {
        let [columns, rows] = map.source_size().map(|side| side as i32);
        let wraps = map.gathering().edges == Edges::WrapColumns;
        let sampling = map.gathering().sampling;
        [
            Self::new(columns, sampling, wraps),
            Self::new(rows, sampling, false),
        ]
    }

    fn new(count: i32, sampling: Sampling, wraps: bool) -> Self {
        let free = Self {
            count,
            origin: 0,
            limits: [i32::MIN, i32::MAX],
            last: i32::MAX,
        };
        match sampling {
            // The outer edge belongs to the last pixel.
            Sampling::Nearest => Self {
                last: count - 1,
                ..free
            },
            Sampling::Bilinear if wraps => Self {
                origin: ONE / 2,
                ..free
            },
            // The next pixel exists: a place at or beyond the last centre is a whole pixel beyond the
            // last but one.
            Sampling::Bilinear => Self {
                count,
                origin: ONE / 2,
                limits: [0, (count - 1) * ONE],
                last: count - 2,
            },
            Sampling::Bicubic => Self {
                origin: ONE / 2 + ONE,
                ..free
            },
        }
    }

    /// The first contributing pixels and the steps from there.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn split(&self, at: __m256i) -> [__m256i; 2] {
        let [low, high] = self.limits;
        let at = _mm256_sub_epi32(at, _mm256_set1_epi32(self.origin));
        let at = _mm256_max_epi32(at, _mm256_set1_epi32(low));
        let at = _mm256_min_epi32(at, _mm256_set1_epi32(high));
        let whole = _mm256_srai_epi32::<SHIFT>(at);
        let first = _mm256_min_epi32(whole, _mm256_set1_epi32(self.last));
        let steps = _mm256_sub_epi32(at, _mm256_slli_epi32::<SHIFT>(first));
        [first, steps]
    }
}

impl<const TAPS: usize> Groups<'_, TAPS> {
    /// Offsets and steps of eight places. Where none of them is `apart`, all contributing pixels
    /// follow each other, and all offsets are from 0 to `last_offset`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn places<const BANDS: usize>(&self, x: &[i32], y: &[i32]) -> Group {
        assert!(x.len() == GROUP && y.len() == GROUP);
        // SAFETY: eight numbers each.
        let x = unsafe { _mm256_loadu_si256(x.as_ptr().cast()) };
        // SAFETY: eight numbers each.
        let y = unsafe { _mm256_loadu_si256(y.as_ptr().cast()) };
        let [column, right] = self.across.split(x);
        let [row, down] = self.down.split(y);
        let columns = _mm256_set1_epi32(self.across.count);
        let pixel = _mm256_add_epi32(_mm256_mullo_epi32(row, columns), column);
        let offsets = times_bands::<BANDS>(pixel);
        // The first pixels with all others behind them, and a row that is not below zero by wrapping.
        let last = |steps: &Steps| _mm256_set1_epi32(steps.count - TAPS as i32);
        let beyond = _mm256_or_si256(
            _mm256_cmpgt_epi32(column, last(&self.across)),
            _mm256_cmpgt_epi32(row, last(&self.down)),
        );
        let near_end = _mm256_cmpgt_epi32(offsets, _mm256_set1_epi32(self.last_offset));
        let before = _mm256_or_si256(_mm256_or_si256(x, column), row);
        Group {
            offsets,
            right,
            down,
            apart: _mm256_or_si256(
                _mm256_srai_epi32::<31>(before),
                _mm256_or_si256(beyond, near_end),
            ),
        }
    }
}

/// Where the samples of pixels begin.
#[inline]
#[target_feature(enable = "avx2")]
fn times_bands<const BANDS: usize>(pixel: __m256i) -> __m256i {
    match BANDS {
        1 => pixel,
        2 => _mm256_slli_epi32::<1>(pixel),
        3 => _mm256_add_epi32(pixel, _mm256_slli_epi32::<1>(pixel)),
        _ => _mm256_slli_epi32::<2>(pixel),
    }
}
