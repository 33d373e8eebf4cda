//! Reference implementations over neighbour lists: the definition of each provided method of
//! [`crate::NeighbourIndex`], and the oracle of every faster override.

use crate::{
    AxialStatistic, AxialStatistics, Covariance, CylinderQuery, Moments, NeighbourError,
    NeighbourLists, arguments::check_axes,
};
use isopach_cloud::{Positions, TICK};
use isopach_compute::Result;

/// Offset of point `j` from query `i`, ticks.
fn offset_between(points: Positions<'_>, j: u32, queries: Positions<'_>, i: usize) -> [i64; 3] {
    let point = points.absolute_ticks(j as usize);
    let query = queries.absolute_ticks(i);
    std::array::from_fn(|axis| point[axis] - query[axis])
}

/// Mean and covariance of each query's list.
///
/// # Errors
/// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) if a neighbour is more than 8 km from its query.
pub fn covariances_of_lists(
    points: Positions<'_>,
    queries: Positions<'_>,
    lists: &NeighbourLists,
) -> Result<Vec<Covariance>> {
    (0..queries.len())
        .map(|i| {
            let mut moments = Moments::default();
            for &j in lists.indices_of(i) {
                let d = offset_between(points, j, queries, i);
                if d.iter().any(|&t| i32::try_from(t).is_err()) {
                    return Err(NeighbourError::NeighbourTooFar.into());
                }
                moments.add_offset(d.map(|t| t as i32));
            }
            Ok(moments.covariance())
        })
        .collect()
}

/// Statistics along each query's axis, over the points of its list that are inside the cylinder.
/// Two passes over each list.
///
/// # Errors
/// [`Error::InvalidInput`](isopach_compute::Error::InvalidInput) unless there is one finite axis per query.
pub fn cylinder_statistics_of_lists(
    points: Positions<'_>,
    queries: Positions<'_>,
    axes: &[[f64; 3]],
    query: CylinderQuery,
    lists: &NeighbourLists,
) -> Result<Vec<AxialStatistics>> {
    check_axes(queries, axes)?;
    let CylinderQuery {
        cylinder,
        statistic,
    } = query;
    let mut along = Vec::new();
    Ok((0..queries.len())
        .map(|i| {
            along.clear();
            if axes[i] != [0.0; 3] {
                let offsets = lists
                    .indices_of(i)
                    .iter()
                    .map(|&j| offset_between(points, j, queries, i).map(|t| t as f64 * TICK));
                along.extend(offsets.filter_map(|d| cylinder.offset_along(d, axes[i])));
            }
            match statistic {
                AxialStatistic::MeanDeviation => mean_deviation(&along),
                AxialStatistic::MedianIqr => AxialStatistics::median_iqr(&mut along),
            }
        })
        .collect())
}

/// Mean and standard deviation (divisor n − 1).
fn mean_deviation(values: &[f64]) -> AxialStatistics {
    if values.is_empty() {
        return AxialStatistics::default();
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    // 0/0 is NaN for one value
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    AxialStatistics {
        count: values.len() as u32,
        location: mean,
        spread: variance.sqrt(),
    }
}
