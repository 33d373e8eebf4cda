//! Normals of the device against the CPU's, and M3C2 with them.
//!
//! Without an adapter these tests say so and pass, unless ISOPACH_REQUIRE_GPU is set.

#![allow(missing_docs, clippy::print_stdout)]

use crate::{device, random};
use device::{gpu, open};
use isopach_change::{Epochs, M3c2};
use isopach_cloud::Cloud;
use isopach_compute::Cpu;
use isopach_gpu::{Gpu, GpuOptions};
use isopach_neighbours::{NeighbourSearch, NormalQuery};
use random::random;

/// Hills of `n` points from `first` on in a random sequence, over a square of so many metres.
fn hills(first: usize, n: usize, side: f64, [x, y]: [f64; 2], raised: f64) -> Vec<[f64; 3]> {
    let point = |i: usize| {
        let [u, v] = [0, 1].map(|axis| side * random(3 * (first + i) + axis));
        let height =
            3.0 * (u / 7.0).sin() + 2.0 * (v / 5.0).cos() + 0.05 * random(3 * (first + i) + 2);
        [x + u, y + v, 430.0 + height + raised]
    };
    (0..n).map(point).collect()
}

/// Twice against the CPU; returns the share of queries that was left to it.
fn check(gpu: &Gpu, what: &str, points: &[[f64; 3]], radii: &[f64], towards: [f64; 3]) -> f64 {
    let points = Cloud::from_points(points).unwrap();
    let points = points.positions();
    let expected = Cpu
        .index(points)
        .unwrap()
        .estimate_normals(points, NormalQuery { radii, towards })
        .unwrap();
    let index = gpu.index(points).unwrap();
    let before = gpu.reevaluated_on_cpu();
    let found = index
        .estimate_normals(points, NormalQuery { radii, towards })
        .unwrap();
    let left = (gpu.reevaluated_on_cpu() - before) as f64 / points.len().max(1) as f64;
    for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
        let same = a.radius == b.radius || (a.radius.is_nan() && b.radius.is_nan());
        let apart = (0..3)
            .map(|axis| (a.axis[axis] - b.axis[axis]).powi(2))
            .sum::<f64>()
            .sqrt();
        assert!(
            same && apart <= 1e-4,
            "{what}, point {i}: {a:?}, on the CPU {b:?}"
        );
        assert!(
            (a.planarity - b.planarity).abs() <= 1e-5,
            "{what}, point {i}: {a:?}, on the CPU {b:?}"
        );
    }
    let again = index
        .estimate_normals(points, NormalQuery { radii, towards })
        .unwrap();
    for (a, b) in found.iter().zip(&again) {
        assert_eq!(
            a.axis.map(f64::to_bits),
            b.axis.map(f64::to_bits),
            "{what}: two runs"
        );
    }
    println!("{what}: {left:.5} left to the CPU");
    left
}

