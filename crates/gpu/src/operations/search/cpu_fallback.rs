//! Queries that `f32` could not decide, evaluated again by the reference.

use super::{
    cylinder::{CylinderBatch, CylinderSearch},
    normals::NormalBatch,
    shapes::ShapeBatch,
};
use isopach_cloud::Positions;
use isopach_compute::Result;
use isopach_neighbours::{
    Covariance, EigenShape, Moments, NeighbourIndex, Normal, NormalQuery, reference,
};
use rayon::prelude::*;

/// Queries whose neighbour lists are evaluated together.
const AT_ONCE: usize = 1 << 12;

/// The coordinates of the queries with these numbers.
fn select_queries(queries: Positions<'_>, numbers: &[usize]) -> Vec<[i32; 3]> {
    numbers.iter().map(|&i| queries.ticks()[i]).collect()
}

/// Evaluates the undecided queries of a cylinder search by the reference.
pub(super) fn reevaluate_cylinders(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    axes: &[[f64; 3]],
    search: CylinderSearch,
    batch: &mut CylinderBatch,
) -> Result<()> {
    for numbers in batch.undecided.chunks(AT_ONCE) {
        let ticks = select_queries(queries, numbers);
        let axes: Vec<[f64; 3]> = numbers.iter().map(|&i| axes[i]).collect();
        let selected = Positions::new(queries.origin(), &ticks);
        let lists = index.within_radius(selected, search.enclosing)?;
        let found = reference::cylinder_statistics_of_lists(
            index.positions(),
            selected,
            &axes,
            search.query(),
            &lists,
        )?;
        for (&i, statistics) in numbers.iter().zip(found) {
            batch.statistics[i] = statistics;
        }
    }
    Ok(())
}

/// Searches the cylinders of the queries `numbers` (ascending) again, along normals that the CPU
/// found.
pub(super) fn search_new_axes(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    axes: &[[f64; 3]],
    search: CylinderSearch,
    numbers: &[usize],
    batch: &mut CylinderBatch,
) -> Result<()> {
    batch
        .undecided
        .retain(|i| numbers.binary_search(i).is_err());
    let ticks = select_queries(queries, numbers);
    let axes: Vec<[f64; 3]> = numbers.iter().map(|&i| axes[i]).collect();
    let selected = Positions::new(queries.origin(), &ticks);
    let found = index.cylinder_statistics(selected, &axes, search.query())?;
    for (&i, statistics) in numbers.iter().zip(found) {
        batch.statistics[i] = statistics;
    }
    Ok(())
}

/// Distance from which `f32` holds a mean to less than 4 µm no longer, metres.
const FAR: f64 = 64.0;

/// Evaluates covariances of the `k` nearest again where these are so far away that `f32` does not
/// hold their mean; returns how many there were.
pub(super) fn reevaluate_far_covariances(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    k: usize,
    covariances: &mut [Covariance],
) -> Result<usize> {
    let is_far = |covariance: &Covariance| covariance.mean.iter().any(|x| x.abs() >= FAR);
    let far: Vec<usize> = (0..covariances.len())
        .filter(|&i| is_far(&covariances[i]))
        .collect();
    for numbers in far.chunks(AT_ONCE) {
        let ticks = select_queries(queries, numbers);
        let selected = Positions::new(queries.origin(), &ticks);
        let lists = index.k_nearest(selected, k, f64::INFINITY)?;
        let found = reference::covariances_of_lists(index.positions(), selected, &lists)?;
        for (&i, covariance) in numbers.iter().zip(found) {
            covariances[i] = covariance;
        }
    }
    Ok(far.len())
}

/// Evaluates the undecided queries of a normal search by the reference.
pub(super) fn reevaluate_normals(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    surface: NormalQuery<'_>,
    batch: &mut NormalBatch,
) -> Result<()> {
    let points = index.positions();
    for numbers in batch.undecided.chunks(AT_ONCE) {
        let ticks = select_queries(queries, numbers);
        let selected = Positions::new(queries.origin(), &ticks);
        let mut normals = vec![Normal::default(); numbers.len()];
        for &radius in surface.radii {
            let lists = index.within_radius(selected, radius)?;
            normals.par_iter_mut().enumerate().for_each(|(i, normal)| {
                let query = selected.absolute_ticks(i);
                let covariance = exact_covariance(points, query, lists.indices_of(i));
                normal.take_if_more_planar(&covariance, radius, surface.towards);
            });
        }
        for (&i, normal) in numbers.iter().zip(normals) {
            batch.normals[i] = normal;
        }
    }
    Ok(())
}

/// Evaluates the undecided queries of a search of shapes by the definition, at all radii.
pub(super) fn reevaluate_shapes(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    radii: &[f64],
    batch: &mut ShapeBatch,
) -> Result<()> {
    let points = index.positions();
    for numbers in batch.undecided.chunks(AT_ONCE) {
        let ticks = select_queries(queries, numbers);
        let selected = Positions::new(queries.origin(), &ticks);
        for (at, &radius) in radii.iter().enumerate() {
            let lists = index.within_radius(selected, radius)?;
            let shape_of = |i: usize| {
                let query = selected.absolute_ticks(i);
                let covariance = exact_covariance(points, query, lists.indices_of(i));
                EigenShape::of_covariance(&covariance)
            };
            let found: Vec<EigenShape> = (0..numbers.len()).into_par_iter().map(shape_of).collect();
            for (&i, shape) in numbers.iter().zip(found) {
                batch.shapes[i * radii.len() + at] = shape;
            }
        }
    }
    Ok(())
}

/// The covariance of some points, all within 8 km of a query, from exact moments.
fn exact_covariance(points: Positions<'_>, query: [i64; 3], neighbours: &[u32]) -> Covariance {
    let mut moments = Moments::default();
    for &j in neighbours {
        let point = points.absolute_ticks(j as usize);
        moments.add_offset(std::array::from_fn(|axis| {
            (point[axis] - query[axis]) as i32
        }));
    }
    moments.covariance()
}
