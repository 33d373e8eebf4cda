//! The loop.

use crate::{
    Plan, PointSource, Progress, Report, Tile, TileOperation, TileSink,
    report::SourceReport,
    route::{Buckets, Routing},
};
use isopach_cloud::{Origin, Rect};
use isopach_compute::{Choice, Compute, Error, Result};
use rayon::prelude::*;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// How a survey is cut up. Results do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tiling {
    /// Side of a tile, metres, rounded to whole cells of the operation. Infinite: as few tiles as coordinates can reach (4 km).
    pub tile_size: f64,
    /// Bytes of points that may be held for tiles.
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
    /// Every chunk of the sources is decoded once, on all threads of the current `rayon` pool. Tiles without a point in any epoch are
    /// passed over: the sink does not see them.
    ///
    /// # Errors
    /// Of the sources, the operation and the sink; [`Error::InvalidInput`] for sources whose coordinate systems contradict each
    /// other, whose extents are apart, or that have no point; [`Error::OutOfMemory`] where the points of all tiles
    /// exceed the budget; [`Error::InvalidParameter`] for a tile size, halo or cell size that cannot be.
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
        belong_together(&sources)?;
        let plan = self.plan(operation, &sources)?;
        tracing::info!(tiles = plan.len(), halo = plan.halo(), "planned");
        let heights = sources.map(|source| source.height_range());
        let origins: Vec<Origin> = (0..plan.len()).map(|i| origin_of(&plan, i, &heights)).collect::<Result<_>>()?;
        let held = AtomicU64::new(0);
        let routing = Routing {
            plan: &plan,
            origins: &origins,
            columns: operation.columns(),
            budget: self.working_set_bytes,
            held: &held,
            chunks_done: &AtomicU64::new(0),
            chunks_total: sources.iter().map(|source| source.chunk_count() as u64).sum(),
            progress,
        };
        let (buckets, reports) = route_all(&routing, &sources)?;
        let read = start.elapsed();

        let mut report =
            Report { sources: reports, read, peak_bytes: held.load(Ordering::Relaxed), ..Report::default() };
        sink.begin(plan.whole().rect())?;
        let occupied: Vec<usize> = (0..plan.len()).filter(|&i| buckets.iter().any(|b| !b.is_empty(i))).collect();
        (report.tiles, report.tiles_empty) = (occupied.len(), plan.len() - occupied.len());
        let mut done = 0;
        // A wave of tiles at a time: results wait for their turn, but never more of them than a wave.
        for wave in occupied.chunks(rayon::current_num_threads().max(1)) {
            let computing = Instant::now();
            let results: Vec<(Rect, Result<O::Output>)> = wave
                .par_iter()
                .map(|&i| {
                    let cells = plan.core(i);
                    let core = cells.rect();
                    let epochs = std::array::from_fn(|epoch| buckets[epoch].take(i, origins[i]));
                    let tile = Tile { cells, core, halo: plan.halo(), epochs };
                    (core, on.run(|backend| operation.run_tile(backend, &tile)))
                })
                .collect();
            report.compute += computing.elapsed();
            let writing = Instant::now();
            for (core, result) in results {
                sink.accept(core, result?)?;
                done += 1;
                progress(Progress::Tiles { done, total: occupied.len() as u64 });
            }
            report.sink += writing.elapsed();
        }
        let finishing = Instant::now();
        sink.finish()?;
        report.sink += finishing.elapsed();
        report.devices = on.devices().into_iter().map(|device| device.name).collect();
        report.passed_on = on.passed_on();
        report.wall = start.elapsed();
        Ok(report)
    }

    /// The tiles that [`Self::stream`] will run, and who owns what.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a tile size, halo or cell size that cannot be.
    pub fn plan<O, B, const N: usize>(&self, operation: &O, sources: &[&dyn PointSource; N]) -> Result<Plan>
    where
        B: ?Sized,
        O: TileOperation<N, B>,
    {
        let extents = sources.map(|source| source.extent());
        let extent = extents[1..].iter().fold(extents[0], |whole, extent| whole.union(extent));
        Plan::new(&extent, self.tile_size, operation.halo(), &operation.cell_sizes())
    }
}

/// Refuses sources that cannot be compared.
fn belong_together(sources: &[&dyn PointSource]) -> Result<()> {
    if let Some(empty) = sources.iter().find(|source| source.point_count() == 0) {
        return Err(Error::InvalidInput(format!("{} has no points", empty.name())));
    }
    for (i, a) in sources.iter().enumerate() {
        for b in &sources[i + 1..] {
            if let Some(difference) = a.crs().zip(b.crs()).and_then(|(a, b)| a.contradiction(b)) {
                return Err(Error::InvalidInput(format!("{} and {} differ in {difference}", a.name(), b.name())));
            }
            if a.extent().intersection(&b.extent()).is_none() {
                return Err(Error::InvalidInput(format!(
                    "{} ({}) and {} ({}) do not overlap",
                    a.name(),
                    a.extent(),
                    b.name(),
                    b.extent()
                )));
            }
        }
    }
    Ok(())
}

fn route_all<const N: usize>(
    routing: &Routing<'_>,
    sources: &[&dyn PointSource; N],
) -> Result<([Buckets; N], Vec<SourceReport>)> {
    let mut buckets = Vec::with_capacity(N);
    let mut reports = Vec::with_capacity(N);
    for source in sources {
        let (routed, report) = routing.route(*source)?;
        if report.points == 0 {
            return Err(Error::InvalidInput(format!("{} has no point that is wanted", source.name())));
        }
        buckets.push(routed);
        reports.push(report);
    }
    // One bucket a source was pushed, and there are N sources.
    let buckets = buckets.try_into().map_err(|_| Error::InvalidInput("no sources".into()))?;
    Ok((buckets, reports))
}

/// The whole-metre origin of a tile: the middle of its core, and of all heights. Results do not depend on it, as ticks are exact about any.
fn origin_of(plan: &Plan, tile: usize, heights: &[[f64; 2]]) -> Result<Origin> {
    let low = heights.iter().map(|[low, _]| *low).fold(f64::INFINITY, f64::min);
    let high = heights.iter().map(|[_, high]| *high).fold(f64::NEG_INFINITY, f64::max);
    let [x, y] = plan.core(tile).rect().centre();
    Origin::near([x, y, 0.5 * (low + high)])
}
