//! The cases of the suite, and their pixels.

use crate::{
    AIA, Compatibility, Constraint, Inversion, Method, MissingCounts, MonteCarlo, Noise,
    Observation, Outputs, Quantity, Saturation, TemperatureResponse, Weights,
};
use isopach_compute::Result;
use ndarray::{Array2, ArrayD, Axis};

/// Pixels of a case.
pub(super) const PIXELS: usize = 101;

/// A case with its name.
type Case = (&'static str, Inversion);

/// All cases.
pub(super) fn conformance_cases() -> Result<Vec<Case>> {
    let base = Inversion::new(TemperatureResponse::aia(), even_edges(33, 1.4));
    let mut cases = vec![("self-normalised weights", base.clone())];
    cases.extend(weight_cases(&base));
    cases.extend(parameter_cases(&base));
    cases.extend(channel_cases(&base)?);
    cases.extend(sign_cases(&base));
    cases.extend(method_cases(&base));
    cases.extend(shape_cases(&base));
    Ok(cases)
}

/// `base` with a change.
fn case(name: &'static str, base: &Inversion, change: impl FnOnce(&mut Inversion)) -> Case {
    let mut inversion = base.clone();
    change(&mut inversion);
    (name, inversion)
}

fn weight_cases(base: &Inversion) -> Vec<Case> {
    let two = Weights::EmissionMeasureLoci(vec![1, 4]);
    vec![
        case("EM loci weights", base, |i| i.weights = all_loci()),
        case("EM loci weights of two channels", base, |i| i.weights = two),
        case("given weights", base, |i| {
            i.weights = falling_weights(1, 2.0)
        }),
        case("given weights, a row a pixel", base, |i| {
            i.weights = falling_weights(PIXELS, 2.0);
        }),
        case("given weights of twenty decades", base, |i| {
            i.weights = falling_weights(1, 20.0);
        }),
        case("each bin by itself", base, |i| {
            i.constraint = Constraint::PerBin;
            i.weights = all_loci();
        }),
    ]
}

fn parameter_cases(base: &Inversion) -> Vec<Case> {
    vec![
        case("the integrated measure", base, |i| {
            i.solve_for = Quantity::Integrated;
            i.weights = all_loci();
        }),
        case("integrated, reported", base, |i| {
            i.report = Quantity::Integrated;
        }),
        case("the first solution", base, |i| i.max_iterations = 1),
        case("another target and grid", base, |i| {
            i.chi_squared_target = 0.5;
            i.target_growth = 1.2;
            i.mu_samples = 100;
        }),
        case("averaging kernels", base, |i| {
            i.outputs.averaging_kernel = true;
        }),
    ]
}

fn channel_cases(base: &Inversion) -> Result<Vec<Case>> {
    let levels = saturation_levels(base)?;
    let saturation = |then| {
        let levels = levels.clone();
        Some(Saturation { levels, then })
    };
    Ok(vec![
        case("dropped channels", base, |i| {
            i.missing = MissingCounts::Drop;
        }),
        case("saturated channels", base, |i| {
            i.saturation = saturation(MissingCounts::Drop);
        }),
        case("pixels that are saturated", base, |i| {
            i.saturation = saturation(MissingCounts::Reject);
        }),
        case("a pad value", base, |i| {
            i.pad_value = Some(-1.0);
            i.missing = MissingCounts::Drop;
            i.weights = all_loci();
        }),
        ("three channels", with_channels(base, 3)),
        ("two channels that are the same", with_twins(base)),
    ])
}

fn sign_cases(base: &Inversion) -> Vec<Case> {
    vec![
        case("the reference's quirks", base, |i| {
            i.compat = Compatibility::Reference;
            i.weights = all_loci();
        }),
        case("signs as the reference has them", base, |i| {
            i.compat = Compatibility::Strict;
        }),
        case("negative bins of a third of their error", base, |i| {
            i.negative_tolerance = 0.3;
        }),
        case("negative bins of no error", base, |i| {
            i.negative_tolerance = 0.0;
        }),
    ]
}

fn method_cases(base: &Inversion) -> Vec<Case> {
    let positive = Inversion {
        method: Method::Positive,
        ..base.clone()
    };
    let non_negative = Inversion {
        method: Method::NonNegative,
        ..base.clone()
    };
    let drop_missing = |i: &mut Inversion| i.missing = MissingCounts::Drop;
    vec![
        case("positive", &positive, drop_missing),
        case("positive, unequal bins, kernels", &positive, |i| {
            i.log_t_edges = unequal_edges();
            i.outputs = Outputs {
                averaging_kernel: true,
                ..Outputs::ERRORS
            };
        }),
        case("positive, 200 bins", &positive, |i| {
            i.log_t_edges = even_edges(200, 1.4);
        }),
        ("positive, three channels", with_channels(&positive, 3)),
        ("positive, twins", with_twins(&positive)),
        case("non-negative", &non_negative, drop_missing),
        (
            "non-negative, three channels",
            with_channels(&non_negative, 3),
        ),
        ("non-negative, twins", with_twins(&non_negative)),
    ]
}

fn shape_cases(base: &Inversion) -> Vec<Case> {
    vec![
        case("unequal bins", base, |i| i.log_t_edges = unequal_edges()),
        case("hardly more bins than channels", base, |i| {
            i.log_t_edges = even_edges(8, 1.2);
        }),
        case("200 bins", base, |i| i.log_t_edges = even_edges(200, 1.4)),
    ]
}

/// Edges of `bins` equal bins over `range` dex from log T = 5.7 on.
fn even_edges(bins: usize, range: f64) -> Vec<f64> {
    (0..=bins)
        .map(|i| 5.7 + range * i as f64 / bins as f64)
        .collect()
}

/// Edges of 30 bins that widen with the temperature.
fn unequal_edges() -> Vec<f64> {
    (0..=30)
        .map(|i| 5.7 + 1.4 * (f64::from(i) / 30.0).powf(1.4))
        .collect()
}

fn all_loci() -> Weights {
    Weights::EmissionMeasureLoci((0..6).collect())
}

/// Weights for 33 bins that fall by `decades` from a peak, which differs from row to row.
fn falling_weights(rows: usize, decades: f64) -> Weights {
    Weights::Given(Array2::from_shape_fn((rows, 33), |(i, t)| {
        let distance = (t as f64 - 15.0 - (i % 5) as f64) / 16.0;
        10f64.powf(-decades * distance.powi(2))
    }))
}

/// The first `channels` channels.
fn with_channels(base: &Inversion, channels: usize) -> Inversion {
    let mut inversion = base.clone();
    inversion.response.channels.truncate(channels);
    inversion
}

/// A seventh channel that is the same as the fourth.
fn with_twins(base: &Inversion) -> Inversion {
    let mut inversion = base.clone();
    let twin = inversion.response.channels[3].clone();
    inversion.response.channels.push(twin);
    inversion
}

/// Levels that the brightest pixels of the three channels that see most are above.
fn saturation_levels(inversion: &Inversion) -> Result<Vec<f64>> {
    let [counts, _] = observed_pixels(inversion)?;
    Ok((0..inversion.channels())
        .map(|f: usize| {
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
        })
        .collect())
}

/// Counts of Gaussians with noise, and their errors; every tenth pixel has something that is not a
/// count.
pub(super) fn observed_pixels(inversion: &Inversion) -> Result<[ArrayD<f64>; 2]> {
    let centres: Vec<f64> = inversion
        .log_t_edges
        .windows(2)
        .map(|w| 0.5 * (w[0] + w[1]))
        .collect();
    let emission = Array2::from_shape_fn((PIXELS, centres.len()), |(i, t)| {
        let step = |n: usize| (i % n) as f64 / n as f64;
        let peak = 5.95 + 0.8 * step(13);
        let width = 0.1 + 0.2 * step(7);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;

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
