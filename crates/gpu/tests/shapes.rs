//! Features of points from the device's eigenvalues and normals, against the CPU's.

#![allow(missing_docs, clippy::print_stdout)]

use crate::{device::open, random::random};
use isopach_cloud::Cloud;
use isopach_compute::Cpu;
use isopach_features::{
    Convention, Feature, Features, Neighbourhood, NormalSide, PointFeatures, Wanted,
};
use isopach_gpu::GpuOptions;

/// Ground with bushes and a wall.
fn cloud() -> Cloud {
    let point = |i: usize| {
        let at = |k: usize| random(4 * i + k);
        let [x, y] = [30.0 * at(0), 30.0 * at(1)];
        match i % 6 {
            0 => [596_000.0 + x, 6_653_000.0 + y, 430.0 + 6.0 * at(2)],
            1 => [596_012.0, 6_653_000.0 + y, 430.0 + 8.0 * at(2)],
            _ => [
                596_000.0 + x,
                6_653_000.0 + y,
                430.0 + (0.3 * x).sin() + 0.05 * at(2),
            ],
        }
    };
    Cloud::from_points(&(0..9000).map(point).collect::<Vec<_>>()).unwrap()
}

/// What the eigenvalues' tolerance, 10⁻⁵ of the largest, and the normals', 10⁻⁴, allow a feature to
/// be off by, where the largest eigenvalue is `largest`.
fn tolerance(feature: Feature, largest: f64) -> f64 {
    match feature {
        Feature::EigenvalueSum => 3e-5 * largest,
        // The cube root of a product with a factor that is 0 to 10⁻⁵.
        Feature::Omnivariance => 1e-5_f64.cbrt() * largest,
        // p ln p changes by (1 + |ln p|) times what p changes by; f32 has the rest.
        Feature::Eigenentropy => 3.0 * 1e-5 * (1.0 - 1e-5_f64.ln()),
        Feature::Verticality | Feature::NormalX | Feature::NormalY | Feature::NormalZ => 1.1e-4,
        _ => 3e-5,
    }
}

fn assert_close(found: &PointFeatures, defined: &PointFeatures, largest: &[Vec<f32>]) {
    assert_eq!(found.gaps, defined.gaps);
    let a_radius = found.columns.len() / largest.len();
    for (at, (found, defined)) in found.columns.iter().zip(&defined.columns).enumerate() {
        let mut worst = 0.0_f64;
        for (i, (&a, &b)) in found.values.iter().zip(&defined.values).enumerate() {
            assert_eq!(a.is_nan(), b.is_nan(), "{} of {i}", found.name);
            let off = f64::from(a - b).abs();
            let largest = f64::from(largest[at / a_radius][i]);
            if off > 0.0 {
                worst = worst.max(off / tolerance(found.feature, largest));
            }
        }
        println!("{}: {worst:.1e} of what is allowed", found.name);
        assert!(worst <= 1.0, "{}: {worst}", found.name);
    }
}

#[test]
fn features_are_the_cpus() {
    let Some(gpu) = &open(GpuOptions::default()) else {
        return;
    };
    let cloud = cloud();
    let mut features = Features {
        neighbourhood: Neighbourhood::Radii(vec![0.8, 2.0]),
        wanted: Wanted::of(&[Feature::Eigenvalue1]),
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    };
    let largest = features.run(&Cpu, cloud.positions()).unwrap();
    let largest: Vec<Vec<f32>> = largest.columns.into_iter().map(|c| c.values).collect();
    features.wanted = Wanted::set("geometry").unwrap();
    let before = gpu.reevaluated_on_cpu();
    let found = features.run(gpu, cloud.positions()).unwrap();
    let left = (gpu.reevaluated_on_cpu() - before) as f64 / cloud.len() as f64;
    println!("{left:.4} left to the CPU");
    let defined = features.run(&Cpu, cloud.positions()).unwrap();
    assert_close(&found, &defined, &largest);
    let again = features.run(gpu, cloud.positions()).unwrap();
    for (a, b) in found.columns.iter().zip(&again.columns) {
        let [a, b] = [a, b].map(|column| column.values.iter().map(|v| v.to_bits()));
        assert!(a.eq(b), "two runs");
    }
}
