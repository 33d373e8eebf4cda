//! M3C2 tile by tile.

use crate::{Differences, Epochs, M3c2};
use isopach_cloud::Cloud;
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Tile, TileOperation};

/// An operation at core points that are chosen from the reference epoch, one a cell of `spacing` metres of the absolute grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Spaced<O> {
    /// What is done at the core points.
    pub operation: O,
    /// Side of a cell, metres.
    pub spacing: f64,
}

impl M3c2 {
    /// At one core point a cell of `spacing` metres ([`isopach_cloud::Positions::spaced`]).
    #[must_use]
    pub fn every(self, spacing: f64) -> Spaced<Self> {
        Spaced { operation: self, spacing }
    }
}

/// M3C2 over a tile's core.
#[derive(Clone, Debug, PartialEq)]
pub struct M3c2Tile {
    /// Reference points that the core owns, one a cell.
    pub core_points: Cloud,
    /// What was found there.
    pub differences: Differences,
}

impl<B: NeighbourSearch + ?Sized> TileOperation<2, B> for Spaced<M3c2> {
    type Output = M3c2Tile;

    /// A cell whose chosen point the core owns may reach out of it by its diagonal; around that point the result looks as far as M3C2 does.
    fn halo(&self) -> f64 {
        self.operation.reach() + self.spacing * std::f64::consts::SQRT_2
    }

    fn run_tile(&self, on: &B, tile: &Tile<2>) -> Result<M3c2Tile> {
        Error::positive("core point spacing", self.spacing)?;
        let [reference, compared] = &tile.epochs;
        let chosen = reference.positions().spaced(self.spacing)?;
        let owned: Vec<u32> = chosen
            .into_iter()
            .filter(|&i| {
                let [x, y, _] = reference.positions().absolute(i as usize);
                tile.cells.own([x, y])
            })
            .collect();
        let core_points = reference.select(&owned);
        let (reference, compared) = (reference.positions(), compared.positions());
        let epochs = Epochs { reference, compared, core_points: core_points.positions() };
        let differences = self.operation.run(on, epochs)?;
        Ok(M3c2Tile { core_points, differences })
    }
}
