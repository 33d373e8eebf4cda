//! Runs: the public entry points.

use super::{
    RunOptions,
    checks::{
        check_chunks, check_filters, check_merge, check_scope, check_unchanged, identify_inputs,
    },
    planning::PlanRequest,
    scheduler::{ChunkQueue, SchedulePolicy, Scheduler, TileTable, drive_outside_pool},
    tile_pieces::TilePieces,
};
use crate::{
    Checkpoint, Plan, PointSource, RunReport, SourceReport, Spill, TileOperation, TileSink,
    buckets::Buckets,
    checkpoint::{FolderUse, Results},
    clock::Clock,
    compatibility,
    groups::{ChunkGroup, group_chunks},
    memory_budget::MemoryBudget,
    report::fallbacks_since,
    route::Routing,
};
use isopach_cloud::{Attributes, Columns};
use isopach_compute::{Compute, Dispatcher, Result};
use std::{
    collections::BTreeMap,
    sync::{Mutex, atomic::AtomicBool},
    time::Instant,
};

/// How a survey is cut into tiles, and the memory and disk that a run may take. Results do not
/// depend on it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tiling {
    /// Largest side of a tile, metres, rounded to whole cells of the operation; at most
    /// [`crate::MAX_TILE_SIDE`]. Infinite: as few tiles as possible. A tile that would take too
    /// much memory is cut in four, repeatedly.
    pub tile_size: f64,
    /// Bytes of memory for the whole run: chunks being decoded, points that wait for their tiles,
    /// tiles being run and the working memory of operations.
    pub memory: u64,
    /// Where points go that do not fit into memory.
    pub spill: Spill,
}

impl Default for Tiling {
    /// 500 m, 4 GiB, no disk.
    fn default() -> Self {
        Self {
            tile_size: 500.0,
            memory: 4 << 30,
            spill: Spill::Never,
        }
    }
}

/// A run that was planned: its tiles, and which of them are left to do.
struct PlannedRun<'a, T> {
    start: Instant,
    results: Option<Results<'a, T>>,
    plan: Plan,
    groups: Vec<ChunkGroup>,
    /// Of the inputs, before anything is read.
    identities: Vec<Vec<String>>,
    /// Parts of each tile whose results are kept from before.
    finished: Vec<Option<usize>>,
    /// Tiles that this process runs.
    wanted: Vec<bool>,
}

impl Tiling {
    /// Runs `operation` over `sources` (one per epoch), tile by tile, on the first backend of `on`
    /// that will, and hands the results to `sink` in the order of the plan.
    ///
    /// Every chunk of the sources is decoded once. A tile is run as soon as all chunks that can
    /// reach it were decoded, so decoding, computing and writing overlap, on the threads of the
    /// current `rayon` pool. Tiles without a point in any epoch are skipped: neither the operation
    /// nor [`TileSink::accept`] sees them. [`TileSink::begin`] gives the sink the whole extent, so
    /// that it knows where it got no result.
    ///
    /// # Errors
    /// Errors of the sources, the operation and the sink; [`isopach_compute::Error::InvalidInput`]
    /// for sources whose coordinate systems contradict each other, whose extents do not overlap or
    /// do not contain their points, that have no point, or that change while they are read;
    /// [`isopach_compute::Error::OutOfMemory`] if the memory is too small, with the number to
    /// change; [`isopach_compute::Error::InvalidParameter`] for an impossible tile size, halo or
    /// cell size; [`crate::SpillError`] (in [`isopach_compute::Error::Source`]) for faults of the
    /// disk. The first error in the order of the tiles ends the run: the sink has the results
    /// before it, and [`TileSink::finish`] is not called.
    ///
    /// ```
    /// use isopach_cloud::{Cloud, Rect};
    /// use isopach_compute::{Cpu, Dispatcher, Result};
    /// use isopach_tiling::{InMemory, Tile, TileOperation, Tiling};
    ///
    /// /// Mean height of the points that a tile owns, metres.
    /// struct MeanHeight;
    /// impl<B: ?Sized> TileOperation<1, B> for MeanHeight {
    ///     type Output = f64;
    ///     fn halo(&self) -> f64 {
    ///         0.0
    ///     }
    ///     fn run_tile(&self, _on: &B, tile: &Tile<1>) -> Result<f64> {
    ///         let owned = tile.owned(0);
    ///         let points = tile.epochs[0].positions();
    ///         let sum: f64 = owned.iter().map(|&i| points.absolute(i as usize)[2]).sum();
    ///         Ok(sum / owned.len().max(1) as f64)
    ///     }
    /// }
    ///
    /// let slope: Vec<[f64; 3]> = (0..400).map(|i| [f64::from(i % 20), f64::from(i / 20), f64::from(i % 20)]).collect();
    /// let source = InMemory::new("slope", Cloud::from_points(&slope)?);
    /// let mut heights = Vec::new();
    /// let mut sink = |core: Rect, mean: f64| {
    ///     heights.push((core.min[0], mean));
    ///     Ok(())
    /// };
    /// let tiling = Tiling { tile_size: 10.0, ..Tiling::default() };
    /// let on = Dispatcher::new(vec![std::sync::Arc::new(Cpu)]);
    /// tiling.stream(&on, &MeanHeight, [&source], &mut sink)?;
    /// assert_eq!(heights, [(0.0, 4.5), (10.0, 14.5), (0.0, 4.5), (10.0, 14.5)]);
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    pub fn stream<O, B, S, const N: usize>(
        &self,
        on: &Dispatcher<B>,
        operation: &O,
        sources: [&dyn PointSource; N],
        sink: &mut S,
    ) -> Result<RunReport>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
        S: TileSink<O::Output> + ?Sized,
    {
        self.stream_with(on, operation, sources, sink, &RunOptions::default())
    }

