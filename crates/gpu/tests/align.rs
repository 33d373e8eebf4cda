//! Alignment on the device against the CPU's: the same pairs, sums within the tolerance that the capability states.
//!
//! Without an adapter these tests say so and pass, unless ISOPACH_REQUIRE_GPU is set.

#![allow(missing_docs)]

#[path = "common/device.rs"]
mod device;
#[path = "common/random.rs"]
mod random;

use device::{gpu, open};
use isopach_cloud::{Cloud, Rigid};
use isopach_compute::Cpu;
use isopach_gpu::{Gpu, Options, Wanted};
use isopach_registration::{
    Align, Factor, Huber, Icp, NormalEquations, Pair, PointToPlane, PointToPoint, Rejection, Target, Tukey,
    target_normals,
};
use random::random;

const ALL: f64 = 1.0;

/// Hills of `n` points from `first` on in a random sequence, over a square of so many metres.
fn hills(first: usize, n: usize, side: f64, [x, y]: [f64; 2]) -> Cloud {
    let point = |i: usize| {
        let [u, v] = [0, 1].map(|axis| side * random(3 * (first + i) + axis));
        let height = 3.0 * (u / 7.0).sin() + 2.0 * (v / 5.0).cos() + 0.03 * random(3 * (first + i) + 2);
        [x + u, y + v, 430.0 + height]
    };
    Cloud::from_points(&(0..n).map(point).collect::<Vec<_>>()).unwrap()
}

/// What rounding leaves of a residual, metres.
const FINEST: f64 = 2e-9;

/// Each sum against the root of the product of the diagonal entries that belong to it.
fn near(what: &str, found: &NormalEquations, expected: &NormalEquations) {
    assert_eq!(found.inliers, expected.inliers, "{what}: pairs");
    let check = |name: &str, a: f64, b: f64, tolerance: f64| {
        assert!((a - b).abs() <= tolerance, "{what}: {name} is {a}, on the CPU {b}");
    };
    let diagonal = |i: usize| expected.h[i][i].sqrt();
    let (residual, rounding) = (expected.error.sqrt(), f64::from(expected.inliers).sqrt() * FINEST);
    for i in 0..6 {
        for j in 0..6 {
            check(&format!("h[{i}][{j}]"), found.h[i][j], expected.h[i][j], 1e-5 * diagonal(i) * diagonal(j));
            assert_eq!(found.h[i][j].to_bits(), found.h[j][i].to_bits(), "{what}: symmetry");
        }
        check(&format!("b[{i}]"), found.b[i], expected.b[i], diagonal(i) * (1e-5 * residual + rounding));
    }
    let off = 1e-5 * residual + 2.0 * rounding;
    check("error", found.error, expected.error, residual * off + rounding * rounding);
}

fn linearized(
    on: &impl Align,
    clouds: [&Cloud; 2],
    factor: &dyn Factor,
    rejection: Rejection,
    at: &Rigid,
) -> NormalEquations {
    let target = clouds[1].positions();
    let normals = if factor.needs_normals() { target_normals(&Cpu, target, 12).unwrap() } else { Vec::new() };
    let pairing = on.pairing(clouds[0].positions(), Target { positions: target, normals: &normals }).unwrap();
    let sums = pairing.linearize(factor, rejection, at).unwrap();
    assert_eq!(sums, pairing.linearize(factor, rejection, at).unwrap(), "two runs");
    sums
}

/// Both factors at several poses, distances and places.
fn check(gpu: &Gpu, what: &str, source: &Cloud, target: &Cloud, pivot: [f64; 3]) {
    let poses = [
        Rigid::identity(pivot),
        Rigid::from_vectors([0.01, -0.02, 0.03], [0.3, -0.2, 0.1], pivot),
        Rigid::from_vectors([1e-7, 2e-7, -3e-7], [1e-6, 0.0, 0.0], pivot),
    ];
    let normals = target_normals(&Cpu, target.positions(), 12).unwrap();
    let to = Target { positions: target.positions(), normals: &normals };
    let [expected, found] = [&Cpu as &dyn Align, gpu].map(|on| on.pairing(source.positions(), to).unwrap());
    for (number, pose) in poses.iter().enumerate() {
        for max_distance in [0.2, 3.0, f64::INFINITY] {
            let rejection = Rejection { max_distance, kept_share: ALL };
            let factors: [(&str, &dyn Factor); 2] = [("plane", &PointToPlane), ("point", &PointToPoint)];
            for (name, factor) in factors {
                let expected = expected.linearize(factor, rejection, pose).unwrap();
                let sums = found.linearize(factor, rejection, pose).unwrap();
                near(&format!("{what}, {name}, pose {number}, {max_distance} m"), &sums, &expected);
                assert_eq!(sums, found.linearize(factor, rejection, pose).unwrap(), "{what}: two runs");
            }
        }
    }
}

