//! The fast version against the definition, and what must not matter.

#![allow(missing_docs)]

use isopach_compute::Cpu;
use isopach_emission::{
    Compatibility, Constraint, EmissionMap, Inversion, InvertPixels, MissingCounts, Observation,
    PixelStatus, Quantity, TemperatureResponse, Weights, reference,
};
use ndarray::{Array1, Array2, ArrayD, Axis, IxDyn, concatenate};
use proptest::prelude::*;

/// Numbers between 0 and 1, from a seed.
fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// AIA with the first `channels` of a few orders, and bins of different widths.
fn inversion(channels: usize, bins: usize, spread: f64, seed: u64) -> Inversion {
    let mut random = uniform(seed);
    let mut response = TemperatureResponse::aia();
    response.channels.rotate_left((seed % 6) as usize);
    response.channels.truncate(channels);
    let mut edges = vec![5.6];
    for _ in 0..bins {
        edges.push(edges[edges.len() - 1] + 1.0 + spread * random());
    }
    let range = edges[bins] - 5.6;
    Inversion::new(
        response,
        edges
            .into_iter()
            .map(|x| 5.6 + 1.6 * (x - 5.6) / range)
            .collect(),
    )
}

/// Counts of Gaussians with five per cent of noise, shape (pixels, channels).
fn observation(inversion: &Inversion, pixels: usize, seed: u64) -> [ArrayD<f64>; 2] {
    let mut random = uniform(seed ^ 0xABCD);
    let edges = inversion.log_t_edges.clone();
    let mut emission = Array2::zeros((pixels, inversion.bins()));
    for mut row in emission.rows_mut() {
        let (centre, width) = (5.8 + random(), 0.1 + 0.3 * random());
        let height = 10f64.powf(20.0 + 2.0 * random());
        let curve = |t: usize| {
            height * (-((0.5 * (edges[t] + edges[t + 1]) - centre) / width).powi(2)).exp()
        };
        row.assign(&Array1::from_shape_fn(inversion.bins(), curve));
    }
    let differential = Inversion {
        solve_for: Quantity::Differential,
        report: Quantity::Differential,
        ..inversion.clone()
    };
    let exact = differential.forward(emission.view().into_dyn()).unwrap();
    let sigma = exact.mapv(|c| 0.05 * c + 0.1);
    let mut counts = exact.clone();
    counts
        .iter_mut()
        .zip(&sigma)
        .for_each(|(c, s)| *c += s * (random() + random() + random() - 1.5) * 2.0);
    [counts, sigma]
}

fn weights(kind: u8, inversion: &Inversion, pixels: usize, seed: u64) -> Weights {
    let mut random = uniform(seed ^ 0x77);
    // Twenty decades, jumping from bin to bin or smooth.
    let bins = inversion.bins() as f64;
    let (peak, turns) = (random(), 0.5 + random());
    let mut row = |(_, t): (usize, usize)| {
        let smooth = 0.5 * (std::f64::consts::TAU * turns * (t as f64 / bins - peak)).cos() - 0.5;
        10f64.powf(
            20.0 * if kind.is_multiple_of(2) {
                random() - 1.0
            } else {
                smooth
            },
        )
    };
    match kind {
        0 => Weights::SelfNormalised,
        1 => Weights::EmissionMeasureLoci((0..inversion.channels()).collect()),
        2 | 3 => Weights::Given(Array2::from_shape_fn((1, inversion.bins()), &mut row)),
        _ => Weights::Given(Array2::from_shape_fn((pixels, inversion.bins()), &mut row)),
    }
}

fn seen<'a>([counts, sigma]: &'a [ArrayD<f64>; 2]) -> Observation<'a, f64> {
    Observation {
        counts: counts.view(),
        sigma: sigma.view(),
    }
}

