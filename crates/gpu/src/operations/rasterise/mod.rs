//! Rasterising: every statistic, with the CPU's bits.
//!
//! Nothing that decides or adds up is a float on the device: cells are found by comparing ticks
//! (`strips`, `locate.wgsl`), sums are whole numbers of several words (`sums`), order statistics
//! are heights that are there (`order`). They are turned into metres here, by the functions that
//! the CPU uses, so that a raster is that of the CPU, bit for bit, and NaN is known to the
//! processor alone.
//!
//! Points go up once where they fit; where sums or heights of all cells do not, the cells are done
//! a stretch at a time, each with all points.

mod located;
mod order;
mod strips;
mod sums;

use crate::{Gpu, kernel::Kernel};
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_raster::{CellStatistic, Grid, Rank, Raster, Rasterise};
use located::Located;
use rayon::prelude::*;
use sums::Words;

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[
    &sums::SUMS,
    order::KERNELS[0],
    order::KERNELS[1],
    order::KERNELS[2],
];

/// Every statistic, bit for bit as on the CPU. Memory: 12 bytes a point, up to 40 a cell; for
/// medians and percentiles 4 more a point and 20 a cell; at most a quarter of the budget, in
/// several passes if need be.
impl Rasterise for Gpu {
    fn rasterise(
        &self,
        points: Positions<'_>,
        grid: &Grid,
        statistics: &[CellStatistic],
    ) -> Result<Vec<Raster>> {
        grid.check(statistics)?;
        self.options().least.points(points.len())?;
        if points.len() >= 1 << 31 {
            return Err(Error::Unsupported {
                operation: "rasterise 2^31 points at once: use smaller tiles",
            });
        }
        if statistics.is_empty() {
            return Ok(Vec::new());
        }
        let session = self.session()?;
        // Epochs are rasterised side by side: each leaves room for others.
        let room = session.pool.free_bytes().min(session.pool.budget() / 4);
        let cells = grid.rows * grid.columns;
        let mut values = vec![vec![f64::NAN; cells]; statistics.len()];
        let shares: Vec<f64> = statistics
            .iter()
            .filter_map(|statistic| statistic.share())
            .collect();
        let mut counts = vec![0; if shares.is_empty() { 0 } else { cells }];
        let mut located = Located::new(session, points, grid, room / 3)?;
        let words = Words::of(statistics);
        let origin = points.origin().ticks()[2];
        sums::each(&mut located, words, cells, room / 2, |stretch, found| {
            let sums = statistics
                .iter()
                .zip(&mut values)
                .filter(|(statistic, _)| statistic.share().is_none());
            for (statistic, values) in sums {
                let pairs = values[stretch.clone()].par_iter_mut().zip(found.clone());
                pairs.for_each(|(value, cell)| *value = words.sums(cell, origin).value(*statistic));
            }
            if !shares.is_empty() {
                counts[stretch]
                    .par_iter_mut()
                    .zip(found)
                    .for_each(|(count, cell)| *count = cell[0]);
            }
        })?;
        let lowest = origin + i64::from(i32::MIN);
        order::each(
            &mut located,
            &counts,
            &shares,
            room / 2,
            |stretch, found| {
                let quantiles = statistics
                    .iter()
                    .zip(&mut values)
                    .filter(|(statistic, _)| statistic.share().is_some());
                for ((share, found), (_, values)) in shares
                    .iter()
                    .zip(found.chunks_exact(stretch.len()))
                    .zip(quantiles)
                {
                    let cells = values[stretch.clone()]
                        .par_iter_mut()
                        .zip(found)
                        .zip(&counts[stretch.clone()]);
                    cells.for_each(|((value, pair), &count)| {
                        let [low, high] = pair.map(|height| lowest + i64::from(height));
                        *value = Rank::of(*share, count as usize)
                            .map_or(f64::NAN, |rank| rank.between(low, high));
                    });
                }
            },
        )?;
        values
            .into_iter()
            .map(|values| Raster::from_rows(*grid, values))
            .collect()
    }
}
