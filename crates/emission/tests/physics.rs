//! What was put in comes out.

#![allow(missing_docs)]

use isopach_compute::{Cpu, Dispatcher};
use isopach_emission::{
    AIA, Inversion, InvertPixels, MonteCarlo, Noise, Observation, Outputs, PixelStatus, Quantity,
    Real, TemperatureResponse, Weights, reference,
};
use ndarray::{Array1, Array2, ArrayD, Axis};
use std::sync::Arc;

fn inversion(bins: usize) -> Inversion {
    let edges = (0..=bins)
        .map(|i| 5.7 + 1.4 * i as f64 / bins as f64)
        .collect();
    Inversion::new(TemperatureResponse::aia(), edges)
}

fn centres(inversion: &Inversion) -> Vec<f64> {
    inversion
        .log_t_edges
        .windows(2)
        .map(|w| 0.5 * (w[0] + w[1]))
        .collect()
}

fn gaussian(inversion: &Inversion, height: f64, centre: f64, width: f64) -> ArrayD<f64> {
    centres(inversion)
        .iter()
        .map(|x| height * (-0.5 * ((x - centre) / width).powi(2)).exp())
        .collect::<Array1<_>>()
        .into_dyn()
}

fn sigma(counts: &ArrayD<f64>) -> ArrayD<f64> {
    Noise::sigma_of_counts(
        &AIA.map(|channel| Noise::aia(&channel, 2.9, 16.0, 0.0)),
        counts.view(),
    )
    .unwrap()
}

#[test]
fn an_isothermal_plasma_is_found_at_its_temperature() {
    // From 1 MK, below which six channels cannot tell it from something hot, to 5 MK.
    let mut inversion = inversion(42);
    inversion.report = Quantity::Integrated;
    inversion.weights = Weights::EmissionMeasureLoci((0..6).collect());
    let x = centres(&inversion);
    for bin in [8, 11, 17, 20, 23, 26, 30] {
        let mut truth = Array1::zeros(42);
        truth[bin] = 1e27;
        let counts = inversion.forward(truth.view().into_dyn()).unwrap();
        let sigma = counts.mapv(|c| 0.1 * c + 0.1);
        let found = inversion
            .run(
                &Cpu,
                Observation {
                    counts: counts.view(),
                    sigma: sigma.view(),
                },
            )
            .unwrap();
        assert!(
            found.status[[]].has_result() && found.status[[]] != PixelStatus::PositivityNotReached
        );
        let peak = (0..42)
            .max_by(|&a, &b| found.emission[[a]].total_cmp(&found.emission[[b]]))
            .unwrap();
        // Half the full width of the averaging kernel at half of its maximum.
        let half_width = 2.355 * found.log_t_resolution.as_ref().unwrap()[[peak]];
        assert!(
            (x[peak] - x[bin]).abs() <= half_width,
            "{} for {}, half width {half_width}",
            x[peak],
            x[bin]
        );
    }
}

#[test]
fn gaussians_are_recovered_within_their_errors() {
    let inversion = inversion(42);
    for (centre, width) in [(6.1, 0.15), (6.3, 0.2), (6.5, 0.15)] {
        let truth = gaussian(&inversion, 1e22, centre, width);
        let counts = inversion.forward(truth.view()).unwrap();
        let sigma = counts.mapv(|c| 0.03 * c + 1e-3);
        let found = inversion
            .run(
                &Cpu,
                Observation {
                    counts: counts.view(),
                    sigma: sigma.view(),
                },
            )
            .unwrap();
        assert_eq!(found.status[[]], PixelStatus::Converged);
        // Around the peak, to twice the vertical error and what a kernel of the horizontal one
        // does: it moves the curve by up to its standard deviation, and widens it by ½ σ² ξ″.
        let (error, resolution) = (
            found.uncertainty.as_ref().unwrap(),
            found.log_t_resolution.as_ref().unwrap(),
        );
        for (t, x) in centres(&inversion)
            .iter()
            .enumerate()
            .filter(|(_, x)| (*x - centre).abs() < 1.5 * width)
        {
            let deviation = 2.0 * resolution[[t]];
            let slope = truth[[t]] * (x - centre).abs() / (width * width);
            let blur = slope * deviation + 0.5 * truth[[t]] / (width * width) * deviation.powi(2);
            let off = (found.emission[[t]] - truth[[t]]).abs();
            assert!(
                off <= 2.0 * error[[t]] + blur,
                "{x}: off by {off:e}, error {:e}, blur {blur:e}",
                error[[t]]
            );
        }
    }
}

