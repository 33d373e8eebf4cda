//! A run from the plan to the last result.

mod in_flight;
mod queue;
mod schedule;
mod turn;
mod work;

use crate::{
    Cells, OnFailure, Plan, PointSource, Progress, RunReport, RunScope, Spill, TileFailure,
    TileOperation, TileSink,
    buckets::Buckets,
    checkpoint::{Checkpoint, FolderUse, Manifest, Plans, Results, max_manifest_bytes},
    clock::Clock,
    compatibility,
    groups::{ChunkGroup, group_chunks},
    memory_budget::Ledger,
    operation::TileStats,
    plan::{Limits, TileEstimate, density::Density},
    progress::ProgressMeter,
    report::{SourceReport, fallbacks_since},
    route::Routing,
    spill,
};
pub use in_flight::InFlight;
use isopach_cloud::Attributes;
use isopach_compute::{Compute, Dispatcher, Error, Result};
use queue::Queue;
use schedule::Schedule;
use std::{
    fmt,
    sync::{Mutex, PoisonError, atomic::AtomicBool},
    time::{Duration, Instant},
};
use work::Work;

/// A tile is cut where it is expected to take more than this part of the memory, so that some are
/// in flight while others wait.
const TILE_PART: u64 = 8;

/// How a survey is cut up, and what a run may take. Results do not depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiling {
    /// Largest side of a tile, metres, rounded to whole cells of the operation; at most
    /// [`crate::LARGEST_SIDE`]. Infinite: as few tiles as can be. Where a tile of that size would
    /// take too much memory, it is cut in four, again and again.
    pub tile_size: f64,
    /// Bytes for everything: chunks that are decoded, points that wait for their tiles, tiles that
    /// are run and what operations need beside them.
    pub memory: u64,
    /// Where points go that memory cannot hold.
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

/// How a run is conducted: what it computes does not depend on it.
pub struct RunOptions<'a, T> {
    /// Told after each chunk and each tile, from one thread at a time.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// Told of each tile that fails, when it does.
    pub tile_failed: &'a (dyn Fn(&TileFailure) + Sync),
    /// Where results are kept, so that a run that was ended can be continued;
    /// [`crate::CheckpointDir::results`].
    pub checkpoint: Option<Checkpoint<'a, T>>,
    /// Which tiles are run.
    pub scope: RunScope,
    /// What happens when one fails.
    pub on_failure: OnFailure,
    /// How much happens at once.
    pub in_flight: InFlight,
}

impl<T> Default for RunOptions<'_, T> {
    fn default() -> Self {
        Self {
            progress: &|_| (),
            tile_failed: &|_| (),
            checkpoint: None,
            scope: RunScope::All,
            on_failure: OnFailure::Stop,
            in_flight: InFlight::default(),
        }
    }
}

impl<T> fmt::Debug for RunOptions<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            checkpoint: keep,
            scope: share,
            on_failure,
            in_flight,
            ..
        } = self;
        let mut text = f.debug_struct("Run");
        text.field("keep", keep)
            .field("share", share)
            .field("on_failure", on_failure)
            .field("in_flight", in_flight)
            .finish_non_exhaustive()
    }
}

impl Tiling {
    /// Runs `operation` over `sources` (one an epoch), tile by tile, on the first backend of the
    /// `choice` that will, and hands the results to `sink` in the order of the plan.
    ///
    /// Every chunk of the sources is decoded once; a tile is run as soon as all chunks that can
    /// reach it have been, so decoding, computing and writing overlap, on the threads of the
    /// current `rayon` pool. Tiles without a point in any epoch are passed over: the operation and
    /// [`TileSink::accept`] do not see them; [`TileSink::begin`] has told the sink of the whole, so
    /// it knows what nothing was said of.
    ///
    /// # Errors
    /// Of the sources, the operation and the sink; [`Error::InvalidInput`] for sources whose
    /// coordinate systems contradict each other, whose extents are apart or do not hold their
    /// points, that have no point, or that change while they are read; [`Error::OutOfMemory`] where
    /// the memory is too small, with the number to change; [`Error::InvalidParameter`] for a tile
    /// size, halo or cell size that cannot be; [`crate::SpillError`] (in [`Error::Source`]) for
    /// what goes wrong on disk. The first error in the order of the tiles ends the run: the sink
    /// has the results before it, and [`TileSink::finish`] is not called.
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

