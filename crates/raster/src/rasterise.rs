//! Statistics of the heights in each cell.

use crate::{Grid, Raster};
use isopach_cloud::{Positions, checked_cell_size};
use isopach_compute::{Compute, Error, Result};

/// A statistic of the heights (absolute metres) of the points in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum CellStatistic {
    /// Arithmetic mean.
    Mean,
    /// Middle value; the mean of the two middle ones for an even count.
    Median,
    /// Lowest.
    Min,
    /// Highest.
    Max,
    /// The percentile (0 to 100) by linear interpolation between order statistics.
    Percentile(f64),
    /// Number of points; 0, not NaN, for an empty cell.
    Count,
    /// Standard deviation, divisor n − 1; NaN for fewer than two points.
    StandardDeviation,
}

/// All statistics that the conformance suite tests; percentiles at the ends, between, and at shares
/// that are no double.
pub const STATISTICS: [CellStatistic; 13] = [
    CellStatistic::Mean,
    CellStatistic::Median,
    CellStatistic::Min,
    CellStatistic::Max,
    CellStatistic::Percentile(90.0),
    CellStatistic::Count,
    CellStatistic::StandardDeviation,
    CellStatistic::Percentile(0.0),
    CellStatistic::Percentile(0.1),
    CellStatistic::Percentile(50.0),
    CellStatistic::Percentile(70.0),
    CellStatistic::Percentile(99.9),
    CellStatistic::Percentile(100.0),
];

impl CellStatistic {
    /// The quantile of this statistic, 0 to 1; `None` for statistics computed from sums.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        match self {
            Self::Median => Some(0.5),
            Self::Percentile(p) => Some(p / 100.0),
            Self::Mean | Self::Min | Self::Max | Self::Count | Self::StandardDeviation => None,
        }
    }
}

impl Grid {
    /// Refuses requests that no backend can fulfil: a percentile outside 0 to 100, cells smaller
    /// than a tick, or 2³¹ of them.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] names it.
    pub fn check(&self, statistics: &[CellStatistic]) -> Result<()> {
        for statistic in statistics {
            if let CellStatistic::Percentile(p) = *statistic {
                Error::check(
                    "percentile",
                    p,
                    (0.0..=100.0).contains(&p),
                    "be between 0 and 100",
                )?;
            }
        }
        checked_cell_size(self.cell_size)?;
        let cells = self.rows as f64 * self.columns as f64;
        let few = cells < 2_147_483_648.0;
        Error::check(
            "cell size",
            self.cell_size,
            few,
            "give fewer than 2^31 cells: use tiles",
        )
        .map(drop)
    }
}

/// Capability: turns points into cells.
pub trait Rasterise: Compute {
    /// One raster a statistic, of the points that the grid owns; the others are passed over. Cells
    /// without a point are NaN.
    ///
    /// Heights are whole numbers z of ticks, sums over them are exact, and the final rounding is
    /// fixed. The bits are therefore the same on every backend, for any order of the points and any
    /// origin. In units of a tick:
    ///
    /// - mean: (Σ z) / n;
    /// - standard deviation: √((n Σ z² − (Σ z)²) / (n (n − 1)));
    /// - the quantile at a share q of the sorted heights: z_k + f (z_(k+1) − z_k), where q (n − 1)
    ///   = k + f, the two terms added in metres.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Unsupported`] for a statistic that the backend lacks;
    /// [`isopach_compute::Error::InvalidParameter`] for a percentile outside 0 to 100, cells of no
    /// size, or more of them than the backend can count.
    fn rasterise(
        &self,
        points: Positions<'_>,
        grid: &Grid,
        statistics: &[CellStatistic],
    ) -> Result<Vec<Raster>>;
}
