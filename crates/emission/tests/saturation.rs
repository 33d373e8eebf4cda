//! Saturated channels are recognised, and rejected or left out.

#![allow(missing_docs)]

use isopach_compute::Cpu;
use isopach_emission::{
    AIA, Compatibility, Inversion, InvertPixels, MissingCounts, MonteCarlo, Noise, Observation,
    PixelStatus, Saturation, TemperatureResponse, Weights, reference,
};
use ndarray::{Array2, ArrayD, Axis};
use proptest::prelude::*;

const EXPOSURE: f64 = 2.9;

fn inversion() -> Inversion {
    let edges = (0..=24).map(|i| 5.7 + 1.4 * f64::from(i) / 24.0).collect();
    Inversion::new(TemperatureResponse::aia(), edges)
}

fn levels() -> Vec<f64> {
    AIA.iter()
        .map(|channel| channel.saturation / EXPOSURE)
        .collect()
}

fn with(then: MissingCounts) -> Inversion {
    Inversion {
        saturation: Some(Saturation {
            levels: levels(),
            then,
        }),
        ..inversion()
    }
}

/// Counts of Gaussians far below saturation, and their errors.
fn quiet(pixels: usize) -> [ArrayD<f64>; 2] {
    let emission = Array2::from_shape_fn((pixels, 24), |(i, t)| {
        let centre = 5.9 + 0.8 * (i % 7) as f64 / 7.0;
        3e21 * (-0.5 * ((5.73 + 0.058 * t as f64 - centre) / 0.2).powi(2)).exp() + 1e18
    });
    let counts = inversion().forward(emission.view().into_dyn()).unwrap();
    let sigma = Noise::sigma_of_counts(
        &AIA.map(|c| Noise::aia(&c, EXPOSURE, 1.0, 0.02)),
        counts.view(),
    )
    .unwrap();
    [counts, sigma]
}

fn seen<'a>([counts, sigma]: &'a [ArrayD<f64>; 2]) -> Observation<'a, f64> {
    Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    }
}

#[test]
fn a_count_at_its_level_is_saturated_and_one_below_is_not() {
    let mut data = quiet(4);
    let level = levels()[2];
    data[0][[1, 2]] = level;
    data[0][[2, 2]] = level * (1.0 - 1e-6);
    data[0][[3, 2]] = f64::INFINITY; // missing, not saturated
    let found = Cpu
        .invert(&with(MissingCounts::Reject), seen(&data))
        .unwrap();
    assert_eq!(found.status[[1]], PixelStatus::Saturated { channel: 2 });
    assert_eq!(
        (found.status[[1]].code(), found.status[[1]].has_result()),
        (50, false)
    );
    assert!(
        found
            .emission
            .index_axis(Axis(0), 1)
            .iter()
            .all(|x| x.is_nan())
            && found.iterations[[1]] == 0
    );
    assert!(found.status[[2]].has_result());
    assert_eq!(found.status[[3]], PixelStatus::BadInput { channel: 2 });
    assert_eq!(
        found.saturated.iter().copied().collect::<Vec<_>>(),
        [0, 1 << 2, 0, 0]
    );
    let kept = Cpu.invert(&inversion(), seen(&data)).unwrap();
    assert!(kept.status[[1]].has_result() && kept.saturated.iter().all(|&s| s == 0));

    let found = Cpu.invert(&with(MissingCounts::Drop), seen(&data)).unwrap();
    assert_eq!((found.dropped[[1]], found.saturated[[1]]), (1 << 2, 1 << 2));
    assert!(found.status[[1]].has_result() && found.status[[1]] != PixelStatus::Converged);
    assert_eq!(
        found.status[[3]],
        PixelStatus::BadInput { channel: 2 },
        "missing channels have a rule of their own"
    );
}

#[test]
fn all_channels_saturated_is_no_channel() {
    let mut data = quiet(2);
    data[0].index_axis_mut(Axis(0), 1).fill(1e6);
    let found = Cpu.invert(&with(MissingCounts::Drop), seen(&data)).unwrap();
    assert_eq!(
        (found.status[[1]], found.saturated[[1]]),
        (PixelStatus::NoChannel, 0b11_1111)
    );
    let loci = Inversion {
        weights: Weights::EmissionMeasureLoci(vec![3]),
        ..with(MissingCounts::Drop)
    };
    data[0][[0, 3]] = 1e6;
    assert_eq!(
        Cpu.invert(&loci, seen(&data)).unwrap().status[[0]],
        PixelStatus::NoChannel
    );
}

