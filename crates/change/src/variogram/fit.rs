//! Fit of nugget and structures by weighted least squares.
//!
//! Given the ranges the model is linear in nugget and sills, which may not be negative: every
//! subset of them is tried (there are at most eight). Ranges are searched on a logarithmic grid,
//! then refined by golden sections.

use super::{LagBin, VariogramOptions, VariogramStructure};

/// Fitted nugget and structures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fit {
    pub(super) nugget: f64,
    pub(super) structures: Vec<VariogramStructure>,
}

/// χ² that another structure has to explain: three standard deviations.
const IMPROVEMENT: f64 = 9.0;
/// Ranges tried between the shortest and the longest lag.
const RANGES: usize = 32;
/// Golden sections of a range.
const SECTIONS: usize = 24;

/// Sills for given ranges, and their χ².
#[derive(Clone, Debug)]
struct Candidate {
    ranges: Vec<f64>,
    /// Nugget, then sills.
    parts: Vec<f64>,
    chi_square: f64,
}

/// Fits as many structures as explain something.
pub(super) fn fit_structures(bins: &[LagBin], options: &VariogramOptions) -> Fit {
    let mut best = solve_sills(bins, options, &[]);
    for count in 1..=options.structures {
        let candidate = search_ranges(bins, options, count);
        if best.chi_square - candidate.chi_square > IMPROVEMENT {
            best = candidate;
        }
    }
    let mut structures: Vec<VariogramStructure> = best
        .ranges
        .iter()
        .zip(&best.parts[1..])
        .filter(|(_, sill)| **sill > 0.0)
        .map(|(range, sill)| VariogramStructure {
            sill: *sill,
            range: *range,
            model: options.model,
        })
        .collect();
    structures.sort_by(|a, b| a.range.total_cmp(&b.range));
    Fit {
        nugget: best.parts[0],
        structures,
    }
}

/// The best ranges of `count` structures.
fn search_ranges(bins: &[LagBin], options: &VariogramOptions, count: usize) -> Candidate {
    let (Some(first), Some(last)) = (bins.first(), bins.last()) else {
        return solve_sills(bins, options, &[]);
    };
    let range =
        |i: usize| first.lag * (last.lag / first.lag).powf((i as f64 + 0.5) / RANGES as f64);
    let mut best = solve_sills(bins, options, &[]);
    for i in 0..RANGES {
        let seconds = if count == 1 { i..i + 1 } else { i + 1..RANGES };
        for j in seconds {
            let ranges = if count == 1 {
                vec![range(i)]
            } else {
                vec![range(i), range(j)]
            };
            best = better_candidate(best, solve_sills(bins, options, &ranges));
        }
    }
    let step = (last.lag / first.lag).powf(1.0 / RANGES as f64);
    for _ in 0..2 {
        for which in 0..best.ranges.len() {
            best = refine_range(bins, options, best, which, step);
        }
    }
    best
}

fn better_candidate(a: Candidate, b: Candidate) -> Candidate {
    if b.chi_square < a.chi_square { b } else { a }
}

/// Golden sections of one range.
fn refine_range(
    bins: &[LagBin],
    options: &VariogramOptions,
    start: Candidate,
    which: usize,
    step: f64,
) -> Candidate {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let at = |logarithm: f64| {
        let mut ranges = start.ranges.clone();
        ranges[which] = logarithm.exp();
        solve_sills(bins, options, &ranges)
    };
    let middle = start.ranges[which].ln();
    let mut low = middle - step.ln();
    let mut high = middle + step.ln();
    for _ in 0..SECTIONS {
        let reach = golden * (high - low);
        if at(high - reach).chi_square <= at(low + reach).chi_square {
            high = low + reach;
        } else {
            low = high - reach;
        }
    }
    better_candidate(start.clone(), at(0.5 * (low + high)))
}

/// The best nugget and sills, none below zero.
fn solve_sills(bins: &[LagBin], options: &VariogramOptions, ranges: &[f64]) -> Candidate {
    let unknowns = ranges.len() + 1;
    let rows: Vec<Vec<f64>> = bins
        .iter()
        .map(|bin| {
            let rise = |range: &f64| {
                let structure = VariogramStructure {
                    sill: 1.0,
                    range: *range,
                    model: options.model,
                };
                1.0 - structure.correlation(bin.lag)
            };
            std::iter::once(1.0)
                .chain(ranges.iter().map(rise))
                .collect()
        })
        .collect();
    let subsets = (0..1_u32 << unknowns).map(|subset| least_squares(bins, &rows, subset, unknowns));
    let parts = subsets
        .flatten()
        .filter(|parts| parts.iter().all(|part| *part >= 0.0));
    let candidates = parts.map(|parts| {
        let chi_square = chi_square(bins, &rows, &parts);
        Candidate {
            ranges: ranges.to_vec(),
            parts,
            chi_square,
        }
    });
    let nothing = vec![0.0; unknowns];
    let chi_square = chi_square(bins, &rows, &nothing);
    candidates.fold(
        Candidate {
            ranges: ranges.to_vec(),
            parts: nothing,
            chi_square,
        },
        better_candidate,
    )
}

/// 1/variance of a bin.
fn weight_of(bin: &LagBin) -> f64 {
    1.0 / (bin.relative_error * bin.semivariance)
        .powi(2)
        .max(f64::MIN_POSITIVE)
}

fn chi_square(bins: &[LagBin], rows: &[Vec<f64>], parts: &[f64]) -> f64 {
    bins.iter()
        .zip(rows)
        .map(|(bin, row): (&LagBin, &Vec<f64>)| {
            let model: f64 = row.iter().zip(parts).map(|(a, x)| a * x).sum();
            weight_of(bin) * (bin.semivariance - model).powi(2)
        })
        .sum()
}

/// Weighted least squares of the unknowns in `subset`, the others zero; `None` where they are not
/// determined.
fn least_squares(
    bins: &[LagBin],
    rows: &[Vec<f64>],
    subset: u32,
    unknowns: usize,
) -> Option<Vec<f64>> {
    let chosen: Vec<usize> = (0..unknowns).filter(|i| subset >> i & 1 == 1).collect();
    let size = chosen.len();
    let mut system = vec![vec![0.0; size + 1]; size];
    for (bin, row) in bins.iter().zip(rows) {
        for (i, a) in chosen.iter().enumerate() {
            for (j, b) in chosen.iter().enumerate() {
                system[i][j] += weight_of(bin) * row[*a] * row[*b];
            }
            system[i][size] += weight_of(bin) * row[*a] * bin.semivariance;
        }
    }
    let solution = solve_symmetric(system)?;
    let mut parts = vec![0.0; unknowns];
    for (i, value) in chosen.into_iter().zip(solution) {
        parts[i] = value;
    }
    Some(parts)
}

/// Gauss–Jordan elimination of a symmetric system with its right side in the last column.
fn solve_symmetric(mut system: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let size = system.len();
    for i in 0..size {
        let pivot = system[i][i];
        if !pivot.is_finite() || pivot <= 0.0 {
            return None;
        }
        let row: Vec<f64> = system[i].iter().map(|value| value / pivot).collect();
        for (j, other) in system.iter_mut().enumerate() {
            if j != i {
                let factor = other[i];
                other
                    .iter_mut()
                    .zip(&row)
                    .for_each(|(value, part)| *value -= factor * part);
            }
        }
        system[i] = row;
    }
    let solution: Vec<f64> = system.iter().map(|row| row[size]).collect();
    solution
        .iter()
        .all(|value| value.is_finite())
        .then_some(solution)
}
