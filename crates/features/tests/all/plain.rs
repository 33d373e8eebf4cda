//! Features column by column have the bits of the definition: values, missing values and counts.

use crate::golden::real_points;
use isopach_features::{
    Basis, Cloud, Convention, Cpu, Divisor, Entropy, Feature, Features, Neighbourhood, NormalSide,
    PointFeatures, Wanted, reference,
};

fn random(i: u64) -> f64 {
    isopach_compute::conformance::random(i)
}

/// Rough ground with trees, wires, a wall, equal points, pairs, and a lattice whose planes are exact.
fn mixed(count: u64) -> Cloud {
    let point = |i: u64| {
        let at = |k: u64| random(4 * i + k);
        let [x, y] = [30.0 * at(0), 30.0 * at(1)];
        match i % 9 {
            0 => [x, y, 12.0 * at(2)],
            1 => [x, 7.0, 12.0],
            2 => [11.0, y, 9.0 * at(2)],
            3 => [100.0 + (i / 900) as f64, 3.0, 5.0],
            4 => [
                50.0 + (i / 9 % 20) as f64 * 0.5,
                (i / 180) as f64 * 0.5,
                1.0,
            ],
            5 if i.is_multiple_of(2) => [200.0 + i as f64, 0.4 * at(0), 0.4 * at(1)],
            _ => [x, y, (0.4 * x).sin() + 0.1 * at(2)],
        }
    };
    Cloud::from_points(&(0..count).map(point).collect::<Vec<_>>()).unwrap()
}

fn assert_same_bits(found: &PointFeatures, defined: &PointFeatures, what: &str) {
    assert_eq!(found.gaps, defined.gaps, "{what}");
    assert_eq!(found.columns.len(), defined.columns.len());
    for (found, defined) in found.columns.iter().zip(&defined.columns) {
        assert_eq!(found.name, defined.name);
        for (i, (a, b)) in found.values.iter().zip(&defined.values).enumerate() {
            let is_same = a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            assert!(is_same, "{what}, {}: {a:e} for {b:e} at {i}", found.name);
        }
    }
}

/// All features that need no more than eigenvalues, normals and numbers of points, and all of those
/// that need a covariance.
fn wanted() -> [Wanted; 2] {
    let needs_lists = [
        Feature::HeightRange,
        Feature::HeightAbove,
        Feature::HeightBelow,
        Feature::MeanCurvature,
        Feature::GaussianCurvature,
    ];
    let needs_covariance = [
        Feature::HeightDeviation,
        Feature::Roughness,
        Feature::SignedRoughness,
    ];
    let covariance: Vec<Feature> = Feature::all()
        .filter(|feature| !needs_lists.contains(feature))
        .collect();
    let shape: Vec<Feature> = covariance
        .iter()
        .copied()
        .filter(|feature| !needs_covariance.contains(feature))
        .collect();
    [Wanted::of(&shape), Wanted::of(&covariance)]
}

/// Those that are known by name, and two of no tool.
fn conventions() -> Vec<Convention> {
    let mut square_roots = Convention::ISOPACH;
    square_roots.basis = Basis::SquareRoots;
    square_roots.divisor = Divisor::Count;
    square_roots.fewest_points = 1;
    let mut without_offset = Convention::ISOPACH;
    without_offset.entropy = Entropy::OfSharesWithOffset(0.0);
    without_offset.fewest_points = 0;
    let known = Convention::ALL.into_iter();
    known.chain([square_roots, without_offset]).collect()
}

fn assert_cloud(cloud: &Cloud, neighbourhoods: &[Neighbourhood], side: NormalSide) {
    for wanted in wanted() {
        for convention in conventions() {
            for neighbourhood in neighbourhoods {
                let features = Features {
                    neighbourhood: neighbourhood.clone(),
                    wanted: wanted.clone(),
                    convention,
                    normals: side,
                };
                let found = features.run(&Cpu, cloud.positions()).unwrap();
                let defined =
                    reference::features_from_lists(&features, &Cpu, cloud.positions()).unwrap();
                let what = format!("{}, {neighbourhood:?}", convention.name);
                assert_same_bits(&found, &defined, &what);
            }
        }
    }
}

#[test]
fn made_clouds_have_the_bits_of_the_definition() {
    let neighbourhoods = [
        Neighbourhood::Radius(0.7),
        Neighbourhood::Radii(vec![1.5, 0.3, 0.8]),
        Neighbourhood::OptimalRadius(vec![0.5, 1.0, 2.0]),
        Neighbourhood::Nearest {
            k: 9,
            max_distance: f64::INFINITY,
        },
    ];
    assert_cloud(&mixed(5000), &neighbourhoods, NormalSide::Up);
    let towards = NormalSide::Towards([10.0, 12.0, 40.0]);
    assert_cloud(&mixed(700), &neighbourhoods, towards);
    let single = Cloud::from_points(&[[1.0, 2.0, 3.0]]).unwrap();
    assert_cloud(&single, &neighbourhoods[..3], NormalSide::Up);
}

#[test]
fn real_points_have_the_bits_of_the_definition() {
    let Some(cloud) = real_points() else {
        return;
    };
    let nested = [Neighbourhood::Radii(vec![0.5, 1.0, 2.0])];
    assert_cloud(&cloud, &nested, NormalSide::Up);
}
