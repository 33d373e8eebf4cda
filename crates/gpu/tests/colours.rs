//! Colours on a graphics processor: images are held there, not sent again and again.
//!
//! Without an adapter this test says so and passes, unless ISOPACH_REQUIRE_GPU is set.

use crate::{device, memory_image::MemoryImage};
use isopach_cloud::{Cloud, Columns, Rect};
use isopach_colour::{Colour, ColourTile, ColourTiles, ImageCatalogue, Precedence};
use isopach_compute::{Cpu, Dispatcher};
use isopach_gpu::GpuOptions;
use isopach_raster::{ImageSource, gather::Gather};
use isopach_tiling::{InMemory, Tiling};
use std::sync::Arc;

const CORNER: [f64; 2] = [500_000.0, 5_000_000.0];
/// Columns and rows, within one window.
const SIZE: [usize; 2] = [700, 400];
const POINTS: usize = 9000;
/// Values that a device computes at a time: far fewer than those of a tile.
const AT_ONCE: usize = 4 * 700;

/// Points on the image.
fn cloud() -> Cloud {
    let point = |i: usize| {
        let [x, y] = [i.wrapping_mul(7919) % 9973, i.wrapping_mul(104_729) % 9967]
            .map(|at| at as f64 / 10_000.0);
        [
            CORNER[0] + x * SIZE[0] as f64 / 2.0,
            CORNER[1] - y * SIZE[1] as f64 / 2.0,
            100.0,
        ]
    };
    Cloud::from_points(&(0..POINTS).map(point).collect::<Vec<_>>()).unwrap()
}

/// The colours of the points of one tile, in order.
fn colours(on: Arc<dyn Gather>) -> Vec<[u16; 3]> {
    let image: Arc<dyn ImageSource> = Arc::new(MemoryImage::new("a", CORNER, SIZE));
    let images = ImageCatalogue::new(vec![image], Precedence::First, 16 << 20).unwrap();
    let operation = ColourTiles::new(Colour::default(), Arc::new(images), Columns::XYZ).unwrap();
    let tiling = Tiling {
        tile_size: 10_000.0,
        ..Tiling::default()
    };
    let mut found = Vec::new();
    let mut sink = |_: Rect, tile: ColourTile| {
        found.extend(tile.points.attributes.rgb.unwrap());
        Ok(())
    };
    let source = InMemory::new("points", cloud());
    let on = Dispatcher::<dyn Gather>::new(vec![on]);
    tiling
        .stream(&on, &operation, [&source], &mut sink)
        .unwrap();
    assert_eq!(on.fallbacks().len(), 0);
    found
}

/// A tile that lies in one window sends the pixels of the window once, however many batches its
/// places are looked up in.
#[test]
fn the_pixels_of_a_window_are_uploaded_once() {
    let options = GpuOptions {
        queries_at_once: AT_ONCE,
        ..GpuOptions::default()
    };
    let Some(gpu) = device::open(options) else {
        return;
    };
    let sent = gpu.transfer_counts().to_device_bytes;
    let found = colours(Arc::new(gpu.clone()));
    let sent = gpu.transfer_counts().to_device_bytes - sent;
    assert_eq!(found.len(), POINTS);
    let times = gpu.kernel_times();
    let values = times
        .iter()
        .find(|kernel| kernel.name == "values at places");
    let batches = values.map_or(0, |kernel| kernel.calls);
    assert!(batches > 10, "{batches}");
    let image = (4 * SIZE[0] * SIZE[1]) as u64;
    // A place is 48 bytes, and each batch has parameters.
    let places = 48 * POINTS as u64 + 64 * batches;
    assert!(
        (image * 9 / 10..=image + places).contains(&sent),
        "{sent} bytes, {image} of the image, {places} of places"
    );
    let expected = colours(Arc::new(Cpu));
    let far = |(a, b): (&[u16; 3], &[u16; 3])| (0..3).any(|band| a[band].abs_diff(b[band]) > 1);
    assert!(!found.iter().zip(&expected).any(far));
}
