//! Reference implementation of rasterising in plain loops: faster implementations must match it to
//! the last bit.

use crate::{CellStatistic, Grid, Raster};
use isopach_cloud::{Positions, TICK, from_ticks};
use isopach_compute::Result;

/// [`crate::Rasterise::rasterise`]: each cell collects the heights of its points, sorts them, and computes. O(points log points + cells).
///
/// # Errors
/// Those of [`Grid::check`].
pub fn rasterise(
    points: Positions<'_>,
    grid: &Grid,
    statistics: &[CellStatistic],
) -> Result<Vec<Raster>> {
    grid.check(statistics)?;
    let mut cells: Vec<Vec<i64>> = vec![Vec::new(); grid.rows * grid.columns];
    for i in 0..points.len() {
        let [x, y, _] = points.absolute(i);
        let [_, _, height] = points.absolute_ticks(i);
        if let Some([row, column]) = grid.locate(x, y) {
            cells[row * grid.columns + column].push(height);
        }
    }
    cells.iter_mut().for_each(|heights| heights.sort_unstable());
    let mut rasters = Vec::with_capacity(statistics.len());
    for statistic in statistics {
        let values = cells
            .iter()
            .map(|sorted| statistic_of_sorted(sorted, *statistic))
            .collect();
        rasters.push(Raster::from_rows(*grid, values)?);
    }
    Ok(rasters)
}

/// A statistic of the sorted heights of a cell, ticks; metres, or a count.
fn statistic_of_sorted(sorted: &[i64], statistic: CellStatistic) -> f64 {
    let n = sorted.len() as i128;
    let [Some(&low), Some(&high)] = [sorted.first(), sorted.last()] else {
        return if statistic == CellStatistic::Count {
            0.0
        } else {
            f64::NAN
        };
    };
    match statistic {
        CellStatistic::Min => from_ticks(low),
        CellStatistic::Max => from_ticks(high),
        CellStatistic::Median => quantile_of_sorted(sorted, 0.5),
        CellStatistic::Percentile(p) => quantile_of_sorted(sorted, p / 100.0),
        CellStatistic::Mean => {
            sorted.iter().copied().map(i128::from).sum::<i128>() as f64 / n as f64 * TICK
        }
        CellStatistic::StandardDeviation => {
            // It does not matter where heights are counted from; from the lowest one, the squares
            // fit.
            let above = || sorted.iter().map(|height| i128::from(height - low));
            let sum = above().sum::<i128>();
            let squares = above().map(|height| height * height).sum::<i128>();
            // 0/0 is NaN for one point
            ((n * squares - sum * sum) as f64 / (n as f64 * (n - 1) as f64)).sqrt() * TICK
        }
        CellStatistic::Count => n as f64,
    }
}

/// The height at `share` (0 to 1) of the way through sorted heights, one at least.
fn quantile_of_sorted(sorted: &[i64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let below = sorted[at.floor() as usize];
    let above = sorted[at.ceil() as usize];
    from_ticks(below) + (at - at.floor()) * ((above - below) as f64 * TICK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::STATISTICS;

    /// By hand: 1, 2, 4 and 9 m have the mean 4, the squared deviations 9 + 4 + 0 + 25.
    #[test]
    fn what_the_words_say() {
        let sorted = [1, 2, 4, 9].map(|metres| metres << 18);
        let expected = |statistic| match statistic {
            CellStatistic::Mean | CellStatistic::Count => 4.0,
            CellStatistic::Median => 3.0,
            CellStatistic::Min => 1.0,
            CellStatistic::Max => 9.0,
            CellStatistic::StandardDeviation => (38.0_f64 / 3.0).sqrt(),
            CellStatistic::Percentile(p) if p <= 100.0 / 3.0 => 1.0 + 3.0 * p / 100.0,
            CellStatistic::Percentile(p) if p <= 200.0 / 3.0 => 2.0 + 2.0 * (3.0 * p / 100.0 - 1.0),
            CellStatistic::Percentile(p) => 4.0 + 5.0 * (3.0 * p / 100.0 - 2.0),
        };
        for statistic in STATISTICS {
            let found = statistic_of_sorted(&sorted, statistic);
            assert!(
                (found - expected(statistic)).abs() < 1e-12,
                "{statistic:?}: {found}"
            );
            let none = statistic_of_sorted(&[], statistic);
            assert!(
                if statistic == CellStatistic::Count {
                    none == 0.0
                } else {
                    none.is_nan()
                },
                "{statistic:?}: {none}"
            );
        }
        assert!(statistic_of_sorted(&sorted[..1], CellStatistic::StandardDeviation).is_nan());
    }
}
