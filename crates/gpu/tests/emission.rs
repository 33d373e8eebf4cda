//! The inversion on the device against its definition and the processor's version.
//!
//! The golden cases are not shipped: `../shared/data/emission/open` beside the
//! repository, or below the folder that ISOPACH_SHARED names.

#![allow(missing_docs, clippy::print_stderr)]

#[path = "common/device.rs"]
mod device;

#[path = "../../../examples/common/emission_case.rs"]
mod emission_case;

#[path = "../../../examples/common/npy.rs"]
mod npy;

use device::{gpu, open};
use isopach_compute::{Cpu, Error};
use isopach_emission::{
    AIA, Compat, EmissionMap, Inversion, InvertPixels, Missing, MonteCarlo, Noise, Observation, Outputs, Saturation,
    Status, TemperatureResponse, Weights, conformance::conformance, plain,
};
use isopach_gpu::{Gpu, Options, Timing, Wanted};
use ndarray::{Array2, ArrayD, Axis, Slice};
use serde_json::{Map, Value};
use std::{env, fs, path::PathBuf, time::Instant};

fn inversion(bins: usize, weights: Weights) -> Inversion {
    let edges = (0..=bins).map(|i| 5.7 + 1.4 * i as f64 / bins as f64).collect();
    Inversion { weights, ..Inversion::new(TemperatureResponse::aia(), edges) }
}

fn loci() -> Weights {
    Weights::EmissionMeasureLoci((0..6).collect())
}

fn given(rows: usize, bins: usize) -> Weights {
    let falling = |(i, t): (usize, usize)| {
        let x = 1.4 * t as f64 / bins as f64 - 0.6 - 0.05 * (i % 5) as f64;
        10f64.powf(-2.0 * (x / 0.7).powi(2))
    };
    Weights::Given(Array2::from_shape_fn((rows, bins), falling))
}

/// Counts of Gaussians from faint to bright with the noise of AIA, and their errors.
fn observed(inversion: &Inversion, pixels: usize) -> [ArrayD<f32>; 2] {
    let centres: Vec<f64> = inversion.log_t_edges.windows(2).map(|w| 0.5 * (w[0] + w[1])).collect();
    let emission = Array2::from_shape_fn((pixels, centres.len()), |(i, t)| {
        let step = |n: usize| (i % n) as f64 / n as f64;
        let (peak, width) = (5.9 + 0.9 * step(97), 0.08 + 0.25 * step(61));
        10f64.powf(20.0 + 2.5 * step(83)) * (-0.5 * ((centres[t] - peak) / width).powi(2)).exp() + 1e18
    });
    let exact = inversion.forward(emission.view().into_dyn()).unwrap();
    let noises: Vec<Noise> = (0..inversion.channels()).map(|f| Noise::aia(&AIA[f], 2.9, 2.0, 0.03)).collect();
    let sigma = Noise::of(&noises, exact.view()).unwrap();
    let counts = MonteCarlo { draws: 2, seed: 5 }.counts(0, &Observation { counts: exact.view(), sigma: sigma.view() });
    [counts, sigma].map(|values| values.mapv(|x| x as f32))
}

fn single(on: &dyn InvertPixels, inversion: &Inversion, [counts, sigma]: &[ArrayD<f32>; 2]) -> EmissionMap<f32> {
    on.invert_single(inversion, Observation { counts: counts.view(), sigma: sigma.view() }).unwrap()
}

/// In double precision, of the same numbers.
fn double(inversion: &Inversion, observed: &[ArrayD<f32>; 2]) -> EmissionMap<f64> {
    let [counts, sigma] = observed.each_ref().map(|values| values.mapv(f64::from));
    Cpu.invert(inversion, Observation { counts: counts.view(), sigma: sigma.view() }).unwrap()
}

fn bits(map: &EmissionMap<f32>) -> Vec<u64> {
    let numbers = [
        Some(&map.emission),
        map.uncertainty.as_ref(),
        map.log_t_resolution.as_ref(),
        map.averaging_kernel.as_ref(),
        Some(&map.chi_squared),
        Some(&map.synthetic),
    ];
    let numbers = numbers.into_iter().flatten().flatten().map(|x| u64::from(x.to_bits()));
    let status = map.status.iter().map(|s| u64::from(s.code()));
    let whole = map.iterations.iter().chain(&map.dropped).chain(&map.saturated).map(|&n| u64::from(n));
    numbers.chain(map.lambda.iter().map(|x| x.to_bits())).chain(whole).chain(status).collect()
}

