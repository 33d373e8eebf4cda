//! Values of images where the device has little room, and what it declines; all else is in the suite
//! that `conformance.rs` puts it through.
//!
//! Without an adapter these tests say so and pass, unless ISOPACH_REQUIRE_GPU is set.

use crate::{device, random};
use device::{gpu, open};
use isopach_compute::{Cpu, Dispatcher, Error};
use isopach_gpu::{GpuOptions, ImageStorage};
use isopach_raster::{
    Sampling,
    gather::{
        Edges, Gather, Gathering, ImageView, Pixels, PlaceMap, conformance::TOLERANCE, reference,
    },
};
use random::random;
use std::sync::Arc;

const COLUMNS: usize = 200;
const ROWS: usize = 100;

fn samples() -> Vec<u8> {
    (0..3 * COLUMNS * ROWS)
        .map(|i| (256.0 * random(i)) as u8)
        .collect()
}

fn image(samples: &[u8]) -> ImageView<'_> {
    ImageView::new(COLUMNS, ROWS, 3, Pixels::U8(samples)).unwrap()
}

fn places(count: usize) -> Vec<[f64; 2]> {
    (0..count)
        .map(|i| {
            [
                220.0 * random(2 * i) - 10.0,
                110.0 * random(2 * i + 1) - 5.0,
            ]
        })
        .collect()
}

/// Eight mebibytes, bindings of 64 KiB and few workgroups in a row: several batches of places and of
/// pixels.
#[test]
fn little_room() {
    let little = GpuOptions {
        budget_bytes: 8 << 20,
        max_workgroups: Some(9),
        max_binding_bytes: Some(64 << 10),
        ..GpuOptions::default()
    };
    let Some(gpu) = open(little) else { return };
    let samples = samples();
    let how = Gathering {
        sampling: Sampling::Bicubic,
        edges: Edges::WrapColumns,
        ..Gathering::default()
    };
    let held = gpu.hold_image(image(&samples)).unwrap();
    let places = places(5000);
    let found = held.gather(&places, how).unwrap();
    let defined = reference::gather(image(&samples), &places, how);
    for (found, defined) in found.iter().zip(&defined) {
        assert!(
            (found - defined).abs() <= 255.0 * TOLERANCE,
            "{found}, {defined}"
        );
    }
    let place = |column: usize, row: usize| [1.7 * column as f64, 0.9 * row as f64];
    let map = PlaceMap::new(211, 97, [COLUMNS, ROWS], how, place).unwrap();
    let mut picture = vec![0; 3 * 211 * 97];
    let mut expected = picture.clone();
    held.remap(&map, &mut picture).unwrap();
    reference::remap(image(&samples), &map, &mut expected).unwrap();
    assert!(picture == expected);
    assert!(gpu.pool_counts().peak_bytes <= 8 << 20);
    // An image that no kernel sees whole.
    let large = vec![0; 1 << 17];
    let large = ImageView::new(1 << 17, 1, 1, Pixels::U8(&large)).unwrap();
    let error = gpu.hold_image(large).err().unwrap();
    assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
}

#[test]
fn numbers_that_single_precision_cannot_sum_go_to_the_cpu() {
    let Some(gpu) = gpu() else { return };
    for number in [f32::INFINITY, -1e38, 1e-38] {
        let samples = [1e-39, number];
        let image = ImageView::new(2, 1, 1, Pixels::F32(&samples)).unwrap();
        let error = gpu.hold_image(image).err().unwrap();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        let backends: Dispatcher<dyn Gather> =
            Dispatcher::new(vec![Arc::new(gpu.clone()), Arc::new(Cpu)]);
        let found = backends.run(|on| {
            on.hold_image(image)?
                .gather(&[[1.5, 0.5]], Gathering::default())
        });
        let found = found.unwrap();
        assert_eq!(found[[0, 0]], f64::from(number));
        assert_eq!(backends.fallbacks()[0].causes["unsupported"], 1);
    }
}

#[test]
fn memory_is_freed_with_the_image() {
    let Some(gpu) = open(GpuOptions::default()) else {
        return;
    };
    let samples = samples();
    let before = gpu.pool_counts().held_bytes;
    let held = gpu.hold_image(image(&samples)).unwrap();
    let counts = gpu.pool_counts();
    assert!(
        counts.held_bytes >= before + samples.len() as u64,
        "{counts:?}"
    );
    drop(held);
    let counts = gpu.pool_counts();
    assert!(
        counts.held_bytes < before + samples.len() as u64,
        "{counts:?}"
    );
}

/// Three bands take the memory of four as a texture, and it is freed with the image. An image longer
/// than any texture is a buffer, with the same bits. Over the budget there is no texture.
#[test]
fn textures_are_counted_and_end_where_the_device_says() {
    let options = GpuOptions {
        images: ImageStorage::Textures,
        budget_bytes: 8 << 20,
        ..GpuOptions::default()
    };
    let Some(gpu) = open(options) else { return };
    let samples = samples();
    let before = gpu.pool_counts().held_bytes;
    let sent = gpu.transfer_counts().to_device_bytes;
    let held = gpu.hold_image(image(&samples)).unwrap();
    let padded = 4 * (COLUMNS * ROWS) as u64;
    let counts = gpu.pool_counts();
    assert!(
        (before + padded..before + padded + 1024).contains(&counts.held_bytes),
        "{counts:?}"
    );
    assert_eq!(gpu.transfer_counts().to_device_bytes - sent, padded);
    drop(held);
    assert_eq!(gpu.pool_counts().held_bytes, before);
    let long: Vec<u8> = (0..1 << 18).map(|i| (i % 251) as u8).collect();
    let long = ImageView::new(1 << 17, 1, 2, Pixels::U8(&long)).unwrap();
    let place = |column: usize, _: usize| [3271.3 * column as f64, 0.5];
    let map = PlaceMap::new(40, 1, long.size(), Gathering::default(), place).unwrap();
    let mut picture = vec![0; 80];
    let mut expected = picture.clone();
    gpu.hold_image(long)
        .unwrap()
        .remap(&map, &mut picture)
        .unwrap();
    reference::remap(long, &map, &mut expected).unwrap();
    assert_eq!(picture, expected);
    let large = vec![0; 9 << 20];
    let large = ImageView::new(3072, 3072, 1, Pixels::U8(&large)).unwrap();
    let error = gpu.hold_image(large).err().unwrap();
    assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
}

#[test]
fn a_lost_device_is_an_error() {
    let Some(gpu) = open(GpuOptions::default()) else {
        return;
    };
    let samples = samples();
    let held = gpu.hold_image(image(&samples)).unwrap();
    gpu.simulate_loss();
    let error = held.gather(&places(10), Gathering::default()).unwrap_err();
    assert!(error.is_recoverable(), "{error}");
    // The next image is held by the device opened again.
    let again = gpu.hold_image(image(&samples)).unwrap();
    assert!(again.gather(&places(10), Gathering::default()).is_ok());
}
