//! Shapes whose features are known in closed form, and clouds that are turned, shuffled, moved.

use isopach_features::{
    Cloud, Convention, Cpu, Feature, Features, Neighbourhood, NormalSide, PointFeatures, Wanted,
};

fn features(neighbourhood: Neighbourhood) -> Features {
    Features {
        neighbourhood,
        wanted: Wanted::set("full").unwrap(),
        convention: Convention::ISOPACH,
        normals: NormalSide::Up,
    }
}

fn run(points: &[[f64; 3]], neighbourhood: Neighbourhood) -> PointFeatures {
    let cloud = Cloud::from_points(points).unwrap();
    features(neighbourhood)
        .run(&Cpu, cloud.positions())
        .unwrap()
}

fn value(found: &PointFeatures, feature: Feature, at: usize) -> f64 {
    f64::from(found.values(feature).unwrap()[at])
}

/// The eight corners of a box about its centre, and the centre: eigenvalues a², b², c² times 8/8
/// with the divisor n − 1 = 8.
#[test]
fn a_box_has_the_eigenvalues_of_its_sides() {
    let [a, b, c] = [4.0, 2.0, 1.0];
    let mut points = vec![[0.0; 3]];
    for corner in 0..8 {
        let sign = |bit: u32| if corner >> bit & 1 == 1 { 1.0 } else { -1.0 };
        points.push([a * sign(0), b * sign(1), c * sign(2)]);
    }
    let found = run(&points, Neighbourhood::Radius(10.0));
    let sum = 16.0 + 4.0 + 1.0_f64;
    let shares = [16.0 / sum, 4.0 / sum, 1.0 / sum];
    let entropy: f64 = -shares.iter().map(|p| p * p.ln()).sum::<f64>();
    for (feature, expected) in [
        (Feature::Eigenvalue1, 16.0),
        (Feature::Eigenvalue2, 4.0),
        (Feature::Eigenvalue3, 1.0),
        (Feature::EigenvalueSum, sum),
        (Feature::Linearity, 0.75),
        (Feature::Planarity, 3.0 / 16.0),
        (Feature::Sphericity, 1.0 / 16.0),
        (Feature::Anisotropy, 15.0 / 16.0),
        (Feature::Omnivariance, 4.0),
        (Feature::Eigenentropy, entropy),
        (Feature::SurfaceVariation, 1.0 / sum),
        (Feature::Pca1, 16.0 / sum),
        (Feature::Pca2, 4.0 / sum),
        (Feature::Length, 4.0),
        (Feature::Surface, 8.0_f64.sqrt()),
        (Feature::Volume, 2.0),
        (Feature::Verticality, 0.0),
        (Feature::Horizontality, 1.0),
        (Feature::NormalZ, 1.0),
        (Feature::NumberOfNeighbours, 9.0),
        (
            Feature::Density,
            9.0 / (4.0 / 3.0 * std::f64::consts::PI * 1000.0),
        ),
        (
            Feature::SurfaceDensity,
            9.0 / (std::f64::consts::PI * 100.0),
        ),
        (Feature::HeightDeviation, 1.0),
        (Feature::HeightRange, 2.0),
        (Feature::HeightAbove, 1.0),
        (Feature::HeightBelow, 1.0),
        (Feature::Roughness, 0.0),
        (Feature::RoofLikelihood, (3.0_f64 / 16.0).sqrt()),
        (Feature::WallLikelihood, 0.0),
        (Feature::Scale, 10.0),
    ] {
        let found = value(&found, feature, 0);
        assert!(
            (found - expected).abs() <= 1e-6 * expected.abs().max(1e-3),
            "{feature:?}: {found} for {expected}"
        );
    }
}

#[test]
fn roughness_is_the_distance_from_the_plane_of_the_others() {
    let mut points: Vec<[f64; 3]> = (0..121)
        .map(|i| [f64::from(i % 11) * 0.5, f64::from(i / 11) * 0.5, 7.0])
        .collect();
    points[60][2] = 7.25;
    let found = run(&points, Neighbourhood::Radius(2.0));
    assert!((value(&found, Feature::Roughness, 60) - 0.25).abs() < 1e-6);
    assert!((value(&found, Feature::SignedRoughness, 60) - 0.25).abs() < 1e-6);
    points[60][2] = 6.75;
    let found = run(&points, Neighbourhood::Radius(2.0));
    assert!((value(&found, Feature::SignedRoughness, 60) + 0.25).abs() < 1e-6);
}

/// A sphere of radius R has the mean curvature 1/R and the Gaussian curvature 1/R², whatever the
/// direction of its normal; a cap of it is a quadric up to its fourth order.
#[test]
fn a_sphere_has_the_curvature_of_its_radius() {
    let radius = 50.0;
    let mut points = Vec::new();
    for i in -20..=20 {
        for j in -20..=20 {
            let [x, y] = [f64::from(i) * 0.1, f64::from(j) * 0.1];
            // The bottom of a bowl, tilted by half.
            let z = radius - (radius * radius - x * x - y * y).sqrt();
            let [sin, cos] = [0.6, 0.8];
            points.push([x * cos - z * sin, y, x * sin + z * cos]);
        }
    }
    let found = run(&points, Neighbourhood::Radius(1.0));
    let middle = points.len() / 2;
    let mean = value(&found, Feature::MeanCurvature, middle);
    let gaussian = value(&found, Feature::GaussianCurvature, middle);
    assert!((mean * radius - 1.0).abs() < 1e-3, "{mean}");
    assert!(
        (gaussian * radius * radius - 1.0).abs() < 2e-3,
        "{gaussian}"
    );
}

