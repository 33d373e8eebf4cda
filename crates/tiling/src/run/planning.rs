//! The tiles of a run: planned from the sources, or read from the manifest of a checkpoint.

use super::{
    RunOptions, Tiling,
    checks::{identify_inputs, name_inputs},
    tile_pieces::tile_bytes,
};
use crate::{
    Cells, Checkpoint, Plan, PointSource, RunScope, Spill, TileOperation,
    checkpoint::{FolderUse, Manifest, Plans, Results, max_manifest_bytes},
    compatibility,
    groups::ChunkGroup,
    operation::TileStats,
    plan::{Limits, TileEstimate, density::Density, shard_order::ShardOrder},
    spill,
};
use isopach_cloud::Attributes;
use isopach_compute::Result;

/// A tile is cut if it is expected to take more than this part of the memory, so that some are in
/// flight while others wait.
const TILE_PART: u64 = 8;

/// The operation and sources that a run is planned for.
pub(super) struct PlanRequest<'r, O, const N: usize> {
    pub(super) operation: &'r O,
    pub(super) sources: &'r [&'r dyn PointSource; N],
    pub(super) groups: &'r [ChunkGroup],
    /// Rounding of the results, in the words of the backends.
    pub(super) precision: &'r [&'r str],
}

impl Tiling {
    /// The tiles over the sources of a request, each light enough for the memory.
    pub(super) fn plan_tiles<O, B, const N: usize>(
        &self,
        request: &PlanRequest<'_, O, N>,
    ) -> Result<Plan>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        let operation = request.operation;
        let whole = compatibility::union_extent(request.sources)?;
        let halo = operation.halo();
        let densities: Vec<Density> = (0..N)
            .map(|source| {
                let groups = request.groups.iter().filter(|g| g.source == source);
                Density::of_groups(&groups.cloned().collect::<Vec<_>>(), &whole)
            })
            .collect();
        let bytes_per_point = 12 + Attributes::bytes_per_point(operation.columns());
        let estimate = |core: &Cells| {
            let reach = core.rect().expanded_by(halo);
            let points = densities.iter().map(|map| map.points_in(&reach).ceil());
            let stats = TileStats::new(points.map(|points| points as u64).collect(), core, halo);
            let working = operation.working_bytes(&stats);
            TileEstimate {
                points: stats.points(),
                bytes: tile_bytes(&stats, bytes_per_point, working),
            }
        };
        let limits = Limits {
            tile_bytes: self.memory / TILE_PART,
            table_bytes: self.memory / TILE_PART,
        };
        let cells = operation.cell_sizes();
        let plan = Plan::within_limits(&whole, self.tile_size, halo, &cells, limits, &estimate)?;
        let order = ShardOrder::with_least_decoding(request.groups, &plan.whole().rect(), halo);
        Ok(plan.with_shard_order(order))
    }

    /// The folder of results, if the run has one, and the tiles.
    pub(super) fn begin_or_resume<'a, O, B, const N: usize>(
        &self,
        options: &RunOptions<'a, O::Output>,
        request: &PlanRequest<'_, O, N>,
    ) -> Result<(Option<Results<'a, O::Output>>, Plan)>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        let Some(checkpoint) = options.checkpoint else {
            return Ok((None, self.plan_tiles(request)?));
        };
        let folder_use = match options.scope {
            RunScope::All => FolderUse::Alone,
            RunScope::Merge => FolderUse::Merging,
            RunScope::Shard { .. } | RunScope::Tile(_) => FolderUse::Among,
        };
        let (results, plan) = self.open_checkpoint(checkpoint, folder_use, request)?;
        if let Spill::Within { folder, .. } = &self.spill {
            spill::remove_left_over(folder);
        }
        Ok((Some(results), plan))
    }

    /// Opens the folder of results: the tiles are those of whoever began the run there.
    pub(super) fn open_checkpoint<'a, O, B, const N: usize>(
        &self,
        checkpoint: Checkpoint<'a, O::Output>,
        folder_use: FolderUse,
        request: &PlanRequest<'_, O, N>,
    ) -> Result<(Results<'a, O::Output>, Plan)>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        let sources = request.sources;
        let whole = compatibility::union_extent(sources)?;
        let halo = request.operation.halo();
        let cells = request.operation.cell_sizes();
        let plans = Plans {
            cut: &|| self.plan_tiles(request),
            to_manifest: &|plan| plan.to_manifest(self.tile_size),
            from_manifest: &|manifest| Plan::from_manifest(manifest, &whole, halo, &cells),
            max_bytes: max_manifest_bytes(self.memory),
        };
        Results::open_run(
            checkpoint,
            folder_use,
            |parameters: &str, derived: &_| {
                let inputs = identify_inputs(sources)?;
                Ok(Manifest::describe(
                    parameters,
                    request.precision,
                    &inputs,
                    derived,
                ))
            },
            &plans,
            &name_inputs(sources)?,
        )
    }
}
