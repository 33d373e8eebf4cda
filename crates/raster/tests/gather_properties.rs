//! Properties of values at places, for random images and places.

use isopach_raster::{
    Cpu, Sampling,
    gather::{Edges, Gather, Gathering, ImageView, Masked, Pixels, f16, reference},
};
use ndarray::Array2;
use proptest::prelude::*;

const SAMPLINGS: [Sampling; 3] = [Sampling::Nearest, Sampling::Bilinear, Sampling::Bicubic];
const EDGES: [Edges; 2] = [Edges::Bounded, Edges::WrapColumns];

/// A random image, with a mask that leaves out a pixel in eight.
#[derive(Clone, Debug)]
struct Made {
    columns: usize,
    rows: usize,
    bands: usize,
    samples: Vec<u16>,
    mask: Vec<u8>,
}

fn images() -> impl Strategy<Value = Made> {
    (1_usize..9, 1_usize..9, 1_usize..5).prop_flat_map(|(columns, rows, bands)| {
        let samples = prop::collection::vec(any::<u16>(), columns * rows * bands);
        let mask = prop::collection::vec(0_u8..8, columns * rows);
        (samples, mask).prop_map(move |(samples, mask)| Made {
            columns,
            rows,
            bands,
            samples,
            mask,
        })
    })
}

/// Places in whole quarters of a pixel or anywhere, inside and outside.
fn places() -> impl Strategy<Value = Vec<[f64; 2]>> {
    let at = prop_oneof![
        -12.0..12.0_f64,
        (-48..48_i32).prop_map(|at| f64::from(at) / 4.0)
    ];
    prop::collection::vec([at.clone(), at], 1..40)
}

fn options() -> impl Strategy<Value = Gathering> {
    (
        prop::sample::select(&SAMPLINGS[..]),
        prop::sample::select(&EDGES[..]),
        prop::sample::select(&[Masked::Renormalised, Masked::Strict][..]),
    )
        .prop_map(|(sampling, edges, masked)| Gathering {
            sampling,
            edges,
            masked,
        })
}

impl Made {
    fn view(&self) -> ImageView<'_> {
        ImageView::new(
            self.columns,
            self.rows,
            self.bands,
            Pixels::U16(&self.samples),
        )
        .unwrap()
    }
}

fn gather(image: ImageView<'_>, places: &[[f64; 2]], how: Gathering) -> Array2<f64> {
    Cpu.hold_image(image).unwrap().gather(places, how).unwrap()
}

fn bits(values: &Array2<f64>) -> Vec<u64> {
    let one_nan = |value: &f64| if value.is_nan() { f64::NAN } else { *value };
    values
        .iter()
        .map(|value| one_nan(value).to_bits())
        .collect()
}

proptest! {
    #[test]
    fn the_cpu_gives_the_bits_of_the_definition_for_every_type(
        made in images(), places in places(), how in options(), masked in any::<bool>(),
    ) {
        let bytes: Vec<u8> = made.samples.iter().map(|&x| x as u8).collect();
        // All halves and many singles, infinities and NaN among them.
        let halves: Vec<f16> = made.samples.iter().map(|&x| f16::from_bits(x)).collect();
        let singles: Vec<f32> = made.samples.iter().map(|&x| f32::from_bits(u32::from(x) << 16)).collect();
        for pixels in [Pixels::U8(&bytes), Pixels::U16(&made.samples), Pixels::F16(&halves), Pixels::F32(&singles)] {
            let mut image = ImageView::new(made.columns, made.rows, made.bands, pixels).unwrap();
            if masked {
                image = image.with_mask(&made.mask).unwrap();
            }
            let defined = reference::gather(image, &places, how);
            prop_assert_eq!(bits(&gather(image, &places, how)), bits(&defined));
        }
    }

    #[test]
    fn bands_are_independent(made in images(), places in places(), how in options()) {
        let all = gather(made.view().with_mask(&made.mask).unwrap(), &places, how);
        for band in 0..made.bands {
            let samples: Vec<u16> = made.samples.iter().skip(band).step_by(made.bands).copied().collect();
            let alone = ImageView::new(made.columns, made.rows, 1, Pixels::U16(&samples)).unwrap();
            let alone = gather(alone.with_mask(&made.mask).unwrap(), &places, how);
            let column = all.column(band).insert_axis(ndarray::Axis(1)).to_owned();
            prop_assert_eq!(bits(&alone), bits(&column));
        }
    }

    #[test]
    fn centres_are_pixels(made in images(), how in options()) {
        let centres: Vec<[f64; 2]> = (0..made.columns * made.rows)
            .map(|pixel| [(pixel % made.columns) as f64 + 0.5, (pixel / made.columns) as f64 + 0.5])
            .collect();
        let image = made.view().with_mask(&made.mask).unwrap();
        for ((pixel, band), value) in gather(image, &centres, how).indexed_iter() {
            if made.mask[pixel] == 0 {
                prop_assert!(value.is_nan());
            } else {
                prop_assert_eq!(*value, f64::from(made.samples[pixel * made.bands + band]));
            }
        }
    }

    #[test]
    fn whole_turns_change_nothing(
        made in images(), quarters in prop::collection::vec([-48..48_i32, -48..48_i32], 1..20), turns in -1_000_000..1_000_000_i64, how in options(),
    ) {
        let how = Gathering { edges: Edges::WrapColumns, ..how };
        let by = turns as f64 * made.columns as f64;
        let at = |by: f64| -> Vec<[f64; 2]> {
            quarters.iter().map(|&[x, y]| [f64::from(x) / 4.0 + by, f64::from(y) / 4.0]).collect()
        };
        prop_assert_eq!(bits(&gather(made.view(), &at(0.0), how)), bits(&gather(made.view(), &at(by), how)));
    }

    #[test]
    fn leaving_out_nothing_is_strict(made in images(), places in places(), how in options()) {
        let strict = Gathering { masked: Masked::Strict, ..how };
        let renormalised = Gathering { masked: Masked::Renormalised, ..how };
        let all = vec![1; made.mask.len()];
        let image = made.view().with_mask(&all).unwrap();
        prop_assert_eq!(bits(&gather(image, &places, renormalised)), bits(&gather(made.view(), &places, strict)));
    }

    #[test]
    fn planes_are_exact_by_lines_and_parabolas_by_cubics(
        plane in [-2.0..2.0_f32, -2.0..2.0_f32, -2.0..2.0_f32], curved in [-0.5..0.5_f64, -0.5..0.5_f64, -0.5..0.5_f64],
        places in prop::collection::vec([1.5..8.5_f64, 1.5..6.5_f64], 1..20),
    ) {
        let plane = plane.map(f64::from);
        for (sampling, curved) in [(Sampling::Bilinear, [0.0; 3]), (Sampling::Bicubic, curved)] {
            let of = |x: f64, y: f64| {
                plane[0] + plane[1] * x + plane[2] * y + curved[0] * x * x + curved[1] * x * y + curved[2] * y * y
            };
            let samples: Vec<f32> = (0..80).map(|i| of((i % 10) as f64 + 0.5, (i / 10) as f64 + 0.5) as f32).collect();
            let image = ImageView::new(10, 8, 1, Pixels::F32(&samples)).unwrap();
            let how = Gathering { sampling, ..Gathering::default() };
            for (&[x, y], value) in places.iter().zip(&gather(image, &places, how)) {
                // Samples are rounded to single precision, up to 150.
                prop_assert!((value - of(x, y)).abs() < 2e-5, "{sampling:?} at {x}, {y}: {value}");
            }
        }
    }
}
