//! The loop.

use crate::{
    Plan, PointSource, Progress, Report, Tile, TileOperation, TileSink, agree,
    buckets::{Buckets, Budget},
    report::passed_on_since,
    route::Routing,
};
use isopach_cloud::Rect;
use isopach_compute::{Choice, Compute, Result};
use rayon::prelude::*;
use std::{
    sync::atomic::AtomicU64,
    time::{Duration, Instant},
};

/// How a survey is cut up. Results do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tiling {
    /// Side of a tile, metres, rounded to whole cells of the operation; at most [`crate::LARGEST_SIDE`]. Infinite: as few tiles as can be.
    pub tile_size: f64,
    /// Bytes of points that may be held for tiles: 12 a copy, and its columns. What operations need beside them is theirs.
    pub working_set_bytes: u64,
}

impl Default for Tiling {
    /// 500 m and 4 GiB.
    fn default() -> Self {
        Self { tile_size: 500.0, working_set_bytes: 4 << 30 }
    }
}

impl Tiling {
    /// Runs `operation` over `sources` (one an epoch), tile by tile, on the first backend of the `choice` that will, and hands the results
    /// to `sink` in the order of the plan: rows from south to north, each from west to east.
    ///
    /// Every chunk of the sources is decoded once, and tiles are run, on the threads of the current `rayon` pool. Tiles without a point in
    /// any epoch are passed over: the operation and [`TileSink::accept`] do not see them; [`TileSink::begin`] has told the sink of the
    /// whole, so it knows what nothing was said of.
    ///
    /// # Errors
    /// Of the sources, the operation and the sink; [`isopach_compute::Error::InvalidInput`] for sources whose coordinate systems contradict each
    /// other, whose extents are apart or do not hold their points, or that have no point; [`isopach_compute::Error::OutOfMemory`] where the points of all
    /// tiles exceed the budget; [`isopach_compute::Error::InvalidParameter`] for a tile size, halo or cell size that cannot be. The first
    /// error in the order of the tiles ends the run: the sink has the results before it, and [`TileSink::finish`] is not called.
    pub fn stream<O, B, S, const N: usize>(
        &self,
        on: &Choice<B>,
        operation: &O,
        sources: [&dyn PointSource; N],
        sink: &mut S,
    ) -> Result<Report>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
        S: TileSink<O::Output> + ?Sized,
    {
        self.stream_with(on, operation, sources, sink, &|_| ())
    }

    /// As [`Self::stream`], telling `progress` after each chunk and each tile.
    ///
    /// # Errors
    /// As [`Self::stream`].
    pub fn stream_with<O, B, S, const N: usize>(
        &self,
        on: &Choice<B>,
        operation: &O,
        sources: [&dyn PointSource; N],
        sink: &mut S,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Report>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
        S: TileSink<O::Output> + ?Sized,
    {
        let start = Instant::now();
        let passed_on_before = on.passed_on();
        agree::belong_together(&sources)?;
        let plan = self.plan(operation, &sources)?;
        tracing::info!(tiles = plan.len(), halo = plan.halo(), "planned");
        let budget = Budget::new(self.working_set_bytes);
        let routing = Routing {
            plan: &plan,
            height: agree::middle_height(&sources),
            columns: operation.columns(),
            budget: &budget,
            chunks_done: AtomicU64::new(0),
            chunks_total: sources.iter().map(|source| source.chunk_count() as u64).sum(),
            progress,
        };
        let (buckets, sources) = routing.route(sources)?;
        let mut report = Report { sources, read: start.elapsed(), peak_bytes: budget.held(), ..Report::default() };
        tracing::info!(bytes = report.peak_bytes, "routed");

        Loaded { routing: &routing, buckets }.run(on, operation, sink, &mut report)?;
        report.devices = on.devices().into_iter().map(|device| device.name).collect();
        report.passed_on = passed_on_since(&passed_on_before, on.passed_on());
        report.wall = start.elapsed();
        Ok(report)
    }

    /// The tiles that [`Self::stream`] will run, and who owns what.
    ///
    /// # Errors
    /// As [`Plan::new`]; [`isopach_compute::Error::InvalidInput`] without sources.
    pub fn plan<O, B, const N: usize>(&self, operation: &O, sources: &[&dyn PointSource; N]) -> Result<Plan>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        Plan::new(&agree::union(sources)?, self.tile_size, operation.halo(), &operation.cell_sizes())
    }
}

/// Tiles with their points, ready to run.
struct Loaded<'a, const N: usize> {
    routing: &'a Routing<'a>,
    buckets: [Buckets; N],
}

impl<const N: usize> Loaded<'_, N> {
    /// Runs the tiles that have points, and hands the results over in order: a wave of tiles at a time, so that no more results wait
    /// for their turn than there are threads.
    fn run<O, B, S>(&self, on: &Choice<B>, operation: &O, sink: &mut S, report: &mut Report) -> Result<()>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
        S: TileSink<O::Output> + ?Sized,
    {
        let tiles = self.routing.plan.len();
        let occupied: Vec<usize> = (0..tiles).filter(|&i| self.buckets.iter().any(|b| !b.is_empty(i))).collect();
        (report.tiles, report.tiles_empty) = (occupied.len(), tiles - occupied.len());
        timed(&mut report.sink, || sink.begin(self.routing.plan.whole().rect()))?;
        let mut done = 0;
        for wave in occupied.chunks(rayon::current_num_threads().max(1)) {
            let results: Vec<_> =
                timed(&mut report.compute, || wave.par_iter().map(|&i| self.run_one(i, on, operation)).collect());
            for result in results {
                let (core, output) = result?;
                timed(&mut report.sink, || sink.accept(core, output))?;
                done += 1;
                (self.routing.progress)(Progress::Tiles { done, total: occupied.len() as u64 });
            }
        }
        timed(&mut report.sink, || sink.finish())
    }

    /// The result of tile `i`, whose points are gone afterwards.
    fn run_one<O, B>(&self, i: usize, on: &Choice<B>, operation: &O) -> Result<(Rect, O::Output)>
    where
        B: Compute + ?Sized,
        O: TileOperation<N, B>,
    {
        let cells = self.routing.plan.core(i);
        let core = cells.rect();
        let origin = self.routing.origin(i)?;
        let mut epochs: [_; N] = std::array::from_fn(|_| isopach_cloud::Cloud::default());
        for (cloud, buckets) in epochs.iter_mut().zip(&self.buckets) {
            *cloud = buckets.take(i, origin)?;
        }
        let tile = Tile { cells, core, halo: self.routing.plan.halo(), epochs };
        let output = on.run(|backend| operation.run_tile(backend, &tile));
        let output = output.inspect_err(|error| tracing::error!(%core, %error, "a tile failed"))?;
        Ok((core, output))
    }
}

/// Does it, and adds the wall time that it took.
fn timed<T>(to: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *to += start.elapsed();
    result
}
