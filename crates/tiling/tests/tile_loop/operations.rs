//! Operations so small that their results can be seen to be right.

use isopach_cloud::{Columns, Rect, TICKS_PER_METRE};
use isopach_compute::{Compute, Cpu, Dispatcher, Error, Result};
use isopach_tiling::{PointSource, RunReport, Tile, TileOperation, Tiling};
use std::sync::Arc;

/// The absolute ticks of each epoch's owned points.
pub(crate) struct Owned {
    pub(crate) halo: f64,
    pub(crate) cell: Option<f64>,
}

/// Owned points of two epochs.
pub(crate) type Lists<const N: usize> = [Vec<[i64; 3]>; N];

impl<const N: usize, B: ?Sized> TileOperation<N, B> for Owned {
    type Output = Lists<N>;
    fn halo(&self) -> f64 {
        self.halo
    }
    fn cell_sizes(&self) -> Vec<f64> {
        self.cell.into_iter().collect()
    }
    fn run_tile(&self, _: &B, tile: &Tile<N>) -> Result<Lists<N>> {
        Ok(std::array::from_fn(|epoch| {
            let points = tile.epochs[epoch].positions();
            let owned = tile.owned(epoch);
            let by_rectangle = |&i: &u32| {
                let [x, y, _] = points.absolute(i as usize);
                tile.core.contains([x, y])
            };
            assert!(
                owned.iter().all(by_rectangle),
                "cells and rectangle disagree"
            );
            owned
                .into_iter()
                .map(|i| points.absolute_ticks(i as usize))
                .collect()
        }))
    }
}

/// At each owned point of epoch 0: its ticks, its intensity, and how many points of the last epoch
/// are within `radius` in the plane.
pub(crate) struct Density {
    pub(crate) radius: f64,
}

impl<const N: usize, B: ?Sized> TileOperation<N, B> for Density {
    type Output = Vec<([i64; 3], u16, u32)>;
    fn halo(&self) -> f64 {
        self.radius
    }
    fn columns(&self) -> Columns {
        Columns::INTENSITY
    }
    fn run_tile(&self, _: &B, tile: &Tile<N>) -> Result<Self::Output> {
        let limit = (self.radius * TICKS_PER_METRE).powi(2) as i128;
        let (cloud, other) = (&tile.epochs[0], tile.epochs[N - 1].positions());
        let intensity = cloud
            .attributes
            .intensity
            .as_ref()
            .ok_or(Error::Unsupported {
                operation: "do without",
            })?;
        let around = |p: [i64; 3]| {
            let squared = |q: [i64; 3]| {
                (0..2)
                    .map(|axis| i128::from(q[axis] - p[axis]).pow(2))
                    .sum::<i128>()
            };
            (0..other.len())
                .filter(|&j| squared(other.absolute_ticks(j)) <= limit)
                .count() as u32
        };
        let owned = tile.owned(0).into_iter();
        Ok(owned
            .map(|i| (cloud.positions().absolute_ticks(i as usize), i))
            .map(|(p, i)| (p, intensity[i as usize], around(p)))
            .collect())
    }
}

/// The processor alone.
pub(crate) fn cpu() -> Dispatcher<dyn Compute> {
    Dispatcher::new(vec![Arc::new(Cpu)])
}

/// The results of all tiles in order, each with its core.
pub(crate) type Results<T> = Vec<(Rect, T)>;

/// All results in order, and the report.
pub(crate) fn run<const N: usize, O: TileOperation<N, dyn Compute>>(
    tiling: Tiling,
    operation: &O,
    sources: [&dyn PointSource; N],
) -> Result<(Results<O::Output>, RunReport)> {
    let mut results = Vec::new();
    let report = tiling.stream(&cpu(), operation, sources, &mut |core: Rect, output| {
        results.push((core, output));
        Ok(())
    })?;
    Ok((results, report))
}

pub(crate) fn tiles_of(tile_size: f64) -> Tiling {
    Tiling {
        tile_size,
        ..Tiling::default()
    }
}