/// Largest difference of a pixel's bins in units of its largest.
fn farthest(a: &ArrayD<f64>, b: &ArrayD<f64>) -> f64 {
    let rows = a.rows().into_iter().zip(b.rows());
    rows.map(|(a, b)| {
        let largest = b.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let differs = a
            .iter()
            .zip(b)
            .filter(|(a, b)| a.to_bits() != b.to_bits())
            .map(|(a, b)| (a - b).abs() / largest);
        differs.fold(0.0, |m: f64, d| if d <= m { m } else { d })
    })
    .fold(0.0, |m: f64, d| if d <= m { m } else { d })
}

fn assert_same(fast: &EmissionMap<f64>, definition: &EmissionMap<f64>, tolerance: f64) {
    assert_eq!(fast.status, definition.status);
    assert_eq!(fast.iterations, definition.iterations);
    assert_eq!(fast.dropped, definition.dropped);
    let distance = farthest(&fast.emission, &definition.emission);
    assert!(distance <= tolerance, "emission differs by {distance:e}");
    let [a, b] = [fast, definition].map(|m| m.uncertainty.as_ref().unwrap());
    assert!(
        farthest(a, b) <= tolerance,
        "uncertainty differs by {:e}",
        farthest(a, b)
    );
    let distance = farthest(&fast.synthetic, &definition.synthetic);
    assert!(
        distance <= tolerance,
        "synthetic counts differ by {distance:e}"
    );
    let [a, b] = [fast, definition].map(|m| m.log_t_resolution.as_ref().unwrap());
    let differs = a
        .iter()
        .zip(b)
        .filter(|(a, b)| (*a - *b).abs() > 1e-9)
        .count();
    assert!(
        differs * 1000 <= a.len(),
        "{differs} of {} resolutions differ",
        a.len()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_fast_version_is_the_definition(
        channels in 2_usize..=6, more in 0_usize..50, spread in 0.0..4.0, kind in 0_u8..6, seed in 0_u64..1_000_000,
        per_bin in any::<bool>(), integrated in any::<bool>(), reference in any::<bool>(), drop in any::<bool>(),
    ) {
        let bins = (channels + more).max(3);
        let mut inversion = inversion(channels, bins, spread, seed);
        inversion.constraint = if per_bin { Constraint::PerBin } else { Constraint::PerLogT };
        inversion.solve_for = if integrated { Quantity::Integrated } else { Quantity::Differential };
        inversion.weights = weights(kind, &inversion, 9, seed);
        inversion.compat = if reference { Compatibility::Reference } else { Compatibility::Off };
        inversion.missing = if drop { MissingCounts::Drop } else { MissingCounts::Reject };
        // Exact zero is a matter of round-off there: weights of 20 decades, squared.
        prop_assume!(!(reference && (per_bin || integrated) && kind >= 2));
        let mut data = observation(&inversion, 9, seed);
        data[0][[4, 1]] = f64::NAN;
        data[1][[6, 0]] = 0.0;
        let fast = Cpu.invert(&inversion, seen(&data)).unwrap();
        assert_same(&fast, &reference::invert(&inversion, seen(&data)).unwrap(), 1e-8);
    }

    #[test]
    fn neither_company_nor_order_nor_threads_are_seen(
        poison in prop::collection::vec((0_usize..37, 0_usize..6, prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, -3.0, 1e-310, 1e308, f64::MAX,
        ]), any::<bool>()), 0..30),
        kind in 0_u8..6, seed in 0_u64..1000, drop in any::<bool>(),
    ) {
        let mut inversion = inversion(6, 24, 1.0, seed);
        inversion.missing = if drop { MissingCounts::Drop } else { MissingCounts::Reject };
        let many = weights(kind, &inversion, 37, seed);
        inversion.weights = many.clone();
        let mut data = observation(&inversion, 37, seed);
        for (pixel, channel, value, of_sigma) in poison {
            data[usize::from(of_sigma)][[pixel, channel]] = value;
        }
        let single = |i: usize, of: &ArrayD<f64>| of.index_axis(Axis(0), i).to_owned();
        let whole = Cpu.invert(&inversion, seen(&data)).unwrap();
        let singles32 = data.clone().map(|a| a.mapv(|x| x as f32));
        let whole32 = Cpu.invert_single(&inversion, Observation { counts: singles32[0].view(), sigma: singles32[1].view() }).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let threaded = pool.install(|| Cpu.invert(&inversion, seen(&data))).unwrap();
        prop_assert_eq!(format!("{threaded:?}"), format!("{whole:?}"));
        for i in (0..37).rev() {
            if let Weights::Given(given) = &many {
                let row = given.row(if given.nrows() == 1 { 0 } else { i }).to_owned().insert_axis(Axis(0));
                inversion.weights = Weights::Given(row);
            }
            let own = [single(i, &data[0]), single(i, &data[1])];
            let alone = Cpu.invert(&inversion, seen(&own)).unwrap();
            let bits = |a: &[f64]| a.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            let found = whole.emission.index_axis(Axis(0), i);
            prop_assert_eq!(bits(alone.emission.as_slice().unwrap()), bits(found.as_slice().unwrap()));
            prop_assert_eq!(alone.status[[]], whole.status[[i]]);
            let own = own.map(|a| a.mapv(|x| x as f32));
            let alone = Cpu.invert_single(&inversion, Observation { counts: own[0].view(), sigma: own[1].view() }).unwrap();
            prop_assert_eq!(format!("{:?}", alone.emission.as_slice()), format!("{:?}", whole32.emission.index_axis(Axis(0), i).as_slice()));
        }
    }

    #[test]
    fn the_order_of_channels_does_not_matter(seed in 0_u64..10_000, kind in 0_u8..2, turn in 1_usize..6) {
        let mut inversion = inversion(6, 30, 0.5, seed);
        inversion.weights = weights(kind, &inversion, 5, seed);
        let data = observation(&inversion, 5, seed);
        let found = Cpu.invert(&inversion, seen(&data)).unwrap();
        let mut turned = inversion.clone();
        turned.response.channels.rotate_left(turn);
        let order: Vec<usize> = (0..6).map(|f| (f + turn) % 6).collect();
        let data = data.map(|a| a.select(Axis(1), &order));
        let other = Cpu.invert(&turned, seen(&data)).unwrap();
        let answered = |map: &EmissionMap<f64>| map.status.iter().map(|s| s.has_result()).collect::<Vec<_>>();
        prop_assert_eq!(answered(&found), answered(&other));
        prop_assert_eq!(&found.iterations, &other.iterations);
        prop_assert!(farthest(&other.emission, &found.emission) < 1e-9);
    }

    #[test]
    fn the_unit_of_counts_does_not_matter(seed in 0_u64..10_000, kind in 0_u8..2, exponent in -8.0..8.0) {
        let mut inversion = inversion(5, 30, 0.5, seed);
        inversion.weights = weights(kind, &inversion, 5, seed);
        let data = observation(&inversion, 5, seed);
        let found = Cpu.invert(&inversion, seen(&data)).unwrap();
        let unit = 10f64.powf(exponent);
        inversion.response.channels.iter_mut().flatten().for_each(|r| *r *= unit);
        let data = data.map(|a| a * unit);
        let other = Cpu.invert(&inversion, seen(&data)).unwrap();
        prop_assert_eq!(&found.iterations, &other.iterations);
        prop_assert!(farthest(&other.emission, &found.emission) < 1e-9);
    }

    #[test]
    fn a_dropped_channel_is_one_that_was_never_there(seed in 0_u64..10_000, kind in 0_u8..2, gone in 0_usize..6) {
        let mut whole = inversion(6, 30, 0.5, seed);
        whole.missing = MissingCounts::Drop;
        whole.weights = weights(kind, &whole, 5, seed);
        let mut data = observation(&whole, 5, seed);
        data[0].mapv_inplace(|c| c.max(0.01));
        let kept: Vec<usize> = (0..6).filter(|&f| f != gone).collect();
        let fewer = data.clone().map(|a| a.select(Axis(1), &kept));
        let mut without = whole.clone();
        without.response.channels.remove(gone);
        without.weights = weights(kind, &without, 5, seed);
        data[0].index_axis_mut(Axis(1), gone).fill(f64::NAN);
        let found = Cpu.invert(&whole, seen(&data)).unwrap();
        let expected = Cpu.invert(&without, seen(&fewer)).unwrap();
        prop_assert!(found.dropped.iter().all(|&d| d == 1 << gone));
        prop_assert_eq!(&found.iterations, &expected.iterations);
        prop_assert!(farthest(&found.emission, &expected.emission) < 1e-9);
        prop_assert!(found.chi_squared.iter().zip(&expected.chi_squared).all(|(a, b)| (a - b).abs() <= 1e-7 * b));
        for (a, b) in found.status.iter().zip(&expected.status) {
            prop_assert_eq!(*a, if *b == PixelStatus::Converged { PixelStatus::ChannelDropped } else { *b });
        }
    }

    #[test]
    fn channels_that_are_the_same_are_no_obstacle(seed in 0_u64..10_000, kind in 0_u8..2) {
        let mut inversion = inversion(4, 24, 0.5, seed);
        let twin = inversion.response.channels[1].clone();
        inversion.response.channels.push(twin);
        inversion.weights = weights(kind, &inversion, 7, seed);
        let data = observation(&inversion, 7, seed);
        let fast = Cpu.invert(&inversion, seen(&data)).unwrap();
        let definition = reference::invert(&inversion, seen(&data)).unwrap();
        let answered = |map: &EmissionMap<f64>| map.status.iter().filter(|s| s.has_result()).count();
        prop_assert_eq!(answered(&fast), 7);
        prop_assert_eq!(&fast.status, &definition.status);
        prop_assert!(farthest(&fast.emission, &definition.emission) < 1e-8);
    }
}