#[test]
fn the_reference_s_way_knows_saturation_too() {
    let mut data = quiet(2);
    data[0][[1, 4]] = 1e6;
    let inversion = Inversion {
        compat: Compatibility::Reference,
        ..with(MissingCounts::Drop)
    };
    let found = Cpu.invert(&inversion, seen(&data)).unwrap();
    assert_eq!(
        (found.dropped[[0]], found.dropped[[1]], found.saturated[[1]]),
        (0, 1 << 4, 1 << 4)
    );
}

#[test]
fn levels_that_make_no_sense_are_refused() {
    let data = quiet(1);
    let refused = |levels: Vec<f64>| {
        let inversion = Inversion {
            saturation: Some(Saturation {
                levels,
                then: MissingCounts::Drop,
            }),
            ..inversion()
        };
        Cpu.invert(&inversion, seen(&data)).unwrap_err().to_string()
    };
    assert!(refused(vec![1e4; 5]).contains("5 saturation levels for 6 channels"));
    assert!(refused(vec![1e4, 1e4, 0.0, 1e4, 1e4, 1e4]).contains("saturation level is 0"));
    assert!(refused(vec![f64::NAN; 6]).contains("above zero"));
    let never = Saturation {
        levels: vec![f64::INFINITY; 6],
        then: MissingCounts::Reject,
    };
    let never = Inversion {
        saturation: Some(never),
        ..inversion()
    };
    assert_eq!(
        Cpu.invert(&never, seen(&data))
            .unwrap()
            .count_of(PixelStatus::Converged),
        1
    );
}

#[test]
fn draws_stay_on_their_side() {
    let mut data = quiet(2);
    data[0][[0, 1]] = levels()[1] * 0.999; // within noise of its level
    data[0][[1, 1]] = levels()[1] * 1.001;
    data[1].fill(levels()[1]);
    let spread = MonteCarlo { draws: 40, seed: 1 }
        .run(&with(MissingCounts::Reject), &Cpu, &seen(&data))
        .unwrap();
    assert_eq!(spread.used[[1]], 0, "a saturated pixel never has a result");
    let clear = MonteCarlo { draws: 40, seed: 1 }
        .run(&inversion(), &Cpu, &seen(&data))
        .unwrap();
    assert_eq!(spread.used[[0]], clear.used[[0]], "noise saturates none");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A saturated channel that is dropped is one that was never there, in both precisions, and no
    /// other pixel sees it.
    #[test]
    fn a_saturated_channel_is_one_that_was_never_there(
        gone in 0_usize..6, pixel in 0_usize..9, excess in 1.0..10.0, loci in any::<bool>(),
    ) {
        let mut data = quiet(9);
        data[0][[pixel, gone]] = levels()[gone] * excess;
        let mut whole = with(MissingCounts::Drop);
        let mut without = inversion();
        if loci {
            whole.weights = Weights::EmissionMeasureLoci((0..6).collect());
            without.weights = Weights::EmissionMeasureLoci((0..5).collect());
        }
        without.response.channels.remove(gone);
        let kept: Vec<usize> = (0..6).filter(|&f| f != gone).collect();
        let fewer = data.clone().map(|a| a.select(Axis(1), &kept).select(Axis(0), &[pixel]));
        let found = Cpu.invert(&whole, seen(&data)).unwrap();
        let expected = Cpu.invert(&without, seen(&fewer)).unwrap();
        let largest = expected.emission.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let own = found.emission.index_axis(Axis(0), pixel);
        prop_assert!(own.iter().zip(&expected.emission).all(|(a, b)| (a - b).abs() < 1e-9 * largest));
        prop_assert_eq!(found.saturated.iter().filter(|&&s| s != 0).count(), 1);
        prop_assert_eq!((found.saturated[[pixel]], found.dropped[[pixel]]), (1 << gone, 1 << gone));
        let definition = reference::invert(&whole, seen(&data)).unwrap();
        prop_assert_eq!((&definition.status, &definition.saturated), (&found.status, &found.saturated));
        let [counts, sigma] = data.clone().map(|a| a.mapv(|x| x as f32));
        let single = Cpu.invert_single(&whole, Observation { counts: counts.view(), sigma: sigma.view() }).unwrap();
        prop_assert_eq!((&single.saturated, &single.dropped), (&found.saturated, &found.dropped));
        let others: Vec<usize> = (0..9).filter(|&i| i != pixel).collect();
        let alone = data.map(|a| a.select(Axis(0), &others));
        let alone = Cpu.invert(&Inversion { weights: whole.weights, ..inversion() }, seen(&alone)).unwrap();
        prop_assert_eq!(found.emission.select(Axis(0), &others), alone.emission);
    }
}
