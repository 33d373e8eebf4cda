//! The methods beside each other: signs, χ², bias, and what a status says.

#![allow(missing_docs)]

use isopach_compute::Cpu;
use isopach_emission::{
    AIA, Compatibility, EmissionMap, Inversion, InvertPixels, Method, MissingCounts, MonteCarlo,
    Noise, Observation, PixelStatus, Quantity, TemperatureResponse, reference,
};
use ndarray::{Array1, Array2, ArrayD, Axis};
use proptest::prelude::*;

const POSITIVE: [Method; 2] = [Method::Positive, Method::NonNegative];

fn inversion(method: Method) -> Inversion {
    let edges = (0..=42).map(|i| 5.7 + 1.4 * f64::from(i) / 42.0).collect();
    Inversion {
        method,
        report: Quantity::Integrated,
        ..Inversion::new(TemperatureResponse::aia(), edges)
    }
}

/// Gaussians in log T: centre, standard deviation, emission measure.
fn gaussians(inversion: &Inversion, parts: &[(f64, f64, f64)]) -> Array1<f64> {
    let centres: Vec<f64> = inversion
        .log_t_edges
        .windows(2)
        .map(|w| 0.5 * (w[0] + w[1]))
        .collect();
    let mut truth = Array1::zeros(centres.len());
    for &(peak, deviation, measure) in parts {
        let curve: Array1<f64> = centres
            .iter()
            .map(|x| (-0.5 * ((x - peak) / deviation).powi(2)).exp())
            .collect();
        truth.scaled_add(measure / curve.sum(), &curve);
    }
    truth
}

/// Draws of the counts of a truth, and their errors, as AIA sees it in 2.9 s in 16 pixels.
fn draws(inversion: &Inversion, truth: &Array1<f64>, draws: usize) -> [ArrayD<f64>; 2] {
    let exact = inversion.forward(truth.view().into_dyn()).unwrap();
    let exact = Array2::from_shape_fn((draws, exact.len()), |(_, f)| exact[[f]]).into_dyn();
    let sigma =
        Noise::sigma_of_counts(&AIA.map(|c| Noise::aia(&c, 2.9, 16.0, 0.0)), exact.view()).unwrap();
    let counts = MonteCarlo { draws: 2, seed: 9 }.draw_counts(
        0,
        &Observation {
            counts: exact.view(),
            sigma: sigma.view(),
        },
    );
    [counts, sigma]
}

fn run(inversion: &Inversion, [counts, sigma]: &[ArrayD<f64>; 2]) -> EmissionMap<f64> {
    Cpu.invert(
        inversion,
        Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        },
    )
    .unwrap()
}

/// Twenty narrow lines with errors of a tenth.
fn lines() -> Inversion {
    let log_t: Vec<f64> = (0..=100).map(|i| 5.4 + 0.02 * f64::from(i)).collect();
    let line = |i: i32| {
        let peak = 5.7 + 1.3 * f64::from(i) / 15.0;
        log_t
            .iter()
            .map(|x| 1e-25 * (-0.5 * ((x - peak) / 0.12).powi(2)).exp() + 1e-29)
            .collect()
    };
    let response = TemperatureResponse {
        channels: (0..16).map(line).collect(),
        log_t,
    };
    Inversion {
        response,
        max_iterations: 30,
        ..inversion(Method::Regularised)
    }
}

