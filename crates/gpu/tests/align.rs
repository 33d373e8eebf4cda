//! Alignment on the device: the motion that comes of it, little room, and sums that are the CPU's
//! to the last bit; all else is in the suite that `conformance.rs` puts it through.
//!
//! Without an adapter these tests say so and pass, unless ISOPACH_REQUIRE_GPU is set.

#![allow(missing_docs)]

use crate::{device, random};
use device::{gpu, open};
use isopach_cloud::{Cloud, Rigid};
use isopach_compute::{Cpu, Dispatcher, Error};
use isopach_gpu::GpuOptions;
use isopach_registration::{
    Align, AlignTarget, Candidate, Factor, Icp, NormalEquations, Pair, PointToPlane, PointToPoint,
    Rejection, Rejector, Robust, conformance::compare_equations, estimate_normals, kernel,
};
use random::random;
use std::sync::Arc;

/// Hills of `n` points from `first` on in a random sequence, over a square of so many metres.
fn hills(first: usize, n: usize, side: f64, [x, y]: [f64; 2]) -> Cloud {
    let point = |i: usize| {
        let [u, v] = [0, 1].map(|axis| side * random(3 * (first + i) + axis));
        let height =
            3.0 * (u / 7.0).sin() + 2.0 * (v / 5.0).cos() + 0.03 * random(3 * (first + i) + 2);
        [x + u, y + v, 430.0 + height]
    };
    Cloud::from_points(&(0..n).map(point).collect::<Vec<_>>()).unwrap()
}

/// Its pairs are the device's, its sums those of the definition: not near, but the same bits.
#[test]
fn other_factors_and_trimmed_pairs_are_summed_by_the_definition() {
    let Some(gpu) = gpu() else { return };
    let target = hills(0, 4000, 30.0, [100.0, 200.0]);
    let source = hills(7000, 3000, 30.0, [100.1, 200.0]);
    let pose = Rigid::from_vectors([0.0, 0.01, 0.0], [0.1, 0.0, 0.05], [115.0, 215.0, 430.0]);
    let all = Rejection {
        max_distance: 2.0,
        kept_share: 1.0,
    };
    let some = Rejection {
        kept_share: 0.6,
        ..all
    };
    let huber = Robust {
        factor: PointToPlane,
        kernel: kernel::Huber { width: 0.1 },
    };
    let normals = estimate_normals(&Cpu, target.positions(), 12).unwrap();
    let to = AlignTarget {
        positions: target.positions(),
        normals: &normals,
    };
    let [expected, found] =
        [&Cpu as &dyn Align, gpu].map(|on| on.prepare_points(source.positions(), to).unwrap());
    let cases: [(&dyn Factor, Rejection); 3] =
        [(&huber, all), (&PointToPlane, some), (&huber, some)];
    for (factor, rejection) in cases {
        let [expected, found] =
            [&expected, &found].map(|on| on.linearize_pairs(factor, rejection, &pose).unwrap());
        assert_eq!(found, expected);
    }
}

/// A factor that no backend knows: the height difference alone.
struct HeightDifference;

impl Factor for HeightDifference {
    fn linearize_pair(
        &self,
        source: [f64; 3],
        target: [f64; 3],
        _normal: [f64; 3],
    ) -> NormalEquations {
        let [x, y, z] = source;
        NormalEquations::from_residual(z - target[2], [y, -x, 0.0, 0.0, 0.0, 1.0])
    }
}

/// A rejector that no backend knows: pairs west of the pivot.
struct WestOfPivot(Rejection);

impl Rejector for WestOfPivot {
    fn max_distance(&self) -> f64 {
        self.0.max_distance
    }
    fn accepts(&self, pair: &Candidate) -> bool {
        pair.source[0] < 0.0
    }
}

