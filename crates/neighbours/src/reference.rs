//! The plain loops: what every faster way must compute.

use crate::{
    AlongNormals, AlongNormalsQuery, AxialStatistic, AxialStatistics, Covariance, Cylinder,
    Moments, Neighbour, NeighbourIndex, NeighbourLists, NeighbourSearch, arguments,
};
use isopach_cloud::{Positions, TICK, TICKS_PER_METRE};
use isopach_compute::{Compute, Device, Error, Result};

/// Largest squared distance, in square ticks, that counts as within `radius` metres: ⌊(radius ·
/// 2¹⁸)²⌋.
///
/// # Errors
/// [`Error::InvalidParameter`] for a negative or NaN radius. An infinite one is allowed: everything
/// is within.
pub fn squared_ticks(name: &'static str, radius: f64) -> Result<u128> {
    Error::check(name, radius, radius >= 0.0, "be zero or above")?;
    let ticks = radius * TICKS_PER_METRE;
    Ok((ticks * ticks) as u128) // saturates at infinity
}

/// Squared distance in square ticks: exact.
#[must_use]
pub fn squared_distance(a: [i64; 3], b: [i64; 3]) -> u128 {
    (0..3)
        .map(|axis| u128::from(a[axis].abs_diff(b[axis])).pow(2))
        .sum()
}

/// Square ticks in m², rounded to `f32`.
#[must_use]
pub fn square_metres(squared_ticks: u128) -> f32 {
    // Converting 128 bits is slow, and hardly ever needed.
    let exact_once =
        u64::try_from(squared_ticks).map_or(squared_ticks as f64, |small| small as f64);
    (exact_once * (TICK * TICK)) as f32
}

/// The first entry of list `i`, if it has one.
pub(crate) fn first(lists: &NeighbourLists, i: usize) -> Option<Neighbour> {
    let at = lists.offsets[i];
    (at < lists.offsets[i + 1]).then(|| Neighbour {
        index: lists.indices[at],
        squared_distance: lists.squared_distances[at],
    })
}

/// Offset of point `j` from query `i`, ticks.
fn offset(points: Positions<'_>, j: u32, queries: Positions<'_>, i: usize) -> [i64; 3] {
    let (point, query) = (points.absolute_ticks(j as usize), queries.absolute_ticks(i));
    std::array::from_fn(|axis| point[axis] - query[axis])
}

/// Mean and covariance of each query's list.
///
/// # Errors
/// [`Error::InvalidInput`] where a neighbour is more than 8 km from its query.
pub fn covariances(
    points: Positions<'_>,
    queries: Positions<'_>,
    lists: &NeighbourLists,
) -> Result<Vec<Covariance>> {
    (0..queries.len())
        .map(|i| {
            let mut moments = Moments::default();
            for &j in lists.of(i) {
                let d = offset(points, j, queries, i);
                if d.iter().any(|&t| i32::try_from(t).is_err()) {
                    return Err(Error::InvalidInput(format!(
                        "query {i} has a neighbour more than 8 km away"
                    )));
                }
                moments.add(d.map(|t| t as i32));
            }
            Ok(moments.covariance())
        })
        .collect()
}

/// Normals of one index's points, and statistics along them of the points of two others, one after
/// the other.
///
/// # Errors
/// Those of [`NeighbourIndex::normals`] and [`NeighbourIndex::cylinders`].
pub fn along_normals(
    index: &(impl NeighbourIndex + ?Sized),
    queries: Positions<'_>,
    clouds: [&dyn NeighbourIndex; 2],
    sight: AlongNormalsQuery<'_>,
) -> Result<AlongNormals> {
    let normals = index.normals(queries, sight.surface.radii, sight.surface.towards)?;
    let axes: Vec<[f64; 3]> = normals.iter().map(|normal| normal.axis).collect();
    let [before, after] =
        clouds.map(|cloud| cloud.cylinders(queries, &axes, sight.cylinder, sight.statistic));
    Ok(AlongNormals {
        normals,
        statistics: [before?, after?],
    })
}

