//! Pictures of 8 bits: every version against the definition, bit for bit.

use isopach_raster::{
    Sampling,
    gather::{
        Edges, Gathering, ImageView, Pixels, PlaceMap, reference,
        remap::{Instructions, remap},
    },
};
use proptest::prelude::*;

/// Places of a picture in a row: whole 1/2048 pixel, or anywhere.
fn places() -> impl Strategy<Value = Vec<[f64; 2]>> {
    let at = prop_oneof![
        4 => -2.0..40.0_f64,
        1 => (-4096..81_920_i32).prop_map(|at| f64::from(at) / 2048.0),
        1 => (-4..40_i32).prop_map(|at| f64::from(at) + 0.5),
        1 => prop::sample::select(&[f64::NAN, f64::INFINITY, -1e9, 1e9, 1e300][..]),
    ];
    prop::collection::vec([at.clone(), at], 1..700)
}

fn check_all(
    [columns, rows, bands]: [usize; 3],
    samples: &[u8],
    places: &[[f64; 2]],
    how: Gathering,
) -> Result<(), TestCaseError> {
    let image = ImageView::new(columns, rows, bands, Pixels::U8(samples)).unwrap();
    let place = |column: usize, _: usize| places[column];
    let map = PlaceMap::new(places.len(), 1, [columns, rows], how, place).unwrap();
    let mut defined = vec![7; places.len() * bands];
    reference::remap(image, &map, &mut defined).unwrap();
    for instructions in [Instructions::Portable, Instructions::Widest] {
        let mut found = vec![9; defined.len()];
        remap(image, &map, &mut found, instructions).unwrap();
        prop_assert_eq!(&found, &defined, "{:?}", instructions);
    }
    Ok(())
}

proptest! {
    #[test]
    fn all_versions_give_the_bits_of_the_definition(
        size in [1_usize..40, 1_usize..40, 1_usize..8], places in places(), seed in any::<u8>(),
        sampling in prop::sample::select(&[Sampling::Nearest, Sampling::Bilinear, Sampling::Bicubic][..]),
        edges in prop::sample::select(&[Edges::Bounded, Edges::WrapColumns][..]), extremes in any::<bool>(),
    ) {
        let sample = |i: usize| {
            let noise = (i as u32).wrapping_mul(2_654_435_761).wrapping_add(u32::from(seed)) >> 11;
            if extremes { if noise & 1 == 0 { 0 } else { 255 } } else { noise as u8 }
        };
        let samples: Vec<u8> = (0..size.iter().product()).map(sample).collect();
        let how = Gathering { sampling, edges, ..Gathering::default() };
        check_all(size, &samples, &places, how)?;
    }
}

proptest! {
    /// Neighbours in a row, as pictures have them: nearly all registers are full.
    #[test]
    fn smooth_pictures_have_the_bits_of_the_definition(
        bands in 1_usize..5, from in [-5.0..60.0_f64, -5.0..45.0_f64], step in [-2.0..2.0_f64, -1.0..1.0_f64],
        edges in prop::sample::select(&[Edges::Bounded, Edges::WrapColumns][..]),
    ) {
        let samples: Vec<u8> = (0..60 * 40 * bands).map(|i| (i * i * 31 % 257) as u8).collect();
        let place = |i: usize| {
            // There and back, so that most places are inside.
            let along = ((i % 80) as f64 - 40.0).abs();
            [from[0] + along * step[0], from[1] + along * step[1]]
        };
        let places: Vec<[f64; 2]> = (0..1100).map(place).collect();
        let how = Gathering { edges, ..Gathering::default() };
        check_all([60, 40, bands], &samples, &places, how)?;
    }
}

/// Each step between two pixels, along both axes at once, between the extremes.
#[test]
fn every_weight_is_right() {
    for bands in [1, 2, 3, 4, 5] {
        for sampling in [Sampling::Nearest, Sampling::Bilinear, Sampling::Bicubic] {
            let samples: Vec<u8> = (0..64 * bands)
                .map(|i| (i / bands * 37 % 256) as u8)
                .collect();
            let how = Gathering {
                sampling,
                ..Gathering::default()
            };
            let at = |step: usize| step as f64 / 2048.0;
            let places: Vec<[f64; 2]> = (0..2049)
                .map(|step| [3.5 + at(step), 4.5 - at(step * 1021 % 2049)])
                .collect();
            check_all([8, 8, bands], &samples, &places, how).unwrap();
        }
    }
}

/// Values are within half a level of the exact ones at the rounded places, by lines; by cubics the
/// weights are rounded, too.
#[test]
fn whole_numbers_are_near_the_exact_values() {
    let samples: Vec<u8> = (0..300).map(|i| (i * i * 7 % 251) as u8).collect();
    let image = ImageView::new(20, 15, 1, Pixels::U8(&samples)).unwrap();
    let place = |column: usize, row: usize| [0.37 * column as f64, 0.29 * row as f64];
    for (sampling, most) in [(Sampling::Bilinear, 0.5), (Sampling::Bicubic, 0.9)] {
        let how = Gathering {
            sampling,
            ..Gathering::default()
        };
        let map = PlaceMap::new(54, 51, [20, 15], how, place).unwrap();
        let mut picture = vec![0; 54 * 51];
        remap(image, &map, &mut picture, Instructions::Widest).unwrap();
        let places: Vec<[f64; 2]> = (0..54 * 51)
            .map(|pixel| map.place(pixel % 54, pixel / 54).unwrap())
            .collect();
        let exact = reference::gather(image, &places, how);
        for (found, exact) in picture.iter().zip(&exact) {
            let exact = exact.clamp(0.0, 255.0);
            assert!(
                (f64::from(*found) - exact).abs() <= most,
                "{found}, {exact}"
            );
        }
    }
}
