//! The loops over points with the widest registers that the processor turns out to have.
//!
//! The same code is compiled twice, for plain arrays and for the registers of AVX2 with fused
//! multiply-add. Sums are exact, and nothing that is rounded is fused, so both give the same bits
//! (docs/algorithms/sums.md has the gain).
#![allow(unsafe_code)]

use super::{Grid, cylinder::CylinderShape, normals::NormalGroup, queries::LocalQuery, runs::Runs};
#[cfg(target_arch = "x86_64")]
use crate::lanes::avx2::F64x4;
use crate::{AxialStatistics, lanes::array::Array, moments::ExactSums};

/// Whether the processor has what [`F64x4`] needs.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn has_avx2() -> bool {
    std::is_x86_feature_detected!("avx2")
        && std::is_x86_feature_detected!("fma")
        && std::is_x86_feature_detected!("popcnt")
}

/// Compiles `$generic` for registers and for arrays, and takes what the processor has.
macro_rules! widest {
    ($(#[$doc:meta])* $name:ident, $avx2:ident, $generic:ident ($($argument:ident: $type:ty),*) -> $result:ty) => {
        impl Grid<'_> {
            $(#[$doc])*
            #[inline]
            pub(super) fn $name(&self, $($argument: $type),*) -> $result {
                #[cfg(target_arch = "x86_64")]
                if has_avx2() {
                    // SAFETY: the processor has AVX2, FMA and POPCNT, which is all that the
                    // function asks for beyond what every caller has.
                    return unsafe { self.$avx2($($argument),*) };
                }
                self.$generic::<Array>($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,popcnt")]
            fn $avx2(&self, $($argument: $type),*) -> $result {
                self.$generic::<F64x4>($($argument),*)
            }
        }
    };
}

widest!(
    /// Exact sums over the points within `limit` square ticks.
    sums_within, sums_within_avx2, sums_within_in_lanes(query: LocalQuery, limit: u128, runs: &mut Runs) -> ExactSums
);
widest!(
    /// Normals of a few queries.
    normals_of_group, normals_of_group_avx2, normals_of_group_in_lanes(group: &NormalGroup<'_>, runs: &mut Runs, normals: &mut [crate::Normal]) -> ()
);
widest!(
    /// Exact sums over the points in the cylinder.
    sums_in_cylinder, sums_in_cylinder_avx2, sums_in_cylinder_in_lanes(query: LocalQuery, shape: &CylinderShape, runs: &mut Runs) -> ExactSums
);
widest!(
    /// Median and quartiles of the points in the cylinder.
    median_in_cylinder, median_in_cylinder_avx2, median_in_cylinder_in_lanes(query: LocalQuery, shape: &CylinderShape, runs: &mut Runs, along: &mut Vec<f64>) -> AxialStatistics
);
