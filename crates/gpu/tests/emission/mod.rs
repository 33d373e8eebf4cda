//! The inversion on the device against its definition and the CPU's version.

#![allow(missing_docs, clippy::print_stderr)]

use crate::device;
mod double;
mod far;
mod golden;
mod halves;
mod pixels;

use device::{gpu, open};
use far::{Far, far};
use isopach_compute::{Cpu, Error};
use isopach_emission::{
    Compatibility, EmissionMap, Inversion, InvertPixels, MissingCounts, Observation, Outputs,
    PixelStatus, Saturation, Weights, conformance::conformance, reference,
};
use isopach_gpu::{GpuOptions, LoopBounds};
use isopach_testkit::emission_case;
use ndarray::{Array2, ArrayD, Axis, Slice};
use pixels::{bits, given, inversion, inverted, kinds, loci, observed, wide};

fn assert_near(what: &str, far: &Far) {
    eprintln!("{what}: {far:?}");
    let few = far.pixels / 10_000;
    assert!(far.pixels > 0, "{what}");
    assert!(
        far.lambda_differs <= few && far.iterations_differ <= few && far.status_differs <= few,
        "{what}: {far:?}"
    );
    assert!(
        far.emission[1] <= 1e-5 && far.vertical[1] <= 1e-5,
        "{what}: {far:?}"
    );
    assert!(
        far.chi_squared[1] <= 1e-4 && far.horizontal <= 1e-3,
        "{what}: {far:?}"
    );
    assert!(
        far.again * 20 <= far.pixels,
        "{what}: too many were inverted again: {far:?}"
    );
}

#[test]
fn it_conforms_but_for_what_it_declines() {
    let Some(gpu) = gpu() else { return };
    let findings = conformance(gpu).unwrap();
    let (declined, wrong): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|f| f.what.starts_with("declined"));
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.iter().map(|f| format!("{f}\n")).collect::<String>()
    );
    let single: Vec<_> = declined
        .iter()
        .filter(|f| f.operation == "invert_single")
        .map(|f| f.case.as_str())
        .collect();
    let (methods, others): (Vec<_>, Vec<_>) = single
        .iter()
        .partition(|case| case.starts_with("positive") || case.starts_with("non-negative"));
    assert_eq!(
        (methods.len(), others),
        (8, vec![&"two channels that are the same"]),
        "positive methods, seven channels"
    );
}

