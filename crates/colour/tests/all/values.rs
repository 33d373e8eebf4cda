//! Values, whatever the blocks, windows, order and cache.

use crate::memory_image::MemoryImage;
use isopach_colour::{Colour, Cpu, ImageCatalogue, PlaceValues, Precedence, vegetation_index};
use isopach_raster::{
    ImageSource, Sampling,
    gather::{Gathering, ImageView, Masked, Pixels, reference},
};
use proptest::prelude::*;
use std::sync::{Arc, atomic::Ordering};

const CORNER: [f64; 2] = [500_000.0, 5_000_000.0];
/// More than one window a side.
const SIZE: [usize; 2] = [2300, 1100];

fn hole([column, row]: [usize; 2]) -> bool {
    (column / 9 + row / 5).is_multiple_of(11)
}

fn catalogue(cache: u64) -> ImageCatalogue {
    let mut image = MemoryImage::new("a", CORNER, SIZE);
    image.hole = hole;
    let sources: Vec<Arc<dyn ImageSource>> = vec![Arc::new(image)];
    ImageCatalogue::new(sources, Precedence::First, cache).unwrap()
}

/// The same from the whole image at once, by the plain definition.
fn expected(places: &[[f64; 2]], gathering: Gathering) -> Vec<[f64; 4]> {
    let image = MemoryImage::new("a", CORNER, SIZE);
    let pixels = || (0..SIZE[0] * SIZE[1]).map(|pixel| [pixel % SIZE[0], pixel / SIZE[0]]);
    let samples: Vec<u8> = pixels()
        .flat_map(|pixel| (0..4).map(move |band| (image.value)(pixel, band)))
        .collect();
    let mask: Vec<u8> = pixels().map(|pixel| u8::from(!hole(pixel))).collect();
    let view = ImageView::new(SIZE[0], SIZE[1], 4, Pixels::U8(&samples)).unwrap();
    let view = view.with_mask(&mask).unwrap();
    let in_pixels: Vec<[f64; 2]> = places
        .iter()
        .map(|place| [(place[0] - CORNER[0]) / 0.5, (place[1] - CORNER[1]) / -0.5])
        .collect();
    let values = reference::gather(view, &in_pixels, gathering);
    values
        .rows()
        .into_iter()
        .map(|row| [row[0], row[1], row[2], row[3]])
        .collect()
}

fn bits(values: &[[f64; 4]]) -> Vec<u64> {
    let bits = |value: &f64| {
        if value.is_nan() {
            f64::NAN.to_bits()
        } else {
            value.to_bits()
        }
    };
    values.as_flattened().iter().map(bits).collect()
}

fn values(images: &ImageCatalogue, places: &[[f64; 2]], gathering: Gathering) -> PlaceValues {
    let colour = Colour {
        gathering,
        ..Colour::default()
    };
    colour.values_at(&Cpu, images, places).unwrap()
}

fn places() -> impl Strategy<Value = Vec<[f64; 2]>> {
    let [width, height] = SIZE.map(|side| side as f64 * 0.5);
    let anywhere = (-2.0..width + 2.0, -2.0..height + 2.0);
    // On borders and centres of pixels, blocks and windows.
    let exact =
        (0..=4 * SIZE[0], 0..=4 * SIZE[1]).prop_map(|(x, y)| (x as f64 * 0.125, y as f64 * 0.125));
    let one = prop_oneof![anywhere, exact].prop_map(|(x, y)| [CORNER[0] + x, CORNER[1] - y]);
    prop::collection::vec(one, 1..400)
}

fn gatherings() -> impl Strategy<Value = Gathering> {
    let sampling = prop_oneof![
        Just(Sampling::Nearest),
        Just(Sampling::Bilinear),
        Just(Sampling::Bicubic)
    ];
    let masked = prop_oneof![Just(Masked::Strict), Just(Masked::Renormalised)];
    (sampling, masked).prop_map(|(sampling, masked)| Gathering {
        sampling,
        masked,
        ..Gathering::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn windows_and_blocks_change_no_bit(places in places(), gathering in gatherings()) {
        let whole = bits(&expected(&places, gathering));
        // One block is 64 × 32 pixels of four bands and a mask.
        for cache in [64 * 32 * 5, 64 << 20] {
            let images = catalogue(cache);
            let found = values(&images, &places, gathering);
            prop_assert_eq!(&bits(&found.samples), &whole);
            prop_assert!(images.cache().counters().most_held_bytes <= cache);
            let mut turned: Vec<[f64; 2]> = places.clone();
            turned.reverse();
            let mut back = values(&images, &turned, gathering).samples;
            back.reverse();
            prop_assert_eq!(&bits(&back), &whole);
        }
    }
}

#[test]
fn a_block_is_read_once_while_the_cache_has_room() {
    let image = Arc::new(MemoryImage::new("a", CORNER, [640, 320]));
    let sources: Vec<Arc<dyn ImageSource>> = vec![image.clone()];
    let images = ImageCatalogue::new(sources, Precedence::First, 4 << 20).unwrap();
    let places: Vec<[f64; 2]> = (0..5000)
        .map(|i| {
            [
                CORNER[0] + f64::from(i % 320),
                CORNER[1] - f64::from(i % 160),
            ]
        })
        .collect();
    let colour = Colour::default();
    std::thread::scope(|scope| {
        for part in places.chunks(500) {
            let work = || colour.values_at(&Cpu, &images, part).unwrap();
            scope.spawn(work);
        }
    });
    let counters = images.cache().counters();
    assert_eq!(image.reads.load(Ordering::Relaxed) as u64, counters.misses);
    assert!(counters.misses <= 100, "{counters:?}");
    assert_eq!(
        (counters.evictions, counters.stored_bytes),
        (0, 100 * counters.misses)
    );
    assert!(counters.hits > counters.misses);
}

#[test]
fn colours_are_scaled_to_sixteen_bits() {
    let images = catalogue(64 << 20);
    let image = &images.images()[0];
    let colour = Colour::default();
    assert_eq!(
        [0.0, 1.0, 255.0, 127.5].map(|v| colour.colour_of(image, v)),
        [0, 257, 65_535, 32_768]
    );
    let ranged = Colour {
        range: Some([50.0, 100.0]),
        ..Colour::default()
    };
    assert_eq!(
        [0.0, 50.0, 75.0, 200.0].map(|v| ranged.colour_of(image, v)),
        [0, 0, 32_768, 65_535]
    );
    // By definition: rounded half up, within the range.
    for i in -4000..8000 {
        let sample = f64::from(i) / 31.0;
        let rounded = ((sample - 50.0) * (65_535.0 / 50.0) + 0.5).floor();
        let expected = rounded.clamp(0.0, 65_535.0) as u16;
        assert_eq!(ranged.colour_of(image, sample), expected, "{sample}");
    }
    for (sample, expected) in [
        (f64::NAN, 0),
        (f64::NEG_INFINITY, 0),
        (f64::INFINITY, 65_535),
        (50.0 - 0.5 / (65_535.0 / 50.0), 0),
    ] {
        assert_eq!(ranged.colour_of(image, sample), expected, "{sample}");
    }
}

#[test]
fn the_vegetation_index_has_no_value_without_light() {
    assert_eq!(vegetation_index(50.0, 150.0), 0.5);
    assert_eq!(vegetation_index(150.0, 50.0), -0.5);
    assert!(vegetation_index(0.0, 0.0).is_nan() && vegetation_index(f64::NAN, 3.0).is_nan());
}