/// Statistics along each query's axis of those points of its list that are in the cylinder, in two
/// passes.
///
/// # Errors
/// [`Error::InvalidInput`] where axes and queries differ in number.
pub fn cylinders(
    points: Positions<'_>,
    queries: Positions<'_>,
    axes: &[[f64; 3]],
    cylinder: Cylinder,
    statistic: AxialStatistic,
    lists: &NeighbourLists,
) -> Result<Vec<AxialStatistics>> {
    one_axis_a_query(queries, axes)?;
    let mut along = Vec::new();
    Ok((0..queries.len())
        .map(|i| {
            along.clear();
            if axes[i] != [0.0; 3] {
                let offsets = lists
                    .of(i)
                    .iter()
                    .map(|&j| offset(points, j, queries, i).map(|t| t as f64 * TICK));
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

/// Refuses axes that are not one a query, or not numbers.
///
/// # Errors
/// [`Error::LengthMismatch`], [`Error::InvalidInput`].
pub fn one_axis_a_query(queries: Positions<'_>, axes: &[[f64; 3]]) -> Result<()> {
    Error::check_length("axes", axes.len(), "queries", queries.len())?;
    match axes
        .iter()
        .position(|axis| axis.iter().any(|x| !x.is_finite()))
    {
        Some(i) => Err(Error::InvalidInput(format!(
            "axis {i} is {:?}, but must be finite",
            axes[i]
        ))),
        None => Ok(()),
    }
}

/// The definition as a backend: every query looks at every point. O(points · queries); for tests
/// and tiny clouds.
#[derive(Clone, Copy, Debug, Default)]
pub struct BruteForce;

impl Compute for BruteForce {
    fn device(&self) -> Device {
        Device {
            name: "plain loop".into(),
        }
    }
}

impl NeighbourSearch for BruteForce {
    fn index<'a>(&self, points: Positions<'a>) -> Result<Box<dyn NeighbourIndex + 'a>> {
        Ok(Box::new(Scan { points }))
    }
}

#[derive(Debug)]
struct Scan<'a> {
    points: Positions<'a>,
}

impl Scan<'_> {
    /// Lists of all points within `limit` square ticks, by index; `arrange` may reorder and shorten
    /// each.
    fn lists(
        &self,
        queries: Positions<'_>,
        limit: u128,
        arrange: impl Fn(&mut Vec<(u128, u32)>),
    ) -> NeighbourLists {
        let mut lists = NeighbourLists {
            offsets: vec![0],
            ..NeighbourLists::default()
        };
        for i in 0..queries.len() {
            let query = queries.absolute_ticks(i);
            let mut found: Vec<(u128, u32)> = (0..self.points.len())
                .map(|j| {
                    (
                        squared_distance(self.points.absolute_ticks(j), query),
                        j as u32,
                    )
                })
                .filter(|(squared, _)| *squared <= limit)
                .collect();
            arrange(&mut found);
            lists.indices.extend(found.iter().map(|(_, j)| *j));
            lists
                .squared_distances
                .extend(found.iter().map(|(squared, _)| square_metres(*squared)));
            lists.offsets.push(lists.indices.len());
        }
        lists
    }
}

impl NeighbourIndex for Scan<'_> {
    fn positions(&self) -> Positions<'_> {
        self.points
    }

    fn k_nearest(
        &self,
        queries: Positions<'_>,
        k: usize,
        max_distance: f64,
    ) -> Result<NeighbourLists> {
        Ok(
            self.lists(queries, arguments::nearest(k, max_distance)?, |found| {
                found.sort_unstable();
                found.truncate(k);
            }),
        )
    }

    fn within(&self, queries: Positions<'_>, radius: f64) -> Result<NeighbourLists> {
        Ok(self.lists(queries, arguments::ball(radius)?, |_| ()))
    }
}
