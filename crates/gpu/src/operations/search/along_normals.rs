//! Normals, and along them the points of two clouds: M3C2 in one submission.
//!
//! The normals stay on the device, where the cylinders need them: neither axes nor queries are
//! copied in between. Results are those of [`super::normals`] and [`super::cylinder`], one after
//! the other.

use super::{
    cylinder::{self, CylinderBatch, CylinderEntry, CylinderSearch, record_cylinders},
    normals::{self, NormalBatch, NormalEntry, NormalSearch, record_normals},
    queries::Queries,
};
use crate::{
    points::resident_points::ResidentPoints,
    record::{
        commands::Submitted,
        kernel::{Access, Kernel},
        layout::uniform,
        prelude,
        read_back::PendingRead,
    },
};
use isopach_compute::Result;
use std::ops::Range;

const AXES: Kernel = Kernel::new::<AxesParameters>(
    "axes of normals",
    "axes",
    &[prelude::THREADS, include_str!("axes.wgsl")],
    &[Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&AXES];

uniform! {
    /// `Parameters` of axes.wgsl.
    struct AxesParameters {
        towards: [f32; 3],
        count: u32,
    }
}

/// Normals and statistics along them per query, and the queries that are left to the CPU.
pub(super) struct AlongNormalsBatch {
    pub(super) normals: NormalBatch,
    /// Of the reference and the compared cloud.
    pub(super) cylinders: [CylinderBatch; 2],
}

impl AlongNormalsBatch {
    fn with_capacity(queries: usize) -> Self {
        Self {
            normals: NormalBatch::with_capacity(queries),
            cylinders: [(), ()].map(|()| CylinderBatch::with_capacity(queries)),
        }
    }

    /// Waits for a batch and appends its results.
    fn append_batch(&mut self, batch: PendingBatch, search: NormalSearch<'_>) -> Result<()> {
        let PendingBatch {
            start,
            submitted,
            normals,
            cylinders,
        } = batch;
        let completed = submitted.wait()?;
        completed.view(normals, |found| {
            self.normals.append_results(start, found, search);
        })?;
        for (all, results) in self.cylinders.iter_mut().zip(cylinders) {
            completed.view(results, |found| {
                all.append_results(start, found, |_| false);
            })?;
        }
        Ok(())
    }
}

/// A batch on the device.
struct PendingBatch {
    start: usize,
    submitted: Submitted,
    normals: PendingRead<NormalEntry>,
    cylinders: [PendingRead<CylinderEntry>; 2],
}

/// The search of one call.
#[derive(Clone, Copy)]
pub(super) struct AlongNormalsSearch<'a> {
    pub(super) normals: NormalSearch<'a>,
    /// The reference and the compared cloud, about the origin of the points with the normals.
    pub(super) clouds: [&'a ResidentPoints; 2],
    pub(super) cylinders: CylinderSearch,
}

/// Normals of `resident`'s points around the queries, and statistics of the points of two clouds
/// along them.
pub(super) fn search_along_normals(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    search: AlongNormalsSearch<'_>,
) -> Result<AlongNormalsBatch> {
    let plan = queries
        .plan_batch()
        .result_per_item("normals", normals::ENTRY_BYTES)
        .buffer_per_item("axes", 16)
        .result_per_item("statistics along axes", cylinder::ENTRY_BYTES)
        .result_per_item("statistics along axes", cylinder::ENTRY_BYTES);
    let mut all = AlongNormalsBatch::with_capacity(queries.len());
    let mut pending: Option<PendingBatch> = None;
    for batch in queries.split_batches(&plan)? {
        let submitted = submit_batch(resident, queries, &batch, search)?;
        if let Some(before) = pending.replace(submitted) {
            all.append_batch(before, search.normals)?;
        }
    }
    if let Some(last) = pending {
        all.append_batch(last, search.normals)?;
    }
    Ok(all)
}

/// Records and submits the kernels of one batch.
fn submit_batch(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    batch: &Range<usize>,
    search: AlongNormalsSearch<'_>,
) -> Result<PendingBatch> {
    let recorder = &resident.recorder;
    let n = batch.len();
    let mut commands = recorder.begin_commands();
    let items = queries.upload_sorted(&mut commands, batch)?;
    let limits = search.normals.limits;
    let found = record_normals(&mut commands, resident, &items, n, limits)?;
    let axes = recorder.allocate_storage("axes", 16 * n as u64)?;
    let parameters = AxesParameters {
        towards: unit_vector(search.normals.surface.towards),
        count: n as u32,
    };
    commands.dispatch(&AXES, n, &parameters, &[&found, &axes])?;
    let [before, after] = search
        .clouds
        .map(|cloud| record_cylinders(&mut commands, cloud, [&items, &axes], n, search.cylinders));
    let [before, after] = [before?, after?];
    let normals = commands.read_back(&found, 0..n)?;
    let cylinders = [
        commands.read_back(&before, 0..n)?,
        commands.read_back(&after, 0..n)?,
    ];
    Ok(PendingBatch {
        start: batch.start,
        submitted: commands.submit()?,
        normals,
        cylinders,
    })
}

fn unit_vector(towards: [f64; 3]) -> [f32; 3] {
    let length = towards.iter().map(|x| x * x).sum::<f64>().sqrt();
    towards.map(|x| (x / length) as f32)
}
