//! Results that come back as halves.

use super::{
    device::{gpu, open},
    pixels::{bits, inversion, inverted, observed},
};
use isopach_emission::{EmissionMap, Inversion, Outputs, Weights};
use isopach_gpu::{GpuOptions, Reductions, ResultPrecision};
use ndarray::ArrayD;

const EVERYTHING: Outputs = Outputs {
    averaging_kernel: true,
    ..Outputs::ERRORS
};

/// The four maps of which there are halves.
fn maps(map: &EmissionMap<f32>) -> [(&'static str, &ArrayD<f32>); 4] {
    [
        ("emission measure", &map.emission),
        ("vertical error", map.uncertainty.as_ref().unwrap()),
        ("horizontal error", map.log_t_resolution.as_ref().unwrap()),
        ("averaging kernel", map.averaging_kernel.as_ref().unwrap()),
    ]
}

/// What is no map of halves.
fn rest(map: EmissionMap<f32>) -> Vec<u64> {
    let empty = || ArrayD::zeros(vec![0]);
    bits(&EmissionMap {
        emission: empty(),
        uncertainty: None,
        log_t_resolution: None,
        averaging_kernel: None,
        ..map
    })
}

/// The accuracy table of docs/decisions/0002-gpu.md.
#[test]
fn halves_are_off_by_half_a_unit_of_their_last_place() {
    const HALF_A_UNIT: f64 = 1.0 / 2048.0;
    const LOWEST: f64 = 1.0 / (1_u64 << 28) as f64;
    let (Some(gpu), Some(halved)) = (
        gpu(),
        open(GpuOptions {
            results: ResultPrecision::Half,
            ..GpuOptions::default()
        }),
    ) else {
        return;
    };
    eprintln!("| bins | result | median | 99 % | worst |\n|---|---|---|---|---|");
    for (bins, pixels) in [(21, 1000), (42, 500), (200, 40)] {
        let inversion = Inversion {
            outputs: EVERYTHING,
            ..inversion(bins, Weights::SelfNormalised)
        };
        let observed = observed(&inversion, pixels);
        let (single, half) = (
            inverted(gpu, &inversion, &observed),
            inverted(&halved, &inversion, &observed),
        );
        for ((name, expected), (_, found)) in maps(&single).into_iter().zip(maps(&half)) {
            let (expected, found) = (expected.as_slice().unwrap(), found.as_slice().unwrap());
            let of_a_pixel = expected.len() / pixels;
            let mut errors = vec![];
            for (a, b) in found.chunks(of_a_pixel).zip(expected.chunks(of_a_pixel)) {
                if b[0].is_nan() {
                    assert!(a.iter().all(|a| a.is_nan()), "{bins} bins, {name}");
                    continue;
                }
                let largest = b.iter().fold(0.0_f64, |m, b| m.max(f64::from(b.abs())));
                for (a, b) in a.iter().zip(b) {
                    let (off, size) = ((f64::from(*a) - f64::from(*b)).abs(), f64::from(b.abs()));
                    assert!(
                        off <= HALF_A_UNIT * size + LOWEST * largest,
                        "{bins} bins, {name}: {a} for {b}"
                    );
                    errors.push(off / largest);
                }
            }
            errors.sort_by(f64::total_cmp);
            let at = |share: f64| errors[((errors.len() - 1) as f64 * share) as usize];
            eprintln!(
                "| {bins} | {name} | {:.1e} | {:.1e} | {:.1e} |",
                at(0.5),
                at(0.99),
                at(1.0)
            );
            assert!(
                at(1.0) <= HALF_A_UNIT && at(1.0) > HALF_A_UNIT / 4.0,
                "{bins} bins, {name}"
            );
        }
        assert_eq!(rest(single), rest(half), "{bins} bins");
    }
}

#[test]
fn halves_are_the_same_in_any_batch_and_any_run() {
    let Some(halved) = open(GpuOptions {
        results: ResultPrecision::Half,
        ..GpuOptions::default()
    }) else {
        return;
    };
    for (bins, pixels, budget) in [(33, 3000, 3 << 20), (21, 300, 6 << 20)] {
        let outputs = if bins == 21 {
            EVERYTHING
        } else {
            Outputs::ERRORS
        };
        let inversion = Inversion {
            outputs,
            ..inversion(bins, Weights::SelfNormalised)
        };
        let observed = observed(&inversion, pixels);
        let whole = bits(&inverted(&halved, &inversion, &observed));
        assert_eq!(
            whole,
            bits(&inverted(&halved, &inversion, &observed)),
            "{bins} bins: two runs"
        );
        let options = GpuOptions {
            budget_bytes: budget,
            max_workgroups: Some(60),
            ..halved.options().clone()
        };
        let small = open(options).unwrap();
        assert_eq!(
            whole,
            bits(&inverted(&small, &inversion, &observed)),
            "{bins} bins: split"
        );
        let options = GpuOptions {
            reductions: Reductions::Subgroups,
            ..halved.options().clone()
        };
        let by_subgroups = open(options).unwrap();
        assert_eq!(
            whole,
            bits(&inverted(&by_subgroups, &inversion, &observed)),
            "{bins} bins: by subgroups"
        );
        assert!(small.pool_counts().peak_bytes <= budget, "{bins} bins");
        let calls = small
            .kernel_times()
            .iter()
            .map(|kernel| kernel.calls)
            .max()
            .unwrap();
        assert!(calls >= 2, "{bins} bins: all fits at once");
    }
}
