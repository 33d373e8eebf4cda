//! Offsets and weights of eight places.

use super::{GROUP, Groups, SHIFT};
use crate::gather::{Edges, place_map::ONE};
use core::arch::x86_64::*;

/// The contributing pixels of eight places.
#[derive(Clone, Copy)]
pub(super) struct Group {
    /// Where the samples of the upper left ones begin.
    pub(super) offsets: __m256i,
    /// Weights of the left and right ones, as two words.
    pub(super) across: __m256i,
    /// Weights of the lower ones.
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
            across: zero,
            down: zero,
            apart: zero,
        }
    }
}

impl Groups<'_> {
    /// Offsets and weights of eight places. Where none of them is `apart`, all offsets are from 0 to
    /// `last_offset`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn places<const BANDS: usize>(&self, x: &[i32], y: &[i32]) -> Group {
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
        let offsets = times_bands::<BANDS>(pixel);
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