#[test]
fn any_number_of_bins_and_channels() {
    for (channels, bins) in [(1, 3), (2, 3), (3, 3), (6, 6), (6, 7), (5, 100), (6, 400)] {
        let inversion = inversion(channels, bins, 0.5, 3);
        let data = observation(&inversion, 6, 5);
        assert_same(
            &Cpu.invert(&inversion, seen(&data)).unwrap(),
            &reference::invert(&inversion, seen(&data)).unwrap(),
            1e-8,
        );
    }
    for copies in [2, 3, 4] {
        // 8, 12 and 18 channels: AIA at several places of the temperature axis.
        let mut inversion = inversion(6, 60, 0.5, 6);
        let shifted = |shift: usize| {
            let moved = move |c: &Vec<f64>| {
                (0..c.len())
                    .map(|i| c[(i + shift).min(c.len() - 1)])
                    .collect::<Vec<_>>()
            };
            inversion
                .response
                .channels
                .iter()
                .map(moved)
                .collect::<Vec<_>>()
        };
        let mut channels: Vec<Vec<f64>> = (0..copies).flat_map(|copy| shifted(2 * copy)).collect();
        channels.truncate([8, 12, 18][copies - 2]);
        inversion.response.channels = channels;
        let data = observation(&inversion, 6, 5);
        assert_same(
            &Cpu.invert(&inversion, seen(&data)).unwrap(),
            &reference::invert(&inversion, seen(&data)).unwrap(),
            1e-7,
        );
    }
}

