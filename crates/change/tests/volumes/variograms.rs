//! Variograms over stable ground.

use super::*;

#[test]
fn the_integral_over_a_disc_is_the_double_sum_over_its_places() {
    for model in [VariogramModel::Spherical, VariogramModel::Exponential] {
        let structures = [3.0, 17.0].map(|range| VariogramStructure {
            sill: 0.01 * range,
            range,
            model,
        });
        let variogram = Variogram::from_structures(0.0, structures.to_vec());
        let radius: f64 = 14.0;
        let place = |i: i32| [f64::from(i % 57 - 28) * 0.5, f64::from(i / 57 - 28) * 0.5];
        let disc: Vec<_> = (0..57 * 57)
            .map(place)
            .filter(|[x, y]| x.hypot(*y) <= radius)
            .collect();
        let exact = variogram.variance_of_mean(&disc).sqrt();
        let integral = variogram.mean_error(std::f64::consts::PI * radius * radius);
        assert!(
            (integral / exact - 1.0).abs() < 0.02,
            "{model:?}: {integral} {exact}"
        );
    }
    assert!((correlated().mean_error(1e-6) - correlated().correlated_sigma()).abs() < 1e-5);
}

/// Samples of noise that is the mean of white noise over 8 m of a line of cells, twice: a triangle
/// of covariance.
fn correlated_samples(seed: u64) -> Vec<StableSample> {
    let mut random = Random::new(seed);
    let white: Vec<f64> = (0..110 * 110).map(|_| random.normal()).collect();
    let mut samples = Vec::new();
    for i in 0..100 * 100 {
        let (row, column) = (i / 100, i % 100);
        let sum: f64 = (0..64)
            .map(|k| white[(row + k / 8) * 110 + column + k % 8])
            .sum();
        let difference = 0.05 * sum / 8.0 + 0.03 * random.normal();
        samples.push(StableSample {
            position: [column as f64, row as f64],
            difference,
        });
    }
    samples
}

#[test]
fn a_variogram_finds_nugget_sill_and_range_with_every_estimator() {
    let samples = correlated_samples(1);
    for estimator in [
        VariogramEstimator::Dowd,
        VariogramEstimator::CressieHawkins,
        VariogramEstimator::Matheron,
    ] {
        let options = VariogramOptions {
            estimator,
            structures: 1,
            ..VariogramOptions::default()
        };
        let variogram = Variogram::from_samples(&samples, &options).unwrap();
        let found = variogram.correlated_sigma();
        assert!((found - 0.05).abs() < 0.008, "{estimator:?}: {found}");
        assert!(
            (variogram.nugget.sqrt() - 0.03).abs() < 0.006,
            "{estimator:?}: {}",
            variogram.nugget.sqrt()
        );
        assert!(
            (6.0..13.0).contains(&variogram.structures[0].range),
            "{estimator:?}: {variogram:?}"
        );
    }
}

#[test]
fn the_order_of_samples_does_not_matter() {
    let mut samples = correlated_samples(2);
    let options = VariogramOptions::default();
    let forwards = Variogram::from_samples(&samples, &options).unwrap();
    samples.reverse();
    assert_eq!(
        Variogram::from_samples(&samples, &options).unwrap(),
        forwards
    );
    samples.rotate_left(1234);
    assert_eq!(
        Variogram::from_samples(&samples, &options).unwrap(),
        forwards
    );
}

#[test]
fn outliers_do_not_move_a_robust_variogram() {
    let mut samples = correlated_samples(3);
    let options = VariogramOptions::default();
    let clean = Variogram::from_samples(&samples, &options)
        .unwrap()
        .correlated_sigma();
    samples
        .iter_mut()
        .step_by(50)
        .for_each(|sample| sample.difference += 3.0);
    let found = Variogram::from_samples(&samples, &options)
        .unwrap()
        .correlated_sigma();
    assert!((found / clean - 1.0).abs() < 0.1, "{found} {clean}");
}

#[test]
fn independent_noise_has_no_structure() {
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let sample = |i: usize| StableSample {
            position: [(i % 60) as f64, (i / 60) as f64],
            difference: 0.03 * random.normal(),
        };
        let samples: Vec<_> = (0..3600).map(sample).collect();
        let variogram = Variogram::from_samples(&samples, &VariogramOptions::default()).unwrap();
        let share = variogram.covariance(0.0) / variogram.nugget;
        assert!(share < 0.05, "seed {seed}: {variogram:?}");
    }
}