    /// As [`Self::stream`], conducted as `run` says: with progress, continued where it was ended, a
    /// shard of it, or all the same if a tile fails.
    ///
    /// # Errors
    /// As [`Self::stream`]; [`Error::InvalidInput`] where the folder of kept results belongs to
    /// another run, or lacks results that are to be merged.
    pub fn stream_with<O, B, S, const N: usize>(
        &self,
        on: &Dispatcher<B>,
        operation: &O,
        sources: [&dyn PointSource; N],
        sink: &mut S,
        run: &RunOptions<'_, O::Output>,
    ) -> Result<RunReport>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
        S: TileSink<O::Output> + ?Sized,
    {
        let start = Instant::now();
        let passed_on_before = on.fallbacks();
        compatibility::check_sources(&sources)?;
        check_share(run)?;
        let groups = group_chunks(&sources);
        let identity = identities(&sources)?;
        let (results, plan) = self.begun(run, &on.precisions(), operation, &sources, &groups)?;
        tracing::info!(tiles = plan.len(), halo = plan.halo(), "planned");
        let mine = run.scope.select_tiles(&plan)?;
        let done = match &results {
            Some(results) if run.scope.delivers_results() => {
                results.finished_parts(&vec![true; plan.len()])?
            }
            Some(results) => results.finished_parts(&mine)?,
            None => vec![None; plan.len()],
        };
        check_done(run, &done)?;
        let wanted: Vec<bool> = mine
            .iter()
            .zip(&done)
            .map(|(mine, done)| *mine && done.is_none())
            .collect();

        let ledger = Ledger::new(self.memory);
        let columns = operation.columns();
        let queue = Queue::new(groups, &plan, &wanted);
        check_chunks(&queue, &sources, columns, &ledger)?;
        queue.announce(&sources);
        let clock = Clock::new();
        let buckets = Buckets::new(
            [N, plan.len()],
            columns,
            self.spill.clone(),
            &ledger,
            &clock,
        );
        let flags: Vec<AtomicBool> = wanted
            .iter()
            .map(|wanted| AtomicBool::new(*wanted))
            .collect();
        let routing = Routing {
            plan: &plan,
            height: compatibility::middle_height(&sources),
            columns,
            buckets: &buckets,
            clock: &clock,
            wanted: &flags,
            room: Mutex::default(),
        };
        let work = Work {
            on,
            operation,
            sources,
            routing: &routing,
            results: results.as_ref(),
            ledger: &ledger,
            sink: Mutex::new(sink),
        };
        let pace = ProgressMeter::new(start, queue.chunks(), plan.len() as u64);
        let schedule = Schedule::new(&work, queue, &done, run, pace);
        let mut report = conducted(schedule)?;
        if run.scope.delivers_results() {
            check_unchanged(&identity, &sources)?;
            let _working = clock.start_stage(crate::RunStage::Write);
            work.sink
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .finish()?;
        }
        let bytes =
            |source: &SourceReport| source.points * (24 + Attributes::bytes_per_point(columns));
        report
            .sources
            .iter_mut()
            .for_each(|source| source.bytes = bytes(source));
        report.devices = on.devices().into_iter().map(|device| device.name).collect();
        report.absent = on.absent().to_vec();
        report.fallbacks = fallbacks_since(&passed_on_before, on.fallbacks());
        (report.memory, report.peak_bytes, report.spilled_bytes) =
            (self.memory, ledger.peak(), buckets.spilled_bytes());
        report.times = clock.stage_times();
        report.wall = start.elapsed();
        Ok(report)
    }