#[test]
fn any_leading_shape_and_any_strides() {
    let inversion = inversion(6, 24, 0.5, 1);
    let mut data = observation(&inversion, 24, 2);
    data[0].mapv_inplace(|c| c.max(0.01));
    let flat = Cpu.invert(&inversion, seen(&data)).unwrap();
    let image = data
        .clone()
        .map(|a| a.into_shape_with_order(IxDyn(&[2, 3, 4, 6])).unwrap());
    let found = Cpu.invert(&inversion, seen(&image)).unwrap();
    assert_eq!(found.emission.shape(), [2, 3, 4, 24]);
    assert_eq!(
        found
            .emission
            .into_shape_with_order(IxDyn(&[24, 24]))
            .unwrap(),
        flat.emission
    );
    // Channels first in memory.
    let planes = data.map(|a| a.t().as_standard_layout().to_owned());
    let found = Cpu
        .invert(
            &inversion,
            Observation {
                counts: planes[0].t(),
                sigma: planes[1].t(),
            },
        )
        .unwrap();
    assert_eq!(found.emission, flat.emission);
    let none = ArrayD::<f64>::zeros(IxDyn(&[0, 6]));
    assert!(
        Cpu.invert(
            &inversion,
            Observation {
                counts: none.view(),
                sigma: none.view()
            }
        )
        .unwrap()
        .is_empty()
    );
}