/// How far a map is from another of the same pixels.
#[derive(Debug)]
struct Far {
    /// Pixels with a result in both.
    pixels: usize,
    lambda_differs: usize,
    iterations_differ: usize,
    status_differs: usize,
    /// Of each pixel's largest: median, 99th percentile, worst.
    emission: [f64; 3],
    vertical: [f64; 3],
    chi_squared: [f64; 3],
    /// Share of the bins whose horizontal error differs.
    horizontal: f64,
    again: usize,
}

fn far<T: isopach_emission::Real>(found: &EmissionMap<f32>, expected: &EmissionMap<T>) -> Far {
    let pixels: Vec<usize> = (0..found.len())
        .filter(|&i| {
            found.status.as_slice().unwrap()[i].has_result() && expected.status.as_slice().unwrap()[i].has_result()
        })
        .collect();
    let bins = *found.emission.shape().last().unwrap();
    let of_pixels = |of: &dyn Fn(usize) -> f64| {
        let mut errors: Vec<f64> = pixels.iter().map(|&i| of(i)).collect();
        errors.sort_by(f64::total_cmp);
        let at =
            |share: f64| errors.get(((errors.len() as f64 * share) as usize).min(errors.len().max(1) - 1)).copied();
        [0.5, 0.99, 1.0].map(|share| at(share).unwrap_or(0.0))
    };
    let rows = |a: &ArrayD<f32>, b: &ArrayD<T>| {
        let (a, b) = (a.as_slice().unwrap().to_vec(), b.as_slice().unwrap().to_vec());
        of_pixels(&|i| {
            let (a, b) = (&a[i * bins..][..bins], &b[i * bins..][..bins]);
            let largest = b.iter().fold(0.0_f64, |m, x| m.max(x.wide().abs()));
            a.iter().zip(b).map(|(a, b)| (f64::from(*a) - b.wide()).abs() / largest).fold(0.0, f64::max)
        })
    };
    let differ = |of: &dyn Fn(usize) -> bool| pixels.iter().filter(|&&i| of(i)).count();
    let flat = |values: &ArrayD<f64>, i: usize| values.as_slice().unwrap()[i];
    let (a, b) = (found.log_t_resolution.as_ref().unwrap(), expected.log_t_resolution.as_ref().unwrap());
    let apart = a.iter().zip(b).filter(|(a, b)| (f64::from(**a) - b.wide()).abs() > 1e-5).count();
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
            .filter(|&i| found.status.as_slice().unwrap()[i] != expected.status.as_slice().unwrap()[i])
            .count(),
        emission: rows(&found.emission, &expected.emission),
        vertical: rows(found.uncertainty.as_ref().unwrap(), expected.uncertainty.as_ref().unwrap()),
        chi_squared: of_pixels(&|i| {
            let b = expected.chi_squared.as_slice().unwrap()[i].wide();
            (f64::from(found.chi_squared.as_slice().unwrap()[i]) - b).abs() / b
        }),
        horizontal: apart as f64 / (pixels.len() * bins) as f64,
        again: found.inverted_again,
    }
}

fn assert_near(what: &str, far: &Far) {
    eprintln!("{what}: {far:?}");
    let few = far.pixels / 10_000;
    assert!(far.pixels > 0, "{what}");
    assert!(far.lambda_differs <= few && far.iterations_differ <= few && far.status_differs <= few, "{what}: {far:?}");
    assert!(far.emission[1] <= 1e-5 && far.vertical[1] <= 2e-5, "{what}: {far:?}");
    assert!(far.chi_squared[1] <= 1e-4 && far.horizontal <= 1e-3, "{what}: {far:?}");
    assert!(far.again * 20 <= far.pixels, "{what}: too many were inverted again: {far:?}");
}

#[test]
fn it_conforms_but_for_what_it_declines() {
    let Some(gpu) = gpu() else { return };
    let findings = conformance(gpu).unwrap();
    let (declined, wrong): (Vec<_>, Vec<_>) = findings.into_iter().partition(|f| f.what.starts_with("declined"));
    assert!(wrong.is_empty(), "{}", wrong.iter().map(|f| format!("{f}\n")).collect::<String>());
    let single: Vec<_> = declined.iter().filter(|f| f.operation == "invert_single").map(|f| f.case.as_str()).collect();
    assert_eq!(single, ["two channels that are the same"], "seven channels");
}