    /// Like [`Self::stream`], with options: progress, a checkpoint to resume from, one shard of
    /// several, or to go on after a tile has failed.
    ///
    /// # Errors
    /// As [`Self::stream`]; [`isopach_compute::Error::InvalidInput`] if the folder of results
    /// belongs to another run; [`isopach_compute::Error::Busy`] where results that are to be merged
    /// are missing.
    ///
    /// A run with a checkpoint goes on where an earlier one ended:
    ///
    /// ```
    /// use isopach_cloud::{Cloud, Rect};
    /// use isopach_compute::{Cpu, Dispatcher, Result};
    /// use isopach_tiling::{CheckpointDir, InMemory, RunOptions, RunScope, Tile, TileOperation, Tiling};
    /// # struct Count;
    /// # impl<B: ?Sized> TileOperation<1, B> for Count {
    /// #     type Output = usize;
    /// #     fn halo(&self) -> f64 {
    /// #         0.0
    /// #     }
    /// #     fn run_tile(&self, _on: &B, tile: &Tile<1>) -> Result<usize> {
    /// #         Ok(tile.owned(0).len())
    /// #     }
    /// # }
    /// # let lattice: Vec<[f64; 3]> = (0..1600).map(|i| [f64::from(i % 40), f64::from(i / 40), 0.0]).collect();
    /// # let source = InMemory::new("lattice", Cloud::from_points(&lattice)?);
    /// # let on = Dispatcher::new(vec![std::sync::Arc::new(Cpu)]);
    /// # let tiling = Tiling { tile_size: 10.0, ..Tiling::default() };
    /// # let folder = tempfile::tempdir()?;
    /// let checkpoint = CheckpointDir::new(folder.path().join("run"), "count, version 1");
    /// let run = |scope, sink: &mut Vec<usize>| {
    ///     let options = RunOptions { checkpoint: Some(checkpoint.for_results()), scope, ..RunOptions::default() };
    ///     let mut accept = |_: Rect, count| {
    ///         sink.push(count);
    ///         Ok(())
    ///     };
    ///     tiling.stream_with(&on, &Count, [&source], &mut accept, &options)
    /// };
    /// let mut counts = Vec::new();
    /// run(RunScope::Shard { number: 1, of: 2 }, &mut counts)?; // on one machine
    /// run(RunScope::Shard { number: 2, of: 2 }, &mut counts)?; // on another one
    /// assert!(counts.is_empty());
    /// let report = run(RunScope::Merge, &mut counts)?;
    /// assert_eq!((counts.iter().sum::<usize>(), report.tiles, report.tiles_kept), (1600, 0, 16));
    /// checkpoint.remove_all()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stream_with<O, B, S, const N: usize>(
        &self,
        on: &Dispatcher<B>,
        operation: &O,
        sources: [&dyn PointSource; N],
        sink: &mut S,
        options: &RunOptions<'_, O::Output>,
    ) -> Result<RunReport>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
        S: TileSink<O::Output> + ?Sized,
    {
        let start = Instant::now();
        let fallbacks_before = on.fallbacks();
        let run = self.plan_run(start, on, operation, &sources, options)?;
        let mut report = self.conduct(run, on, operation, sources, sink, options)?;
        add_decoded_bytes(&mut report, operation.columns());
        report.devices = on.devices().into_iter().map(|device| device.name).collect();
        report.absent = on.missing().to_vec();
        report.fallbacks = fallbacks_since(&fallbacks_before, on.fallbacks());
        report.memory = self.memory;
        report.wall = start.elapsed();
        Ok(report)
    }

    /// The tiles that [`Self::stream`] will run, their cells and the expected points and bytes of
    /// each. Nothing is decoded.
    ///
    /// # Errors
    /// As [`Plan::new`]; [`isopach_compute::Error::InvalidInput`] without sources;
    /// [`isopach_compute::Error::OutOfMemory`] for more tiles than the memory can list.
    ///
    /// ```
    /// use isopach_cloud::Cloud;
    /// use isopach_compute::{Compute, Result};
    /// use isopach_tiling::{InMemory, Tile, TileOperation, Tiling};
    /// # struct Count;
    /// # impl<B: ?Sized> TileOperation<1, B> for Count {
    /// #     type Output = usize;
    /// #     fn halo(&self) -> f64 {
    /// #         2.0
    /// #     }
    /// #     fn run_tile(&self, _on: &B, tile: &Tile<1>) -> Result<usize> {
    /// #         Ok(tile.owned(0).len())
    /// #     }
    /// # }
    /// let lattice: Vec<[f64; 3]> = (0..1600).map(|i| [f64::from(i % 40), f64::from(i / 40), 0.0]).collect();
    /// let source = InMemory::new("lattice", Cloud::from_points(&lattice)?);
    /// let tiling = Tiling { tile_size: 20.0, ..Tiling::default() };
    /// let plan = tiling.plan::<_, dyn Compute, 1>(&Count, &[&source])?;
    /// assert_eq!((plan.len(), plan.halo()), (4, 2.0));
    /// assert!(plan.estimate(0).points >= 400); // core and halo
    /// # Ok::<(), isopach_compute::Error>(())
    /// ```
    pub fn plan<O, B, const N: usize>(
        &self,
        operation: &O,
        sources: &[&dyn PointSource; N],
    ) -> Result<Plan>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        self.plan_tiles(&PlanRequest {
            operation,
            sources,
            groups: &group_chunks(sources),
            precision: &[],
        })
    }

    /// Writes the manifest of a run into the folder of results, for processes that run a shard
    /// each: they take the tiles from there, whatever their own memory and tile size. If a run
    /// began there already, its tiles stay, unless none of them is done yet.
    ///
    /// # Errors
    /// As [`Self::plan`]; errors of the folder as in [`Self::stream_with`].
    pub fn prepare_checkpoint<O, B, const N: usize>(
        &self,
        on: &Dispatcher<B>,
        operation: &O,
        sources: &[&dyn PointSource; N],
        checkpoint: Checkpoint<'_, O::Output>,
    ) -> Result<Plan>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
    {
        compatibility::check_sources(sources)?;
        let request = PlanRequest {
            operation,
            sources,
            groups: &group_chunks(sources),
            precision: &on.precisions(),
        };
        let (_, plan) = self.open_checkpoint(checkpoint, FolderUse::Planning, &request)?;
        Ok(plan)
    }

    /// Checks the sources, plans the tiles or takes them from the checkpoint, and selects those
    /// that this process runs.
    fn plan_run<'a, O, B, const N: usize>(
        &self,
        start: Instant,
        on: &Dispatcher<B>,
        operation: &O,
        sources: &[&dyn PointSource; N],
        options: &RunOptions<'a, O::Output>,
    ) -> Result<PlannedRun<'a, O::Output>>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
    {
        compatibility::check_sources(sources)?;
        check_scope(options)?;
        let groups = group_chunks(sources);
        let identities = identify_inputs(sources)?;
        let request = PlanRequest {
            operation,
            sources,
            groups: &groups,
            precision: &on.precisions(),
        };
        let (results, plan) = self.begin_or_resume(options, &request)?;
        tracing::info!(tiles = plan.len(), halo = plan.halo(), "planned");
        let mine = options.scope.select_tiles(&plan)?;
        let finished = match &results {
            Some(results) if options.scope.delivers_results() => {
                results.finished_parts(&vec![true; plan.len()])?
            }
            Some(results) => results.finished_parts(&mine)?,
            None => vec![None; plan.len()],
        };
        check_merge(options.scope, &finished)?;
        let wanted = mine.iter().zip(&finished);
        let wanted = wanted
            .map(|(is_mine, parts)| *is_mine && parts.is_none())
            .collect();
        Ok(PlannedRun {
            start,
            results,
            plan,
            groups,
            identities,
            finished,
            wanted,
        })
    }

    /// Runs the wanted tiles of a planned run and delivers all results.
    fn conduct<O, B, S, const N: usize>(
        &self,
        run: PlannedRun<'_, O::Output>,
        on: &Dispatcher<B>,
        operation: &O,
        sources: [&dyn PointSource; N],
        sink: &mut S,
        options: &RunOptions<'_, O::Output>,
    ) -> Result<RunReport>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
        S: TileSink<O::Output> + ?Sized,
    {
        let columns = operation.columns();
        let budget = MemoryBudget::new(self.memory);
        let queue = ChunkQueue::new(run.groups, &run.plan, &run.wanted);
        check_chunks(&queue, &sources, columns, &budget)?;
        queue.announce_chunks(&sources);
        let clock = Clock::new();
        let buckets = Buckets::new(
            [N, run.plan.len()],
            columns,
            self.spill.clone(),
            &budget,
            &clock,
        );
        let wanted: Vec<AtomicBool> = run.wanted.iter().copied().map(AtomicBool::new).collect();
        let pieces = TilePieces {
            on,
            operation,
            sources,
            routing: Routing {
                plan: &run.plan,
                height: compatibility::middle_height(&sources),
                columns,
                buckets: &buckets,
                clock: &clock,
                wanted: &wanted,
                scratch: Mutex::default(),
            },
            results: run.results.as_ref(),
            budget,
            sink: Mutex::new(sink),
            delivers: options.scope.delivers_results(),
            held: Mutex::new(BTreeMap::new()),
            damage_note: Mutex::new(()),
        };
        let policy = SchedulePolicy {
            tile_failed: options.tile_failed,
            on_failure: options.on_failure,
            delivers: pieces.delivers,
            has_checkpoint: run.results.is_some(),
            in_flight: options.in_flight,
            threads: rayon::current_num_threads(),
        };
        let table = TileTable {
            plan: &run.plan,
            wanted: &run.wanted,
            finished: &run.finished,
        };
        let reports = source_reports(&sources, &queue);
        let scheduler = Scheduler::new(&pieces, &table, queue, reports, policy, run.start);
        let mut report = drive_outside_pool(scheduler, options.progress)?;
        check_filters(&report, &sources)?;
        if pieces.delivers {
            check_unchanged(&run.identities, &sources)?;
            pieces.finish_sink()?;
        }
        report.peak_bytes = pieces.budget.peak_bytes();
        report.spilled_bytes = buckets.spilled_bytes();
        report.times = clock.stage_times();
        Ok(report)
    }
}

/// A report for each source before anything is decoded.
fn source_reports(sources: &[&dyn PointSource], queue: &ChunkQueue) -> Vec<SourceReport> {
    let numbered = sources.iter().enumerate();
    numbered
        .map(|(number, source)| SourceReport {
            name: source.name(),
            chunks: source.chunk_count() as u64,
            chunks_skipped: queue.skipped_of_source(number),
            ..SourceReport::default()
        })
        .collect()
}

/// Adds the bytes of the points that each source gave: coordinates and `columns`.
fn add_decoded_bytes(report: &mut RunReport, columns: Columns) {
    let bytes_per_point = 24 + Attributes::bytes_per_point(columns);
    for source in &mut report.sources {
        source.bytes = source.points * bytes_per_point;
    }
}
