//! One suite that every backend is put through.
//!
//! Each case is inverted and compared with its definition ([`crate::reference`]): all kinds of
//! weights, constraints and quirks, three to seven channels, few and many bins, unequal bins,
//! channels that are the same or saturated, and pixels that are not numbers.
//!
//! | operation | must agree |
//! |---|---|
//! | `invert` | status, iterations, dropped and saturated channels exactly; λ, emission, vertical error and counts to 10⁻⁸ (of a pixel's largest) |
//! | `invert`, positive | as that, but for iterations, to 10⁻⁶: λ is at least 10⁻⁷ of the eigenvalues there |
//! | `invert`, non-negative | statuses, channels, and counts of the channels in use: many solutions may have the same counts |
//! | `invert_single` | λ in 99.9 % of a case's pixels and emission to 10⁻⁵ at the 99th percentile, which is one pixel here |
//!
//! A backend that lacks an operation (`Unsupported`) does not fail; the suite says so.

use crate::{
    AIA, Compatibility, Constraint, EmissionMap, Inversion, InvertPixels, Method, MissingCounts,
    MonteCarlo, Noise, Observation, Outputs, Quantity, Saturation, TemperatureResponse, Weights,
    reference,
};
pub use isopach_compute::conformance::Finding;
use isopach_compute::{Error, Result};
use ndarray::{Array2, ArrayD, Axis};

/// Pixels of a case.
const PIXELS: usize = 101;

/// Runs every operation of `on` against its definition. Empty: it conforms, and has everything.
///
/// # Errors
/// Where a case cannot be made; not where the backend fails, which is a finding.
pub fn conformance(on: &dyn InvertPixels) -> Result<Vec<Finding>> {
    let mut findings = vec![];
    for (case, inversion) in conformance_cases()? {
        let [counts, sigma] = observed_pixels(&inversion)?;
        let observation = Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        };
        let expected = reference::invert(&inversion, observation.clone())?;
        let mut note = |operation,
                        result: Result<EmissionMap<f64>>,
                        expected: &EmissionMap<f64>,
                        tolerance,
                        spared| {
            let what = match result {
                Ok(found) => difference(inversion.method, &found, expected, tolerance, spared),
                Err(Error::Unsupported { operation }) => {
                    Some(format!("declined: cannot {operation}"))
                }
                Err(error) => Some(format!("failed: {error}")),
            };
            findings.extend(what.map(|what| Finding {
                operation,
                case: case.to_owned(),
                what,
            }));
        };
        // Out of reach of its aim the dual is long: ε / 10⁻⁷ of its digits are left.
        let tolerance = if inversion.method == Method::Positive {
            1e-6
        } else {
            1e-8
        };
        note(
            "invert",
            on.invert(&inversion, observation),
            &expected,
            tolerance,
            0,
        );
        let [single_counts, single_sigma] = [&counts, &sigma].map(|a| a.mapv(|x| x as f32));
        let single = Observation {
            counts: single_counts.view(),
            sigma: single_sigma.view(),
        };
        let single = on
            .invert_single(&inversion, single)
            .map(|map| map.to_precision());
        if inversion.method == Method::Regularised {
            note("invert_single", single, &expected, 1e-5, 1);
        } else {
            // Solutions without a constraint on their size follow the rounding of the counts.
            let [counts, sigma] = [single_counts, single_sigma].map(|a| a.mapv(f64::from));
            let expected = reference::invert(
                &inversion,
                Observation {
                    counts: counts.view(),
                    sigma: sigma.view(),
                },
            )?;
            note("invert_single", single, &expected, 1e-5, 1);
        }
    }
    Ok(findings)
}

