//! Normals at several radii.

use super::{kernel_source::sources, parameters::SearchParameters, queries::Queries};
use crate::{
    memory::buffer::Buffer,
    points::resident_points::ResidentPoints,
    record::{
        commands::{Commands, Submitted},
        kernel::{Access, Kernel},
        read_back::PendingRead,
    },
};
use isopach_compute::Result;
use isopach_neighbours::{Normal, NormalQuery};
use rayon::prelude::*;

const NORMALS: Kernel = Kernel::new::<SearchParameters>(
    "normals",
    "normals",
    sources!(
        "walk.wgsl",
        "moments.wgsl",
        "ball.wgsl",
        "eigen.wgsl",
        "normals.wgsl"
    ),
    &[Access::Read, Access::Read, Access::Read, Access::Write],
);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&NORMALS];

/// Planarity below which the kernel's direction may be off by 10⁻⁴: its covariances are right to
/// 4·10⁻⁷ of the largest eigenvalue, its eigenvectors to some 10⁻⁶, and the gap that both are
/// divided by is the planarity.
pub(super) const TOO_ROUND: f32 = 0.03;

/// Planarities closer than this may be in another order.
const TOO_CLOSE: f32 = 2e-5;

/// Cosine to the direction that normals point to, below which the side is not certain.
pub(super) const TOO_FLAT: f64 = 2e-4;

/// One result: see normals.wgsl.
pub(super) type NormalEntry = [u32; 8];

/// Bytes of one result.
pub(super) const ENTRY_BYTES: u64 = size_of::<NormalEntry>() as u64;

/// A result by the names of its words.
struct DecodedEntry {
    axis: [f32; 3],
    /// The planarity at the best radius, and the next best planarity.
    best: f32,
    next_best: f32,
    /// Whether the driver ended a loop.
    ended: bool,
    /// The best radius by its number from 1 on; 0 if there is none.
    radius: u32,
}

impl DecodedEntry {
    fn new(entry: &NormalEntry) -> Self {
        let [x, y, z, best, next_best, _, ended, radius] = *entry;
        Self {
            axis: [x, y, z].map(f32::from_bits),
            best: f32::from_bits(best),
            next_best: f32::from_bits(next_best),
            ended: ended != 0,
            radius,
        }
    }

    fn wide_axis(&self) -> [f64; 3] {
        self.axis.map(f64::from)
    }

    /// The cosine of the axis to a direction, times the length of the axis.
    fn cosine(&self, towards: [f64; 3]) -> f64 {
        let axis = self.wide_axis();
        let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| a[i] * b[i]).sum::<f64>();
        dot(axis, towards) / dot(towards, towards).sqrt()
    }

    fn is_undecided(&self, towards: [f64; 3]) -> bool {
        // The comparisons are false for directions that are not numbers.
        let certain = self.best >= TOO_ROUND
            && self.best - self.next_best > TOO_CLOSE
            && self.cosine(towards).abs() >= TOO_FLAT;
        self.ended || (self.radius != 0 && !certain)
    }

    fn normal(&self, radii: &[f64], towards: [f64; 3]) -> Normal {
        let number = (self.radius as usize).checked_sub(1);
        let Some(&radius) = number.and_then(|number| radii.get(number)) else {
            return Normal::default();
        };
        let axis = self.wide_axis();
        let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
        let signed_length = length.copysign(self.cosine(towards));
        Normal {
            axis: axis.map(|x| x / signed_length),
            radius,
            planarity: f64::from(self.best),
        }
    }
}

/// The normals to search for.
#[derive(Clone, Copy, Debug)]
pub(super) struct NormalSearch<'a> {
    pub(super) surface: NormalQuery<'a>,
    /// Largest squared distances of its radii, square ticks.
    pub(super) limits: &'a [u128],
}

/// Normals per query, and the queries that are left to the CPU.
#[derive(Debug)]
pub(super) struct NormalBatch {
    pub(super) normals: Vec<Normal>,
    /// Queries whose neighbourhood is a line or a ball, is as planar at two radii, or lies across
    /// the direction; queries with a loop that the driver ended. Ascending.
    pub(super) undecided: Vec<usize>,
}

impl NormalBatch {
    pub(super) fn with_capacity(queries: usize) -> Self {
        Self {
            normals: Vec::with_capacity(queries),
            undecided: Vec::new(),
        }
    }

    /// Appends the results of the queries from `start` on.
    pub(super) fn append_results(
        &mut self,
        start: usize,
        found: &[NormalEntry],
        search: NormalSearch<'_>,
    ) {
        let NormalQuery { radii, towards } = search.surface;
        let undecided = (0..found.len())
            .into_par_iter()
            .filter(|&i| DecodedEntry::new(&found[i]).is_undecided(towards))
            .map(|i| start + i);
        self.undecided.par_extend(undecided);
        let normals = found
            .par_iter()
            .map(|entry| DecodedEntry::new(entry).normal(radii, towards));
        self.normals.par_extend(normals);
    }
}

/// Records the search around `n` queries; returns the buffer of the results.
pub(super) fn record_normals(
    commands: &mut Commands,
    resident: &ResidentPoints,
    queries: &Buffer,
    n: usize,
    limits: &[u128],
) -> Result<Buffer> {
    let ResidentPoints {
        recorder,
        points,
        starts,
        grid,
        ..
    } = resident;
    let found = recorder.allocate_storage("normals", ENTRY_BYTES * n as u64)?;
    commands.clear_buffer(&found);
    let buffers = [points, starts, queries, &found];
    for (number, &limit) in (1..).zip(limits) {
        let parameters = SearchParameters {
            count: n as u32,
            wanted: number,
            ..SearchParameters::for_limit(*grid, limit)
        };
        commands.dispatch(&NORMALS, n, &parameters, &buffers)?;
    }
    Ok(found)
}

/// A batch on the device.
struct PendingBatch {
    start: usize,
    submitted: Submitted,
    results: PendingRead<NormalEntry>,
}

/// The most planar normal of each query over the radii.
pub(super) fn find_normals(
    resident: &ResidentPoints,
    queries: Queries<'_>,
    search: NormalSearch<'_>,
) -> Result<NormalBatch> {
    let plan = queries.plan_batch().result_per_item("normals", ENTRY_BYTES);
    let mut all = NormalBatch::with_capacity(queries.len());
    let mut read_batch = |batch: PendingBatch| {
        batch.submitted.wait()?.view(batch.results, |found| {
            all.append_results(batch.start, found, search);
        })
    };
    let mut pending: Option<PendingBatch> = None;
    for batch in queries.split_batches(&plan)? {
        let n = batch.len();
        let mut commands = resident.recorder.begin_commands();
        let items = queries.upload_sorted(&mut commands, &batch)?;
        let found = record_normals(&mut commands, resident, &items, n, search.limits)?;
        let results = commands.read_back(&found, 0..n)?;
        let submitted = PendingBatch {
            start: batch.start,
            submitted: commands.submit()?,
            results,
        };
        if let Some(before) = pending.replace(submitted) {
            read_batch(before)?;
        }
    }
    pending.map_or(Ok(()), read_batch)?;
    Ok(all)
}
