//! Comparisons of one operation of a backend with its reference implementation: each returns the
//! first deviation, if there is one.

use crate::{
    AlongNormalsQuery, AxialStatistics, BruteForce, Covariance, CylinderQuery, EigenShape,
    NeighbourIndex, NeighbourLists, NeighbourSearch, Normal, NormalQuery,
};
use isopach_cloud::Positions;
use isopach_compute::{Error, Result, conformance::random};
use std::fmt::Debug;

/// Indexes of the same points: the backend's, and the reference.
pub(super) struct Indexes<'a> {
    pub(super) found: Box<dyn NeighbourIndex + 'a>,
    pub(super) defined: Box<dyn NeighbourIndex + 'a>,
}

impl<'a> Indexes<'a> {
    pub(super) fn build(on: &dyn NeighbourSearch, points: Positions<'a>) -> Result<Self> {
        Ok(Self {
            found: on.index(points)?,
            defined: BruteForce.index(points)?,
        })
    }
}

/// First query with different entries, in words.
fn first_difference<T: Debug>(
    found: &[T],
    defined: &[T],
    differ: impl Fn(&T, &T) -> bool,
) -> Option<String> {
    let i = (0..defined.len()).find(|&i| differ(&found[i], &defined[i]))?;
    Some(format!("query {i}: {:?}, not {:?}", found[i], defined[i]))
}

/// Whether two numbers are within a tolerance, or both NaN.
fn are_near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance || (a.is_nan() && b.is_nan())
}

pub(super) fn compare_k_nearest(
    indexes: &Indexes<'_>,
    queries: Positions<'_>,
    k: usize,
    limit: f64,
) -> Result<Option<String>> {
    let found = indexes.found.k_nearest(queries, k, limit)?;
    let defined = indexes.defined.k_nearest(queries, k, limit)?;
    Ok(first_differing_list(&found, &defined))
}

pub(super) fn compare_within(
    indexes: &Indexes<'_>,
    queries: Positions<'_>,
    radius: f64,
) -> Result<Option<String>> {
    let found = indexes.found.within_radius(queries, radius)?;
    let defined = indexes.defined.within_radius(queries, radius)?;
    Ok(first_differing_list(&found, &defined))
}

fn first_differing_list(found: &NeighbourLists, defined: &NeighbourLists) -> Option<String> {
    if found.offsets != defined.offsets {
        return Some("lists have other lengths".into());
    }
    let query_of = |entry: usize| defined.offsets.partition_point(|&start| start <= entry) - 1;
    if let Some(i) = (0..defined.indices.len()).find(|&i| found.indices[i] != defined.indices[i]) {
        return Some(format!(
            "query {} has neighbour {}, not {}",
            query_of(i),
            found.indices[i],
            defined.indices[i]
        ));
    }
    let off = (0..defined.indices.len()).find(|&i| {
        let [a, b] = [found, defined].map(|lists| lists.squared_distances[i]);
        (a - b).abs() > 1e-6 * b
    });
    off.map(|i| format!("query {} has another distance", query_of(i)))
}

pub(super) fn compare_nearest(
    indexes: &Indexes<'_>,
    queries: Positions<'_>,
    limit: f64,
) -> Result<Option<String>> {
    let found = indexes.found.nearest(queries, limit)?;
    let defined = indexes.defined.nearest(queries, limit)?;
    Ok(first_difference(&found, &defined, |a, b| {
        a.map(|n| n.index) != b.map(|n| n.index)
    }))
}

pub(super) fn compare_covariances(
    indexes: &Indexes<'_>,
    queries: Positions<'_>,
    radius: f64,
) -> Result<Option<String>> {
    let found = indexes.found.covariances_within(queries, radius)?;
    let defined = indexes.defined.covariances_within(queries, radius)?;
    Ok(first_difference(&found, &defined, covariances_differ))
}

pub(super) fn compare_covariances_within_radii(
    indexes: &Indexes<'_>,
    queries: Positions<'_>,
    radii: &[f64],
) -> Result<Option<String>> {
    let found = indexes.found.covariances_within_radii(queries, radii)?;
    let defined = indexes.defined.covariances_within_radii(queries, radii)?;
    if found.len() != defined.len() {
        return Ok(Some(format!(
            "{} covariances, not {}",
            found.len(),
            defined.len()
        )));
    }
    Ok(first_difference(&found, &defined, covariances_differ))
}

pub(super) fn compare_shapes_within_radii(
    indexes: &Indexes<'_>,
    queries: Positions<'_>,
    radii: &[f64],
) -> Result<Option<String>> {
    let found = indexes.found.shapes_within_radii(queries, radii)?;
    let defined = indexes.defined.shapes_within_radii(queries, radii)?;
    if found.len() != defined.len() {
        return Ok(Some(format!(
            "{} shapes, not {}",
            found.len(),
            defined.len()
        )));
    }
    Ok(first_difference(&found, &defined, shapes_differ))
}

