//! How many digits there are, whatever the weights: against arithmetic in 32 digits.

#![allow(missing_docs)]

use isopach_compute::Cpu;
use isopach_emission::{
    Constraint, Discretised, Inversion, InvertPixels, Observation, Outputs, TemperatureResponse,
    Weights, reference,
};
use ndarray::{Array1, Array2};
use proptest::prelude::*;
use std::ops::{Add, Div, Mul, Sub};

/// A sum of two doubles, the second below half a unit of the first (Dekker 1971).
#[derive(Clone, Copy, Debug)]
struct Twice(f64, f64);

impl Twice {
    fn of(x: f64) -> Self {
        Self(x, 0.0)
    }

    fn normal(a: f64, b: f64) -> Self {
        let sum = a + b;
        let other = sum - a;
        Self(sum, (a - (sum - other)) + (b - other))
    }
}

impl Add for Twice {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let sum = Self::normal(self.0, other.0);
        let rest = Self::normal(self.1, other.1);
        let sum = Self::normal(sum.0, sum.1 + rest.0);
        Self::normal(sum.0, sum.1 + rest.1)
    }
}

impl Sub for Twice {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + Self(-other.0, -other.1)
    }
}

impl Mul for Twice {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let product = self.0 * other.0;
        let rest = self.0.mul_add(other.0, -product);
        Self::normal(product, rest + (self.0 * other.1 + self.1 * other.0))
    }
}

impl Div for Twice {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = Self::of(self.0 / other.0);
        let rest = self - first * other;
        let second = Self::of(rest.0 / other.0);
        let rest = rest - second * other;
        first + second + Self::of(rest.0 / other.0)
    }
}

/// Inverse of a symmetric positive matrix by Gauss and Jordan.
fn inverse(mut matrix: Vec<Vec<Twice>>) -> Vec<Vec<Twice>> {
    let n = matrix.len();
    for (i, row) in matrix.iter_mut().enumerate() {
        row.extend((0..n).map(|j| Twice::of(f64::from(u8::from(i == j)))));
    }
    for pivot in 0..n {
        let scale = matrix[pivot][pivot];
        for x in &mut matrix[pivot] {
            *x = *x / scale;
        }
        let row = matrix[pivot].clone();
        for other in (0..n).filter(|&other| other != pivot) {
            let share = matrix[other][pivot];
            for (x, p) in matrix[other].iter_mut().zip(&row) {
                *x = *x - share * *p;
            }
        }
    }
    matrix.into_iter().map(|row| row[n..].to_vec()).collect()
}

/// The problem of a pixel in 32 digits: the solution at λ, and the condition number of `A
/// diag(√l)`, to a factor of three.
fn exact(
    shared: &Discretised,
    l: &[f64],
    counts: &[f64],
    sigma: &[f64],
    lambda: f64,
) -> (Vec<f64>, f64) {
    let n = counts.len();
    let a = |f: usize, t: usize| Twice::of(shared.response_of_bin(t)[f]) / Twice::of(sigma[f]);
    let sum = |terms: &mut dyn Iterator<Item = Twice>| terms.fold(Twice::of(0.0), |sum, x| sum + x);
    let gram = |lambda: f64| -> Vec<Vec<Twice>> {
        let entry = |i: usize, j: usize| {
            let own = if i == j { lambda } else { 0.0 };
            sum(&mut (0..l.len()).map(|t| a(i, t) * Twice::of(l[t]) * a(j, t))) + Twice::of(own)
        };
        (0..n)
            .map(|i| (0..n).map(|j| entry(i, j)).collect())
            .collect()
    };
    let trace = |matrix: &[Vec<Twice>]| (0..n).map(|i| matrix[i][i].0).sum::<f64>();
    let condition = (trace(&gram(0.0)) * trace(&inverse(gram(0.0)))).sqrt();
    let inverse = inverse(gram(lambda));
    let g: Vec<Twice> = (0..n)
        .map(|f| Twice::of(counts[f]) / Twice::of(sigma[f]))
        .collect();
    let y: Vec<Twice> = (0..n)
        .map(|i| sum(&mut (0..n).map(|j| inverse[i][j] * g[j])))
        .collect();
    let x = (0..l.len())
        .map(|t| (Twice::of(l[t]) * sum(&mut (0..n).map(|f| a(f, t) * y[f]))).0)
        .collect();
    (x, condition)
}

