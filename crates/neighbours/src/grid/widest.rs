//! The loops over points with the widest registers that the processor turns out to have.
//!
//! The same code is compiled twice. Sums are exact and nothing is fused, so both give the same
//! bits; with AVX2 the twenty sums of four points at once fit the registers (docs/benchmarks.md has
//! the gain).
#![allow(unsafe_code)]

use super::{
    Grid,
    closest::KNearest,
    nearest::{Best, Nearest},
    queries::LocalQuery,
    walk::Query,
};
use crate::{Cylinder, Moments};

/// Compiles `$here` a second time for AVX2 and takes that where it runs.
macro_rules! widest {
    ($(#[$doc:meta])* $name:ident, $avx2:ident, $here:ident ($($argument:ident: $type:ty),*)) => {
        impl Grid<'_> {
            $(#[$doc])*
            #[inline]
            pub(super) fn $name(&self, $($argument: $type),*) -> Moments {
                #[cfg(target_arch = "x86_64")]
                if std::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2, which is all that the function asks for
                    // beyond what every caller has.
                    return unsafe { self.$avx2($($argument),*) };
                }
                self.$here($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn $avx2(&self, $($argument: $type),*) -> Moments {
                self.$here($($argument),*)
            }
        }
    };
}

widest!(
    /// Exact moments of the points within `limit` square ticks.
    moments_within, moments_within_avx2, moments_within_here(query: LocalQuery, limit: u128)
);
widest!(
    /// Exact moments of the points in the cylinder.
    moments_in_cylinder, moments_in_cylinder_avx2, moments_in_cylinder_here(query: LocalQuery, axis: [f64; 3], cylinder: Cylinder)
);

/// Finds the k nearest and puts them into order.
#[inline]
pub(super) fn find_k_nearest(search: &mut KNearest<'_>, query: Query) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the function asks for beyond what every
        // caller has.
        return unsafe { find_k_nearest_avx2(search, query) };
    }
    search.find_k_nearest_here(query);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn find_k_nearest_avx2(search: &mut KNearest<'_>, query: Query) {
    search.find_k_nearest_here(query);
}

/// Finds the nearest.
#[inline]
pub(super) fn find_nearest(search: &Nearest<'_>, query: Query) -> Option<Best> {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the function asks for beyond what every
        // caller has.
        return unsafe { find_nearest_avx2(search, query) };
    }
    search.find_nearest_here(query)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn find_nearest_avx2(search: &Nearest<'_>, query: Query) -> Option<Best> {
    search.find_nearest_here(query)
}