#[test]
fn the_forward_model_closes() {
    let inversion = inversion(42);
    let truth = gaussian(&inversion, 1e22, 6.3, 0.2) + gaussian(&inversion, 3e21, 6.8, 0.1);
    let mut counts = inversion.forward(truth.view()).unwrap();
    let sigma = sigma(&counts);
    counts
        .iter_mut()
        .zip(&sigma)
        .enumerate()
        .for_each(|(i, (c, s))| *c += s * [1.0, -1.0, 0.5][i % 3]);
    let found = inversion
        .run(
            &Cpu,
            Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            },
        )
        .unwrap();
    let again = inversion.forward(found.emission.view()).unwrap();
    for (a, b) in again.iter().zip(&found.synthetic) {
        assert!((a / b - 1.0).abs() < 1e-10);
    }
    let chi = (0..6)
        .map(|f| ((counts[[f]] - again[[f]]) / sigma[[f]]).powi(2))
        .sum::<f64>()
        / 6.0;
    assert!((chi / found.chi_squared[[]] - 1.0).abs() < 1e-8);
}

#[test]
fn bands_add_up_and_the_mean_temperature_is_between_its_ends() {
    let mut inversion = inversion(28);
    let truth = gaussian(&inversion, 1e22, 6.3, 0.2);
    let total = inversion.in_bands(truth.view(), &[[0.0, 9.0]]).unwrap()[[0]];
    let parts = inversion
        .in_bands(truth.view(), &[[5.0, 6.234], [6.234, 6.5], [6.5, 8.0]])
        .unwrap();
    assert!((parts.sum() / total - 1.0).abs() < 1e-12);
    let kelvin = inversion.discretised().unwrap().kelvin;
    let expected: f64 = truth.iter().zip(&kelvin).map(|(x, k)| x * k).sum();
    assert!((total / expected - 1.0).abs() < 1e-12);
    let mean = inversion.mean_temperature(truth.view()).unwrap()[[]];
    assert!((6.3..6.45).contains(&mean.log10()), "{mean:e}"); // weighted by T ξ T: above the peak
    // The same measure, integrated.
    inversion.report = Quantity::Integrated;
    let em: ArrayD<f64> = truth
        .iter()
        .zip(&kelvin)
        .map(|(x, k)| x * k)
        .collect::<Array1<_>>()
        .into_dyn();
    assert!(
        (inversion.in_bands(em.view(), &[[0.0, 9.0]]).unwrap()[[0]] / total - 1.0).abs() < 1e-12
    );
    assert!(inversion.in_bands(em.view(), &[[6.0, 5.0]]).is_err());
    assert!(
        inversion
            .mean_temperature(Array1::<f64>::zeros(5).view().into_dyn())
            .is_err()
    );
}

#[test]
fn bars_cover_what_they_should_at_the_expected_rate() {
    // At weights that do not move with the noise the solution is linear in the counts but for the
    // choice of λ: its expectation is the averaging kernel applied to the truth, its spread the
    // vertical error.
    let mut inversion = inversion(30);
    let truth = gaussian(&inversion, 1e22, 6.3, 0.25);
    inversion.weights = Weights::Given(
        truth
            .mapv(|x| x / 1e22 + 1e-3)
            .into_shape_with_order((1, 30))
            .unwrap(),
    );
    inversion.max_iterations = 1;
    let exact = inversion.forward(truth.view()).unwrap();
    let sigma = exact.mapv(|c| 0.1 * c);
    let draws = MonteCarlo {
        draws: 400,
        seed: 11,
    };
    let (mut covered, mut all) = (0.0, 0.0);
    for draw in 0..draws.draws {
        let counts = draws.draw_counts(
            draw,
            &Observation {
                counts: exact.view(),
                sigma: sigma.view(),
            },
        );
        let found = reference::invert_pixel(
            &inversion,
            counts.as_slice().unwrap(),
            sigma.as_slice().unwrap(),
        )
        .unwrap();
        let expected = found
            .kernel
            .averaging
            .dot(&truth.clone().into_dimensionality::<ndarray::Ix1>().unwrap());
        for t in 8..20 {
            covered += f64::from(u8::from(
                (found.emission[t] - expected[t]).abs() <= found.uncertainty[t],
            ));
            all += 1.0;
        }
    }
    let rate = covered / all;
    assert!((0.60..0.76).contains(&rate), "{rate} instead of 0.683");
}

