//! Rasters of one epoch.

use super::Dod;
use crate::{ChangeError, halves::MedianRasters, scale::Location};
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use isopach_raster::{CellStatistic, Grid, Raster, Rasterise};

/// Location, spread and count of the heights of one epoch.
#[derive(Debug)]
pub(super) struct EpochRasters {
    pub(super) heights: Raster,
    /// Standard deviation or inter-quartile range; NaN for a statistic that has neither.
    pub(super) spread: Raster,
    pub(super) counts: Raster,
}

/// A raster of one value.
pub(super) fn constant_raster(grid: &Grid, value: f64) -> Raster {
    Raster {
        grid: *grid,
        values: ndarray::Array2::from_elem((grid.rows, grid.columns), value),
    }
}

impl Dod {
    /// The rasters of one epoch.
    pub(super) fn rasterise_epoch(
        &self,
        on: &(impl Rasterise + ?Sized),
        points: Positions<'_>,
        grid: &Grid,
    ) -> Result<EpochRasters> {
        let [median, quarter, three_quarters] = [50.0, 25.0, 75.0].map(CellStatistic::Percentile);
        let statistics = match Location::of_cell(self.statistic) {
            Location::Mean => vec![
                CellStatistic::Mean,
                CellStatistic::Count,
                CellStatistic::StandardDeviation,
            ],
            Location::Median(_) => vec![median, CellStatistic::Count, quarter, three_quarters],
            Location::Extreme => vec![self.statistic, CellStatistic::Count],
        };
        let rasters = on.rasterise(points, grid, &statistics)?;
        let given = rasters.len();
        let mut rasters = rasters.into_iter();
        let mut next = || {
            rasters.next().ok_or_else(|| {
                Error::from(ChangeError::MissingRasters {
                    given,
                    requested: statistics.len(),
                })
            })
        };
        let heights = next()?;
        let counts = next()?;
        let spread = match Location::of_cell(self.statistic) {
            Location::Mean => next()?,
            Location::Median(_) => {
                let low = next()?;
                let high = next()?;
                Raster {
                    grid: *grid,
                    values: &high.values - &low.values,
                }
            }
            Location::Extreme => constant_raster(grid, f64::NAN),
        };
        Ok(EpochRasters {
            heights,
            spread,
            counts,
        })
    }
}

impl From<EpochRasters> for MedianRasters {
    fn from(epoch: EpochRasters) -> Self {
        Self {
            median: epoch.heights,
            range: epoch.spread,
            count: epoch.counts,
        }
    }
}