#[test]
fn every_kind_of_weights_and_number_of_bins_is_that_of_double_precision() {
    let Some(gpu) = gpu() else { return };
    for (bins, pixels) in [(15, 3000), (33, 3000), (42, 5000), (200, 600)] {
        for (name, weights) in [
            ("self-normalised", Weights::SelfNormalised),
            ("EM loci", loci()),
            ("given", given(1, bins)),
            ("given a pixel", given(pixels, bins)),
        ] {
            let inversion = inversion(bins, weights);
            let observed = observed(&inversion, pixels);
            let found = single(gpu, &inversion, &observed);
            assert_near(&format!("{bins} bins, {name}, double"), &far(&found, &double(&inversion, &observed)));
            assert_near(&format!("{bins} bins, {name}, single"), &far(&found, &single(&Cpu, &inversion, &observed)));
        }
    }
}

#[test]
fn a_pixel_is_the_same_in_any_batch_and_any_run() {
    let Some(gpu) = gpu() else { return };
    let mut inversion = inversion(42, Weights::SelfNormalised);
    let observed = observed(&inversion, 5000);
    let whole = single(gpu, &inversion, &observed);
    assert_eq!(bits(&whole), bits(&single(gpu, &inversion, &observed)), "two runs");
    for pixels in [0, 1, 63, 64, 65] {
        let some = observed.each_ref().map(|values| values.slice_axis(Axis(0), Slice::from(..pixels)).to_owned());
        let found = single(gpu, &inversion, &some);
        assert_eq!(found.len(), pixels);
        let rows = found.emission.iter().zip(&whole.emission).all(|(a, b)| a.to_bits() == b.to_bits());
        let errors = found.uncertainty.unwrap();
        let mut errors = errors.iter().zip(whole.uncertainty.as_ref().unwrap());
        assert!(rows && errors.all(|(a, b)| a.to_bits() == b.to_bits()), "{pixels} pixels");
    }
    // Hardly any room, so that there are many batches; few groups, so that dispatches are folded.
    let small = Options { budget_bytes: 3 << 20, most_groups: Some(100), ..Options::default() };
    let small = open(small).unwrap();
    assert_eq!(bits(&whole), bits(&single(&small, &inversion, &observed)), "split");
    assert!(small.pool().most_bytes <= 3 << 20);
    let calls = small.profile().iter().map(|kernel| kernel.calls).max().unwrap();
    assert!(calls >= 3, "only {calls} batches");
    // A row of weights a pixel is split as well; averaging kernels, of which a workgroup's take 2 MB with those on their way back, in more room.
    inversion.weights = given(5000, 42);
    assert_eq!(bits(&single(gpu, &inversion, &observed)), bits(&single(&small, &inversion, &observed)), "weights");
    inversion.weights = given(1, 42);
    inversion.outputs.averaging_kernel = true;
    let some = observed.each_ref().map(|values| values.slice_axis(Axis(0), Slice::from(..300)).to_owned());
    let roomier = open(Options { budget_bytes: 12 << 20, ..Options::default() }).unwrap();
    assert_eq!(bits(&single(gpu, &inversion, &some)), bits(&single(&roomier, &inversion, &some)), "averaging kernels");
    let calls = roomier.profile().iter().map(|kernel| kernel.calls).max().unwrap();
    assert!(calls >= 2, "averaging kernels fit at once");
    drop((small, roomier));
    let none = open(Options { budget_bytes: 4 << 10, ..Options::default() }).unwrap();
    let [counts, sigma] = &observed;
    let refused = none.invert_single(&inversion, Observation { counts: counts.view(), sigma: sigma.view() });
    assert!(matches!(refused, Err(Error::OutOfMemory { .. })), "{refused:?}");
}