#[test]
fn trying_gives_the_spread_that_is_stated() {
    let mut inversion = inversion(30);
    let truth = gaussian(&inversion, 1e22, 6.3, 0.25);
    inversion.weights = Weights::Given(
        truth
            .mapv(|x| x / 1e22 + 1e-3)
            .into_shape_with_order((1, 30))
            .unwrap(),
    );
    let counts = inversion.forward(truth.view()).unwrap();
    let sigma = counts.mapv(|c| 0.05 * c);
    let observation = Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    };
    let stated = Cpu.invert(&inversion, observation.clone()).unwrap();
    let monte_carlo = MonteCarlo {
        draws: 300,
        seed: 5,
    };
    let tried = monte_carlo.run(&inversion, &Cpu, &observation).unwrap();
    assert!(tried.used[[]] > 290);
    for t in 8..20 {
        let ratio = tried.deviation[[t]] / stated.uncertainty.as_ref().unwrap()[[t]];
        assert!((0.5..2.5).contains(&ratio), "bin {t}: {ratio}");
    }
    assert_eq!(
        monte_carlo.run(&inversion, &Cpu, &observation).unwrap(),
        tried
    );
    let other = MonteCarlo {
        seed: 6,
        ..monte_carlo
    }
    .run(&inversion, &Cpu, &observation)
    .unwrap();
    assert_ne!(other.mean, tried.mean);
    assert!(
        MonteCarlo { draws: 1, seed: 0 }
            .run(&inversion, &Cpu, &observation)
            .is_err()
    );
}

#[test]
fn a_stream_in_little_memory_is_the_whole() {
    let mut inversion = inversion(24);
    inversion.outputs = Outputs {
        log_t_resolution: false,
        ..Outputs::ERRORS
    };
    let emission = Array2::from_shape_fn((35, 24), |(i, t)| {
        1e21 * (1.0 + ((i * 7 + t * 3) % 11) as f64)
    });
    let counts = inversion.forward(emission.view().into_dyn()).unwrap();
    let sigma = sigma(&counts);
    let [counts, sigma] = [counts, sigma].map(|a| a.into_shape_with_order(vec![7, 5, 6]).unwrap());
    streamed(&inversion, &counts, &sigma);
    streamed(
        &inversion,
        &counts.mapv(|x| x as f32),
        &sigma.mapv(|x| x as f32),
    );
}

fn streamed<T: Real>(inversion: &Inversion, counts: &ArrayD<T>, sigma: &ArrayD<T>) {
    let whole = T::invert_on(
        &Cpu,
        inversion,
        Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        },
    )
    .unwrap();
    let budget = 2 * 5 * inversion.bytes_per_pixel::<T>() + 7;
    let mut rows = vec![];
    let read = |range: std::ops::Range<usize>| {
        let part = |a: &ArrayD<T>| a.select(Axis(0), &range.clone().collect::<Vec<_>>());
        Ok([part(counts), part(sigma)])
    };
    inversion
        .stream(
            &Dispatcher::new(vec![Arc::new(Cpu)]),
            &[7, 5],
            budget,
            read,
            |block| {
                assert!(block.rows.len() <= 2);
                for (i, row) in block.rows.clone().enumerate() {
                    assert_eq!(
                        block.map.emission.index_axis(Axis(0), i),
                        whole.emission.index_axis(Axis(0), row)
                    );
                }
                rows.extend(block.rows);
                Ok(())
            },
        )
        .unwrap();
    assert_eq!(rows, (0..7).collect::<Vec<_>>());
    let nothing = |_| Ok([counts.clone(), sigma.clone()]);
    assert!(
        inversion
            .stream(
                &Dispatcher::new(vec![Arc::new(Cpu)]),
                &[7, 5],
                100,
                nothing,
                |_| Ok(())
            )
            .unwrap_err()
            .to_string()
            .contains("budget")
    );
}

