//! Methods of others, as they are published, to see what they cost. Not part of the library: none
//! beats the positive one.

use super::Solution;
use isopach::{
    compute::Result,
    emission::{Inversion, Observation},
};
use ndarray::{Array2, s};

/// A pixel's columns and counts in units of the errors.
struct Whitened {
    /// `[bin][channel]`, for 10²⁵ cm⁻⁵.
    columns: Vec<Vec<f64>>,
    g: Vec<f64>,
}

/// Emission measure of the solution's unit, cm⁻⁵.
const UNIT: f64 = 1e25;

/// χ² a channel that methods aim at.
const TARGET: f64 = 1.0;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Counts for 10²⁵ cm⁻⁵ in each bin, `[bin][channel]`.
fn response(inversion: &Inversion) -> Result<Vec<Vec<f64>>> {
    let one = Array2::from_diag_elem(inversion.bins(), UNIT);
    Ok(inversion
        .forward(one.view().into_dyn())?
        .rows()
        .into_iter()
        .map(|row| row.to_vec())
        .collect())
}

/// Every draw by itself.
fn each(
    inversion: &Inversion,
    observed: &Observation<'_, f64>,
    solve: impl Fn(&[Vec<f64>], &[f64], &[f64]) -> Vec<f64>,
) -> Result<Array2<f64>> {
    let response = response(inversion)?;
    let rows = observed
        .counts
        .rows()
        .into_iter()
        .zip(observed.sigma.rows());
    let solved: Vec<f64> = rows
        .flat_map(|(counts, sigma)| solve(&response, &counts.to_vec(), &sigma.to_vec()))
        .map(|x| x * UNIT)
        .collect();
    let shape = (solved.len() / inversion.bins(), inversion.bins());
    Array2::from_shape_vec(shape, solved).map_err(isopach::compute::Error::source)
}

fn whitened(response: &[Vec<f64>], counts: &[f64], sigma: &[f64]) -> Whitened {
    let over = |row: &[f64]| {
        row.iter()
            .zip(sigma)
            .map(|(r, s)| r / s)
            .collect::<Vec<_>>()
    };
    Whitened {
        columns: response.iter().map(|row| over(row)).collect(),
        g: over(counts),
    }
}

/// Basis pursuit (Cheung et al. 2015, ApJ 807, 143): the least sum of weights of single bins and
/// Gaussians of 0.1, 0.2 and 0.6 dex whose counts are within χ² = 1; here the penalty on the sum is
/// found by bisection, and each by coordinate descent. No errors.
pub(super) fn sparse(inversion: &Inversion, observed: &Observation<'_, f64>) -> Result<Solution> {
    let centres: Vec<f64> = inversion
        .log_t_edges
        .windows(2)
        .map(|w| 0.5 * (w[0] + w[1]))
        .collect();
    let profiles: Vec<Vec<f64>> = [0.0, 0.1, 0.2, 0.6]
        .iter()
        .flat_map(|&width: &f64| {
            centres
                .iter()
                .map(move |middle| (*middle, width))
                .collect::<Vec<_>>()
        })
        .map(|(middle, width)| {
            let value = |x: f64| {
                if width == 0.0 {
                    f64::from(u8::from(x == middle))
                } else {
                    (-0.5 * ((x - middle) / width).powi(2)).exp()
                }
            };
            let curve: Vec<f64> = centres.iter().map(|&x| value(x)).collect();
            let sum: f64 = curve.iter().sum();
            curve.into_iter().map(|x| x / sum).collect()
        })
        .collect();
    let emission = each(inversion, observed, |response, counts, sigma| {
        let Whitened { columns, g } = whitened(response, counts, sigma);
        let seen = |profile: &Vec<f64>| {
            (0..g.len())
                .map(|f| columns.iter().zip(profile).map(|(c, p)| c[f] * p).sum())
                .collect::<Vec<f64>>()
        };
        let atoms: Vec<Vec<f64>> = profiles.iter().map(seen).collect();
        let most = atoms.iter().map(|a| dot(a, &g)).fold(0.0, f64::max);
        let mut low = 1e-9_f64;
        let mut high = 1.0_f64;
        let mut last = vec![0.0; atoms.len()];
        let mut best = None;
        for _ in 0..14 {
            let penalty = (low * high).sqrt();
            let (w, left) = descend(&atoms, &g, penalty * most, &last);
            if dot(&left, &left) <= TARGET * g.len() as f64 {
                low = penalty;
                best = Some(w.clone());
            } else {
                high = penalty;
            }
            last = w;
        }
        let best = best.unwrap_or(last);
        (0..centres.len())
            .map(|t| best.iter().zip(&profiles).map(|(w, p)| w * p[t]).sum())
            .collect()
    })?;
    Ok(Solution {
        emission,
        error: None,
    })
}

/// Coordinate descent on `½ |A w − g|² + penalty Σ w`, w ≥ 0; what is left of g beside w.
fn descend(atoms: &[Vec<f64>], g: &[f64], penalty: f64, start: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut w = start.to_vec();
    let mut left = g.to_vec();
    for (a, w) in atoms.iter().zip(&w) {
        left.iter_mut().zip(a).for_each(|(l, a)| *l -= w * a);
    }
    for _ in 0..300 {
        let mut moved = 0.0_f64;
        for (a, w) in atoms.iter().zip(&mut w) {
            let length = dot(a, a);
            let next = (*w + (dot(a, &left) - penalty) / length).max(0.0);
            let by = next - *w;
            if by != 0.0 {
                left.iter_mut().zip(a).for_each(|(l, a)| *l -= by * a);
                moved = moved.max(by * by * length);
                *w = next;
            }
        }
        if moved < 1e-8 {
            break;
        }
    }
    (w, left)
}