fn scattered(count: u64) -> Vec<[f64; 3]> {
    let random = isopach_compute::conformance::random;
    let point = |i: u64| {
        let [x, y] = [random(3 * i) * 20.0, random(3 * i + 1) * 20.0];
        [x, y, (x * 0.3).sin() + 0.4 * random(3 * i + 2)]
    };
    (0..count).map(point).collect()
}

#[test]
fn any_order_of_the_points_gives_the_same_bits() {
    let points = scattered(4000);
    let there: Vec<usize> = (0..points.len()).map(|i| i * 1237 % points.len()).collect();
    let shuffled: Vec<[f64; 3]> = there.iter().map(|&i| points[i]).collect();
    for neighbourhood in [
        Neighbourhood::Radius(1.0),
        Neighbourhood::OptimalRadius(vec![0.5, 1.0, 1.5]),
        Neighbourhood::Nearest {
            k: 12,
            max_distance: 5.0,
        },
    ] {
        let [a, b] = [
            run(&points, neighbourhood.clone()),
            run(&shuffled, neighbourhood),
        ];
        assert_eq!(a.gaps, b.gaps);
        for (a, b) in a.columns.iter().zip(&b.columns) {
            for (to, &from) in there.iter().enumerate() {
                assert_eq!(
                    a.values[from].to_bits(),
                    b.values[to].to_bits(),
                    "{}",
                    a.name
                );
            }
        }
    }
}

/// Far from the origin nothing changes: coordinates are whole ticks.
#[test]
fn a_cloud_in_utm_has_the_bits_of_the_cloud_at_home() {
    let points = scattered(2000);
    let away: Vec<[f64; 3]> = points
        .iter()
        .map(|[x, y, z]| [x + 629_000.0, y + 5_600_000.0, z + 900.0])
        .collect();
    // A double keeps 2⁻³⁰ m there: the same ticks in both places.
    let home: Vec<[f64; 3]> = away
        .iter()
        .map(|[x, y, z]| [x - 629_000.0, y - 5_600_000.0, z - 900.0])
        .collect();
    let radii = Neighbourhood::Radii(vec![0.8, 1.6]);
    let [a, b] = [run(&away, radii.clone()), run(&home, radii)];
    for (a, b) in a.columns.iter().zip(&b.columns) {
        let [a, b] = [a, b].map(|column| {
            column
                .values
                .iter()
                .map(|v| v.to_bits())
                .collect::<Vec<_>>()
        });
        assert_eq!(a, b);
    }
}

/// A quarter turn about the vertical maps ticks to ticks: scalars stay, normals turn.
#[test]
fn a_quarter_turn_turns_normals_and_nothing_else() {
    let points = scattered(2000);
    let turned: Vec<[f64; 3]> = points.iter().map(|&[x, y, z]| [-y, x, z]).collect();
    let [a, b] = [&points, &turned].map(|points| run(points, Neighbourhood::Radius(1.2)));
    for feature in Feature::all() {
        let tolerance = match feature {
            Feature::MeanCurvature | Feature::GaussianCurvature => 1e-3,
            _ => 1e-5,
        };
        let (there, sign) = match feature {
            Feature::NormalX => (Feature::NormalY, 1.0),
            Feature::NormalY => (Feature::NormalX, -1.0),
            other => (other, 1.0),
        };
        for i in 0..points.len() {
            let [before, after] = [value(&a, feature, i), sign * value(&b, there, i)];
            assert_eq!(before.is_nan(), after.is_nan(), "{feature:?}");
            assert!(
                before.is_nan() || (before - after).abs() <= tolerance * before.abs().max(1.0),
                "{feature:?} {before} {after}"
            );
        }
    }
}

#[test]
fn the_best_radius_is_the_one_of_least_entropy() {
    let points = scattered(1500);
    let radii = vec![0.6, 1.0, 1.7];
    let best = run(&points, Neighbourhood::OptimalRadius(radii.clone()));
    let each: Vec<PointFeatures> = radii
        .iter()
        .map(|&r| run(&points, Neighbourhood::Radius(r)))
        .collect();
    for i in 0..points.len() {
        let entropies = each
            .iter()
            .map(|found| value(found, Feature::Eigenentropy, i));
        let least = entropies
            .clone()
            .filter(|e| !e.is_nan())
            .fold(f64::INFINITY, f64::min);
        let chosen = value(&best, Feature::Scale, i);
        let chosen = radii.iter().position(|r| (*r - chosen).abs() < 1e-6);
        match chosen {
            Some(at) => assert!(value(&each[at], Feature::Eigenentropy, i) <= least),
            None => assert!(least.is_infinite()),
        }
    }
}

#[test]
fn normals_point_up_or_towards_a_place() {
    let wall: Vec<[f64; 3]> = (0..400)
        .map(|i| [5.0, f64::from(i % 20) * 0.3, f64::from(i / 20) * 0.3])
        .collect();
    let cloud = Cloud::from_points(&wall).unwrap();
    for (side, expected) in [
        (NormalSide::Towards([-100.0, 0.0, 0.0]), -1.0),
        (NormalSide::Towards([100.0, 0.0, 0.0]), 1.0),
        (NormalSide::Up, 1.0),
    ] {
        let mut features = features(Neighbourhood::Radius(1.0));
        features.normals = side;
        let found = features.run(&Cpu, cloud.positions()).unwrap();
        assert!((value(&found, Feature::NormalX, 210) - expected).abs() < 1e-6);
    }
}
