//! Pixels that are inverted, and how.

use isopach_emission::{
    AIA, EmissionMap, Inversion, InvertPixels, MonteCarlo, Noise, Observation, Real,
    TemperatureResponse, Weights,
};
use ndarray::{Array2, ArrayD};

pub(crate) fn inversion(bins: usize, weights: Weights) -> Inversion {
    let edges = (0..=bins)
        .map(|i| 5.7 + 1.4 * i as f64 / bins as f64)
        .collect();
    Inversion {
        weights,
        ..Inversion::new(TemperatureResponse::aia(), edges)
    }
}

pub(crate) fn loci() -> Weights {
    Weights::EmissionMeasureLoci((0..6).collect())
}

pub(crate) fn given(rows: usize, bins: usize) -> Weights {
    let falling = |(i, t): (usize, usize)| {
        let x = 1.4 * t as f64 / bins as f64 - 0.6 - 0.05 * (i % 5) as f64;
        10f64.powf(-2.0 * (x / 0.7).powi(2))
    };
    Weights::Given(Array2::from_shape_fn((rows, bins), falling))
}

/// Counts of Gaussians from faint to bright with the noise of AIA, and their errors.
pub(crate) fn observed(inversion: &Inversion, pixels: usize) -> [ArrayD<f32>; 2] {
    let centres: Vec<f64> = inversion
        .log_t_edges
        .windows(2)
        .map(|w| 0.5 * (w[0] + w[1]))
        .collect();
    let emission = Array2::from_shape_fn((pixels, centres.len()), |(i, t)| {
        let step = |n: usize| (i % n) as f64 / n as f64;
        let (peak, width) = (5.9 + 0.9 * step(97), 0.08 + 0.25 * step(61));
        10f64.powf(20.0 + 2.5 * step(83)) * (-0.5 * ((centres[t] - peak) / width).powi(2)).exp()
            + 1e18
    });
    let exact = inversion.forward(emission.view().into_dyn()).unwrap();
    let noises: Vec<Noise> = (0..inversion.channels())
        .map(|f| Noise::aia(&AIA[f], 2.9, 2.0, 0.03))
        .collect();
    let sigma = Noise::sigma_of_counts(&noises, exact.view()).unwrap();
    let counts = MonteCarlo { draws: 2, seed: 5 }.draw_counts(
        0,
        &Observation {
            counts: exact.view(),
            sigma: sigma.view(),
        },
    );
    [counts, sigma].map(|values| values.mapv(|x| x as f32))
}

/// In the precision of the numbers.
pub(crate) fn inverted<T: Real>(
    on: &dyn InvertPixels,
    inversion: &Inversion,
    observed: &[ArrayD<T>; 2],
) -> EmissionMap<T> {
    let [counts, sigma] = observed;
    T::invert_on(
        on,
        inversion,
        Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        },
    )
    .unwrap()
}

/// The same numbers in double precision.
pub(crate) fn wide(observed: &[ArrayD<f32>; 2]) -> [ArrayD<f64>; 2] {
    observed.each_ref().map(|values| values.mapv(f64::from))
}

/// All there is of a map.
pub(crate) fn bits<T: Real>(map: &EmissionMap<T>) -> Vec<u64> {
    let numbers = [
        Some(&map.emission),
        map.uncertainty.as_ref(),
        map.log_t_resolution.as_ref(),
        map.averaging_kernel.as_ref(),
        Some(&map.chi_squared),
        Some(&map.synthetic),
    ];
    let numbers = numbers
        .into_iter()
        .flatten()
        .flatten()
        .map(|x| x.to_f64().to_bits());
    let status = map.status.iter().map(|s| u64::from(s.code()));
    let whole = map
        .iterations
        .iter()
        .chain(&map.dropped)
        .chain(&map.saturated)
        .map(|&n| u64::from(n));
    numbers
        .chain(map.lambda.iter().map(|x| x.to_bits()))
        .chain(whole)
        .chain(status)
        .collect()
}

/// Every kind of weights, by name.
pub(crate) fn kinds(bins: usize, pixels: usize) -> [(&'static str, Weights); 4] {
    [
        ("self-normalised", Weights::SelfNormalised),
        ("EM loci", loci()),
        ("given", given(1, bins)),
        ("given a pixel", given(pixels, bins)),
    ]
}
