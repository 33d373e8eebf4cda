//! Normals, and along them the points of two clouds: M3C2 in one submission.
//!
//! What the cylinders are laid along is on the device already: neither axes nor queries travel in
//! between. Results are those of [`super::normals`] and [`super::cylinder`], one after the other.

use super::{
    build::Resident,
    cylinder::{self, Axial, Sides},
    normals::{self, Facing, Scales},
    queries::Queries,
};
use crate::{
    kernel::{Access, Kernel},
    prelude,
    work::{Reading, Submitted},
};
use bytemuck::{Pod, Zeroable};
use isopach_compute::Result;

const AXES: Kernel = Kernel::new(
    "axes of normals",
    "axes",
    &[prelude::THREADS, include_str!("axes.wgsl")],
    &[Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&AXES];

/// As in axes.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Turning {
    towards: [f32; 3],
    count: u32,
}

/// What was found, and the queries that are left to the processor.
pub(super) struct Along {
    pub(super) facing: Facing,
    pub(super) axial: [Axial; 2],
}

/// A batch on its way.
struct Running {
    start: usize,
    submitted: Submitted,
    normals: Reading<normals::Entry>,
    axial: [Reading<cylinder::Entry>; 2],
}

/// Normals of `resident`'s points around the queries, and statistics of the points of `clouds`,
/// which are about the same origin, along them.
pub(super) fn along_normals(
    resident: &Resident,
    queries: Queries<'_>,
    scales: Scales<'_>,
    clouds: [&Resident; 2],
    sides: Sides,
) -> Result<Along> {
    let session = &resident.session;
    let plan = queries
        .plan()
        .brought_back("normals", size_of::<normals::Entry>() as u64)
        .each("axes", 16);
    let plan = plan
        .brought_back("statistics along axes", 16)
        .brought_back("statistics along axes", 16);
    let mut all = Along {
        facing: Facing::with_capacity(queries.len()),
        axial: [
            Axial::with_capacity(queries.len()),
            Axial::with_capacity(queries.len()),
        ],
    };
    let mut look = |running: Running| -> Result<()> {
        let Running {
            start,
            submitted,
            normals,
            axial,
        } = running;
        let done = submitted.wait()?;
        done.look(normals, |found| all.facing.absorb(start, found, scales))?;
        for (all, reading) in all.axial.iter_mut().zip(axial) {
            done.look(reading, |found| all.absorb(start, found, |_| false))?;
        }
        Ok(())
    };
    let length = scales
        .surface
        .towards
        .iter()
        .map(|x| x * x)
        .sum::<f64>()
        .sqrt();
    let towards = scales.surface.towards.map(|x| (x / length) as f32);
    let mut last = None;
    for batch in queries.batches(&plan)? {
        let n = batch.len();
        let mut work = session.work();
        let items = queries.upload(&mut work, &batch)?;
        let found = normals::record(&mut work, resident, &items, n, scales.limits)?;
        let axes = session.storage("axes", 16 * n as u64)?;
        work.run(
            &AXES,
            n,
            &Turning {
                towards,
                count: n as u32,
            },
            &[&found, &axes],
        )?;
        let [before, after] =
            clouds.map(|cloud| cylinder::record(&mut work, cloud, [&items, &axes], n, sides));
        let (before, after) = (before?, after?);
        let normals = work.read(&found, 0..n)?;
        let axial = [work.read(&before, 0..n)?, work.read(&after, 0..n)?];
        if let Some(before) = last.replace(Running {
            start: batch.start,
            submitted: work.submit()?,
            normals,
            axial,
        }) {
            look(before)?;
        }
    }
    last.map_or(Ok(()), look)?;
    Ok(all)
}