#[test]
fn it_conforms_without_counters_in_loops() {
    let Some(gpu) = open(GpuOptions {
        loops: LoopBounds::Plain,
        ..GpuOptions::default()
    }) else {
        return;
    };
    let wrong: Vec<_> = conformance(&gpu)
        .unwrap()
        .into_iter()
        .filter(|f| !f.what.starts_with("declined"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.iter().map(|f| format!("{f}\n")).collect::<String>()
    );
    assert!(gpu.kernel_times().iter().any(|kernel| kernel.calls > 0));
}

/// Some drivers end loops after a number of rounds; with four hundred bins and two hundred
/// iterations a pixel takes more than llvmpipe gives to eight.
#[test]
fn a_pixel_whose_loops_a_driver_ends_is_inverted_again() {
    const ROUNDS_OF_LLVMPIPE: u32 = 65_535;
    let Some(gpu) = gpu() else { return };
    let inversion = Inversion {
        compat: Compatibility::Strict,
        chi_squared_target: 0.05,
        target_growth: 1.02,
        mu_samples: 2000,
        max_iterations: 1000,
        ..inversion(400, Weights::SelfNormalised)
    };
    let observed = observed(&inversion, 64);
    let (found, expected) = (
        inverted(gpu, &inversion, &observed),
        inverted(&Cpu, &inversion, &observed),
    );
    let longest = expected.iterations.iter().max().unwrap() * inversion.bins() as u32;
    assert!(longest > ROUNDS_OF_LLVMPIPE, "{longest} rounds are no test");
    let far = far(&found, &expected);
    eprintln!("loops that are ended: {far:?}");
    assert_eq!(
        (
            far.lambda_differs,
            far.iterations_differ,
            far.status_differs
        ),
        (0, 0, 0),
        "{far:?}"
    );
    assert!(
        far.pixels > 32 && far.emission[2] <= 1e-4 && far.vertical[2] <= 1e-4,
        "{far:?}"
    );
}

#[test]
fn every_kind_of_weights_and_number_of_bins_is_that_of_double_precision() {
    let Some(gpu) = gpu() else { return };
    for (bins, pixels) in [(15, 3000), (33, 3000), (42, 5000), (200, 600)] {
        for (name, weights) in kinds(bins, pixels) {
            let inversion = inversion(bins, weights);
            let observed = observed(&inversion, pixels);
            let found = inverted(gpu, &inversion, &observed);
            assert_near(
                &format!("{bins} bins, {name}, double"),
                &far(&found, &inverted(&Cpu, &inversion, &wide(&observed))),
            );
            assert_near(
                &format!("{bins} bins, {name}, single"),
                &far(&found, &inverted(&Cpu, &inversion, &observed)),
            );
        }
    }
}

#[test]
fn a_pixel_is_the_same_in_any_batch_and_any_run() {
    let Some(gpu) = gpu() else { return };
    let mut inversion = inversion(42, Weights::SelfNormalised);
    let observed = observed(&inversion, 5000);
    let whole = inverted(gpu, &inversion, &observed);
    assert_eq!(
        bits(&whole),
        bits(&inverted(gpu, &inversion, &observed)),
        "two runs"
    );
    for pixels in [0, 1, 63, 64, 65] {
        let some = observed
            .each_ref()
            .map(|values| values.slice_axis(Axis(0), Slice::from(..pixels)).to_owned());
        let found = inverted(gpu, &inversion, &some);
        assert_eq!(found.len(), pixels);
        let rows = found
            .emission
            .iter()
            .zip(&whole.emission)
            .all(|(a, b)| a.to_bits() == b.to_bits());
        let errors = found.uncertainty.unwrap();
        let mut errors = errors.iter().zip(whole.uncertainty.as_ref().unwrap());
        assert!(
            rows && errors.all(|(a, b)| a.to_bits() == b.to_bits()),
            "{pixels} pixels"
        );
    }
    // Hardly any room, so that there are many batches; few groups, so that dispatches are folded.
    let small = GpuOptions {
        budget_bytes: 3 << 20,
        max_workgroups: Some(100),
        ..GpuOptions::default()
    };
    let small = open(small).unwrap();
    assert_eq!(
        bits(&whole),
        bits(&inverted(&small, &inversion, &observed)),
        "split"
    );
    assert!(small.pool_counts().peak_bytes <= 3 << 20);
    let calls = small
        .kernel_times()
        .iter()
        .map(|kernel| kernel.calls)
        .max()
        .unwrap();
    assert!(calls >= 3, "only {calls} batches");
    // A row of weights a pixel is split as well; averaging kernels, of which a workgroup's take 2
    // MB with those on their way back, in more room.
    inversion.weights = given(5000, 42);
    assert_eq!(
        bits(&inverted(gpu, &inversion, &observed)),
        bits(&inverted(&small, &inversion, &observed)),
        "weights"
    );
    inversion.weights = given(1, 42);
    inversion.outputs.averaging_kernel = true;
    let some = observed
        .each_ref()
        .map(|values| values.slice_axis(Axis(0), Slice::from(..300)).to_owned());
    let roomier = open(GpuOptions {
        budget_bytes: 12 << 20,
        ..GpuOptions::default()
    })
    .unwrap();
    assert_eq!(
        bits(&inverted(gpu, &inversion, &some)),
        bits(&inverted(&roomier, &inversion, &some)),
        "averaging kernels"
    );
    let calls = roomier
        .kernel_times()
        .iter()
        .map(|kernel| kernel.calls)
        .max()
        .unwrap();
    assert!(calls >= 2, "averaging kernels fit at once");
    drop((small, roomier));
    let none = open(GpuOptions {
        budget_bytes: 4 << 10,
        ..GpuOptions::default()
    })
    .unwrap();
    let [counts, sigma] = &observed;
    let refused = none.invert_single(
        &inversion,
        Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        },
    );
    assert!(
        matches!(refused, Err(Error::OutOfMemory { .. })),
        "{refused:?}"
    );
}

#[test]
fn what_is_no_number_has_no_result_and_harms_nobody() {
    let Some(gpu) = gpu() else { return };
    let base = inversion(33, Weights::SelfNormalised);
    let good = observed(&base, 600);
    let mut poisoned = good.clone();
    let bad = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        0.0,
        -0.0,
        -1.0,
        1e-42,
        f32::MAX,
        f32::MIN_POSITIVE,
        1e20,
        1e-20,
    ];
    for i in (0..600).step_by(4) {
        poisoned[i / 4 % 2][[i, i % 6]] = bad[i / 8 % bad.len()];
    }
    let levels = vec![
        f64::INFINITY,
        f64::INFINITY,
        2000.0,
        2500.0,
        1500.0,
        f64::INFINITY,
    ];
    for (name, inversion) in [
        ("rejected", base.clone()),
        (
            "dropped",
            Inversion {
                missing: MissingCounts::Drop,
                ..base.clone()
            },
        ),
        (
            "loci",
            Inversion {
                missing: MissingCounts::Drop,
                weights: Weights::EmissionMeasureLoci(vec![1, 4]),
                ..base.clone()
            },
        ),
        (
            "quirks",
            Inversion {
                compat: Compatibility::Reference,
                ..base.clone()
            },
        ),
        (
            "saturated",
            Inversion {
                saturation: Some(Saturation {
                    levels,
                    then: MissingCounts::Drop,
                }),
                ..base.clone()
            },
        ),
    ] {
        let (found, expected) = (
            inverted(gpu, &inversion, &poisoned),
            inverted(&Cpu, &inversion, &poisoned),
        );
        assert_eq!(found.status, expected.status, "{name}");
        assert_eq!(
            (&found.dropped, &found.saturated),
            (&expected.dropped, &expected.saturated),
            "{name}"
        );
        assert_eq!(found.iterations, expected.iterations, "{name}");
        let clean = inverted(gpu, &inversion, &good);
        for i in (0..600).filter(|i| i % 4 != 0) {
            let row = |map: &EmissionMap<f32>| {
                map.emission
                    .index_axis(Axis(0), i)
                    .iter()
                    .map(|x| x.to_bits())
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                row(&found),
                row(&clean),
                "{name}: pixel {i} has bad company"
            );
        }
        let without =
            |map: &EmissionMap<f32>| map.emission.iter().map(|x| x.is_nan()).collect::<Vec<_>>();
        assert_eq!(without(&found), without(&expected), "{name}");
        eprintln!("{name}: {} again", found.inverted_again);
    }
}

