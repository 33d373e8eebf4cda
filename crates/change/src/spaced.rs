//! M3C2 tile by tile.

use crate::{Differences, Epochs, M3c2, Status};
use isopach_cloud::Cloud;
use isopach_compute::{Error, Result};
use isopach_neighbours::NeighbourSearch;
use isopach_tiling::{Load, Stored, Tile, TileOperation};

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

impl Stored for M3c2Tile {
    fn store(&self, to: &mut Vec<u8>) {
        self.core_points.store(to);
        let found = &self.differences;
        (found.distance.clone(), found.level_of_detection.clone(), found.significant.clone()).store(to);
        found.count.iter().for_each(|count| count.store(to));
        found.spread.iter().for_each(|spread| spread.store(to));
        found.normal.store(to);
        found.normal_radius.store(to);
        found.status.iter().map(|status| *status as u8).collect::<Vec<u8>>().store(to);
    }
    fn restore(from: &mut &[u8]) -> Option<Self> {
        let core_points = Stored::restore(from)?;
        let (distance, level_of_detection, significant) = Stored::restore(from)?;
        let count = [Stored::restore(from)?, Stored::restore(from)?];
        let spread = [Stored::restore(from)?, Stored::restore(from)?];
        let (normal, normal_radius) = (Stored::restore(from)?, Stored::restore(from)?);
        let status: Vec<u8> = Stored::restore(from)?;
        let status = status.into_iter().map(|number| Status::ALL.get(usize::from(number)).copied());
        let status = status.collect::<Option<_>>()?;
        let differences =
            Differences { distance, level_of_detection, significant, count, spread, normal, normal_radius, status };
        Some(Self { core_points, differences })
    }
}

impl<B: NeighbourSearch + ?Sized> TileOperation<2, B> for Spaced<M3c2> {
    type Output = M3c2Tile;

    /// A cell whose chosen point the core owns may reach out of it by its diagonal; around that point the result looks as far as M3C2 does.
    fn halo(&self) -> f64 {
        self.operation.reach() + self.spacing * std::f64::consts::SQRT_2
    }

    /// Two indexes, and of each core point its normal, both cylinders and the result.
    fn working_bytes(&self, load: &Load) -> u64 {
        let cells = load.core_area / load.core_share / (self.spacing * self.spacing);
        let core_points = cells.min(load.points_by_epoch.first().map_or(0.0, |points| *points as f64));
        28 * load.points() + (300.0 * core_points) as u64
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