fn conformance_cases() -> Result<Vec<(&'static str, Inversion)>> {
    let edges = |bins: usize, range: f64| {
        (0..=bins)
            .map(|i| 5.7 + range * i as f64 / bins as f64)
            .collect::<Vec<_>>()
    };
    let base = Inversion::new(TemperatureResponse::aia(), edges(33, 1.4));
    let all = || Weights::EmissionMeasureLoci((0..6).collect());
    let given = |rows: usize, decades: f64| {
        let falling = |(i, t): (usize, usize)| {
            10f64.powf(-decades * ((t as f64 - 15.0 - (i % 5) as f64) / 16.0).powi(2))
        };
        Weights::Given(Array2::from_shape_fn((rows, 33), falling))
    };
    let levels = saturation_levels(&base)?;
    let saturation = |then| Saturation {
        levels: levels.clone(),
        then,
    };
    let fewer = |channels: usize| {
        let mut inversion = base.clone();
        inversion.response.channels.truncate(channels);
        inversion
    };
    let mut twins = base.clone();
    twins
        .response
        .channels
        .push(twins.response.channels[3].clone());
    let unequal: Vec<f64> = (0..=30)
        .map(|i| 5.7 + 1.4 * (f64::from(i) / 30.0).powf(1.4))
        .collect();
    Ok(vec![
        ("self-normalised weights", base.clone()),
        (
            "EM loci weights",
            Inversion {
                weights: all(),
                ..base.clone()
            },
        ),
        (
            "EM loci weights of two channels",
            Inversion {
                weights: Weights::EmissionMeasureLoci(vec![1, 4]),
                ..base.clone()
            },
        ),
        (
            "given weights",
            Inversion {
                weights: given(1, 2.0),
                ..base.clone()
            },
        ),
        (
            "given weights, a row a pixel",
            Inversion {
                weights: given(PIXELS, 2.0),
                ..base.clone()
            },
        ),
        (
            "given weights of twenty decades",
            Inversion {
                weights: given(1, 20.0),
                ..base.clone()
            },
        ),
        (
            "each bin by itself",
            Inversion {
                constraint: Constraint::PerBin,
                weights: all(),
                ..base.clone()
            },
        ),
        (
            "the integrated measure",
            Inversion {
                solve_for: Quantity::Integrated,
                weights: all(),
                ..base.clone()
            },
        ),
        (
            "integrated, reported",
            Inversion {
                report: Quantity::Integrated,
                ..base.clone()
            },
        ),
        (
            "the first solution",
            Inversion {
                max_iterations: 1,
                ..base.clone()
            },
        ),
        (
            "another target and grid",
            Inversion {
                chi_squared_target: 0.5,
                target_growth: 1.2,
                mu_samples: 100,
                ..base.clone()
            },
        ),
        (
            "dropped channels",
            Inversion {
                missing: MissingCounts::Drop,
                ..base.clone()
            },
        ),
        (
            "saturated channels",
            Inversion {
                saturation: Some(saturation(MissingCounts::Drop)),
                ..base.clone()
            },
        ),
        (
            "pixels that are saturated",
            Inversion {
                saturation: Some(saturation(MissingCounts::Reject)),
                ..base.clone()
            },
        ),
        (
            "averaging kernels",
            Inversion {
                outputs: Outputs {
                    averaging_kernel: true,
                    ..Outputs::ERRORS
                },
                ..base.clone()
            },
        ),
        (
            "the reference's quirks",
            Inversion {
                compat: Compatibility::Reference,
                weights: all(),
                ..base.clone()
            },
        ),
        (
            "signs as the reference has them",
            Inversion {
                compat: Compatibility::Strict,
                ..base.clone()
            },
        ),
        (
            "negative bins of a third of their error",
            Inversion {
                negative_tolerance: 0.3,
                ..base.clone()
            },
        ),
        (
            "negative bins of no error",
            Inversion {
                negative_tolerance: 0.0,
                ..base.clone()
            },
        ),
        (
            "a pad value",
            Inversion {
                pad_value: Some(-1.0),
                missing: MissingCounts::Drop,
                weights: all(),
                ..base.clone()
            },
        ),
        (
            "positive",
            Inversion {
                method: Method::Positive,
                missing: MissingCounts::Drop,
                ..base.clone()
            },
        ),
        (
            "positive, unequal bins, kernels",
            Inversion {
                method: Method::Positive,
                log_t_edges: unequal.clone(),
                outputs: Outputs {
                    averaging_kernel: true,
                    ..Outputs::ERRORS
                },
                ..base.clone()
            },
        ),
        (
            "positive, 200 bins",
            Inversion {
                method: Method::Positive,
                log_t_edges: edges(200, 1.4),
                ..base.clone()
            },
        ),
        (
            "positive, three channels",
            Inversion {
                method: Method::Positive,
                ..fewer(3)
            },
        ),
        (
            "positive, twins",
            Inversion {
                method: Method::Positive,
                ..twins.clone()
            },
        ),
        (
            "non-negative",
            Inversion {
                method: Method::NonNegative,
                missing: MissingCounts::Drop,
                ..base.clone()
            },
        ),
        (
            "non-negative, three channels",
            Inversion {
                method: Method::NonNegative,
                ..fewer(3)
            },
        ),
        (
            "non-negative, twins",
            Inversion {
                method: Method::NonNegative,
                ..twins.clone()
            },
        ),
        (
            "unequal bins",
            Inversion {
                log_t_edges: unequal,
                ..base.clone()
            },
        ),
        (
            "hardly more bins than channels",
            Inversion {
                log_t_edges: edges(8, 1.2),
                ..base.clone()
            },
        ),
        (
            "200 bins",
            Inversion {
                log_t_edges: edges(200, 1.4),
                ..base.clone()
            },
        ),
        ("three channels", fewer(3)),
        ("two channels that are the same", twins),
    ])
}