#[test]
fn a_solution_within_its_error_of_positive_is_kept_and_one_that_does_not_fit_says_so() {
    let lines = lines();
    let truth = gaussians(&lines, &[(6.15, 0.1, 1e27), (6.6, 0.1, 5e26)]);
    let exact = lines.forward(truth.view().into_dyn()).unwrap();
    let exact = Array2::from_shape_fn((40, 16), |(_, f)| exact[[f]]).into_dyn();
    let sigma = exact.mapv(|c| 0.1 * c);
    let counts = MonteCarlo { draws: 2, seed: 1 }.draw_counts(
        0,
        &Observation {
            counts: exact.view(),
            sigma: sigma.view(),
        },
    );
    let data = [counts, sigma];
    let strict = run(
        &Inversion {
            compat: Compatibility::Strict,
            ..lines.clone()
        },
        &data,
    );
    let kept = run(&lines, &data);
    let first = run(
        &Inversion {
            max_iterations: 1,
            compat: Compatibility::Strict,
            ..lines.clone()
        },
        &data,
    );
    let median = |map: &EmissionMap<f64>| {
        let mut sorted = map.chi_squared.iter().copied().collect::<Vec<_>>();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    };
    let counts = |map: &EmissionMap<f64>, status| map.count_of(status);
    assert!(
        counts(&strict, PixelStatus::Converged) > 10 && median(&strict) > 5.0,
        "{} {}",
        counts(&strict, PixelStatus::Converged),
        median(&strict)
    );
    assert!(
        median(&kept) < 1.5 && counts(&kept, PixelStatus::NegativeWithinError) > 20,
        "{} {}",
        counts(&kept, PixelStatus::NegativeWithinError),
        median(&kept)
    );
    for i in 0..40 {
        let (signs, chi) = (kept.status[[i]], kept.chi_squared[[i]]);
        assert_eq!(
            chi > PixelStatus::TARGET_SLACK,
            matches!(signs, PixelStatus::TargetNotReached) || {
                signs == PixelStatus::PositivityNotReached && chi > PixelStatus::TARGET_SLACK
            }
        );
        // Where nothing is negative the numbers are the reference's.
        if first.status[[i]] == PixelStatus::Converged {
            assert_eq!(
                kept.emission.index_axis(Axis(0), i),
                strict.emission.index_axis(Axis(0), i)
            );
        }
    }
    // Without a tolerance the numbers are those of the strict loop, and the statuses tell what that
    // one does not.
    let honest = run(
        &Inversion {
            negative_tolerance: 0.0,
            ..lines
        },
        &data,
    );
    assert_eq!(honest.emission, strict.emission);
    assert!(
        honest.count_of(PixelStatus::TargetNotReached) > 20
            && honest.count_of(PixelStatus::NegativeWithinError) == 0
    );
}

#[test]
fn channels_that_contradict_each_other_do_not_reach_the_target() {
    for method in [Method::Regularised, Method::Positive, Method::NonNegative] {
        let inversion = inversion(method);
        let truth = gaussians(&inversion, &[(6.3, 0.2, 1e27)]);
        let mut data = draws(&inversion, &truth, 4);
        data[0].index_axis_mut(Axis(1), 3).mapv_inplace(|c| 0.2 * c);
        let found = run(&inversion, &data);
        assert!(found.status.iter().all(|s| matches!(
            s,
            PixelStatus::TargetNotReached | PixelStatus::PositivityNotReached
        )));
        assert!(
            method == Method::Regularised || found.count_of(PixelStatus::TargetNotReached) == 4,
            "{:?}",
            found.status
        );
    }
}

#[test]
fn codes_are_different_and_stay() {
    let all = [
        (PixelStatus::Converged, 0),
        (PixelStatus::ChannelDropped, 1),
        (PixelStatus::PositivityNotReached, 2),
        (PixelStatus::NoChannel, 3),
        (PixelStatus::OutOfRange, 4),
        (PixelStatus::NegativeWithinError, 5),
        (PixelStatus::TargetNotReached, 6),
        (PixelStatus::BadInput { channel: 31 }, 47),
        (PixelStatus::Saturated { channel: 0 }, 48),
    ];
    assert!(all.iter().all(|(status, code)| status.code() == *code));
}