#[test]
fn normals_are_the_cpus() {
    let Some(gpu) = &open(GpuOptions::default()) else {
        return;
    };
    let up = [0.0, 0.0, 1.0];
    let terrain = hills(0, 6000, 35.0, [596_000.25, 6_653_000.5], 0.0);
    let left = check(gpu, "hills", &terrain, &[1.0, 2.0, 4.0], up);
    assert!(left < 0.01, "{left} of ordinary terrain is left to the CPU");
    check(
        gpu,
        "hills, radii falling, a slanting direction",
        &terrain,
        &[3.0, 1.5],
        [3.0, -1.0, 0.5],
    );
    check(gpu, "one radius", &terrain, &[1.5], up);
    check(gpu, "no radius", &terrain, &[], up);
    check(gpu, "no direction", &terrain[..500], &[2.0], [0.0; 3]);
    let many = |point: &dyn Fn(usize) -> [f64; 3]| (0..1500).map(point).collect::<Vec<_>>();
    let cases: [(&str, Vec<[f64; 3]>); 7] = [
        (
            "a lattice",
            many(&|i| [(i % 40) as f64, (i / 40) as f64, 0.0]),
        ),
        (
            "a wall",
            many(&|i| [3.0, (i % 40) as f64 * 0.3, (i / 40) as f64 * 0.3]),
        ),
        (
            "a cubic lattice",
            many(&|i| [(i % 12) as f64, (i / 12 % 12) as f64, (i / 144) as f64]),
        ),
        ("a line", many(&|i| [i as f64 * 0.1, i as f64 * 0.05, 7.0])),
        ("equal points", many(&|_| [1.0, 2.0, 3.0])),
        (
            "pairs far apart",
            many(&|i| [(i / 2) as f64 * 10.0, (i % 2) as f64, 0.0]),
        ),
        (
            "patches far apart",
            many(&|i| {
                [
                    (i / 9) as f64 * 40.0 + (i % 3) as f64 * 0.3,
                    (i / 3 % 3) as f64 * 0.3,
                    random(i),
                ]
            }),
        ),
    ];
    for (what, points) in cases {
        check(gpu, what, &points, &[1.0, 2.0, 4.0], up);
    }
    check(gpu, "one point", &[[1.0, 2.0, 3.0]], &[1.0], up);
    check(gpu, "no point", &[], &[1.0], up);
}

#[test]
fn what_is_no_radius_is_refused() {
    let Some(gpu) = gpu() else { return };
    let points = Cloud::from_points(&[[1.0, 2.0, 3.0]]).unwrap();
    let index = gpu.index(points.positions()).unwrap();
    for radius in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(
            index
                .estimate_normals(
                    points.positions(),
                    NormalQuery {
                        radii: &[1.0, radius],
                        towards: [0.0, 0.0, 1.0]
                    }
                )
                .is_err()
        );
    }
}

#[test]
fn little_room() {
    let little = GpuOptions {
        budget_bytes: 8 << 20,
        max_workgroups: Some(20),
        max_binding_bytes: Some(256 << 10),
        ..GpuOptions::default()
    };
    let Some(gpu) = open(little) else { return };
    check(
        &gpu,
        "little room",
        &hills(0, 12_000, 50.0, [5.0, 5.0], 0.0),
        &[1.0, 2.0],
        [0.0, 0.0, 1.0],
    );
    assert!(gpu.pool_counts().peak_bytes <= 8 << 20);
}

/// A point at the border of a cylinder may change sides when the axis turns by a millionth: rarely,
/// and by one.
#[test]
fn differences_are_the_cpus() {
    let Some(gpu) = gpu() else { return };
    let cloud = |first: usize, raised: f64| {
        Cloud::from_points(&hills(first, 8000, 40.0, [100.0, 200.0], raised)).unwrap()
    };
    let (reference, compared) = (cloud(0, 0.0), cloud(9000, 0.3));
    let core = Cloud::from_points(&hills(30_000, 1500, 40.0, [100.0, 200.0], 0.0)).unwrap();
    let epochs = Epochs {
        reference: reference.positions(),
        compared: compared.positions(),
        core_points: core.positions(),
    };
    let found = M3c2::default().run(gpu, epochs).unwrap();
    let expected = M3c2::default().run(&Cpu, epochs).unwrap();
    let mut others = 0;
    for i in 0..expected.len() {
        assert_eq!(found.status[i], expected.status[i]);
        let counts = [0, 1].map(|epoch| found.count[epoch][i].abs_diff(expected.count[epoch][i]));
        assert!(
            counts.iter().all(|&by| by <= 1),
            "core point {i}: counts differ by {counts:?}"
        );
        if counts != [0, 0] {
            others += 1;
            continue;
        }
        let apart = (found.distance[i] - expected.distance[i]).abs();
        assert!(
            apart <= 1e-4 || expected.distance[i].is_nan(),
            "core point {i}: {apart} m"
        );
    }
    println!(
        "{others} of {} core points have a point more or less",
        expected.len()
    );
    assert!(others <= expected.len() / 200);
}