/// Whether counts differ, eigenvalues by more than 10⁻⁵ of the largest, or axes by more than 10⁻⁴.
fn shapes_differ(a: &EigenShape, b: &EigenShape) -> bool {
    let largest = b.values[2].abs();
    let values = (0..3).all(|i| are_near(a.values[i], b.values[i], 1e-5 * largest));
    // Axes have no side.
    let along: f64 = (0..3).map(|axis| a.normal[axis] * b.normal[axis]).sum();
    let side = if along < 0.0 { -1.0 } else { 1.0 };
    let apart = (0..3)
        .map(|axis| (side * a.normal[axis] - b.normal[axis]).powi(2))
        .sum::<f64>()
        .sqrt();
    let is_one_axis = match [a, b].map(|shape| shape.normal[0].is_nan()) {
        [false, false] => apart <= 1e-4,
        [is_missing, should_be] => is_missing == should_be,
    };
    a.count != b.count || !values || !is_one_axis
}

pub(super) fn compare_covariances_of_nearest(
    indexes: &Indexes<'_>,
    queries: Positions<'_>,
    k: usize,
) -> Result<Option<String>> {
    let found = indexes.found.covariances_of_nearest(queries, k)?;
    let defined = indexes.defined.covariances_of_nearest(queries, k)?;
    Ok(first_difference(&found, &defined, covariances_differ))
}

/// Whether counts differ, or numbers by more than 10⁻⁵ (of the largest entry, for covariances).
fn covariances_differ(a: &Covariance, b: &Covariance) -> bool {
    let largest = b
        .upper
        .iter()
        .fold(0.0_f64, |largest, v| largest.max(v.abs()));
    let means = (0..3).all(|axis| are_near(a.mean[axis], b.mean[axis], 1e-5));
    let entries = (0..6).all(|i| are_near(a.upper[i], b.upper[i], 1e-5 * largest));
    a.count != b.count || !means || !entries
}

pub(super) fn compare_normals(
    indexes: &Indexes<'_>,
    queries: Positions<'_>,
    query: NormalQuery<'_>,
) -> Result<Option<String>> {
    let found = indexes.found.estimate_normals(queries, query)?;
    let defined = indexes.defined.estimate_normals(queries, query)?;
    Ok(first_difference(&found, &defined, normals_differ))
}

/// Whether radii differ, or axes by more than 10⁻⁴.
fn normals_differ(a: &Normal, b: &Normal) -> bool {
    let apart = (0..3)
        .map(|axis| (a.axis[axis] - b.axis[axis]).powi(2))
        .sum::<f64>()
        .sqrt();
    apart > 1e-4 || !are_near(a.radius, b.radius, 0.0)
}

pub(super) fn compare_along_normals(
    on: &dyn NeighbourSearch,
    points: Positions<'_>,
    queries: Positions<'_>,
    query: AlongNormalsQuery<'_>,
) -> Result<Option<String>> {
    // Every other point makes another cloud about the same origin.
    let half: Vec<[i32; 3]> = points.ticks().iter().step_by(2).copied().collect();
    let half = Positions::new(points.origin(), &half);
    let indexes = [on.index(points)?, on.index(half)?];
    let clouds = [&*indexes[0], &*indexes[1]];
    let found = indexes[0].along_normals(queries, clouds, query)?;
    let normals = indexes[0].estimate_normals(queries, query.normals)?;
    let off = first_difference(&found.normals, &normals, |a, b| {
        (0..3).any(|axis| (a.axis[axis] - b.axis[axis]).abs() > 1e-4)
    });
    if off.is_some() {
        return Ok(off);
    }
    let axes: Vec<[f64; 3]> = found.normals.iter().map(|normal| normal.axis).collect();
    for (cloud, found) in [points, half].into_iter().zip(&found.statistics) {
        let index = BruteForce.index(cloud)?;
        let defined = index.cylinder_statistics(queries, &axes, query.cylinders)?;
        let off = first_difference(found, &defined, statistics_differ);
        if off.is_some() {
            return Ok(off);
        }
    }
    Ok(None)
}

pub(super) fn compare_cylinders(
    indexes: &Indexes<'_>,
    queries: Positions<'_>,
    query: CylinderQuery,
) -> Result<Option<String>> {
    let axes: Vec<[f64; 3]> = (0..queries.len() as u64).map(test_axis).collect();
    let found = indexes.found.cylinder_statistics(queries, &axes, query)?;
    let defined = indexes.defined.cylinder_statistics(queries, &axes, query)?;
    let mut broken = axes.clone();
    broken[0][1] = f64::NAN;
    for (wrong, name) in [
        (&axes[..axes.len() - 1], "fewer axes than queries"),
        (&broken[..], "an axis that is no number"),
    ] {
        let refused = indexes.found.cylinder_statistics(queries, wrong, query);
        if !matches!(
            refused,
            Err(Error::LengthMismatch { .. } | Error::InvalidInput(_))
        ) {
            return Ok(Some(format!("{name} were accepted")));
        }
    }
    Ok(first_difference(&found, &defined, statistics_differ))
}

/// Axes up, east, none and at random, in turn.
fn test_axis(i: u64) -> [f64; 3] {
    match i % 4 {
        0 => [0.0, 0.0, 1.0],
        1 => [1.0, 0.0, 0.0],
        2 => [0.0; 3],
        _ => {
            let v = [random(i) - 0.5, random(i + 1000) - 0.5, random(i + 2000)];
            let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
            v.map(|x| x / length)
        }
    }
}

/// Whether counts differ, or lengths by more than 10⁻⁴ m.
fn statistics_differ(a: &AxialStatistics, b: &AxialStatistics) -> bool {
    a.count != b.count
        || !are_near(a.location, b.location, 1e-4)
        || !are_near(a.spread, b.spread, 1e-4)
}