#[test]
fn no_pixel_is_good() {
    let Some(gpu) = gpu() else { return };
    let inversion = inversion(42, Weights::SelfNormalised);
    let nothing = [
        ArrayD::from_elem(vec![7, 3, 6], f32::NAN),
        ArrayD::from_elem(vec![7, 3, 6], 1.0),
    ];
    let found = inverted(gpu, &inversion, &nothing);
    assert!(
        found
            .status
            .iter()
            .all(|s| *s == PixelStatus::BadInput { channel: 0 })
            && found.emission.iter().all(|x| x.is_nan())
    );
    assert_eq!(found.emission.shape(), [7, 3, 42]);
}

/// Counts in another unit, with the response in that unit, are the same problem; squares of 10¹²
/// would not fit.
#[test]
fn any_unit_of_the_counts_will_do() {
    let Some(gpu) = gpu() else { return };
    for unit in [1e-9_f32, 1e9] {
        let mut inversion = inversion(33, loci());
        let mut observed = observed(&inversion, 400);
        observed
            .iter_mut()
            .flat_map(|values| values.iter_mut())
            .for_each(|x| *x *= unit);
        inversion
            .response
            .channels
            .iter_mut()
            .flatten()
            .for_each(|k| *k *= f64::from(unit));
        assert_near(
            &format!("unit {unit:e}"),
            &far(
                &inverted(gpu, &inversion, &observed),
                &inverted(&Cpu, &inversion, &wide(&observed)),
            ),
        );
    }
}

#[test]
fn outputs_are_those_that_were_asked_for() {
    let Some(gpu) = gpu() else { return };
    let mut inversion = inversion(42, Weights::SelfNormalised);
    let observed = observed(&inversion, 130);
    let all = inverted(gpu, &inversion, &observed);
    inversion.outputs = Outputs::NONE;
    let none = inverted(gpu, &inversion, &observed);
    assert!(
        none.uncertainty.is_none()
            && none.log_t_resolution.is_none()
            && none.averaging_kernel.is_none()
    );
    let emission =
        |map: &EmissionMap<f32>| map.emission.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(emission(&all), emission(&none));
    inversion.outputs = Outputs {
        averaging_kernel: true,
        ..Outputs::NONE
    };
    let kernels = inverted(gpu, &inversion, &observed);
    assert_eq!(
        kernels.averaging_kernel.as_ref().unwrap().shape(),
        [130, 42, 42]
    );
    let (a, b) = (
        kernels.degrees_of_freedom().unwrap(),
        inverted(&Cpu, &inversion, &observed)
            .degrees_of_freedom()
            .unwrap(),
    );
    assert!(
        a.iter()
            .zip(&b)
            .all(|(a, b)| (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-4 * b)
    );
}

#[test]
fn what_it_cannot_do_it_declines() {
    let Some(gpu) = gpu() else { return };
    let base = inversion(42, Weights::SelfNormalised);
    let [counts, sigma] = observed(&base, 3);
    let mut more = base.clone();
    more.response
        .channels
        .push(more.response.channels[0].clone());
    let one = ArrayD::from_elem(vec![2, 7], 1.0_f32);
    let seven = gpu.invert_single(
        &more,
        Observation {
            counts: one.view(),
            sigma: one.view(),
        },
    );
    assert!(matches!(seven, Err(Error::Unsupported { .. })));
    let ones = Weights::Given(Array2::ones((1, 42)));
    let quirk = Inversion {
        weights: ones,
        compat: Compatibility::Reference,
        ..base.clone()
    };
    let quirk = gpu.invert_single(
        &quirk,
        Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        },
    );
    assert!(matches!(quirk, Err(Error::Unsupported { .. })));
    let wrong = Inversion {
        mu_samples: 1,
        ..base
    };
    let wrong = gpu.invert_single(
        &wrong,
        Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        },
    );
    assert!(matches!(wrong, Err(Error::InvalidParameter { .. })));
}

/// The provided body and the device, on a few pixels: the definition itself, not the CPU's
/// version.
#[test]
fn the_definition_agrees() {
    let Some(gpu) = gpu() else { return };
    let inversion = inversion(42, Weights::SelfNormalised);
    let observed = observed(&inversion, 200);
    let [counts, sigma] = wide(&observed);
    let expected = reference::invert(
        &inversion,
        Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        },
    )
    .unwrap();
    assert_near(
        "definition",
        &far(&inverted(gpu, &inversion, &observed), &expected),
    );
}
