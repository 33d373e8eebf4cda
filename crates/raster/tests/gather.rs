//! Values of images at places against closed forms.

use isopach_raster::{
    Cpu, Sampling,
    gather::{Edges, Gather, Gathering, ImageView, Masked, Pixels, PlaceMap},
};

/// Values of one band at places.
fn gather_band(image: ImageView<'_>, places: &[[f64; 2]], how: Gathering) -> Vec<f64> {
    let held = Cpu.hold_image(image).unwrap();
    held.gather(places, how).unwrap().column(0).to_vec()
}

/// Options with a sampling, edges bounded.
fn sampled(sampling: Sampling) -> Gathering {
    Gathering {
        sampling,
        ..Gathering::default()
    }
}

#[test]
fn centres_have_the_value_of_their_pixel_and_edges_are_clamped() {
    let samples: Vec<f32> = (0..12).map(|i| (i * i) as f32).collect();
    let image = ImageView::new(4, 3, 1, Pixels::F32(&samples)).unwrap();
    for sampling in [Sampling::Nearest, Sampling::Bilinear, Sampling::Bicubic] {
        let places = [[2.5, 1.5], [0.5, 0.5], [3.5, 2.5]];
        assert_eq!(
            gather_band(image, &places, sampled(sampling)),
            [36.0, 0.0, 121.0]
        );
        let outside = [
            [-1e-9, 1.0],
            [4.0 + 1e-9, 1.0],
            [1.0, f64::NAN],
            [1.0, f64::INFINITY],
        ];
        let values = gather_band(image, &outside, sampled(sampling));
        assert!(values.iter().all(|value| value.is_nan()), "{values:?}");
    }
    let corners = [[0.0, 0.0], [4.0, 0.0], [0.0, 3.0], [4.0, 3.0]];
    for sampling in [Sampling::Nearest, Sampling::Bilinear] {
        assert_eq!(
            gather_band(image, &corners, sampled(sampling)),
            [0.0, 9.0, 64.0, 121.0]
        );
    }
}

#[test]
fn columns_wrap_and_rows_are_clamped() {
    let image = ImageView::new(4, 2, 1, Pixels::U8(&[0, 10, 20, 40, 100, 110, 120, 140])).unwrap();
    let how = Gathering {
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    let places = [
        [0.0, 0.5],
        [4.0, 0.5],
        [-4.0, 0.5],
        [4.25, 0.5],
        [2.0, -1e9],
        [2.0, 1e300],
        [f64::NAN, 0.5],
    ];
    let values = gather_band(image, &places, how);
    assert_eq!(values[..6], [20.0, 20.0, 20.0, 10.0, 15.0, 115.0]);
    assert!(values[6].is_nan());
}

#[test]
fn masked_pixels_are_left_out_or_end_the_value() {
    let image = ImageView::new(2, 2, 1, Pixels::U16(&[10, 9999, 30, 50])).unwrap();
    let image = image.with_mask(&[1, 0, 1, 1]).unwrap();
    let places = [[0.75, 1.0], [0.5, 1.0], [1.25, 0.75], [0.75, 1.5]];
    let renormalised = gather_band(image, &places, Gathering::default());
    assert_eq!(
        renormalised[0],
        (0.375 * 10.0 + 0.375 * 30.0 + 0.125 * 50.0) / 0.875
    );
    assert_eq!(renormalised[1], 20.0);
    assert!(renormalised[2].is_nan());
    let strict = Gathering {
        masked: Masked::Strict,
        ..Gathering::default()
    };
    let strict = gather_band(image, &places, strict);
    assert!(strict[0].is_nan() && strict[2].is_nan());
    assert_eq!(strict[1..2], [20.0]);
    assert_eq!(strict[3], 35.0);
}

#[test]
fn pictures_are_rounded_once() {
    let image = ImageView::new(2, 1, 1, Pixels::U8(&[0, 255])).unwrap();
    let at = |column: usize, _: usize| [0.5 + column as f64 / 510.0, 0.5];
    let map = PlaceMap::new(511, 1, [2, 1], Gathering::default(), at).unwrap();
    let mut picture = [0; 511];
    Cpu.hold_image(image)
        .unwrap()
        .remap(&map, &mut picture)
        .unwrap();
    for (column, &value) in picture.iter().enumerate() {
        let [x, _] = map.place(column, 0).unwrap();
        assert!((x - at(column, 0)[0]).abs() <= 1.0 / 4096.0);
        assert_eq!(
            f64::from(value),
            (255.0 * (x - 0.5) + 0.5).floor(),
            "{column}"
        );
    }
}

#[test]
fn mistakes_are_named() {
    let image = ImageView::new(2, 1, 1, Pixels::U8(&[0, 255])).unwrap();
    let place = |_: usize, _: usize| [0.0; 2];
    let map = PlaceMap::new(2, 2, [3, 1], Gathering::default(), place).unwrap();
    let held = Cpu.hold_image(image).unwrap();
    let error = held.remap(&map, &mut [0; 4]).unwrap_err();
    assert!(error.to_string().contains("2 x 1 pixels"), "{error}");
    let map = PlaceMap::new(2, 2, [2, 1], Gathering::default(), place).unwrap();
    let error = held.remap(&map, &mut [0; 3]).unwrap_err();
    assert!(
        error.to_string().contains("bytes of the picture"),
        "{error}"
    );
    let words = ImageView::new(2, 1, 1, Pixels::U16(&[0, 255])).unwrap();
    let error = Cpu
        .hold_image(words)
        .unwrap()
        .remap(&map, &mut [0; 4])
        .unwrap_err();
    assert!(error.is_recoverable(), "{error}");
    for size in [0, 1 << 20] {
        assert!(PlaceMap::new(size, 1, [1, 1], Gathering::default(), place).is_err());
        assert!(PlaceMap::new(1, 1, [1, size], Gathering::default(), place).is_err());
    }
}
