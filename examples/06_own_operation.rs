//! A tile operation of one's own: how many points are within a metre of each point.
//!
//! The engine gives each tile its points and the halo asked for; every point is counted by exactly
//! one tile.

#![allow(clippy::print_stdout)]

use isopach::{
    cloud::{Cloud, Rect},
    compute::Result,
    neighbours::NeighbourSearch,
    tiling::{InMemory, Tile, TileOperation, Tiling},
};

struct Density {
    radius: f64,
}

impl<B: NeighbourSearch + ?Sized> TileOperation<1, B> for Density {
    type Output = Vec<u32>;

    fn halo(&self) -> f64 {
        self.radius
    }

    fn run_tile(&self, on: &B, tile: &Tile<1>) -> Result<Vec<u32>> {
        let cloud = &tile.epochs[0];
        let owned = cloud.select(&tile.owned(0));
        let around = on
            .index(cloud.positions())?
            .covariances_within(owned.positions(), self.radius)?;
        Ok(around.iter().map(|c| c.count).collect())
    }
}

fn main() -> Result<()> {
    let lattice: Vec<[f64; 3]> = (0..40_000)
        .map(|i| [f64::from(i % 200) * 0.5, f64::from(i / 200) * 0.5, 0.0])
        .collect();
    let source = InMemory::new("a lattice", Cloud::from_points(&lattice)?);
    let mut counts = Vec::new();
    let tiling = Tiling {
        tile_size: 30.0,
        ..Tiling::default()
    };
    tiling.stream(
        &isopach::auto(),
        &Density { radius: 1.0 },
        [&source],
        &mut |_: Rect, tile: Vec<u32>| {
            counts.extend(tile);
            Ok(())
        },
    )?;
    let mean = counts.iter().map(|&n| f64::from(n)).sum::<f64>() / counts.len() as f64;
    println!(
        "{} points, {mean:.2} within a metre of each on average",
        counts.len()
    );
    Ok(())
}
