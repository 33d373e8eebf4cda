//! [`crate::Method::NonNegative`] for one pixel: the active set of Lawson & Hanson.

use super::{
    pixel::{PixelSolution, ScaledPixel},
    svd::{decompose_svd, dot_product},
};
use crate::{Discretised, Inversion, PixelStatus, dictionary::Dictionary, method::SLOPE};
use ndarray::Array2;

/// Non-negative least squares.
pub(crate) struct NonNegative {
    /// The solution, one a column.
    pub(crate) x: Vec<f64>,
    /// Columns that are not zero, in the order in which they were taken.
    pub(crate) passive: Vec<usize>,
    /// Columns that were taken.
    pub(crate) steps: usize,
}

/// The `x ≥ 0` with the least `|Σ x_j a_j − g|` (Lawson & Hanson 1974, Solving Least Squares
/// Problems, chapter 23). Where several are, the one that is come upon. None if that does not end
/// after three times as many steps as there are columns.
pub(crate) fn non_negative(columns: &[Vec<f64>], g: &[f64]) -> Option<NonNegative> {
    let m = columns.len();
    let mut x = vec![0.0; m];
    let mut passive = Vec::<usize>::new();
    let mut refused = vec![false; m];
    let mut least = None;
    for steps in 0..=3 * m {
        let modelled = |f: usize| passive.iter().map(|&j| columns[j][f] * x[j]).sum::<f64>();
        let left: Vec<f64> = (0..g.len()).map(|f| g[f] - modelled(f)).collect();
        let slopes: Vec<f64> = columns.iter().map(|a| dot_product(a, &left)).collect();
        let least =
            *least.get_or_insert(SLOPE * slopes.iter().fold(0.0_f64, |m, s| m.max(s.abs())));
        let free = (0..m).filter(|j| !passive.contains(j) && !refused[*j] && slopes[*j] > least);
        let Some(next) = free.reduce(|a, b| if slopes[b] > slopes[a] { b } else { a }) else {
            return Some(NonNegative { x, passive, steps });
        };
        passive.push(next);
        let mut solved = least_squares(columns, &passive, g);
        if passive.len() > g.len() || solved.last().is_none_or(|&s| s <= 0.0) {
            // Round-off: the column would not come in.
            passive.pop();
            refused[next] = true;
            continue;
        }
        refused.fill(false);
        while solved.iter().any(|&s| s <= 0.0) {
            let ratio = |(&j, &s): (&usize, &f64)| {
                if s <= 0.0 {
                    x[j] / (x[j] - s)
                } else {
                    f64::INFINITY
                }
            };
            let step = passive
                .iter()
                .zip(&solved)
                .map(ratio)
                .fold(f64::INFINITY, f64::min);
            let stays: Vec<bool> = passive
                .iter()
                .zip(&solved)
                .map(|pair| ratio(pair) > step)
                .collect();
            for (&j, &s) in passive.iter().zip(&solved) {
                x[j] += step * (s - x[j]);
            }
            passive
                .iter()
                .zip(&stays)
                .filter(|(_, stays)| !**stays)
                .for_each(|(&j, _)| x[j] = 0.0);
            let mut stays = stays.iter();
            passive.retain(|_| stays.next().is_none_or(|stays| *stays));
            solved = least_squares(columns, &passive, g);
        }
        passive.iter().zip(&solved).for_each(|(&j, &s)| x[j] = s);
    }
    None
}

/// `A⁺ g` of some columns.
fn least_squares(columns: &[Vec<f64>], chosen: &[usize], g: &[f64]) -> Vec<f64> {
    pseudo_inverse(columns, chosen)
        .iter()
        .map(|row| dot_product(row, g))
        .collect()
}

/// `A⁺` of some columns, a row each.
fn pseudo_inverse(columns: &[Vec<f64>], chosen: &[usize]) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> = chosen.iter().map(|&j| columns[j].clone()).collect();
    let n = rows.first().map_or(0, Vec::len);
    let svd = decompose_svd(rows);
    let entry = |i: usize, f: usize| -> f64 {
        let terms = svd.u.iter().zip(&svd.scaled_v).zip(&svd.squared);
        terms
            .filter(|(_, squared)| **squared > 0.0)
            .map(|((u, row), squared)| u[i] * row[f] / squared)
            .sum()
    };
    (0..chosen.len())
        .map(|i| (0..n).map(|f| entry(i, f)).collect())
        .collect()
}

/// Solves one pixel whose channels outside `dropped` (bits) are good. The errors are those of least
/// squares in the bins that are not zero.
pub(super) fn solve_nonnegative(
    inversion: &Inversion,
    shared: &Discretised,
    dictionary: &Dictionary,
    counts: &[f64],
    sigma: &[f64],
    dropped: u32,
) -> Result<PixelSolution, PixelStatus> {
    let pixel = ScaledPixel::new(counts, sigma, dropped);
    let columns: Vec<Vec<f64>> = dictionary
        .response
        .iter()
        .map(|row: &Vec<f64>| {
            row.iter()
                .zip(&pixel.inverse_sigma)
                .map(|(r, s)| r * s)
                .collect::<Vec<_>>()
        })
        .collect();
    let found = non_negative(&columns, &pixel.g).ok_or(PixelStatus::OutOfRange)?;
    let mut inverse = Array2::zeros((columns.len(), counts.len()));
    for (&t, row) in found
        .passive
        .iter()
        .zip(pseudo_inverse(&columns, &found.passive))
    {
        row.iter()
            .enumerate()
            .for_each(|(f, &entry)| inverse[[t, f]] = entry);
    }
    pixel.complete_solution(
        inversion,
        shared,
        dictionary,
        found.x,
        inverse,
        (0.0, found.steps as u32),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Karush, Kuhn & Tucker: no slope up, none at all where x is not zero.
        #[test]
        fn the_solution_is_the_best_there_is(
            n in 1_usize..8, m in 1_usize..40,
            numbers in prop::collection::vec(-1.0_f64..1.0, 40 * 8 + 8), positive in any::<bool>(),
        ) {
            let entry = |x: f64| if positive { x.abs() } else { x };
            let columns: Vec<Vec<f64>> =
                (0..m).map(|j| (0..n).map(|f| entry(numbers[8 + 8 * j + f])).collect()).collect();
            let found = non_negative(&columns, &numbers[..n]).unwrap();
            let left: Vec<f64> =
                (0..n).map(|f| numbers[f] - (0..m).map(|j| columns[j][f] * found.x[j]).sum::<f64>()).collect();
            for (j, column) in columns.iter().enumerate() {
                let slope = dot_product(column, &left);
                prop_assert!(found.x[j] >= 0.0 && slope < 1e-9, "{j}: {} {slope}", found.x[j]);
                prop_assert!(found.x[j] == 0.0 || slope.abs() < 1e-9, "{j}: {} {slope}", found.x[j]);
            }
        }
    }
}