#[test]
fn sums_are_the_processors() {
    let Some(gpu) = gpu() else { return };
    let target = hills(0, 6000, 40.0, [596_000.25, 6_653_000.5]);
    let source = hills(9000, 5000, 44.0, [595_998.0, 6_652_998.0]);
    check(gpu, "hills", &source, &target, [596_020.0, 6_653_020.3, 430.1]);
    check(gpu, "a pivot at the edge", &source, &target, [595_000.0, 6_652_000.0, 0.0]);
    check(gpu, "itself", &target, &target, [596_020.0, 6_653_020.3, 430.1]);
    let lattice = |off: f64| {
        let points: Vec<[f64; 3]> = (0..3000).map(|i| [(i % 50) as f64 + off, (i / 50) as f64, off]).collect();
        Cloud::from_points(&points).unwrap()
    };
    check(gpu, "a lattice between points", &lattice(0.5), &lattice(0.0), [25.0, 30.0, 0.0]);
    let one = Cloud::from_points(&[[3.0, 4.0, 5.0]]).unwrap();
    check(gpu, "one point", &one, &one, [0.0; 3]);
}

/// Its pairs are the device's, its sums those of the definition: the same bits.
#[test]
fn other_factors_and_trimmed_pairs_are_summed_by_the_definition() {
    let Some(gpu) = gpu() else { return };
    let target = hills(0, 4000, 30.0, [100.0, 200.0]);
    let source = hills(7000, 3000, 30.0, [100.1, 200.0]);
    let pose = Rigid::from_vectors([0.0, 0.01, 0.0], [0.1, 0.0, 0.05], [115.0, 215.0, 430.0]);
    let all = Rejection { max_distance: 2.0, kept_share: ALL };
    let some = Rejection { kept_share: 0.6, ..all };
    let huber = Huber { factor: PointToPlane, width: 0.1 };
    let tukey = Tukey { factor: PointToPoint, width: 1.0 };
    let cases: [(&dyn Factor, Rejection); 4] = [(&huber, all), (&tukey, all), (&PointToPlane, some), (&huber, some)];
    for (factor, rejection) in cases {
        let expected = linearized(&Cpu, [&source, &target], factor, rejection, &pose);
        assert_eq!(linearized(gpu, [&source, &target], factor, rejection, &pose), expected);
    }
    // Normals that are missing are passed over, whoever counts.
    let none = Target { positions: target.positions(), normals: &[] };
    let counted = |on: &dyn Align| {
        let pairing = on.pairing(source.positions(), none).unwrap();
        pairing.linearize(&PointToPlane, all, &pose).unwrap().inliers
    };
    assert_eq!((counted(gpu), counted(&Cpu)), (0, 0));
}

#[test]
fn the_motion_found_is_the_processors() {
    let Some(gpu) = gpu() else { return };
    let target = hills(0, 12_000, 40.0, [596_000.25, 6_653_000.5]);
    let motion = Rigid::from_vectors([0.01, -0.008, 0.02], [0.3, -0.25, 0.15], [596_020.0, 6_653_020.0, 430.0]);
    let source = hills(20_000, 8000, 40.0, [596_000.25, 6_653_000.5]).transformed(&motion.inverse()).unwrap();
    let pair = Pair { source: source.positions(), target: target.positions() };
    let start = Rigid::identity([0.0; 3]);
    let icp = Icp::point_to_plane(2.0);
    let found = icp.align(gpu, pair, start).unwrap();
    let expected = icp.align(&Cpu, pair, start).unwrap();
    assert!(found.converged && expected.converged);
    let apart = found.target_from_source.then(&expected.target_from_source.inverse());
    let metres = apart.largest_displacement(60.0);
    assert!(metres < 1e-5, "{metres} m apart after {} and {} steps", found.iterations, expected.iterations);
    assert_eq!(icp.align(gpu, pair, start).unwrap(), found, "two runs");
}

#[test]
fn little_room() {
    let little = Options {
        budget_bytes: 8 << 20,
        most_groups: Some(30),
        most_binding_bytes: Some(256 << 10),
        ..Options::default()
    };
    let Some(gpu) = open(little) else { return };
    let target = hills(0, 9000, 40.0, [5.0, 5.0]);
    let source = hills(9000, 20_000, 40.0, [5.0, 5.0]);
    check(&gpu, "little room", &source, &target, [25.0, 25.0, 430.0]);
    assert!(gpu.pool().most_bytes <= 8 << 20);
}