/// Levels that the brightest pixels of the three channels that see most are above.
fn saturation_levels(inversion: &Inversion) -> Result<Vec<f64>> {
    let [counts, _] = observed_pixels(inversion)?;
    let level = |f: usize| {
        let mut column: Vec<f64> = counts
            .index_axis(Axis(1), f)
            .iter()
            .copied()
            .filter(|x| x.is_finite())
            .collect();
        column.sort_by(f64::total_cmp);
        if (2..5).contains(&f) {
            column[column.len() * 9 / 10]
        } else {
            f64::INFINITY
        }
    };
    Ok((0..inversion.channels()).map(level).collect())
}

/// Counts of Gaussians with noise, and their errors; every tenth pixel has something that is not a
/// count.
fn observed_pixels(inversion: &Inversion) -> Result<[ArrayD<f64>; 2]> {
    let centres: Vec<f64> = inversion
        .log_t_edges
        .windows(2)
        .map(|w| 0.5 * (w[0] + w[1]))
        .collect();
    let emission = Array2::from_shape_fn((PIXELS, centres.len()), |(i, t)| {
        let step = |n: usize| (i % n) as f64 / n as f64;
        let (peak, width) = (5.95 + 0.8 * step(13), 0.1 + 0.2 * step(7));
        10f64.powf(20.5 + 1.5 * step(11)) * (-0.5 * ((centres[t] - peak) / width).powi(2)).exp()
            + 1e19
    });
    let differential = Inversion {
        report: Quantity::Differential,
        solve_for: Quantity::Differential,
        ..inversion.clone()
    };
    let exact = differential.forward(emission.view().into_dyn())?;
    let noises: Vec<Noise> = (0..inversion.channels())
        .map(|f| Noise::aia(&AIA[f % AIA.len()], 2.9, 4.0, 0.03))
        .collect();
    let mut sigma = Noise::sigma_of_counts(&noises, exact.view())?;
    let mut counts = MonteCarlo { draws: 2, seed: 3 }.draw_counts(
        0,
        &Observation {
            counts: exact.view(),
            sigma: sigma.view(),
        },
    );
    let bad = [f64::NAN, f64::INFINITY, 0.0, -1.0, f64::NEG_INFINITY];
    for i in (0..PIXELS).step_by(10) {
        let of = if i % 20 == 0 { &mut counts } else { &mut sigma };
        of[[i, i % inversion.channels()]] = bad[i / 10 % bad.len()];
    }
    Ok([counts, sigma])
}

