//! How far maps are from each other.

use isopach_emission::{EmissionMap, Real};
use ndarray::ArrayD;

/// How far a map is from another of the same pixels.
#[derive(Debug)]
pub(crate) struct Far {
    /// Pixels with a result in both.
    pub(crate) pixels: usize,
    pub(crate) lambda_differs: usize,
    pub(crate) iterations_differ: usize,
    pub(crate) status_differs: usize,
    /// Of each pixel's largest: median, 99th percentile, worst.
    pub(crate) emission: [f64; 3],
    pub(crate) vertical: [f64; 3],
    pub(crate) chi_squared: [f64; 3],
    /// λ, relative.
    pub(crate) lambda: [f64; 3],
    /// Share of the bins whose horizontal error differs.
    pub(crate) horizontal: f64,
    pub(crate) again: usize,
}

pub(crate) fn far<F: Real, T: Real>(found: &EmissionMap<F>, expected: &EmissionMap<T>) -> Far {
    let pixels: Vec<usize> = (0..found.len())
        .filter(|&i| {
            found.status.as_slice().unwrap()[i].has_result()
                && expected.status.as_slice().unwrap()[i].has_result()
        })
        .collect();
    let bins = *found.emission.shape().last().unwrap();
    let of_pixels = |of: &dyn Fn(usize) -> f64| {
        let mut errors: Vec<f64> = pixels.iter().map(|&i| of(i)).collect();
        errors.sort_by(f64::total_cmp);
        let at = |share: f64| {
            errors
                .get(((errors.len() as f64 * share) as usize).min(errors.len().max(1) - 1))
                .copied()
        };
        [0.5, 0.99, 1.0].map(|share| at(share).unwrap_or(0.0))
    };
    let rows = |a: &ArrayD<F>, b: &ArrayD<T>| {
        let (a, b) = (
            a.as_slice().unwrap().to_vec(),
            b.as_slice().unwrap().to_vec(),
        );
        of_pixels(&|i| {
            let (a, b) = (&a[i * bins..][..bins], &b[i * bins..][..bins]);
            let largest = b.iter().fold(0.0_f64, |m, x| m.max(x.to_f64().abs()));
            a.iter()
                .zip(b)
                .map(|(a, b)| (a.to_f64() - b.to_f64()).abs() / largest)
                .fold(0.0, f64::max)
        })
    };
    let differ = |of: &dyn Fn(usize) -> bool| pixels.iter().filter(|&&i| of(i)).count();
    let flat = |values: &ArrayD<f64>, i: usize| values.as_slice().unwrap()[i];
    let (a, b) = (
        found.log_t_resolution.as_ref().unwrap(),
        expected.log_t_resolution.as_ref().unwrap(),
    );
    let apart = a
        .iter()
        .zip(b)
        .filter(|(a, b)| (a.to_f64() - b.to_f64()).abs() > 1e-5)
        .count();
    Far {
        pixels: pixels.len(),
        lambda_differs: differ(&|i| {
            let (a, b) = (flat(&found.lambda, i), flat(&expected.lambda, i));
            (a - b).abs() > 1e-3 * b
        }),
        iterations_differ: differ(&|i| {
            found.iterations.as_slice().unwrap()[i] != expected.iterations.as_slice().unwrap()[i]
        }),
        status_differs: (0..found.len())
            .filter(|&i| {
                found.status.as_slice().unwrap()[i] != expected.status.as_slice().unwrap()[i]
            })
            .count(),
        emission: rows(&found.emission, &expected.emission),
        vertical: rows(
            found.uncertainty.as_ref().unwrap(),
            expected.uncertainty.as_ref().unwrap(),
        ),
        chi_squared: of_pixels(&|i| {
            let b = expected.chi_squared.as_slice().unwrap()[i].to_f64();
            (found.chi_squared.as_slice().unwrap()[i].to_f64() - b).abs() / b
        }),
        lambda: of_pixels(&|i| (flat(&found.lambda, i) / flat(&expected.lambda, i) - 1.0).abs()),
        horizontal: apart as f64 / (pixels.len() * bins) as f64,
        again: found.inverted_again,
    }
}
