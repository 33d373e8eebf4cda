//! Eigenvalues and normals at several radii.

use super::{
    kernel_source::{ENDED, sources},
    normals::{TOO_FLAT, TOO_ROUND},
    parameters::SearchParameters,
    queries::{Complete, Queries, Search, no_more_buffers},
};
use crate::{
    points::resident_points::ResidentPoints,
    record::kernel::{Access, Kernel},
};
use isopach_cloud::TICK;
use isopach_compute::Result;
use isopach_neighbours::EigenShape;
use rayon::prelude::*;

const SHAPES: Kernel = Kernel::new::<SearchParameters>(
    "shapes",
    "shapes",
    sources!(
        "walk.wgsl",
        "moments.wgsl",
        "ball.wgsl",
        "eigen.wgsl",
        "shapes.wgsl"
    ),
    &[Access::Read, Access::Read, Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&SHAPES];

/// One result: see shapes.wgsl.
type ShapeEntry = [u32; 8];

/// Points from which on a neighbourhood can have a normal.
const PLANE: u32 = 3;

/// The shape of a result; `None` where `f32` does not determine the normal or whether it points up,
/// or where the driver ended a loop.
fn decode_shape(entry: &ShapeEntry) -> Option<EigenShape> {
    let [count, values @ .., x, y, z, planarity] = *entry;
    if count == ENDED[0] {
        return None;
    }
    let shape = EigenShape {
        count,
        ..EigenShape::default()
    };
    let values = values.map(|bits| f64::from(f32::from_bits(bits)) * (TICK * TICK));
    match count {
        0 => Some(shape),
        1 => Some(EigenShape {
            values: [0.0; 3],
            ..shape
        }),
        2 => Some(EigenShape { values, ..shape }),
        PLANE.. => {
            let axis = [x, y, z].map(|bits| f64::from(f32::from_bits(bits)));
            let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
            // A level normal may be turned up to either side.
            let is_certain = f32::from_bits(planarity) >= TOO_ROUND && axis[2].abs() >= TOO_FLAT;
            is_certain.then(|| EigenShape {
                count,
                values,
                normal: axis.map(|x| x / length),
            })
        }
    }
}

/// Shapes, `radii` a query, and the queries that are left to the CPU.
#[derive(Debug)]
pub(super) struct ShapeBatch {
    pub(super) shapes: Vec<EigenShape>,
    /// Queries with a neighbourhood that is a line, a ball or a wall, or with a loop that the driver
    /// ended. Ascending.
    pub(super) undecided: Vec<usize>,
}

impl ShapeBatch {
    /// Appends the results of queries from `start` on, which stand radius by radius.
    fn append_results(&mut self, start: usize, found: &[ShapeEntry], radii: usize) {
        let count = found.len() / radii;
        let of_query = |i: usize| (0..radii).map(move |radius| &found[radius * count + i]);
        let undecided = (0..count)
            .into_par_iter()
            .filter(|&i| of_query(i).any(|entry| decode_shape(entry).is_none()))
            .map(|i| start + i);
        self.undecided.par_extend(undecided);
        let shapes = (0..count).flat_map(of_query);
        self.shapes
            .extend(shapes.map(|entry| decode_shape(entry).unwrap_or_default()));
    }
}

/// The shapes of each query within each limit (square ticks).
pub(super) fn find_shapes(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    limits: &[u128],
) -> Result<ShapeBatch> {
    let bytes = (size_of::<ShapeEntry>() * limits.len()) as u64;
    let plan = queries.plan_batch().result_per_item("shapes", bytes);
    let mut all = ShapeBatch {
        shapes: Vec::with_capacity(queries.len() * limits.len()),
        undecided: Vec::new(),
    };
    let of_limit = |(number, &limit): (u32, &u128)| SearchParameters {
        wanted: number,
        ..SearchParameters::for_limit(resident.grid, limit)
    };
    let parameters: Vec<SearchParameters> = (0..).zip(limits).map(of_limit).collect();
    let search = Search {
        kernels: &[&SHAPES],
        parameters: &parameters,
        entries: limits.len(),
    };
    queries.for_each_batch(
        &plan,
        search,
        no_more_buffers,
        |start, found: &[ShapeEntry]| {
            all.append_results(start, found, limits.len());
            Complete::Yes // a query whose loops were ended is undecided
        },
    )?;
    Ok(all)
}