/// What differs, of more pixels than are `spared`.
fn difference(
    method: Method,
    found: &EmissionMap<f64>,
    expected: &EmissionMap<f64>,
    tolerance: f64,
    spared: usize,
) -> Option<String> {
    if found.emission.shape() != expected.emission.shape() {
        return Some(format!(
            "the shape {:?} instead of {:?}",
            found.emission.shape(),
            expected.emission.shape()
        ));
    }
    let pixels =
        |differs: &dyn Fn(usize) -> bool| (0..PIXELS).filter(|&i| differs(i)).collect::<Vec<_>>();
    let row = |array: &ArrayD<f64>, i: usize| {
        array
            .rows()
            .into_iter()
            .nth(i)
            .map(|row| row.to_vec())
            .unwrap_or_default()
    };
    let apart = |a: &[f64], b: &[f64]| {
        let largest = b.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        // NaN is as good as NaN, and as nothing else.
        a.iter()
            .zip(b)
            .any(|(a, b)| a.is_nan() != b.is_nan() || (a - b).abs() > tolerance * largest)
    };
    let far = |a: &ArrayD<f64>, b: &ArrayD<f64>, i: usize| apart(&row(a, i), &row(b, i));
    let far_of = |a: &Option<ArrayD<f64>>, b: &Option<ArrayD<f64>>, i: usize| match (a, b) {
        (Some(a), Some(b)) => far(a, b, i),
        (a, b) => a.is_some() != b.is_some(),
    };
    let plane = |array: &ArrayD<f64>, i: usize| {
        array
            .index_axis(Axis(0), i)
            .iter()
            .copied()
            .collect::<Vec<_>>()
    };
    let kernels = |i: usize| match (&found.averaging_kernel, &expected.averaging_kernel) {
        (Some(a), Some(b)) => apart(&plane(a, i), &plane(b, i)),
        (a, b) => a.is_some() != b.is_some(),
    };
    let lambda = |i: usize| {
        (found.lambda[[i]] - expected.lambda[[i]]).abs() > 1e3 * tolerance * expected.lambda[[i]]
    };
    // A matter of round-off: the last Newton step; which of many solutions with the same counts is
    // come upon.
    let steps_count = method == Method::Regularised;
    let is_unique = method != Method::NonNegative;
    let when = |counts: bool, pixels: Vec<usize>| if counts { pixels } else { vec![] };
    // Counts of a channel that was left out are as free as the solution.
    let fixed = |array: &ArrayD<f64>, i: usize| -> Vec<f64> {
        let left_out = |f: usize| !is_unique && expected.dropped[[i]] & (1 << f) != 0;
        row(array, i)
            .into_iter()
            .enumerate()
            .map(|(f, count)| if left_out(f) { 0.0 } else { count })
            .collect()
    };
    let counts = |i: usize| apart(&fixed(&found.synthetic, i), &fixed(&expected.synthetic, i));
    let checks: [(&str, usize, Vec<usize>); 9] = [
        (
            "statuses",
            spared,
            pixels(&|i| found.status[[i]] != expected.status[[i]]),
        ),
        (
            "dropped channels",
            0,
            pixels(&|i| found.dropped[[i]] != expected.dropped[[i]]),
        ),
        (
            "saturated channels",
            0,
            pixels(&|i| found.saturated[[i]] != expected.saturated[[i]]),
        ),
        (
            "iterations",
            spared,
            when(
                steps_count,
                pixels(&|i| found.iterations[[i]] != expected.iterations[[i]]),
            ),
        ),
        ("λ", spared, pixels(&lambda)),
        (
            "emissions",
            spared,
            when(
                is_unique,
                pixels(&|i| far(&found.emission, &expected.emission, i)),
            ),
        ),
        (
            "vertical errors",
            PIXELS / 20 * spared,
            when(
                is_unique,
                pixels(&|i| far_of(&found.uncertainty, &expected.uncertainty, i)),
            ),
        ),
        (
            "averaging kernels",
            PIXELS / 20 * spared,
            when(is_unique, pixels(&kernels)),
        ),
        ("counts", PIXELS / 20 * spared, pixels(&counts)),
    ];
    let first = checks
        .into_iter()
        .find(|(_, spared, pixels)| pixels.len() > *spared);
    first.map(|(what, _, pixels)| {
        format!(
            "{what} differ in {} of {PIXELS} pixels, first {}",
            pixels.len(),
            pixels[0]
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_of_saturation_have_saturated_pixels_and_others() {
        for (case, inversion) in conformance_cases()
            .unwrap()
            .into_iter()
            .filter(|(_, inversion)| inversion.saturation.is_some())
        {
            let [counts, sigma] = observed_pixels(&inversion).unwrap();
            let observation = Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            };
            let saturated = reference::invert(&inversion, observation)
                .unwrap()
                .saturated;
            let some = saturated.iter().filter(|&&s| s != 0).count();
            assert!((5..PIXELS / 2).contains(&some), "{case}: {some}");
        }
    }
}
