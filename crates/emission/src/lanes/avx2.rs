//! Lanes as 256-bit registers of x86.
//!
//! Left to itself the compiler turns the plain arrays into half as wide registers, and selections
//! into branches.

#![allow(unsafe_code)]
// SAFETY (of every block here): the intrinsics need AVX2. The types are used only below
// `cpu::avx2_*`, which are called after `is_x86_feature_detected!("avx2")`. Loads and stores are
// unaligned and of slices whose length has been cut to the lanes.

use super::Lanes;
use core::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Sub};

macro_rules! lanes {
    ($name:ident, $register:ident, $scalar:ident, $count:literal, $set:ident, $load:ident, $store:ident, $add:ident, $sub:ident, $mul:ident,
     $div:ident, $root:ident, $max:ident, $min:ident, $and:ident, $andnot:ident, $blend:ident, $compare:ident, $movemask:ident) => {
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name($register);

        lanes!(@operator $name, Add, add, $add);
        lanes!(@operator $name, Sub, sub, $sub);
        lanes!(@operator $name, Mul, mul, $mul);
        lanes!(@operator $name, Div, div, $div);

        impl Lanes for $name {
            type Scalar = $scalar;
            type Mask = $register;
            const COUNT: usize = $count;

            #[inline(always)]
            fn splat(x: $scalar) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $set(x) })
            }
            #[inline(always)]
            fn load(from: &[$scalar]) -> Self {
                let from = &from[..$count];
                // SAFETY: see the module.
                Self(unsafe { $load(from.as_ptr()) })
            }
            #[inline(always)]
            fn store(self, to: &mut [$scalar]) {
                let to = &mut to[..$count];
                // SAFETY: see the module.
                unsafe { $store(to.as_mut_ptr(), self.0) }
            }
            #[inline(always)]
            fn square_root(self) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $root(self.0) })
            }
            #[inline(always)]
            fn abs(self) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $andnot($set(-0.0), self.0) })
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $max(self.0, other.0) })
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $min(self.0, other.0) })
            }
            #[inline(always)]
            fn less_than(self, than: Self) -> $register {
                // SAFETY: see the module.
                unsafe { $compare::<_CMP_LT_OQ>(self.0, than.0) }
            }
            #[inline(always)]
            fn at_most(self, other: Self) -> $register {
                // SAFETY: see the module.
                unsafe { $compare::<_CMP_LE_OQ>(self.0, other.0) }
            }
            #[inline(always)]
            fn both_masks(a: $register, b: $register) -> $register {
                // SAFETY: see the module.
                unsafe { $and(a, b) }
            }
            #[inline(always)]
            fn select(mask: $register, yes: Self, no: Self) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $blend(no.0, yes.0, mask) })
            }
            #[inline(always)]
            fn any_lane(mask: $register) -> bool {
                // SAFETY: see the module.
                unsafe { $movemask(mask) != 0 }
            }
        }
    };
    (@operator $name:ident, $trait:ident, $method:ident, $intrinsic:ident) => {
        impl $trait for $name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    };
}

lanes!(
    F64x4,
    __m256d,
    f64,
    4,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_div_pd,
    _mm256_sqrt_pd,
    _mm256_max_pd,
    _mm256_min_pd,
    _mm256_and_pd,
    _mm256_andnot_pd,
    _mm256_blendv_pd,
    _mm256_cmp_pd,
    _mm256_movemask_pd
);
lanes!(
    F32x8,
    __m256,
    f32,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_sqrt_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    _mm256_and_ps,
    _mm256_andnot_ps,
    _mm256_blendv_ps,
    _mm256_cmp_ps,
    _mm256_movemask_ps
);