    /// The tiles that [`Self::stream`] will run, who owns what, and what is expected of each.
    ///
    /// # Errors
    /// As [`Plan::new`]; [`Error::InvalidInput`] without sources; [`Error::OutOfMemory`] for more
    /// tiles than the memory can list.
    pub fn plan<O, B, const N: usize>(
        &self,
        operation: &O,
        sources: &[&dyn PointSource; N],
    ) -> Result<Plan>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        self.plan_over(operation, sources, &group_chunks(sources))
    }

    fn plan_over<O, B, const N: usize>(
        &self,
        operation: &O,
        sources: &[&dyn PointSource; N],
        groups: &[ChunkGroup],
    ) -> Result<Plan>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        let (whole, halo) = (compatibility::union_extent(sources)?, operation.halo());
        let densities: Vec<Density> = (0..N)
            .map(|source| {
                let of_source: Vec<ChunkGroup> = groups
                    .iter()
                    .filter(|group| group.source == source)
                    .cloned()
                    .collect();
                Density::of_groups(&of_source, &whole)
            })
            .collect();
        let bytes_per_point = 12 + Attributes::bytes_per_point(operation.columns());
        let expected = |core: &Cells| {
            let reach = core.rect().grown(halo);
            let by_epoch: Vec<u64> = densities
                .iter()
                .map(|density| density.points_in(&reach).ceil() as u64)
                .collect();
            let load = TileStats::new(by_epoch, core, halo);
            let need = work::need(&load, bytes_per_point, operation.working_bytes(&load));
            TileEstimate {
                points: load.points(),
                bytes: need,
            }
        };
        let limits = Limits {
            tile_bytes: self.memory / TILE_PART,
            table_bytes: self.memory / TILE_PART,
        };
        Plan::within_limits(
            &whole,
            self.tile_size,
            halo,
            &operation.cell_sizes(),
            limits,
            &expected,
        )
    }

    /// Says in the folder of results what the run is, and which tiles it has, for processes that
    /// run a part each: they take the tiles from there, whatever their own memory and tile size.
    /// Where it was begun already, its tiles are those of then, unless none is done yet.
    ///
    /// # Errors
    /// As [`Self::plan`]; as [`Self::stream_with`] of the folder.
    pub fn prepare_checkpoint<O, B, const N: usize>(
        &self,
        on: &Dispatcher<B>,
        operation: &O,
        sources: &[&dyn PointSource; N],
        keeping: Checkpoint<'_, O::Output>,
    ) -> Result<Plan>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
    {
        compatibility::check_sources(sources)?;
        let (_, plan) = self.open(
            keeping,
            FolderUse::Planning,
            &on.precisions(),
            operation,
            sources,
            &group_chunks(sources),
        )?;
        Ok(plan)
    }

    /// The folder of results, if the run has one, and the tiles.
    fn begun<'a, O, B, const N: usize>(
        &self,
        run: &RunOptions<'a, O::Output>,
        precision: &[&str],
        operation: &O,
        sources: &[&dyn PointSource; N],
        groups: &[ChunkGroup],
    ) -> Result<(Option<Results<'a, O::Output>>, Plan)>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        let Some(keeping) = run.checkpoint else {
            return Ok((None, self.plan_over(operation, sources, groups)?));
        };
        let working = match run.scope {
            RunScope::All => FolderUse::Alone,
            RunScope::Merge => FolderUse::Merging,
            RunScope::Shard { .. } | RunScope::Tile(_) => FolderUse::Among,
        };
        let (results, plan) = self.open(keeping, working, precision, operation, sources, groups)?;
        if let Spill::Within { folder, .. } = &self.spill {
            spill::remove_left_over(folder);
        }
        Ok((Some(results), plan))
    }

    fn open<'a, O, B, const N: usize>(
        &self,
        keeping: Checkpoint<'a, O::Output>,
        working: FolderUse,
        precision: &[&str],
        operation: &O,
        sources: &[&dyn PointSource; N],
        groups: &[ChunkGroup],
    ) -> Result<(Results<'a, O::Output>, Plan)>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        let (whole, halo, cells) = (
            compatibility::union_extent(sources)?,
            operation.halo(),
            operation.cell_sizes(),
        );
        let plans = Plans {
            cut: &|| self.plan_over(operation, sources, groups),
            to_manifest: &|plan| plan.to_manifest(self.tile_size),
            from_manifest: &|manifest| Plan::from_manifest(manifest, &whole, halo, &cells),
            most_bytes: max_manifest_bytes(self.memory),
        };
        let manifest = |parameters: &str, found: &_| {
            Ok(Manifest::describe(
                parameters,
                precision,
                &identities(sources)?,
                found,
            ))
        };
        Results::open_run(keeping, working, manifest, &plans, &names(sources)?)
    }
}

