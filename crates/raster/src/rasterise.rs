//! What a cell says of the heights in it.

use crate::{Grid, Raster};
use isopach_cloud::Positions;
use isopach_compute::{Compute, Result};

/// Statistic of the heights (absolute metres) of the points that a cell owns.
#[derive(Clone, Copy, Debug, PartialEq)]
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

/// Capability: turns points into cells.
pub trait Rasterise: Compute {
    /// One raster a statistic, of the points that the grid owns; the others are passed over. Cells without a point are NaN.
    ///
    /// # Errors
    /// [`isopach_compute::Error::Unsupported`] for a statistic that the backend lacks;
    /// [`isopach_compute::Error::InvalidParameter`] for a percentile outside 0 to 100, or more cells than the backend can count.
    fn rasterise(&self, points: Positions<'_>, grid: &Grid, statistics: &[CellStatistic]) -> Result<Vec<Raster>>;
}