#[test]
fn positive_methods_are_positive_reach_what_can_be_reached_and_are_less_biased() {
    let strict = Inversion {
        compat: Compatibility::Strict,
        ..inversion(Method::Regularised)
    };
    for parts in [
        &[(6.15, 0.1, 1e27), (6.6, 0.1, 5e26)][..],
        &[(6.3, 0.2, 1e27)],
    ] {
        let truth = gaussians(&strict, parts);
        let data = draws(&strict, &truth, 200);
        let [positive, least] = POSITIVE.map(|method| run(&inversion(method), &data));
        assert!(
            positive
                .emission
                .iter()
                .chain(&least.emission)
                .all(|&x| x >= 0.0)
        );
        let reachable = least
            .chi_squared
            .iter()
            .zip(&positive.chi_squared)
            .filter(|(least, _)| **least <= 1.0);
        let reached: Vec<bool> = reachable.map(|(_, chi)| *chi <= 1.0).collect();
        assert!(
            reached.len() > 150 && reached.iter().filter(|&&r| !r).count() * 100 <= reached.len()
        );
        assert!(
            least
                .chi_squared
                .iter()
                .zip(&positive.chi_squared)
                .all(|(least, chi)| *least <= chi + 1e-9)
        );
        let of = |map: &EmissionMap<f64>, band: [f64; 2]| {
            strict
                .in_bands(map.emission.view(), &[band])
                .unwrap()
                .mean()
                .unwrap()
        };
        let regularised = run(&strict, &data);
        for band in [[5.0, 8.0], [6.45, 6.75]] {
            let truth = strict.in_bands(truth.view().into_dyn(), &[band]).unwrap()[[0]];
            let [before, after] =
                [&regularised, &positive].map(|map| (of(map, band) / truth - 1.0).abs());
            assert!(
                after < 0.5 * before || after < 0.1,
                "{parts:?} {band:?}: off by {after} instead of {before}"
            );
        }
        // The stated errors hold the truth where the reference's do not.
        let covered = |map: &EmissionMap<f64>| {
            let bins = map
                .emission
                .iter()
                .zip(map.uncertainty.as_ref().unwrap())
                .zip(truth.iter().cycle());
            bins.filter(|((x, error), truth)| (*x - *truth).abs() <= **error)
                .count() as f64
                / map.emission.len() as f64
        };
        assert!(
            covered(&positive) > 0.45 && covered(&positive) > 1.5 * covered(&regularised),
            "{}",
            covered(&positive)
        );
    }
}

#[test]
fn an_isothermal_plasma_of_exact_counts_keeps_its_emission() {
    // Within a tenth where non-negative least squares are: everywhere.
    for bin in [8, 14, 20, 23, 26, 29, 32, 38] {
        for method in POSITIVE {
            let inversion = inversion(method);
            let mut truth = Array1::zeros(42);
            truth[bin] = 1e27;
            let counts = inversion.forward(truth.view().into_dyn()).unwrap();
            let sigma = counts.mapv(|c| 0.1 * c + 0.1);
            let found = run(&inversion, &[counts, sigma]);
            let total = found.emission.sum() / 1e27;
            assert!((total - 1.0).abs() < 0.1, "{method:?}, bin {bin}: {total}");
        }
    }
}

#[test]
fn a_dropped_channel_is_one_that_was_never_there_and_company_is_not_seen() {
    for method in POSITIVE {
        let whole = Inversion {
            missing: MissingCounts::Drop,
            ..inversion(method)
        };
        let truth = gaussians(&whole, &[(6.2, 0.15, 1e27)]);
        let mut data = draws(&whole, &truth, 11);
        data[0][[4, 1]] = f64::NAN;
        data[0][[6, 2]] = 0.0;
        data[0][[7, 0]] = -3.0;
        let found = run(&whole, &data);
        assert_eq!(
            (found.dropped[[4]], found.dropped[[6]], found.dropped[[7]]),
            (2, 0, 0)
        );
        let mut without = whole.clone();
        without.response.channels.remove(1);
        let fewer = data
            .clone()
            .map(|a| a.select(Axis(1), &[0, 2, 3, 4, 5]).select(Axis(0), &[4]));
        let expected = run(&without, &fewer);
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-7 * b.abs().max(1.0);
        assert!(
            found
                .synthetic
                .select(Axis(1), &[0, 2, 3, 4, 5])
                .index_axis(Axis(0), 4)
                .iter()
                .zip(&expected.synthetic)
                .all(|(a, b)| close(*a, *b))
        );
        for i in 0..11 {
            let alone = data.clone().map(|a| a.select(Axis(0), &[i]));
            let bits = |map: &EmissionMap<f64>, i: usize| {
                map.emission
                    .index_axis(Axis(0), i)
                    .iter()
                    .map(|x| x.to_bits())
                    .collect::<Vec<_>>()
            };
            assert_eq!(bits(&run(&whole, &alone), 0), bits(&found, i));
        }
        let definition = reference::invert(
            &whole,
            Observation {
                counts: data[0].view(),
                sigma: data[1].view(),
            },
        )
        .unwrap();
        assert_eq!(definition.status, found.status);
    }
}

#[test]
fn what_belongs_to_another_method_is_refused() {
    let inversion = Inversion {
        weights: isopach_emission::Weights::EmissionMeasureLoci(vec![0]),
        ..inversion(Method::Positive)
    };
    let data = [Array1::ones(6).into_dyn(), Array1::ones(6).into_dyn()];
    let observed = Observation {
        counts: data[0].view(),
        sigma: data[1].view(),
    };
    assert!(
        Cpu.invert(&inversion, observed)
            .unwrap_err()
            .to_string()
            .contains("regularised")
    );
}