/// Plowman & Caspi 2020, ApJ 905, 17 (`simple_reg_dem`): the logarithm of the distribution, its
/// slope held small, by linearised steps until χ² is 1. No errors.
pub(super) fn plowman(inversion: &Inversion, observed: &Observation<'_, f64>) -> Result<Solution> {
    const MOST: usize = 100;
    const LEAST: usize = 5;
    const STEPS: [f64; 2] = [0.1, 0.5];
    const SLOPE: f64 = 8.0;
    const TOLERANCE: f64 = 0.1;
    let edges = &inversion.log_t_edges;
    let bins = inversion.bins();
    let range = edges[edges.len() - 1] - edges[0];
    let width = range / bins as f64;
    let emission = each(inversion, observed, |response, counts, sigma| {
        let n = counts.len() as f64;
        let counts: Vec<f64> = counts.iter().map(|c| c.max(0.0)).collect();
        let Whitened { columns, g } = whitened(response, &counts, sigma);
        let modelled = |s: &[f64]| -> Vec<f64> {
            (0..g.len())
                .map(|f| columns.iter().zip(s).map(|(c, s)| c[f] * s.exp()).sum())
                .collect()
        };
        let chi = |s: &[f64]| {
            modelled(s)
                .iter()
                .zip(&g)
                .map(|(m, g)| (m - g).powi(2))
                .sum::<f64>()
                / n
        };
        let sums: Vec<f64> = (0..g.len())
            .map(|f| columns.iter().map(|c| c[f]).sum())
            .collect();
        let start = sums
            .iter()
            .zip(&g)
            .zip(sigma)
            .map(|((r, g), s)| r * g.max(0.01 / s))
            .sum::<f64>()
            / dot(&sums, &sums);
        let mut s = vec![start.ln(); bins];
        let weight = n / (SLOPE * SLOPE * range) / width;
        for k in 0..MOST {
            let before = chi(&s);
            let scaled: Vec<Vec<f64>> = columns
                .iter()
                .zip(&s)
                .map(|(c, s)| c.iter().map(|c| c * s.exp()).collect())
                .collect();
            let linear: Vec<f64> = (0..g.len())
                .map(|f| {
                    g[f] - scaled
                        .iter()
                        .zip(&s)
                        .map(|(c, s)| (1.0 - s) * c[f])
                        .sum::<f64>()
                })
                .collect();
            let mut matrix =
                Array2::from_shape_fn((bins, bins), |(i, j)| dot(&scaled[i], &scaled[j]));
            for i in 1..bins {
                matrix[[i, i]] += weight;
                matrix[[i - 1, i - 1]] += weight;
                matrix[[i, i - 1]] -= weight;
                matrix[[i - 1, i]] -= weight;
            }
            let right: Vec<f64> = scaled.iter().map(|c| dot(c, &linear)).collect();
            let mut change: Vec<f64> = solved(matrix, right)
                .iter()
                .zip(&s)
                .map(|(new, s)| new - s)
                .collect();
            let largest = change.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            if !largest.is_finite() || largest == 0.0 {
                break;
            }
            change
                .iter_mut()
                .for_each(|x| *x *= largest.min(0.5 / STEPS[0]) / largest);
            let sign = if before < TARGET { -1.0 } else { 1.0 };
            let moved = |step: f64| {
                s.iter()
                    .zip(&change)
                    .map(|(s, d)| s + d * sign * step)
                    .collect::<Vec<_>>()
            };
            let [near, far] = STEPS.map(|step| chi(&moved(step)));
            let step = (STEPS[0] * (far - TARGET) + STEPS[1] * (TARGET - near)) / (far - near);
            s = moved(if step.is_nan() {
                STEPS[0]
            } else {
                step.clamp(STEPS[0], STEPS[1])
            });
            if (sign * (before - near) / STEPS[0] < TOLERANCE && k > LEAST)
                || (chi(&s) - TARGET).abs() < TOLERANCE
            {
                break;
            }
        }
        s.iter().map(|s| s.exp()).collect()
    })?;
    Ok(Solution {
        emission,
        error: None,
    })
}

/// Gaussian elimination of a positive definite system.
fn solved(mut a: Array2<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        for j in i + 1..n {
            let share = a[[j, i]] / a[[i, i]];
            let (above, mut here) = a.multi_slice_mut((s![i, ..], s![j, ..]));
            here.scaled_add(-share, &above);
            b[j] -= share * b[i];
        }
    }
    for i in (0..n).rev() {
        let rest: f64 = (i + 1..n).map(|j| a[[i, j]] * b[j]).sum();
        b[i] = (b[i] - rest) / a[[i, i]];
    }
    b
}

/// The simplified solver of the founding document: one quadratic inversion for all pixels, whatever
/// their errors; what is negative is cut off, and the error is a fifth of the value. λ is 10⁻³ of
/// the mean eigenvalue.
pub(super) fn simplified(
    inversion: &Inversion,
    observed: &Observation<'_, f64>,
) -> Result<Solution> {
    let emission = each(inversion, observed, |response, counts, _| {
        let n = counts.len();
        let mut gram = Array2::from_shape_fn((n, n), |(f, h)| {
            response.iter().map(|r| r[f] * r[h]).sum::<f64>()
        });
        let lambda = 1e-3 * gram.diag().sum() / n as f64;
        (0..n).for_each(|f| gram[[f, f]] += lambda);
        let y = solved(gram, counts.to_vec());
        response.iter().map(|row| dot(row, &y).max(0.0)).collect()
    })?;
    let error = emission.mapv(|x| 0.2 * x);
    Ok(Solution {
        emission,
        error: Some(error),
    })
}