/// Refuses a share that makes no sense.
fn check_share<T>(run: &RunOptions<'_, T>) -> Result<()> {
    match run.scope {
        RunScope::Shard { .. } | RunScope::Merge if run.checkpoint.is_none() => Err(
            Error::InvalidInput("shards need a folder in which results are kept".into()),
        ),
        _ => Ok(()),
    }
}

/// Refuses to hand over what is not done yet.
fn check_done<T>(run: &RunOptions<'_, T>, done: &[Option<usize>]) -> Result<()> {
    let missing: Vec<usize> = (0..done.len())
        .filter(|&tile| done[tile].is_none())
        .collect();
    match (run.scope, missing.first()) {
        (RunScope::Merge, Some(first)) => Err(Error::Busy(format!(
            "{} of {} tiles are not done yet (the first is tile {first}): run the shards that have them",
            missing.len(),
            done.len()
        ))),
        _ => Ok(()),
    }
}

/// Refuses chunks that would take more than a quarter of the memory while they are decoded.
fn check_chunks(
    queue: &Queue,
    sources: &[&dyn PointSource],
    columns: isopach_cloud::Columns,
    ledger: &Ledger,
) -> Result<()> {
    let largest = queue
        .each_chunk()
        .map(|(source, chunk)| work::chunk_bytes(sources[source], chunk, columns))
        .max();
    let requested = largest.unwrap_or(0).saturating_mul(4);
    if requested <= ledger.limit() {
        return Ok(());
    }
    let advice = "raise the memory, or read files with smaller chunks";
    Err(Error::OutOfMemory {
        what: "decoding the largest chunk in a quarter of the memory",
        requested,
        budget: ledger.given(),
        advice,
    })
}

fn identities(sources: &[&dyn PointSource]) -> Result<Vec<Vec<String>>> {
    sources
        .iter()
        .map(|source| source.input_identities())
        .collect()
}

/// What to call each line of the identities of all sources; nothing where it has no name.
fn names(sources: &[&dyn PointSource]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for source in sources {
        let mut names = source.input_names();
        names.resize(source.input_identities()?.len(), String::new());
        all.extend(names);
    }
    Ok(all)
}

/// Refuses results of sources that are others now than when the run began.
fn check_unchanged(then: &[Vec<String>], sources: &[&dyn PointSource]) -> Result<()> {
    let now = identities(sources)?;
    let Some(at) = then
        .iter()
        .flatten()
        .zip(now.iter().flatten())
        .position(|(then, now)| then != now)
    else {
        return Ok(());
    };
    let line = |lines: &[Vec<String>]| lines.iter().flatten().nth(at).cloned().unwrap_or_default();
    let name = names(sources)?.into_iter().nth(at).unwrap_or_default();
    Err(Error::InvalidInput(format!(
        "an input changed during the run ({name} at first {}, now {}): nothing was written",
        line(then),
        line(&now)
    )))
}

/// Conducts a run from a thread that is none of the pool's, which would have to wait.
fn conducted<O, B, S, const N: usize>(schedule: Schedule<'_, O, B, S, N>) -> Result<RunReport>
where
    B: Compute + ?Sized,
    O: TileOperation<N, B>,
    S: TileSink<O::Output> + ?Sized,
{
    rayon::in_place_scope(|scope| {
        if rayon::current_thread_index().is_none() {
            return schedule.run(scope);
        }
        std::thread::scope(|threads| {
            let conductor = threads.spawn(|| schedule.run(scope));
            while !conductor.is_finished() {
                if rayon::yield_now() != Some(rayon::Yield::Executed) {
                    std::thread::sleep(Duration::from_micros(100));
                }
            }
            conductor
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}
