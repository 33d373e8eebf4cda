//! How far arrays are from each other.

use ndarray::{Array, Dimension};

/// The largest difference over the largest expected value.
pub fn difference<D: Dimension>(expected: &Array<f64, D>, found: &Array<f64, D>) -> f64 {
    assert_eq!(found.shape(), expected.shape());
    let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    expected
        .iter()
        .zip(found)
        .fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()))
        / largest
}
