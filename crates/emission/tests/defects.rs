//! What other implementations get wrong (docs/algorithms/emission.md), one test each.

#![allow(missing_docs)]

use isopach_compute::Cpu;
use isopach_emission::{
    Compatibility, Constraint, Inversion, InvertPixels, Observation, PixelStatus, Quantity,
    TemperatureResponse, Weights,
};
use ndarray::{Array1, Array2, ArrayD, arr1};

fn inversion(bins: usize) -> Inversion {
    let edges = (0..=bins)
        .map(|i| 5.7 + 1.4 * i as f64 / bins as f64)
        .collect();
    Inversion::new(TemperatureResponse::aia(), edges)
}

/// Six counts of a quiet corner and their errors.
fn quiet() -> [ArrayD<f64>; 2] {
    [
        arr1(&[3.4, 13.8, 520.0, 680.0, 230.0, 15.0]).into_dyn(),
        arr1(&[0.75, 1.2, 7.0, 7.5, 4.3, 0.86]).into_dyn(),
    ]
}

fn seen<'a>([counts, sigma]: &'a [ArrayD<f64>; 2]) -> Observation<'a, f64> {
    Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    }
}

#[test]
fn centres_of_unequal_bins_are_in_their_middle() {
    let kelvin: [f64; 9] = [0.5e6, 1e6, 1.5e6, 2e6, 4e6, 8e6, 16e6, 32e6, 33e6];
    let edges: Vec<f64> = kelvin.iter().map(|t| t.log10()).collect();
    let mut inversion = Inversion::new(TemperatureResponse::aia(), edges.clone());
    let centres = inversion.discretised().unwrap().log_t;
    assert!(
        centres
            .iter()
            .zip(edges.windows(2))
            .all(|(x, w)| (x - 0.5 * (w[0] + w[1])).abs() < 1e-12)
    );
    // The reference's formula puts the last two in the wrong order, and outside of their bins.
    inversion.compat = Compatibility::Reference;
    let centres = inversion.discretised().unwrap().log_t;
    assert!(centres[7] < centres[6] && centres[6] > edges[7]);
}

#[test]
fn two_negative_counts_are_no_signal() {
    let mut inversion = inversion(33);
    let mut data = quiet();
    data[0][[0]] = -0.5;
    data[0][[5]] = -0.5;
    inversion.compat = Compatibility::Strict;
    assert_eq!(
        Cpu.invert(&inversion, seen(&data)).unwrap().status[[]],
        PixelStatus::BadInput { channel: 0 }
    );
    inversion.compat = Compatibility::Reference; // a positive product
    assert!(Cpu.invert(&inversion, seen(&data)).unwrap().status[[]].has_result());
    // By default they are measurements, and so is one of them.
    for last in [-0.5, 15.0] {
        data[0][[5]] = last;
        inversion.compat = Compatibility::Off;
        let found = Cpu.invert(&inversion, seen(&data)).unwrap();
        assert!(found.status[[]].has_result() && found.dropped[[]] == 0);
    }
}

#[test]
fn weights_that_vanish_are_weights_of_zero() {
    // A Gaussian of 0.05 dex: 1 at its peak, 10⁻¹⁷⁰ at the ends.
    let mut inversion = inversion(42);
    let centres = inversion.discretised().unwrap().log_t;
    let weights: Array1<f64> = centres
        .iter()
        .map(|x| (-0.5 * ((x - 6.3) / 0.05).powi(2)).exp())
        .collect();
    for constraint in [Constraint::PerLogT, Constraint::PerBin] {
        inversion.constraint = constraint;
        let mut solve = |weights: Array1<f64>| {
            inversion.weights = Weights::Given(weights.into_shape_with_order((1, 42)).unwrap());
            Cpu.invert(&inversion, seen(&quiet())).unwrap()
        };
        let whole = solve(weights.clone());
        let cut = solve(weights.mapv(|w| if w < 1e-18 { 0.0 } else { w }));
        assert!(whole.status[[]].has_result());
        assert!((whole.lambda[[]] / cut.lambda[[]] - 1.0).abs() < 1e-9);
        assert!((whole.chi_squared[[]] / cut.chi_squared[[]] - 1.0).abs() < 1e-6);
    }
}

#[test]
fn round_off_below_zero_is_no_reason_to_give_up_the_fit() {
    // Solving for the integrated measure, bins whose weight is at its floor hold 10⁻¹⁶ of the
    // largest.
    let mut inversion = inversion(33);
    inversion.solve_for = Quantity::Integrated;
    let found = Cpu.invert(&inversion, seen(&quiet())).unwrap();
    inversion.max_iterations = 1;
    let first = Cpu.invert(&inversion, seen(&quiet())).unwrap();
    let largest = first.emission.iter().copied().fold(0.0, f64::max);
    if first.emission.iter().all(|x| *x > -1e-12 * largest) {
        assert_eq!(found.iterations[[]], 1);
    } else {
        assert!(found.iterations[[]] > 1);
    }
    assert!(found.chi_squared[[]] < 5.0, "{}", found.chi_squared[[]]);
}

#[test]
fn a_map_is_the_same_as_its_pixels() {
    // The reference takes 500 points of μ for a single pixel and 42 for a map, whatever is asked
    // for.
    let inversion = inversion(33);
    let data = quiet();
    let alone = Cpu.invert(&inversion, seen(&data)).unwrap();
    let map = data.map(|a| Array2::from_shape_fn((5, 6), |(_, f)| a[[f]]).into_dyn());
    let map = Cpu.invert(&inversion, seen(&map)).unwrap();
    assert!((0..5).all(|i| map.lambda[[i]] == alone.lambda[[]]));
}

#[test]
fn errors_matter() {
    // Solutions that ignore the errors stay as they are.
    let inversion = inversion(33);
    let mut data = quiet();
    let before = Cpu.invert(&inversion, seen(&data)).unwrap();
    data[1][[2]] *= 10.0;
    let after = Cpu.invert(&inversion, seen(&data)).unwrap();
    assert_ne!(before.emission, after.emission);
    assert!(
        before.chi_squared[[]] > 0.05 && before.chi_squared[[]] < 10.0,
        "the data are explained: {}",
        before.chi_squared[[]]
    );
}
