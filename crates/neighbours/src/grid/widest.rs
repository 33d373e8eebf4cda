//! The loops over points with the widest registers that the processor turns out to have.
//!
//! The same code is compiled twice, for plain arrays and for the registers of AVX2 with fused
//! multiply-add. Sums are exact, and nothing that is rounded is fused, so both give the same bits
//! (docs/algorithms/sums.md has the gain).
#![allow(unsafe_code)]

use super::{
    Grid,
    closest::KNearest,
    cylinder::CylinderShape,
    nearest::{Best, Nearest},
    nested_balls::{BallScratch, NestedBalls},
    normals::NormalGroup,
    queries::LocalQuery,
    runs::Runs,
    walk::Query,
};
#[cfg(target_arch = "x86_64")]
use crate::lanes::avx2::F64x4;
use crate::{AxialStatistics, EigenShape, Normal, lanes::array::Array, moments::ExactSums};

/// Whether the processor has the instructions of [`F64x4`].
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn has_avx2() -> bool {
    std::is_x86_feature_detected!("avx2")
        && std::is_x86_feature_detected!("fma")
        && std::is_x86_feature_detected!("popcnt")
}

/// Compiles `$generic` for registers and for arrays, and takes the version for this processor.
macro_rules! widest {
    (
        $(#[$doc:meta])*
        $name:ident,
        $avx2:ident,
        $generic:ident($($argument:ident: $type:ty),*) -> $result:ty
    ) => {
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
    /// Exact sums within nested balls, of a few queries, into `scratch`.
    sum_group,
    sum_group_avx2,
    sum_group_in_lanes(
        queries: &[LocalQuery],
        balls: NestedBalls<'_>,
        scratch: &mut BallScratch
    ) -> ()
);
widest!(
    /// Sets the normals of a few queries.
    normals_of_group,
    normals_of_group_avx2,
    normals_of_group_in_lanes(
        group: &NormalGroup<'_>,
        scratch: &mut BallScratch,
        normals: &mut [Normal]
    ) -> ()
);
widest!(
    /// Sets the shapes of a few queries.
    shapes_of_group,
    shapes_of_group_avx2,
    shapes_of_group_in_lanes(
        queries: &[LocalQuery],
        balls: NestedBalls<'_>,
        scratch: &mut BallScratch,
        shapes: &mut [EigenShape]
    ) -> ()
);
widest!(
    /// Exact sums over the points in the cylinder.
    sums_in_cylinder,
    sums_in_cylinder_avx2,
    sums_in_cylinder_in_lanes(
        query: LocalQuery,
        shape: &CylinderShape,
        runs: &mut Runs
    ) -> ExactSums
);
widest!(
    /// Median and inter-quartile range of the points in the cylinder.
    median_in_cylinder,
    median_in_cylinder_avx2,
    median_in_cylinder_in_lanes(
        query: LocalQuery,
        shape: &CylinderShape,
        runs: &mut Runs,
        along: &mut Vec<f64>
    ) -> AxialStatistics
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Cylinder,
        grid::{nested_balls::NestedLimits, runs::Runs},
    };
    use isopach_cloud::Cloud;
    use isopach_compute::conformance::random;

    /// Ground with a wall and a pile of points, whose cells are crowded.
    fn cloud() -> Cloud {
        let point = |i: u64| {
            let at = |k: u64| random(4 * i + k);
            match i % 5 {
                0 => [8.0 + 0.01 * at(0), 12.0 * at(1), 9.0 * at(2)],
                1 => [3.0 + 0.2 * at(0), 3.0 + 0.2 * at(1), 0.5 * at(2)],
                _ => [12.0 * at(0), 12.0 * at(1), 0.3 * at(2)],
            }
        };
        Cloud::from_points(&(0..6000).map(point).collect::<Vec<_>>()).unwrap()
    }

    fn near_queries(cloud: &Cloud) -> Vec<LocalQuery> {
        let places = cloud.positions().ticks().iter().step_by(37);
        places.map(|&place| LocalQuery::Near(place)).collect()
    }

    /// Radii in no order, one of them so wide that blocks are summed.
    const RADII: [f64; 5] = [1.0, 40.0, 0.3, 4.0, 1.0];

    #[test]
    fn registers_and_arrays_give_the_same_sums() {
        let cloud = cloud();
        let grid = Grid::new(cloud.positions());
        assert!(grid.crowded);
        let limits = NestedLimits::new(&RADII).unwrap();
        let blocks = grid.blocks_for(&limits, cloud.len());
        assert!(blocks.is_some());
        let [mut found, mut plain] = [BallScratch::default(), BallScratch::default()];
        for blocks in [None, blocks.as_ref()] {
            let limits = &limits;
            for queries in near_queries(&cloud).chunks(3) {
                grid.sum_group(queries, NestedBalls { limits, blocks }, &mut found);
                let balls = NestedBalls {
                    limits,
                    blocks: None,
                };
                grid.sum_group_in_lanes::<Array>(queries, balls, &mut plain);
                assert_eq!(found.sums, plain.sums);
                for (&query, sums) in queries.iter().zip(found.sums.chunks(RADII.len())) {
                    for (limit, sums) in limits.limits().iter().zip(sums) {
                        assert_eq!(*sums, grid.sums_one_by_one(query, limit.squared));
                    }
                }
            }
        }
    }

    #[test]
    fn registers_and_arrays_give_the_same_normals_and_shapes() {
        let cloud = cloud();
        let grid = Grid::new(cloud.positions());
        let limits = NestedLimits::new(&[0.3, 1.0, 4.0]).unwrap();
        let balls = NestedBalls {
            limits: &limits,
            blocks: None,
        };
        let scratch = &mut BallScratch::default();
        for queries in near_queries(&cloud).chunks(3) {
            let group = NormalGroup {
                queries,
                balls,
                towards: [0.0, 0.0, 1.0],
            };
            let mut found = vec![Normal::default(); queries.len()];
            let mut plain = found.clone();
            grid.normals_of_group(&group, scratch, &mut found);
            grid.normals_of_group_in_lanes::<Array>(&group, scratch, &mut plain);
            assert_eq!(found, plain);
            assert!(found.iter().all(|normal| normal.planarity > 0.0));
            let mut found = vec![EigenShape::default(); 3 * queries.len()];
            let mut plain = found.clone();
            grid.shapes_of_group(queries, balls, scratch, &mut found);
            grid.shapes_of_group_in_lanes::<Array>(queries, balls, scratch, &mut plain);
            for (found, plain) in found.iter().zip(&plain) {
                assert_eq!(found.bits(), plain.bits());
            }
        }
    }

    #[test]
    fn registers_and_arrays_give_the_same_cylinders() {
        let cloud = cloud();
        let grid = Grid::new(cloud.positions());
        let runs = &mut Runs::default();
        let along = &mut Vec::new();
        let axes = [
            [0.0, 0.0, 1.0],
            [0.6, 0.0, 0.8],
            [0.0, 1.0, 0.0],
            [0.48, 0.6, 0.64],
        ];
        for (query, axis) in near_queries(&cloud).into_iter().zip(axes.iter().cycle()) {
            for (radius, half_length) in [(0.2, 3.0), (1.0, 0.1), (2.0, 20.0)] {
                let cylinder = Cylinder {
                    radius,
                    half_length,
                };
                let shape = CylinderShape::new(cylinder, *axis);
                let found = grid.sums_in_cylinder(query, &shape, runs);
                let plain = grid.sums_in_cylinder_in_lanes::<Array>(query, &shape, runs);
                assert_eq!(found, plain);
                let found = grid.median_in_cylinder(query, &shape, runs, along);
                let plain = grid.median_in_cylinder_in_lanes::<Array>(query, &shape, runs, along);
                assert_eq!(found.count, plain.count);
                assert_eq!(found.location.to_bits(), plain.location.to_bits());
                assert_eq!(found.spread.to_bits(), plain.spread.to_bits());
            }
        }
    }
}