/// A count and its error: measured, zero, negative, missing, or with an error that says so.
fn measurement() -> impl Strategy<Value = [f64; 2]> {
    let size = -1.0_f64..4.0;
    let kinds = prop_oneof![
        6 => Just(1.0),
        1 => Just(0.0),
        1 => Just(-1.0),
        1 => Just(f64::NAN),
    ];
    let missing =
        prop_oneof![20 => Just(1.0), 1 => Just(0.0), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    (kinds, size, -1.0_f64..2.0, missing).prop_map(|(kind, size, error, missing)| {
        [kind * 10_f64.powf(size), missing * 10_f64.powf(error)]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Any channels, some of them twice; any number of bins; pixels of which nothing is known, and
    /// pixels without counts.
    #[test]
    fn lanes_find_what_the_definition_of_non_negative_least_squares_finds(
        channels in prop::collection::vec(0_usize..6, 1..9),
        bins in 9_usize..60,
        measured in prop::collection::vec(measurement(), 8 * 20),
        pixels in 1_usize..20,
        dark in 0_usize..20,
    ) {
        let aia = TemperatureResponse::aia();
        let response = TemperatureResponse {
            channels: channels.iter().map(|&f| aia.channels[f].clone()).collect(),
            log_t: aia.log_t.clone(),
        };
        let edges = (0..=bins).map(|i| 5.7 + 1.4 * i as f64 / bins as f64).collect();
        let inversion = Inversion {
            method: Method::NonNegative,
            missing: MissingCounts::Drop,
            ..Inversion::new(response, edges)
        };
        let shape = (pixels, channels.len());
        let of = |which: usize| Array2::from_shape_fn(shape, |(i, f)| measured[8 * i + f][which]).into_dyn();
        let mut data = [of(0), of(1)];
        if dark < pixels {
            data[0].index_axis_mut(Axis(0), dark).fill(0.0);
        }
        let found = run(&inversion, &data);
        let expected =
            reference::invert(&inversion, Observation { counts: data[0].view(), sigma: data[1].view() }).unwrap();
        prop_assert_eq!(&found.dropped, &expected.dropped);
        prop_assert_eq!(&found.status, &expected.status);
        for i in 0..pixels {
            if !expected.status[[i]].has_result() {
                prop_assert!(found.chi_squared[[i]].is_nan());
                continue;
            }
            let (chi, least) = (found.chi_squared[[i]], expected.chi_squared[[i]]);
            let used: Vec<usize> = (0..channels.len()).filter(|f| expected.dropped[[i]] & (1 << f) == 0).collect();
            let in_errors = |numbers: &ArrayD<f64>, f: usize| numbers[[i, f]] / data[1][[i, f]];
            let loud: f64 = used.iter().map(|&f| in_errors(&data[0], f).powi(2)).sum();
            // Both stop at slopes of 10⁻¹¹ of the first. The definition's are not in units of the
            // lengths of columns, so that it may stop at short ones earlier.
            let round_off = 1e-8 * (1.0 + least) + 1e-10 * loud;
            let (above, below) = (chi - least, least - chi);
            prop_assert!(above <= round_off, "pixel {}: {} for {}", i, chi, least);
            prop_assert!(below <= round_off + 1e-4 * (1.0 + least), "pixel {}: {} for {}", i, chi, least);
            let apart = above.abs() * used.len() as f64;
            prop_assert!(found.emission.index_axis(Axis(0), i).iter().all(|&x| x >= 0.0));
            // Many solutions, one set of counts: between the counts is the root of what is between
            // the sums of squares, at most.
            let allowed = apart.sqrt() + 1e-6 * (1.0 + loud.sqrt());
            for f in used {
                let apart = (in_errors(&found.synthetic, f) - in_errors(&expected.synthetic, f)).abs();
                prop_assert!(apart <= allowed, "pixel {}, channel {}: {}", i, f, apart);
            }
            let alone = data.clone().map(|a| a.select(Axis(0), &[i]));
            let alone = run(&inversion, &alone);
            let row = found.emission.index_axis(Axis(0), i);
            prop_assert!(alone.emission.iter().zip(row).all(|(a, b)| a.to_bits() == b.to_bits()), "pixel {}", i);
        }
    }
}