/// Neither is ignored: the factor is summed by the reference, the rejector is declined, and a
/// dispatcher has the CPU ask it.
#[test]
fn a_strangers_factor_and_rejector_are_not_ignored() {
    let Some(gpu) = gpu() else { return };
    let target = hills(0, 4000, 30.0, [100.0, 200.0]);
    let source = hills(7000, 3000, 30.0, [100.1, 200.0]);
    let pose = Rigid::from_vectors([0.0, 0.01, 0.0], [0.1, 0.0, 0.05], [115.0, 215.0, 430.0]);
    let all = Rejection {
        max_distance: 2.0,
        kept_share: 1.0,
    };
    let to = AlignTarget {
        positions: target.positions(),
        normals: &[],
    };
    let on_cpu = Cpu.prepare_points(source.positions(), to).unwrap();
    let on_gpu = gpu.prepare_points(source.positions(), to).unwrap();
    let expected = on_cpu
        .linearize_pairs(&HeightDifference, all, &pose)
        .unwrap();
    assert!(expected.inliers > 1000);
    assert_eq!(
        on_gpu
            .linearize_pairs(&HeightDifference, all, &pose)
            .unwrap(),
        expected
    );

    let rejector = WestOfPivot(all);
    let expected = on_cpu
        .linearize_pairs_with(&PointToPoint, &rejector, &pose)
        .unwrap();
    let everywhere = on_cpu.linearize_pairs(&PointToPoint, all, &pose).unwrap();
    assert!(expected.inliers > 100 && expected.inliers < everywhere.inliers);
    let declined = on_gpu.linearize_pairs_with(&PointToPoint, &rejector, &pose);
    assert!(
        matches!(declined, Err(Error::Unsupported { .. })),
        "{declined:?}"
    );
    let backends: Dispatcher<dyn Align> =
        Dispatcher::new(vec![Arc::new(gpu.clone()), Arc::new(Cpu)]);
    let found = backends.run(|on| {
        on.prepare_points(source.positions(), to)?
            .linearize_pairs_with(&PointToPoint, &rejector, &pose)
    });
    assert_eq!(found.unwrap(), expected);
    assert_eq!(backends.fallback_count(), 1);
}

#[test]
fn the_motion_found_is_the_cpus() {
    let Some(gpu) = gpu() else { return };
    let target = hills(0, 12_000, 40.0, [596_000.25, 6_653_000.5]);
    let motion = Rigid::from_vectors(
        [0.01, -0.008, 0.02],
        [0.3, -0.25, 0.15],
        [596_020.0, 6_653_020.0, 430.0],
    );
    let source = hills(20_000, 8000, 40.0, [596_000.25, 6_653_000.5])
        .transformed(&motion.inverse())
        .unwrap();
    let pair = Pair {
        source: source.positions(),
        target: target.positions(),
    };
    let start = Rigid::identity([0.0; 3]);
    let icp = Icp::point_to_plane(2.0);
    let found = icp.align(gpu, pair, start).unwrap();
    let expected = icp.align(&Cpu, pair, start).unwrap();
    assert!(found.converged && expected.converged);
    let apart = found
        .target_from_source
        .then(&expected.target_from_source.inverse());
    let metres = apart.largest_displacement(60.0);
    assert!(
        metres < 1e-5,
        "{metres} m apart after {} and {} steps",
        found.iterations,
        expected.iterations
    );
    assert_eq!(icp.align(gpu, pair, start).unwrap(), found, "two runs");
}

#[test]
fn little_room() {
    let little = GpuOptions {
        budget_bytes: 8 << 20,
        max_workgroups: Some(30),
        max_binding_bytes: Some(256 << 10),
        ..GpuOptions::default()
    };
    let Some(gpu) = open(little) else { return };
    let target = hills(0, 9000, 40.0, [5.0, 5.0]);
    let source = hills(9000, 20_000, 40.0, [5.0, 5.0]);
    let normals = estimate_normals(&Cpu, target.positions(), 12).unwrap();
    let to = AlignTarget {
        positions: target.positions(),
        normals: &normals,
    };
    let pose = Rigid::from_vectors([0.01, -0.02, 0.03], [0.3, -0.2, 0.1], [25.0, 25.0, 430.0]);
    let [expected, found] =
        [&Cpu as &dyn Align, &gpu].map(|on| on.prepare_points(source.positions(), to).unwrap());
    for max_distance in [0.2, f64::INFINITY] {
        let rejection = Rejection {
            max_distance,
            kept_share: 1.0,
        };
        for factor in [&PointToPlane as &dyn Factor, &PointToPoint] {
            let expected = expected.linearize_pairs(factor, rejection, &pose).unwrap();
            let [first, again] =
                [(); 2].map(|()| found.linearize_pairs(factor, rejection, &pose).unwrap());
            assert_eq!(
                compare_equations(&first, &expected),
                None,
                "{max_distance} m"
            );
            assert_eq!(first, again, "two runs");
        }
    }
    assert!(gpu.pool_counts().peak_bytes <= 8 << 20);
}
