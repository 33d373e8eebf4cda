//! Two clouds on the device, paired at any pose.

use super::{
    moved_source::MovedSource,
    pair_sums::{BLOCK, PAIRS, PairEntry, PairParameters, add_block, block_is_complete},
};
use crate::{
    memory::{batch_plan::BatchPlan, buffer::Buffer},
    operations::search::{nearest::NEAREST, parameters::SearchParameters, queries::Queries},
    points::resident_points::ResidentPoints,
};
use isopach_cloud::{Positions, Rigid};
use isopach_compute::Result;
use isopach_neighbours::squared_ticks;
use isopach_registration::{
    AlignTarget, Correspondences, Factor, FactorKind, HostCorrespondences, NormalEquations,
    Rejection,
};
use std::{ops::Range, sync::Arc};

/// Pairs that are found and summed at once.
const MAX_BATCH: usize = 1 << 21;

/// Both clouds on the device.
pub(super) struct DeviceCorrespondences<'a> {
    pub(super) source: Positions<'a>,
    pub(super) target: AlignTarget<'a>,
    pub(super) resident: Arc<ResidentPoints>,
    /// The target in its own order.
    pub(super) ticks: Buffer,
    pub(super) normals: Buffer,
    /// The reference, with the device's neighbour search.
    pub(super) host: HostCorrespondences<'a>,
}

impl Correspondences for DeviceCorrespondences<'_> {
    fn linearize_pairs(
        &self,
        factor: &dyn Factor,
        rejection: Rejection,
        at: &Rigid,
    ) -> Result<NormalEquations> {
        rejection.check()?;
        // Exhaustive, so that a new way to reject pairs does not compile until it is decided here.
        let Rejection {
            max_distance,
            kept_share,
        } = rejection;
        let summed = match factor.kind() {
            Some(kind) if kept_share >= 1.0 && self.can_sum(kind) => {
                self.sum_on_device(kind, max_distance, at)?
            }
            Some(_) | None => None,
        };
        match summed {
            Some(sums) => Ok(sums),
            None => self.host.linearize_pairs(factor, rejection, at),
        }
    }
}

impl DeviceCorrespondences<'_> {
    /// Whether the kernel knows the factor and the target has the normals that it needs. Without
    /// its normal, every pair is left out: the reference does that.
    fn can_sum(&self, kind: FactorKind) -> bool {
        match kind {
            FactorKind::PointToPoint => true,
            FactorKind::PointToPlane => self.target.normals.len() == self.target.positions.len(),
        }
    }

    /// The sums over all pairs, from the device; `None` if points or the pivot are so far away that
    /// 32 bits do not hold the differences.
    fn sum_on_device(
        &self,
        kind: FactorKind,
        max_distance: f64,
        at: &Rigid,
    ) -> Result<Option<NormalEquations>> {
        let limit = squared_ticks("maximum distance", max_distance)?;
        let origin = self.target.positions.origin();
        let Some(moved) = MovedSource::new(self.source, at, origin) else {
            return Ok(None);
        };
        let positions = Positions::new(origin, &moved.ticks);
        let Some(pairs) = PairParameters::new(kind, at.pivot, positions) else {
            return Ok(None);
        };
        self.resident.recorder.device.check_health()?;
        let queries = Queries::new(&self.resident, self.target.positions, positions)?;
        let at_once = max_batch(queries)?;
        let mut sums = NormalEquations::default();
        for start in (0..queries.len()).step_by(at_once) {
            let batch = start..(start + at_once).min(queries.len());
            let search = SearchParameters {
                count: batch.len() as u32,
                ..SearchParameters::for_limit(self.resident.grid, limit)
            };
            for block in self.sum_batch(queries, &moved, &batch, search, pairs)? {
                add_block(&mut sums, &block);
            }
        }
        Ok(Some(sums))
    }

    /// The sums of each block of pairs of one batch.
    fn sum_batch(
        &self,
        queries: Queries<'_>,
        moved: &MovedSource,
        batch: &Range<usize>,
        search: SearchParameters,
        pairs: PairParameters,
    ) -> Result<Vec<PairEntry>> {
        let ResidentPoints {
            recorder,
            points,
            starts,
            ..
        } = &*self.resident;
        let n = batch.len();
        let mut commands = recorder.begin_commands();
        let items = queries.upload_batch(batch)?;
        let sorted = queries.sort_batch(&mut commands, &items, n)?;
        let fractions = recorder.upload("fractions of ticks", n, |i| {
            moved.fractions[batch.start + i]
        })?;
        let found = recorder.allocate_storage("nearest neighbours", 8 * n as u64)?;
        commands.dispatch(&NEAREST, n, &search, &[points, starts, &sorted, &found])?;
        let blocks = n.div_ceil(BLOCK);
        let bytes = (blocks * size_of::<PairEntry>()) as u64;
        let parts = recorder.allocate_storage("sums of pairs", bytes)?;
        let parameters = PairParameters {
            count: n as u32,
            ..pairs
        };
        let threads = blocks * PAIRS.workgroup as usize;
        let buffers = [
            &items,
            &fractions,
            &found,
            &self.ticks,
            &self.normals,
            &parts,
        ];
        commands.dispatch(&PAIRS, threads, &parameters, &buffers)?;
        let pending = commands.read_back::<PairEntry>(&parts, 0..blocks)?;
        let blocks = commands.submit()?.wait()?.copy_out(pending)?;
        let complete = blocks.iter().all(block_is_complete);
        recorder.device.check_complete(complete)?;
        Ok(blocks)
    }
}

/// Pairs per batch: whole blocks, so that the sums do not depend on how much memory is free.
fn max_batch(queries: Queries<'_>) -> Result<usize> {
    let wanted = queries.len().min(MAX_BATCH);
    let sums = 2 * size_of::<PairEntry>() * wanted.div_ceil(BLOCK);
    let plan: BatchPlan<'_> = queries
        .plan_batch()
        .buffer_per_item("fractions of ticks", 4)
        .buffer_per_item("nearest neighbours", 8)
        .fixed_buffer("sums of pairs", sums as u64);
    let batch = plan.max_batch(wanted)?;
    Ok(if batch < BLOCK {
        batch
    } else {
        batch - batch % BLOCK
    })
}