#[test]
fn what_is_no_number_has_no_result_and_harms_nobody() {
    let Some(gpu) = gpu() else { return };
    let base = inversion(33, Weights::SelfNormalised);
    let good = observed(&base, 600);
    let mut poisoned = good.clone();
    let bad =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, -1.0, 1e-42, f32::MAX, f32::MIN_POSITIVE, 1e20, 1e-20];
    for i in (0..600).step_by(4) {
        poisoned[i / 4 % 2][[i, i % 6]] = bad[i / 8 % bad.len()];
    }
    let levels = vec![f64::INFINITY, f64::INFINITY, 2000.0, 2500.0, 1500.0, f64::INFINITY];
    for (name, inversion) in [
        ("rejected", base.clone()),
        ("dropped", Inversion { missing: Missing::Drop, ..base.clone() }),
        (
            "loci",
            Inversion { missing: Missing::Drop, weights: Weights::EmissionMeasureLoci(vec![1, 4]), ..base.clone() },
        ),
        ("quirks", Inversion { compat: Compat::Reference, ..base.clone() }),
        ("saturated", Inversion { saturation: Some(Saturation { levels, then: Missing::Drop }), ..base.clone() }),
    ] {
        let (found, expected) = (single(gpu, &inversion, &poisoned), single(&Cpu, &inversion, &poisoned));
        assert_eq!(found.status, expected.status, "{name}");
        assert_eq!((&found.dropped, &found.saturated), (&expected.dropped, &expected.saturated), "{name}");
        assert_eq!(found.iterations, expected.iterations, "{name}");
        let clean = single(gpu, &inversion, &good);
        for i in (0..600).filter(|i| i % 4 != 0) {
            let row = |map: &EmissionMap<f32>| {
                map.emission.index_axis(Axis(0), i).iter().map(|x| x.to_bits()).collect::<Vec<_>>()
            };
            assert_eq!(row(&found), row(&clean), "{name}: pixel {i} has bad company");
        }
        let without = |map: &EmissionMap<f32>| map.emission.iter().map(|x| x.is_nan()).collect::<Vec<_>>();
        assert_eq!(without(&found), without(&expected), "{name}");
        eprintln!("{name}: {} again", found.inverted_again);
    }
}

#[test]
fn no_pixel_is_good() {
    let Some(gpu) = gpu() else { return };
    let inversion = inversion(42, Weights::SelfNormalised);
    let nothing = [ArrayD::from_elem(vec![7, 3, 6], f32::NAN), ArrayD::from_elem(vec![7, 3, 6], 1.0)];
    let found = single(gpu, &inversion, &nothing);
    assert!(
        found.status.iter().all(|s| *s == Status::BadInput { channel: 0 }) && found.emission.iter().all(|x| x.is_nan())
    );
    assert_eq!(found.emission.shape(), [7, 3, 42]);
}

/// Counts in another unit, with the response in that unit, are the same problem; squares of 10¹² would not fit.
#[test]
fn any_unit_of_the_counts_will_do() {
    let Some(gpu) = gpu() else { return };
    for unit in [1e-9_f32, 1e9] {
        let mut inversion = inversion(33, loci());
        let mut observed = observed(&inversion, 400);
        observed.iter_mut().flat_map(|values| values.iter_mut()).for_each(|x| *x *= unit);
        inversion.response.channels.iter_mut().flatten().for_each(|k| *k *= f64::from(unit));
        assert_near(
            &format!("unit {unit:e}"),
            &far(&single(gpu, &inversion, &observed), &double(&inversion, &observed)),
        );
    }
}

