//! Lanes as 256-bit registers of x86.
//!
//! Left to itself the compiler turns the plain arrays into half as wide registers, spills sums to
//! memory, and turns selections into branches.

#![allow(unsafe_code)]
// SAFETY (of every block here): the intrinsics need AVX2 and FMA. The type is used only below the
// functions of `grid::widest` that enable both, which are called after `is_x86_feature_detected!`
// has found both. Loads and stores are unaligned and of arrays as long as the register.

use super::{LANES, Lanes, OCTET};
use core::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

/// Four doubles in a register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct F64x4(__m256d);

macro_rules! operator {
    ($operator:ident, $name:ident, $intrinsic:ident) => {
        impl $operator for F64x4 {
            type Output = Self;
            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    };
}

operator!(Add, add, _mm256_add_pd);
operator!(Sub, sub, _mm256_sub_pd);
operator!(Mul, mul, _mm256_mul_pd);
operator!(Div, div, _mm256_div_pd);

/// By the bits of a mask: where each lane comes from, in halves of lanes, so that those that are
/// kept stand first.
static PACKED: [[i32; 2 * LANES]; 1 << LANES] = {
    let mut packed = [[0; 2 * LANES]; 1 << LANES];
    let mut mask = 0;
    while mask < packed.len() {
        let mut to = 0;
        let mut lane = 0;
        while lane < LANES {
            if mask >> lane & 1 == 1 {
                packed[mask][2 * to] = 2 * lane as i32;
                packed[mask][2 * to + 1] = 2 * lane as i32 + 1;
                to += 1;
            }
            lane += 1;
        }
        mask += 1;
    }
    packed
};

/// By the bits of a mask of eight: where each number comes from, so that those that are kept stand
/// first.
static PACKED_OCTETS: [[u8; OCTET]; 1 << OCTET] = {
    let mut packed = [[0; OCTET]; 1 << OCTET];
    let mut mask = 0;
    while mask < packed.len() {
        let mut to = 0;
        let mut from = 0;
        while from < OCTET {
            if mask >> from & 1 == 1 {
                packed[mask][to] = from as u8;
                to += 1;
            }
            from += 1;
        }
        mask += 1;
    }
    packed
};

/// Two runs of whole numbers less the query's.
#[inline(always)]
fn offsets_of(low: &[i32; LANES], high: &[i32; LANES], query: i32) -> __m256i {
    // SAFETY: see the module.
    unsafe {
        let low = _mm_loadu_si128(low.as_ptr().cast());
        let high = _mm_loadu_si128(high.as_ptr().cast());
        _mm256_sub_epi32(_mm256_set_m128i(high, low), _mm256_set1_epi32(query))
    }
}

impl Lanes for F64x4 {
    type Mask = __m256d;
    type Counts = __m256i;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_set1_pd(x) })
    }
    #[inline(always)]
    fn from_array(from: [f64; LANES]) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_loadu_pd(from.as_ptr()) })
    }
    #[inline(always)]
    fn to_array(self) -> [f64; LANES] {
        let mut to = [0.0; LANES];
        // SAFETY: see the module.
        unsafe { _mm256_storeu_pd(to.as_mut_ptr(), self.0) };
        to
    }
    #[inline(always)]
    fn from_ticks(ticks: &[i32; LANES]) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_cvtepi32_pd(_mm_loadu_si128(ticks.as_ptr().cast())) })
    }
    #[inline(always)]
    fn square_root(self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_sqrt_pd(self.0) })
    }
    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_andnot_pd(_mm256_set1_pd(-0.0), self.0) })
    }
    #[inline(always)]
    fn negate(self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_xor_pd(_mm256_set1_pd(-0.0), self.0) })
    }
    #[inline(always)]
    fn copy_sign(self, sign: Self) -> Self {
        // SAFETY: see the module.
        Self(unsafe {
            let bit = _mm256_and_pd(_mm256_set1_pd(-0.0), sign.0);
            _mm256_or_pd(bit, self.abs().0)
        })
    }
    #[inline(always)]
    fn add_exact_product(self, a: Self, b: Self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_fmadd_pd(a.0, b.0, self.0) })
    }
    #[inline(always)]
    fn less_than(self, than: Self) -> __m256d {
        // SAFETY: see the module.
        unsafe { _mm256_cmp_pd::<_CMP_LT_OQ>(self.0, than.0) }
    }
    #[inline(always)]
    fn at_most(self, other: Self) -> __m256d {
        // SAFETY: see the module.
        unsafe { _mm256_cmp_pd::<_CMP_LE_OQ>(self.0, other.0) }
    }
    #[inline(always)]
    fn both_masks(a: __m256d, b: __m256d) -> __m256d {
        // SAFETY: see the module.
        unsafe { _mm256_and_pd(a, b) }
    }
    #[inline(always)]
    fn select(mask: __m256d, yes: Self, no: Self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_blendv_pd(no.0, yes.0, mask) })
    }
    #[inline(always)]
    fn keep_where(self, mask: __m256d) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_and_pd(self.0, mask) })
    }
    #[inline(always)]
    fn no_counts() -> __m256i {
        // SAFETY: see the module.
        unsafe { _mm256_setzero_si256() }
    }
    #[inline(always)]
    fn count_where(counts: __m256i, mask: __m256d) -> __m256i {
        // A mask is minus one.
        // SAFETY: see the module.
        unsafe { _mm256_sub_epi64(counts, _mm256_castpd_si256(mask)) }
    }
    #[inline(always)]
    fn sum_counts(counts: __m256i) -> u64 {
        let mut lanes = [0_u64; LANES];
        // SAFETY: see the module.
        unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), counts) };
        lanes.iter().sum()
    }
    #[inline(always)]
    fn sum_each([a, b, c, d]: [Self; LANES]) -> [i64; LANES] {
        // SAFETY: see the module.
        unsafe {
            let ab = _mm256_hadd_pd(a.0, b.0);
            let cd = _mm256_hadd_pd(c.0, d.0);
            let crossed = _mm256_permute2f128_pd::<0x21>(ab, cd);
            let straight = _mm256_blend_pd::<0b1100>(ab, cd);
            let sums = _mm256_add_pd(straight, crossed);
            let low = _mm256_castpd256_pd128(sums);
            let high = _mm256_extractf128_pd::<1>(sums);
            [
                _mm_cvttsd_si64(low),
                _mm_cvttsd_si64(_mm_unpackhi_pd(low, low)),
                _mm_cvttsd_si64(high),
                _mm_cvttsd_si64(_mm_unpackhi_pd(high, high)),
            ]
        }
    }
    #[inline(always)]
    fn store_where(self, mask: __m256d, to: &mut [f64; LANES]) -> usize {
        // SAFETY: see the module; a mask of four bits is below the length of the table.
        unsafe {
            let bits = _mm256_movemask_pd(mask) as usize;
            let order = _mm256_loadu_si256(PACKED[bits].as_ptr().cast());
            let packed = _mm256_permutevar8x32_ps(_mm256_castpd_ps(self.0), order);
            _mm256_storeu_pd(to.as_mut_ptr(), _mm256_castps_pd(packed));
            bits.count_ones() as usize
        }
    }

    #[inline(always)]
    fn pack_near(
        [low, high]: [[&[i32; LANES]; 3]; 2],
        query: [i32; 3],
        largest: f32,
        looked_at: u32,
        to: [&mut [i32; OCTET]; 3],
    ) -> usize {
        let offsets = [
            offsets_of(low[0], high[0], query[0]),
            offsets_of(low[1], high[1], query[1]),
            offsets_of(low[2], high[2], query[2]),
        ];
        // SAFETY: see the module; a mask of eight bits is below the length of the table.
        unsafe {
            let x = _mm256_cvtepi32_ps(offsets[0]);
            let y = _mm256_cvtepi32_ps(offsets[1]);
            let z = _mm256_cvtepi32_ps(offsets[2]);
            let squares = _mm256_fmadd_ps(x, x, _mm256_fmadd_ps(y, y, _mm256_mul_ps(z, z)));
            let near = _mm256_cmp_ps::<_CMP_LE_OQ>(squares, _mm256_set1_ps(largest));
            let bits = _mm256_movemask_ps(near) as u32 & looked_at;
            let order = PACKED_OCTETS[bits as usize & (PACKED_OCTETS.len() - 1)].as_ptr();
            let order = _mm256_cvtepu8_epi32(_mm_loadl_epi64(order.cast()));
            for (to, offsets) in to.into_iter().zip(offsets) {
                let packed = _mm256_permutevar8x32_epi32(offsets, order);
                _mm256_storeu_si256(to.as_mut_ptr().cast(), packed);
            }
            bits.count_ones() as usize
        }
    }
}