#[test]
fn a_degraded_instrument_gives_the_same_answer() {
    // Counts of an instrument that has lost sensitivity, with the response that says so.
    let inversion = inversion(33);
    let left = [0.9, 0.31, 0.8, 0.75, 0.7, 0.25];
    let degraded = Inversion {
        response: inversion.response.with_degradation(&left).unwrap(),
        ..inversion.clone()
    };
    let truth = gaussian(&inversion, 1e22, 6.3, 0.2);
    let counts = inversion.forward(truth.view()).unwrap();
    let less = degraded.forward(truth.view()).unwrap();
    assert!(
        less.iter()
            .zip(&counts)
            .zip(left)
            .all(|((less, all), left)| (less / all - left).abs() < 1e-12)
    );
    let run = |inversion: &Inversion, counts: &ArrayD<f64>| {
        let sigma = counts.mapv(|c| 0.05 * c);
        inversion
            .run(
                &Cpu,
                Observation {
                    counts: counts.view(),
                    sigma: sigma.view(),
                },
            )
            .unwrap()
    };
    let (a, b) = (run(&inversion, &counts), run(&degraded, &less));
    let largest = a.emission.iter().fold(0.0_f64, |m, x| m.max(*x));
    assert!(
        a.emission
            .iter()
            .zip(&b.emission)
            .all(|(a, b)| (a - b).abs() < 1e-9 * largest)
    );
    assert!(
        inversion.response.with_degradation(&[1.0; 5]).is_err()
            && inversion.response.with_degradation(&[0.0; 6]).is_err()
    );
}

/// As the emission program states it for a region of an image, and `calibrate -- regions` counts
/// it.
#[test]
fn the_error_of_a_mean_holds_the_truth_as_often_as_it_says() {
    let shared = 0.05;
    let noises = AIA.map(|channel| Noise::aia(&channel, 2.9, 1.0, shared));
    let alone = noises.map(|noise| Noise {
        systematic: 0.0,
        ..noise
    });
    let exact = [3.0, 8.0, 300.0, 250.0, 90.0, 5.0];
    for pixels in [16_usize, 256] {
        let stated = noises.map(|noise| noise.of_mean(pixels as f64));
        let (draws, mut within, mut squares) = (300, 0, 0.0);
        let shape =
            |rows: usize| ndarray::Array2::from_shape_fn((rows, 6), |(_, f)| exact[f]).into_dyn();
        let counts = shape(draws * pixels);
        let sigma = Noise::sigma_of_counts(&alone, counts.view()).unwrap();
        let drawn = MonteCarlo { draws: 2, seed: 5 }.draw_counts(
            0,
            &Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            },
        );
        let (ones, share) = (shape(draws).mapv(|_| 1.0), shape(draws).mapv(|_| shared));
        let together = MonteCarlo { draws: 2, seed: 6 }.draw_counts(
            0,
            &Observation {
                counts: ones.view(),
                sigma: share.view(),
            },
        );
        for draw in 0..draws {
            for f in 0..6 {
                let sum: f64 = (0..pixels)
                    .map(|pixel| drawn[[draw * pixels + pixel, f]])
                    .sum();
                // What all pixels of a channel share.
                let mean = sum / pixels as f64 + (together[[draw, f]] - 1.0) * exact[f];
                let off = (mean - exact[f]) / stated[f].sigma(mean);
                within += usize::from(off.abs() <= 1.0);
                squares += off * off;
            }
        }
        let all = (6 * draws) as f64;
        let (share, ratio) = (within as f64 / all, (squares / all).sqrt());
        assert!(
            (share - 0.683).abs() < 0.04 && (ratio - 1.0).abs() < 0.06,
            "{pixels} pixels: {share}, {ratio}"
        );
    }
}