#[test]
fn a_third_times_three_is_one_to_thirty_digits() {
    let third = Twice::of(1.0) / Twice::of(3.0);
    let rest = third * Twice::of(3.0) - Twice::of(1.0);
    assert!(rest.0.abs() < 1e-31 && third.1 != 0.0, "{rest:?}");
    let matrix = vec![
        vec![Twice::of(2.0), Twice::of(1.0)],
        vec![Twice::of(1.0), Twice::of(1.0)],
    ];
    let inverse = inverse(matrix);
    assert_eq!(
        [inverse[0][0].0, inverse[0][1].0, inverse[1][1].0],
        [1.0, -1.0, 2.0]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any weights within twenty decades, jumping from bin to bin, hardly more bins than channels:
    /// the error of the solution is a few roundings times the condition number, not its square; and
    /// lanes give what the definition gives.
    #[test]
    fn any_weights_have_the_digits_that_their_condition_leaves(
        decades in prop::collection::vec(-20.0_f64..0.0, 6..60), per_bin in any::<bool>(), centre in 5.9_f64..6.9,
    ) {
        let bins = decades.len();
        let edges = (0..=bins).map(|i| 5.7 + 1.4 * i as f64 / bins as f64).collect();
        let mut inversion = Inversion::new(TemperatureResponse::aia(), edges);
        inversion.constraint = if per_bin { Constraint::PerBin } else { Constraint::PerLogT };
        inversion.max_iterations = 1;
        inversion.outputs = Outputs::ERRORS;
        let weights: Vec<f64> = decades.iter().map(|d| 10f64.powf(*d)).collect();
        inversion.weights = Weights::Given(Array2::from_shape_vec((1, bins), weights.clone()).unwrap());
        let shared = inversion.discretised().unwrap();
        let l: Vec<f64> = weights.iter().zip(&shared.widths).map(|(w, d)| if per_bin { w * w } else { w / d }).collect();

        let truth: Array1<f64> = shared.log_t.iter().map(|x| 1e21 * (-0.5 * ((x - centre) / 0.2).powi(2)).exp() + 1e18).collect();
        let counts = inversion.forward(truth.view().into_dyn()).unwrap();
        let sigma = counts.mapv(|c| 0.05 * c + 0.1);
        let observation = || Observation { counts: counts.view(), sigma: sigma.view() };
        let definition = reference::invert(&inversion, observation()).unwrap();
        let lanes = Cpu.invert(&inversion, observation()).unwrap();
        let largest = |values: &ndarray::ArrayD<f64>| values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let far = |a: &ndarray::ArrayD<f64>, b: &ndarray::ArrayD<f64>| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / largest(b);
        prop_assert_eq!(&lanes.status, &definition.status);
        prop_assert!((lanes.lambda[[]] / definition.lambda[[]] - 1.0).abs() < 1e-6);
        prop_assert!(far(&lanes.emission, &definition.emission) < 1e-8);
        prop_assert!(far(lanes.uncertainty.as_ref().unwrap(), definition.uncertainty.as_ref().unwrap()) < 1e-8);

        let (counts, sigma) = (counts.as_slice().unwrap(), sigma.as_slice().unwrap());
        let (exact, condition) = exact(&shared, &l, counts, sigma, definition.lambda[[]]);
        // Beyond, the smallest singular values count as zero.
        prop_assume!(condition < 1e12);
        let exact: ndarray::ArrayD<f64> = exact.into_iter().map(|x| x * 1e15).collect::<Array1<_>>().into_dyn();
        let bound = 1e-13 + 20.0 * f64::EPSILON * condition;
        let error = far(&definition.emission, &exact);
        prop_assert!(error < bound, "{error:e} is above {bound:e}, condition {condition:e}");
    }
}