#[test]
fn outputs_are_those_that_were_asked_for() {
    let Some(gpu) = gpu() else { return };
    let mut inversion = inversion(42, Weights::SelfNormalised);
    let observed = observed(&inversion, 130);
    let all = single(gpu, &inversion, &observed);
    inversion.outputs = Outputs::NONE;
    let none = single(gpu, &inversion, &observed);
    assert!(none.uncertainty.is_none() && none.log_t_resolution.is_none() && none.averaging_kernel.is_none());
    let emission = |map: &EmissionMap<f32>| map.emission.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(emission(&all), emission(&none));
    inversion.outputs = Outputs { averaging_kernel: true, ..Outputs::NONE };
    let kernels = single(gpu, &inversion, &observed);
    assert_eq!(kernels.averaging_kernel.as_ref().unwrap().shape(), [130, 42, 42]);
    let (a, b) =
        (kernels.degrees_of_freedom().unwrap(), single(&Cpu, &inversion, &observed).degrees_of_freedom().unwrap());
    assert!(a.iter().zip(&b).all(|(a, b)| (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-4 * b));
}

#[test]
fn what_it_cannot_do_it_declines() {
    let Some(gpu) = gpu() else { return };
    let base = inversion(42, Weights::SelfNormalised);
    let [counts, sigma] = observed(&base, 3);
    let wide = [&counts, &sigma].map(|values| values.mapv(f64::from));
    let double = gpu.invert(&base, Observation { counts: wide[0].view(), sigma: wide[1].view() });
    assert!(matches!(double, Err(Error::Unsupported { .. })));
    let mut more = base.clone();
    more.response.channels.push(more.response.channels[0].clone());
    let one = ArrayD::from_elem(vec![2, 7], 1.0_f32);
    let seven = gpu.invert_single(&more, Observation { counts: one.view(), sigma: one.view() });
    assert!(matches!(seven, Err(Error::Unsupported { .. })));
    let ones = Weights::Given(Array2::ones((1, 42)));
    let quirk = Inversion { weights: ones, compat: Compat::Reference, ..base.clone() };
    let quirk = gpu.invert_single(&quirk, Observation { counts: counts.view(), sigma: sigma.view() });
    assert!(matches!(quirk, Err(Error::Unsupported { .. })));
    let wrong = Inversion { mu_samples: 1, ..base };
    let wrong = gpu.invert_single(&wrong, Observation { counts: counts.view(), sigma: sigma.view() });
    assert!(matches!(wrong, Err(Error::InvalidParameter { .. })));
}

#[test]
fn golden_cases_have_the_reference_s_lambda() {
    let Some(gpu) = gpu() else { return };
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("ISOPACH_SHARED").map_or(beside, PathBuf::from).join("data/emission/open");
    let Ok(text) = fs::read_to_string(folder.join("meta.json")) else {
        eprintln!(
            "SKIPPED: no golden cases at {} (set ISOPACH_SHARED to the folder that holds data/)",
            folder.display()
        );
        return;
    };
    let meta: Map<String, Value> = serde_json::from_str(&text).unwrap();
    let (mut accepted, mut differs, mut declined) = (0.0, 0.0, vec![]);
    for (name, about) in meta {
        let dir = folder.join(&name);
        let case = emission_case::read(&about, &dir).unwrap_or_else(|e| panic!("{name}: {e}"));
        let wide = case.observation();
        let (counts, sigma) = (wide.counts.mapv(|x| x as f32), wide.sigma.mapv(|x| x as f32));
        let observation = Observation { counts: counts.view(), sigma: sigma.view() };
        let found = match gpu.invert_single(&case.inversion, observation) {
            Err(Error::Unsupported { .. }) => {
                declined.push(name);
                continue;
            }
            found => found.unwrap(),
        };
        // The reference is driven by round-off in one case: 80-bit numbers decide.
        let line = emission_case::compare(&found, &dir, name == "nt33_emd_int").unwrap();
        eprintln!("{name} {line} again {}", found.inverted_again);
        accepted += line.get("accepted").map_or(0.0, |n| n.as_f64().unwrap());
        differs += line.get("lambda_differs").map_or(0.0, |n| n.as_f64().unwrap());
        assert!(line["dem_p99"].as_f64().unwrap() <= 1e-5, "{name}: {line}");
    }
    assert!(declined.is_empty(), "{declined:?}");
    assert!(accepted > 5000.0 && differs <= 1e-4 * accepted, "{differs} of {accepted}");
}

/// The provided body and the device, on a few pixels: the definition itself, not the processor's version.
#[test]
fn the_definition_agrees() {
    let Some(gpu) = gpu() else { return };
    let inversion = inversion(42, Weights::SelfNormalised);
    let observed = observed(&inversion, 200);
    let [counts, sigma] = observed.each_ref().map(|values| values.mapv(f64::from));
    let expected = plain::invert(&inversion, Observation { counts: counts.view(), sigma: sigma.view() }).unwrap();
    assert_near("definition", &far(&single(gpu, &inversion, &observed), &expected));
}

/// What a pixel costs, transfers included. For a release build: `cargo test --release -p isopach-gpu --test emission -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn pixels_a_second() {
    let Some(gpu) = open(Options { timing: Timing::EveryKernel, ..Options::default() }) else { return };
    for (bins, pixels) in [(42, 40_000), (200, 4_000)] {
        for (name, outputs) in [("with both errors", Outputs::ERRORS), ("the measure alone", Outputs::NONE)] {
            let inversion = Inversion { outputs, ..inversion(bins, Weights::SelfNormalised) };
            let observed = observed(&inversion, pixels);
            let least = |on: &dyn InvertPixels| {
                let once = |_| {
                    let start = Instant::now();
                    drop(single(on, &inversion, &observed));
                    start.elapsed().as_secs_f64()
                };
                // The first run compiles.
                (0..6).map(once).skip(1).fold(f64::INFINITY, f64::min)
            };
            let [device, cpu] = [least(&gpu), least(&Cpu)].map(|seconds| pixels as f64 / seconds);
            eprintln!(
                "{bins} bins, {name}: {device:.0} pixels a second on {}, {cpu:.0} on the CPU",
                gpu.adapter().name
            );
        }
    }
    for kernel in gpu.profile() {
        eprintln!("{}: {} calls, {:.3} s in {} of them", kernel.name, kernel.calls, kernel.seconds, kernel.timed);
    }
}
