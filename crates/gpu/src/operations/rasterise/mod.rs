//! [`Rasterise`] on the device: every statistic, with the CPU's bits.
//!
//! No float decides or sums on the device: cells are found by comparing ticks (`cell_edges`,
//! `locate.wgsl`), sums are integers of several words (`sums`), order statistics are heights of
//! points (`quantiles`). The host turns them into metres with the CPU's functions, so that a raster
//! is the CPU's, bit for bit, and no kernel handles a NaN.
//!
//! Points are uploaded once if they fit. If the sums or heights of all cells do not, cells are done
//! a range at a time, each with all points.

mod cell_edges;
mod located_points;
mod quantiles;
mod statistic;
mod sums;

use crate::{gpu::Gpu, record::kernel::Kernel};
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_raster::{CellStatistic, Grid, Rank, Raster, Rasterise};
use located_points::LocatedPoints;
use quantiles::{HeightPair, select_quantiles};
use rayon::{prelude::*, slice::ChunksExact};
use statistic::{KernelStatistic, SumStatistic};
use std::ops::Range;
use sums::{CellWords, sum_cells};

/// The kernel of sums.
pub(crate) const SUM_KERNELS: &[&Kernel] = &[&sums::SUMS];

/// The kernels of quantiles.
pub(crate) const QUANTILE_KERNELS: &[&Kernel] = quantiles::KERNELS;

/// Every statistic, bit for bit as on the CPU. Memory: 12 bytes per point, up to 40 per cell; for
/// medians and percentiles 4 more per point and 20 per cell; at most a quarter of the budget, in
/// several passes if need be.
impl Rasterise for Gpu {
    fn rasterise(
        &self,
        points: Positions<'_>,
        grid: &Grid,
        statistics: &[CellStatistic],
    ) -> Result<Vec<Raster>> {
        grid.check(statistics)?;
        self.options().minimum_work.check_points(points.len())?;
        if points.len() >= 1 << 31 {
            return Err(Error::Unsupported {
                operation: "rasterise 2^31 points at once: use smaller tiles",
            });
        }
        if statistics.is_empty() {
            return Ok(Vec::new());
        }
        let kernels: Vec<KernelStatistic> = statistics
            .iter()
            .map(|statistic| KernelStatistic::classify(*statistic))
            .collect::<Result<_>>()?;
        let session = self.session()?;
        let pool = &session.recorder.pool;
        // Epochs are rasterised side by side: each leaves room for others.
        let room = pool.free_bytes().min(pool.budget_bytes() / 4);
        let mut located = LocatedPoints::new(&session, points, grid, room / 3)?;
        let mut cells = CellValues::new(points.origin().ticks()[2], grid, &kernels);
        let words = CellWords::for_statistics(&cells.sum_statistics());
        let count = grid.rows * grid.columns;
        sum_cells(&mut located, words, count, room / 2, |range, found| {
            cells.take_sums(range, found, words);
        })?;
        let counts = std::mem::take(&mut cells.counts);
        let shares = cells.quantile_shares();
        select_quantiles(&mut located, &counts, &shares, room / 2, |range, found| {
            cells.take_quantiles(range, found, &counts, &shares);
        })?;
        cells.into_rasters(grid)
    }
}

/// A statistic and its values so far, cell by cell from the northwest.
struct StatisticValues {
    statistic: KernelStatistic,
    values: Vec<f64>,
}

/// The values of all statistics in all cells, NaN until they are known.
struct CellValues {
    /// Height of the origin, ticks.
    origin: i64,
    statistics: Vec<StatisticValues>,
    /// Points per cell, if a quantile needs them.
    counts: Vec<u32>,
}

impl CellValues {
    fn new(origin: i64, grid: &Grid, statistics: &[KernelStatistic]) -> Self {
        let cells = grid.rows * grid.columns;
        let statistics: Vec<StatisticValues> = statistics
            .iter()
            .map(|&statistic| StatisticValues {
                statistic,
                values: vec![f64::NAN; cells],
            })
            .collect();
        let has_quantiles = statistics
            .iter()
            .any(|wanted| wanted.statistic.quantile().is_some());
        Self {
            origin,
            statistics,
            counts: vec![0; if has_quantiles { cells } else { 0 }],
        }
    }

    fn sum_statistics(&self) -> Vec<SumStatistic> {
        self.statistics
            .iter()
            .filter_map(|wanted| wanted.statistic.sums())
            .collect()
    }

    fn quantile_shares(&self) -> Vec<f64> {
        self.statistics
            .iter()
            .filter_map(|wanted| wanted.statistic.quantile())
            .collect()
    }

    /// Takes the words of a range of cells.
    fn take_sums(&mut self, range: Range<usize>, found: ChunksExact<'_, u32>, words: CellWords) {
        let origin = self.origin;
        for wanted in &mut self.statistics {
            let Some(statistic) = wanted.statistic.sums() else {
                continue;
            };
            let statistic = statistic.cell_statistic();
            wanted.values[range.clone()]
                .par_iter_mut()
                .zip(found.clone())
                .for_each(|(value, cell)| *value = words.decode(cell, origin).value(statistic));
        }
        if !self.counts.is_empty() {
            self.counts[range]
                .par_iter_mut()
                .zip(found)
                .for_each(|(count, cell)| *count = cell[0]);
        }
    }

    /// Takes the order statistics of a range of cells, quantile by quantile.
    fn take_quantiles(
        &mut self,
        range: Range<usize>,
        found: &[HeightPair],
        counts: &[u32],
        shares: &[f64],
    ) {
        let lowest = self.origin + i64::from(i32::MIN);
        let quantiles = self
            .statistics
            .iter_mut()
            .filter(|wanted| wanted.statistic.quantile().is_some());
        let pairs = found.chunks_exact(range.len());
        for ((wanted, &share), pairs) in quantiles.zip(shares).zip(pairs) {
            let values = wanted.values[range.clone()].par_iter_mut();
            let cells = values.zip(pairs).zip(&counts[range.clone()]);
            cells.for_each(|((value, pair), &count)| {
                let [low, high] = pair.map(|height| lowest + i64::from(height));
                *value = Rank::from_share(share, count as usize)
                    .map_or(f64::NAN, |rank| rank.interpolate(low, high));
            });
        }
    }

    fn into_rasters(self, grid: &Grid) -> Result<Vec<Raster>> {
        self.statistics
            .into_iter()
            .map(|wanted| Raster::from_rows(*grid, wanted.values))
            .collect()
    }
}
