//! Double precision on the device.

use super::{
    device::{gpu, open},
    far::far,
    pixels::{bits, given, inversion, inverted, kinds, observed, wide},
};
use isopach_compute::{Cpu, Error};
use isopach_emission::{
    Inversion, InvertPixels, Observation, Outputs, Weights, conformance::conformance,
};
use isopach_gpu::{DoublePrecision, Gpu, GpuOptions};
use ndarray::{Axis, Slice};
use std::sync::OnceLock;

/// The device of these tests. `None`, loudly, where it has no double precision; a failure where the
/// variable `ISOPACH_REQUIRE_GPU` is set.
pub(crate) fn double() -> Option<&'static Gpu> {
    static GPU: OnceLock<Option<Gpu>> = OnceLock::new();
    GPU.get_or_init(open_double).as_ref()
}

/// Another one, whose counters hold only what its test did.
#[allow(clippy::print_stderr)]
fn open_double() -> Option<Gpu> {
    let gpu = open(GpuOptions {
        double_precision: DoublePrecision::Device,
        ..GpuOptions::default()
    })?;
    if gpu.adapter().features.double_precision {
        return Some(gpu);
    }
    assert!(
        std::env::var_os("ISOPACH_REQUIRE_GPU").is_none(),
        "double precision is required"
    );
    eprintln!("NOT TESTED: {} has no double precision", gpu.adapter().name);
    None
}

#[test]
fn it_conforms_in_double_precision() {
    let Some(gpu) = double() else { return };
    let findings = conformance(gpu).unwrap();
    let (declined, wrong): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|f| f.what.starts_with("declined"));
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.iter().map(|f| format!("{f}\n")).collect::<String>()
    );
    let positive = |case: &str| case.starts_with("positive") || case.starts_with("non-negative");
    let (methods, declined): (Vec<_>, Vec<_>) = declined
        .iter()
        .map(|f| (f.operation, f.case.as_str()))
        .partition(|(_, case)| positive(case));
    assert_eq!(methods.len(), 2 * 8, "positive methods");
    let twins = "two channels that are the same";
    assert_eq!(
        declined,
        [("invert", twins), ("invert_single", twins)],
        "seven channels"
    );
}

#[test]
fn every_kind_of_weights_and_number_of_bins_is_that_of_the_cpu() {
    let Some(gpu) = &open_double() else { return };
    for (bins, pixels) in [(15, 1000), (42, 1000), (200, 200)] {
        for (name, weights) in kinds(bins, pixels) {
            let inversion = inversion(bins, weights);
            let observed = wide(&observed(&inversion, pixels));
            let before = gpu.reevaluated_on_cpu();
            let found = inverted(gpu, &inversion, &observed);
            let far = far(&found, &inverted(&Cpu, &inversion, &observed));
            eprintln!("{bins} bins, {name}: {far:?}");
            let differ = (
                far.lambda_differs,
                far.iterations_differ,
                far.status_differs,
            );
            assert_eq!(differ, (0, 0, 0), "{bins} bins, {name}: {far:?}");
            let worst = far.emission[2]
                .max(far.vertical[2])
                .max(far.lambda[2])
                .max(far.chi_squared[2]);
            assert!(
                far.pixels > 0 && worst <= 1e-8 && far.horizontal <= 1e-5,
                "{bins} bins, {name}: {far:?}"
            );
            assert!(
                far.again * 20 <= far.pixels,
                "{bins} bins, {name}: too many were inverted again: {far:?}"
            );
            assert_eq!(
                gpu.reevaluated_on_cpu() - before,
                far.again as u64,
                "{bins} bins, {name}"
            );
        }
    }
}

#[test]
fn a_pixel_in_double_precision_is_the_same_in_any_batch_and_any_run() {
    let Some(gpu) = double() else { return };
    let mut inversion = inversion(42, Weights::SelfNormalised);
    let observed = wide(&observed(&inversion, 1000));
    let whole = inverted(gpu, &inversion, &observed);
    assert_eq!(
        bits(&whole),
        bits(&inverted(gpu, &inversion, &observed)),
        "two runs"
    );
    let small = GpuOptions {
        budget_bytes: 3 << 20,
        max_workgroups: Some(100),
        ..gpu.options().clone()
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
    inversion.outputs = Outputs {
        averaging_kernel: true,
        ..Outputs::NONE
    };
    let some = observed
        .each_ref()
        .map(|values| values.slice_axis(Axis(0), Slice::from(..70)).to_owned());
    let (found, expected) = (
        inverted(gpu, &inversion, &some),
        inverted(&Cpu, &inversion, &some),
    );
    let (a, b) = (
        found.degrees_of_freedom().unwrap(),
        expected.degrees_of_freedom().unwrap(),
    );
    assert!(
        a.iter()
            .zip(&b)
            .all(|(a, b)| (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-9 * b)
    );
}

#[test]
fn numbers_beyond_the_device_s_range_are_the_cpus() {
    let Some(gpu) = double() else { return };
    let base = inversion(33, Weights::SelfNormalised);
    let mut observed = wide(&observed(&base, 300));
    let bad = [
        f64::NAN,
        f64::INFINITY,
        0.0,
        -1.0,
        1e-300,
        f64::MAX,
        1e30,
        1e-30,
    ];
    for i in (0..300).step_by(4) {
        observed[i / 4 % 2][[i, i % 6]] = bad[i / 8 % bad.len()];
    }
    let falling = given(1, 33);
    let Weights::Given(mut steep) = falling else {
        return;
    };
    steep.iter_mut().for_each(|w| *w = w.powi(4));
    for (name, inversion) in [
        ("self-normalised", base.clone()),
        (
            "steep",
            Inversion {
                weights: Weights::Given(steep),
                ..base
            },
        ),
    ] {
        let (found, expected) = (
            inverted(gpu, &inversion, &observed),
            inverted(&Cpu, &inversion, &observed),
        );
        let far = far(&found, &expected);
        eprintln!("{name}: {far:?}");
        assert_eq!(
            (&found.status, &found.iterations),
            (&expected.status, &expected.iterations),
            "{name}"
        );
        assert!(far.emission[2] <= 1e-8, "{name}: {far:?}");
    }
}

#[test]
fn without_the_option_it_declines() {
    let Some(gpu) = gpu() else { return };
    let base = inversion(42, Weights::SelfNormalised);
    let [counts, sigma] = wide(&observed(&base, 3));
    let declined = gpu.invert(
        &base,
        Observation {
            counts: counts.view(),
            sigma: sigma.view(),
        },
    );
    assert!(
        declined.as_ref().is_err_and(Error::is_recoverable),
        "{declined:?}"
    );
    assert!(matches!(declined, Err(Error::Unsupported { .. })));
}
