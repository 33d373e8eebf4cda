//! A tile's points are pinned while its operations run, and no longer.

use isopach_cloud::{Cloud, Rect};
use isopach_compute::{Compute, Device, Dispatcher, PinGuard, Result};
use isopach_tiling::{InMemory, Tile, TileOperation, Tiling};
use std::sync::{Arc, Mutex};

/// A slice by its address and length.
type Place = (usize, usize);

fn place(ticks: &[[i32; 3]]) -> Place {
    (ticks.as_ptr().addr(), ticks.len())
}

/// Notes the slices that are pinned now, and how many ever were.
#[derive(Debug, Default)]
struct Noting {
    pinned: Mutex<Vec<Place>>,
    pins: Mutex<usize>,
}

/// Unpins its slices.
#[derive(Debug)]
struct Unpin<'a>(&'a Noting, Vec<Place>);

impl Drop for Unpin<'_> {
    fn drop(&mut self) {
        let mut pinned = self.0.pinned.lock().unwrap();
        pinned.retain(|place| !self.1.contains(place));
    }
}

impl Compute for Noting {
    fn device(&self) -> Device {
        Device {
            name: "noting".into(),
        }
    }
    fn pin<'a>(&'a self, coordinates: &[&'a [[i32; 3]]]) -> PinGuard<'a> {
        let places: Vec<Place> = coordinates.iter().map(|ticks| place(ticks)).collect();
        self.pinned.lock().unwrap().extend(&places);
        *self.pins.lock().unwrap() += places.len();
        PinGuard::new(Unpin(self, places))
    }
}

/// Counts the points of a tile, which must be pinned.
struct Count;

impl TileOperation<1, Noting> for Count {
    type Output = usize;
    fn halo(&self) -> f64 {
        1.0
    }
    fn run_tile(&self, on: &Noting, tile: &Tile<1>) -> Result<usize> {
        let ticks = tile.epochs[0].positions().ticks();
        assert!(on.pinned.lock().unwrap().contains(&place(ticks)));
        Ok(tile.owned(0).len())
    }
}

#[test]
fn the_points_of_a_tile_are_pinned_while_its_operations_run() {
    let lattice: Vec<[f64; 3]> = (0..10_000)
        .map(|i| [f64::from(i % 100), f64::from(i / 100), 0.0])
        .collect();
    let source = InMemory::new("lattice", Cloud::from_points(&lattice).unwrap());
    let noting = Arc::new(Noting::default());
    let on = Dispatcher::new(vec![Arc::clone(&noting)]);
    let (mut tiles, mut total) = (0, 0);
    let mut sink = |_: Rect, count: usize| {
        (tiles, total) = (tiles + 1, total + count);
        Ok(())
    };
    Tiling {
        tile_size: 30.0,
        ..Tiling::default()
    }
    .stream(&on, &Count, [&source], &mut sink)
    .unwrap();
    assert_eq!(total, 10_000);
    assert_eq!(*noting.pins.lock().unwrap(), tiles);
    assert!(noting.pinned.lock().unwrap().is_empty());
}