#[test]
fn what_no_one_can_invert_is_said() {
    let good = inversion(6, 24, 0.5, 1);
    let data = observation(&good, 3, 2);
    let refused = |change: &dyn Fn(&mut Inversion)| {
        let mut inversion = good.clone();
        change(&mut inversion);
        let [a, b] = [
            Cpu.invert(&inversion, seen(&data)),
            reference::invert(&inversion, seen(&data)),
        ]
        .map(|r| r.unwrap_err().to_string());
        assert_eq!(a, b);
        a
    };
    assert!(refused(&|i| i.log_t_edges.truncate(6)).contains("the number of bins is 5"));
    assert!(refused(&|i| i.log_t_edges.reverse()).contains("ascending"));
    assert!(refused(&|i| i.max_iterations = 0).contains("iterations"));
    assert!(refused(&|i| i.mu_samples = 1).contains("μ"));
    assert!(refused(&|i| i.chi_squared_target = f64::NAN).contains("χ²"));
    assert!(refused(&|i| i.weights = Weights::EmissionMeasureLoci(vec![6])).contains("position"));
    assert!(
        refused(&|i| i.weights = Weights::EmissionMeasureLoci(vec![])).contains("at least one")
    );
    assert!(refused(&|i| i.weights = Weights::Given(Array2::ones((2, 24)))).contains("(2, 24)"));
    assert!(
        refused(&|i| i.weights = Weights::Given(Array2::from_elem((1, 24), -1.0)))
            .contains("weight is -1")
    );
    assert!(refused(&|i| i.response.channels[2].clear()).contains("channel 2"));
    assert!(refused(&|i| i.response.channels[2].fill(0.0)).contains("above zero"));
    assert!(refused(&|i| i.response.log_t[3] = 0.0).contains("ascending"));
}

#[test]
fn every_pixel_says_how_it_ended() {
    let mut inversion = inversion(6, 24, 0.5, 1);
    let mut data = observation(&inversion, 6, 2);
    data[0].mapv_inplace(|c| c.max(1.0));
    data[0][[1, 3]] = f64::NAN;
    data[1][[2, 0]] = -1.0;
    data[0].index_axis_mut(Axis(0), 3).fill(0.0);
    let found = Cpu.invert(&inversion, seen(&data)).unwrap();
    assert!(
        found.status[[3]].has_result()
            && found
                .emission
                .index_axis(Axis(0), 3)
                .iter()
                .all(|x| *x == 0.0)
    );
    inversion.pad_value = Some(0.0);
    let found = Cpu.invert(&inversion, seen(&data)).unwrap();
    assert_eq!(
        [1, 2, 3].map(|i| found.status[[i]]),
        [3, 0, 0].map(|channel| PixelStatus::BadInput { channel })
    );
    assert!(
        found
            .emission
            .index_axis(Axis(0), 1)
            .iter()
            .all(|x| x.is_nan())
            && found.chi_squared[[1]].is_nan()
    );
    inversion.missing = MissingCounts::Drop;
    let found = Cpu.invert(&inversion, seen(&data)).unwrap();
    assert!(found.status[[1]].has_result() && found.dropped[[1]] == 1 << 3);
    assert_eq!(found.status[[3]], PixelStatus::NoChannel);
    inversion.compat = Compatibility::Reference;
    let found = Cpu.invert(&inversion, seen(&data)).unwrap();
    assert!(
        found
            .emission
            .index_axis(Axis(0), 1)
            .iter()
            .all(|x| *x == 0.0)
            && found.iterations[[1]] == 0
    );
    assert!(
        concatenate![Axis(0), found.emission, found.emission]
            .iter()
            .all(|x| x.is_finite())
    );
}
