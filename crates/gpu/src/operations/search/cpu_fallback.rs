//! What f32 could not decide, looked at again by the definitions.

use super::{
    cylinder::{Axial, Sides},
    normals::Facing,
};
use isopach_cloud::Positions;
use isopach_compute::Result;
use isopach_neighbours::{Covariance, Moments, NeighbourIndex, Normal, NormalQuery, reference};
use rayon::prelude::*;

/// Queries whose lists the processor looks at together.
const AT_ONCE: usize = 1 << 12;

/// Some of the queries.
fn some(queries: Positions<'_>, which: &[usize]) -> Vec<[i32; 3]> {
    which.iter().map(|&i| queries.ticks()[i]).collect()
}

/// Has the definition look at those queries that f32 could not decide.
pub(super) fn cylinders(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    axes: &[[f64; 3]],
    sides: Sides,
    axial: &mut Axial,
) -> Result<()> {
    for which in axial.undecided.chunks(AT_ONCE) {
        let ticks = some(queries, which);
        let axes: Vec<[f64; 3]> = which.iter().map(|&i| axes[i]).collect();
        let again = Positions::new(queries.origin(), &ticks);
        let lists = index.within(again, sides.enclosing)?;
        let redone = reference::cylinders(
            index.positions(),
            again,
            &axes,
            sides.cylinder,
            sides.statistic,
            &lists,
        )?;
        for (&i, statistics) in which.iter().zip(redone) {
            axial.statistics[i] = statistics;
        }
    }
    Ok(())
}

/// Looks along those normals that were found again.
pub(super) fn along(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    axes: &[[f64; 3]],
    sides: Sides,
    which: &[usize],
    axial: &mut Axial,
) -> Result<()> {
    axial.undecided.retain(|i| which.binary_search(i).is_err());
    let (ticks, axes): (_, Vec<[f64; 3]>) = (
        some(queries, which),
        which.iter().map(|&i| axes[i]).collect(),
    );
    let again = Positions::new(queries.origin(), &ticks);
    let found = index.cylinders(again, &axes, sides.cylinder, sides.statistic)?;
    which
        .iter()
        .zip(found)
        .for_each(|(&i, statistics)| axial.statistics[i] = statistics);
    Ok(())
}

/// Has the definition look at those queries whose normal f32 could not decide.
pub(super) fn normals(
    index: &dyn NeighbourIndex,
    queries: Positions<'_>,
    surface: NormalQuery<'_>,
    facing: &mut Facing,
) -> Result<()> {
    let points = index.positions();
    for which in facing.undecided.chunks(AT_ONCE) {
        let ticks = some(queries, which);
        let again = Positions::new(queries.origin(), &ticks);
        let mut normals = vec![Normal::default(); which.len()];
        for &radius in surface.radii {
            let lists = index.within(again, radius)?;
            normals.par_iter_mut().enumerate().for_each(|(i, normal)| {
                normal.improve(
                    &covariance(points, again.absolute_ticks(i), lists.of(i)),
                    radius,
                    surface.towards,
                );
            });
        }
        which
            .iter()
            .zip(normals)
            .for_each(|(&i, normal)| facing.normals[i] = normal);
    }
    Ok(())
}

/// The definition's covariance of some points, all within 8 km of a query.
fn covariance(points: Positions<'_>, query: [i64; 3], neighbours: &[u32]) -> Covariance {
    let mut moments = Moments::default();
    for &j in neighbours {
        let point = points.absolute_ticks(j as usize);
        moments.add(std::array::from_fn(|axis| {
            (point[axis] - query[axis]) as i32
        }));
    }
    moments.covariance()
}
