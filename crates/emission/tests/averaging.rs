//! Averaging kernels of maps.

#![allow(missing_docs)]

use isopach_compute::{Cpu, Dispatcher};
use isopach_emission::{
    AIA, Constraint, Inversion, InvertPixels, MissingCounts, Noise, Observation, Outputs, Quantity,
    TemperatureResponse, Weights, reference,
};
use ndarray::{Array2, ArrayD, Axis, Ix1, Ix2, s};
use std::sync::Arc;

fn inversion() -> Inversion {
    let edges = (0..=20).map(|i| 5.7 + 1.4 * f64::from(i) / 20.0).collect();
    let mut inversion = Inversion::new(TemperatureResponse::aia(), edges);
    inversion.outputs = Outputs {
        averaging_kernel: true,
        ..Outputs::NONE
    };
    inversion.missing = MissingCounts::Drop;
    inversion
}

/// Nineteen pixels; one has lost a channel, and one all.
fn observation() -> [ArrayD<f64>; 2] {
    let emission = Array2::from_shape_fn((19, 20), |(i, t)| {
        3e21 * (-0.5 * ((0.07 * t as f64 - 0.2 - 0.05 * i as f64) / 0.2).powi(2)).exp() + 1e18
    });
    let mut counts = inversion().forward(emission.view().into_dyn()).unwrap();
    let sigma = Noise::sigma_of_counts(&AIA.map(|c| Noise::aia(&c, 2.9, 4.0, 0.03)), counts.view())
        .unwrap();
    counts[[5, 3]] = f64::NAN;
    counts.index_axis_mut(Axis(0), 11).fill(f64::NAN);
    [counts, sigma]
}

#[test]
fn kernels_of_a_map_are_those_of_its_pixels() {
    let [counts, sigma] = observation();
    let observation = || Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    };
    let mut inversion = inversion();
    for (weights, constraint, solve_for) in [
        (
            Weights::SelfNormalised,
            Constraint::PerLogT,
            Quantity::Differential,
        ),
        (
            Weights::EmissionMeasureLoci((0..6).collect()),
            Constraint::PerBin,
            Quantity::Differential,
        ),
        (
            Weights::SelfNormalised,
            Constraint::PerBin,
            Quantity::Integrated,
        ),
    ] {
        inversion = Inversion {
            weights,
            constraint,
            solve_for,
            ..inversion
        };
        let definition = reference::invert(&inversion, observation())
            .unwrap()
            .averaging_kernel
            .unwrap();
        let double = Cpu.invert(&inversion, observation()).unwrap();
        let [c, e] = [&counts, &sigma].map(|a| a.mapv(|x| x as f32));
        let single = Cpu
            .invert_single(
                &inversion,
                Observation {
                    counts: c.view(),
                    sigma: e.view(),
                },
            )
            .unwrap();
        let freedom = double.degrees_of_freedom().unwrap();
        let [double, single] = [
            double.averaging_kernel.unwrap(),
            single.averaging_kernel.unwrap().mapv(f64::from),
        ];
        assert_eq!(
            (double.shape(), single.shape()),
            (&[19, 20, 20][..], &[19, 20, 20][..])
        );
        for i in 0..19 {
            let [a, b, c] = [&definition, &double, &single].map(|a| a.index_axis(Axis(0), i));
            if i == 11 {
                assert!(
                    [a, b, c].iter().all(|a| a.iter().all(|x| x.is_nan())) && freedom[[i]].is_nan()
                );
                continue;
            }
            let row =
                |a: &ArrayD<f64>| a.index_axis(Axis(0), i).iter().copied().collect::<Vec<_>>();
            let alone = reference::invert_pixel(&inversion, &row(&counts), &row(&sigma))
                .unwrap()
                .kernel
                .averaging;
            assert_eq!(a.into_dimensionality::<Ix2>().unwrap(), alone);
            let largest = alone.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            assert!(
                b.iter()
                    .zip(&alone)
                    .all(|(x, y)| (x - y).abs() < 1e-9 * largest),
                "pixel {i}"
            );
            assert!(
                c.iter()
                    .zip(&alone)
                    .all(|(x, y)| (x - y).abs() < 1e-4 * largest),
                "pixel {i}, single precision"
            );
            let expected: f64 = alone.diag().sum();
            assert!(
                (freedom[[i]] - expected).abs() < 1e-9 && expected > 0.5 && expected < 6.0,
                "{expected}"
            );
        }
    }
}

#[test]
fn a_kernel_makes_of_the_truth_what_is_found() {
    // Without noise, and without a second iteration, the solution is the kernel applied to what was
    // put in.
    let mut inversion = inversion();
    inversion.max_iterations = 1;
    let truth = ndarray::Array1::from_shape_fn(20, |t| {
        1e21 * (-0.5 * ((t as f64 - 9.0) / 3.0).powi(2)).exp()
    });
    let counts = inversion.forward(truth.view().into_dyn()).unwrap();
    let sigma = counts.mapv(|c| 0.05 * c);
    let found = Cpu
        .invert(
            &inversion,
            Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            },
        )
        .unwrap();
    let kernel = found
        .averaging_kernel
        .unwrap()
        .into_dimensionality::<Ix2>()
        .unwrap();
    let expected = kernel.dot(&truth);
    let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let emission = found.emission.into_dimensionality::<Ix1>().unwrap();
    assert!(
        emission
            .iter()
            .zip(&expected)
            .all(|(a, b)| (a - b).abs() < 1e-10 * largest)
    );
}

#[test]
fn kernels_of_an_image_come_block_by_block() {
    let inversion = inversion();
    let [counts, sigma] = observation().map(|a| {
        a.slice(s![..18, ..])
            .into_shape_with_order(vec![6, 3, 6])
            .unwrap()
            .to_owned()
    });
    let whole = Cpu
        .invert(
            &inversion,
            Observation {
                counts: counts.view(),
                sigma: sigma.view(),
            },
        )
        .unwrap();
    let kernels = whole.averaging_kernel.unwrap();
    let read = |rows: std::ops::Range<usize>| {
        Ok([&counts, &sigma].map(|a| a.slice_axis(Axis(0), rows.clone().into()).to_owned()))
    };
    let per_row = 3 * inversion.bytes_per_pixel::<f64>();
    assert!(per_row > 3 * 8 * 400, "bins × bins count");
    let mut seen = 0;
    inversion
        .stream(
            &Dispatcher::new(vec![Arc::new(Cpu)]),
            &[6, 3],
            per_row,
            read,
            |block| {
                assert_eq!(block.rows.len(), 1);
                let found = block
                    .map
                    .averaging_kernel
                    .unwrap()
                    .index_axis_move(Axis(0), 0);
                let expected = kernels.index_axis(Axis(0), block.rows.start);
                assert!(
                    found
                        .iter()
                        .zip(expected)
                        .all(|(a, b)| a.to_bits() == b.to_bits())
                );
                seen += 1;
                Ok(())
            },
        )
        .unwrap();
    assert_eq!(seen, 6);
}
