//! A tile's points are held while its operations run, and whatever a backend makes of that, the
//! results are there.

use isopach_cloud::{Cloud, Rect};
use isopach_compute::{Compute, Device, Dispatcher, Result};
use isopach_tiling::{InMemory, Tile, TileOperation, Tiling};
use std::sync::{Arc, Mutex};

/// What a backend does when it is told what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    TheWork,
    Nothing,
}

/// Slices that are held, by address and length.
#[derive(Debug)]
struct Noting(Does, Mutex<Vec<(usize, usize)>>);

impl Compute for Noting {
    fn device(&self) -> Device {
        Device {
            name: "noting".into(),
            working_set_bytes: u64::MAX,
        }
    }
    fn holding(&self, coordinates: &[&[[i32; 3]]], work: &mut dyn FnMut()) {
        let places = coordinates
            .iter()
            .map(|ticks| (ticks.as_ptr().addr(), ticks.len()));
        self.1.lock().unwrap().extend(places);
        if self.0 == Does::TheWork {
            work();
        }
    }
}

/// Counts what it owns, where its points are held.
struct Count;

impl TileOperation<1, Noting> for Count {
    type Output = usize;
    fn halo(&self) -> f64 {
        1.0
    }
    fn run_tile(&self, on: &Noting, tile: &Tile<1>) -> Result<usize> {
        let ticks = tile.epochs[0].positions().ticks();
        assert!(
            on.1.lock()
                .unwrap()
                .contains(&(ticks.as_ptr().addr(), ticks.len()))
        );
        Ok(tile.owned(0).len())
    }
}

#[test]
fn the_points_of_a_tile_are_held_while_its_operations_run() {
    let lattice: Vec<[f64; 3]> = (0..10_000)
        .map(|i| [f64::from(i % 100), f64::from(i / 100), 0.0])
        .collect();
    let source = InMemory::new("lattice", Cloud::from_points(&lattice).unwrap());
    for does in [Does::TheWork, Does::Nothing] {
        let noting = Arc::new(Noting(does, Mutex::default()));
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
        assert_eq!(
            (total, noting.1.lock().unwrap().len()),
            (10_000, tiles),
            "{does:?}"
        );
    }
}
