//! Halves of real features: their errors, counted, and their way through a file.

use crate::golden::real_points;
use isopach_features::{
    Cloud, Convention, Cpu, Feature, Features, Neighbourhood, NormalSide, PointFeatures, Storage,
    StoredNumbers, Wanted,
};

/// Largest error of a half, of itself.
const HALF: f64 = 1.0 / 2048.0;
/// Largest error of a half below the numbers that have eleven bits, of the largest.
const LEAST: f64 = 1.0 / (1_u64 << 39) as f64;

fn features(neighbourhood: Neighbourhood, convention: Convention) -> Features {
    Features {
        neighbourhood,
        wanted: Wanted::set("full").unwrap(),
        convention,
        normals: NormalSide::Up,
    }
}

/// The largest that a feature is taken to be, of neighbourhoods within the reach.
fn largest(feature: Feature, reach: f64) -> f64 {
    match feature {
        Feature::Density | Feature::SurfaceDensity => 32_768.0,
        Feature::MeanCurvature | Feature::GaussianCurvature => 1024.0,
        _ => (8.0 * reach * reach).max(2.0),
    }
}

/// Asserts that each value is kept to 0.05 %; prints the largest error of each feature.
fn assert_errors(found: &PointFeatures, kept: &PointFeatures, reach: f64) {
    for (found, kept) in found.columns.iter().zip(&kept.columns) {
        assert_eq!((found.feature, &found.name), (kept.feature, &kept.name));
        let is_normal = [Feature::NormalX, Feature::NormalY, Feature::NormalZ];
        let mut worst = 0.0_f64;
        let mut small = 0;
        for (&value, &kept) in found.values.iter().zip(&kept.values) {
            assert_eq!(value.is_nan(), kept.is_nan(), "{}", found.name);
            if value.is_nan() {
                continue;
            }
            let [value, kept] = [value, kept].map(f64::from);
            let error = (kept - value).abs();
            if is_normal.contains(&found.feature) {
                worst = worst.max(error);
            } else if error > LEAST * largest(found.feature, reach) {
                worst = worst.max(error / value.abs());
            } else if error > 0.0 {
                small += 1;
            }
        }
        let most = if is_normal.contains(&found.feature) {
            1e-4
        } else {
            HALF
        };
        println!(
            "{}: {worst:.2e}, {small} smaller than halves with 11 bits",
            found.name
        );
        assert!(worst <= most, "{}: {worst}", found.name);
    }
}

#[test]
fn halves_of_real_features_are_off_by_less_than_a_thousandth() {
    let Some(cloud) = real_points() else {
        return;
    };
    for (radii, convention) in [
        (vec![1.0, 2.0], Convention::ISOPACH),
        (vec![1.5], Convention::JAKTERISTICS),
        (vec![1.0], Convention::PDAL),
    ] {
        let reach = radii.iter().copied().fold(0.0, f64::max);
        let features = features(Neighbourhood::Radii(radii), convention);
        let found = features.run(&Cpu, cloud.positions()).unwrap();
        let stored = found.store(&features, Storage::Half);
        assert!(stored.columns.len() < found.columns.len());
        for column in &stored.columns {
            if let StoredNumbers::Half { beyond, .. } = &column.numbers {
                assert_eq!(*beyond, 0, "{:?}", column.features);
            }
        }
        assert_errors(&found, &stored.restore(), reach);
        assert_eq!(
            found.store(&features, Storage::Single).restore().len(),
            found.len()
        );
    }
}

#[test]
fn numpy_reads_what_is_stored() {
    let points: Vec<[f64; 3]> = (0..400)
        .map(|i| [f64::from(i % 20), f64::from(i / 20), f64::from(i * i % 7)])
        .collect();
    let cloud = Cloud::from_points(&points).unwrap();
    let features = features(Neighbourhood::Radius(3.0), Convention::ISOPACH);
    let found = features.run(&Cpu, cloud.positions()).unwrap();
    let stored = found.store(&features, Storage::Half);
    let path = std::env::temp_dir().join(format!("isopach-stored-{}.npy", std::process::id()));
    for column in &stored.columns {
        let numbers = &column.numbers;
        let shape = [cloud.len(), numbers.width()];
        let mut bytes = isopach_npy::encode_header(numbers.numpy_type(), &shape);
        bytes.extend(numbers.to_bytes());
        std::fs::write(&path, bytes).unwrap();
        let read = isopach_npy::read(&path).unwrap();
        assert_eq!(read.shape, shape);
        if let StoredNumbers::Half { scale, .. } = numbers {
            let restored = &stored.restore();
            let kept = restored.values(column.features[0].0).unwrap();
            for (read, kept) in read.values.iter().zip(kept) {
                let read = (read * scale) as f32;
                assert!(read == *kept || (read.is_nan() && kept.is_nan()));
            }
        }
    }
    std::fs::remove_file(path).unwrap();
}
