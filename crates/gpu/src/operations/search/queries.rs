//! Queries about the points' origin, split into batches that fit.

use super::parameters::SearchParameters;
use crate::{
    memory::{batch_plan::BatchPlan, buffer::Buffer},
    points::{resident_points::ResidentPoints, sort::sort_by_cell},
    record::{
        commands::{Commands, Submitted},
        kernel::Kernel,
        read_back::PendingRead,
    },
};
use bytemuck::Pod;
use isopach_cloud::Positions;
use isopach_compute::{Error, Result};
use std::ops::Range;

/// Queries below which sorting them costs more than it saves.
const FEW: usize = 256;

/// Queries and the points that they search, about one origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queries<'a> {
    resident: &'a ResidentPoints,
    ticks: &'a [[i32; 3]],
    shift: [i64; 3],
    /// Lowest and highest coordinates, about the points' origin.
    bounds: [[i64; 3]; 2],
    /// Whether consecutive queries are far apart.
    scattered: bool,
}

impl<'a> Queries<'a> {
    /// # Errors
    /// [`Error::Unsupported`] if a query is so far from a point that their difference leaves 32
    /// bits.
    pub(crate) fn new(
        resident: &'a ResidentPoints,
        points: Positions<'_>,
        queries: Positions<'a>,
    ) -> Result<Self> {
        let shift = queries.shift_to(points.origin());
        let mut located = Self {
            resident,
            ticks: queries.ticks(),
            shift,
            bounds: queries.bounds().unwrap_or_default().map(|ticks: [i32; 3]| {
                std::array::from_fn(|axis| i64::from(ticks[axis]) + shift[axis])
            }),
            scattered: false,
        };
        located.check_reach(resident)?;
        located.scattered = located.are_scattered();
        Ok(located)
    }

    /// Refuses points about the same origin that are so far away that differences leave 32 bits.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub(crate) fn check_reach(&self, points: &ResidentPoints) -> Result<()> {
        let [low, high] = self.bounds;
        let fits = |tick: i64| i32::try_from(tick).is_ok();
        let near = (0..3).all(|axis| {
            fits(low[axis])
                && fits(high[axis])
                && fits(i64::from(points.high[axis]) - low[axis] + 1)
                && fits(high[axis] - i64::from(points.grid.low[axis]) + 1)
        });
        if near {
            Ok(())
        } else {
            Err(Error::Unsupported {
                operation: "search from more than 8 km away",
            })
        }
    }

    /// Number of queries.
    pub(crate) fn len(&self) -> usize {
        self.ticks.len()
    }

    fn local_ticks(&self, i: usize) -> [i32; 3] {
        let ticks = self.ticks[i];
        // In range: checked when this was made.
        std::array::from_fn(|axis| (i64::from(ticks[axis]) + self.shift[axis]) as i32)
    }

    /// Whether consecutive queries are, on the mean of a sample, more than a few cells apart:
    /// threads of a workgroup would then walk different spans.
    fn are_scattered(&self) -> bool {
        let mut sampled = 0;
        let mut cells_apart = 0;
        for i in (1..self.len()).step_by((self.len() / 1000).max(1)) {
            let here = self.local_ticks(i);
            let before = self.local_ticks(i - 1);
            for axis in 0..2 {
                let ticks_apart = here[axis].abs_diff(before[axis]);
                cells_apart += u64::from(ticks_apart >> self.resident.grid.shift);
            }
            sampled += 1;
        }
        self.len() >= FEW && cells_apart > 4 * sampled
    }

    /// The buffers of a batch before its results.
    pub(crate) fn plan_batch(&self) -> BatchPlan<'_> {
        let plan = BatchPlan::new(&self.resident.recorder.pool).buffer_per_item("queries", 16);
        if !self.scattered {
            return plan;
        }
        let cells = 4 * (self.resident.grid.cell_count() as u64 + 1);
        plan.buffer_per_item("sorted points", 16)
            .buffer_per_item("ranks in cells", 4)
            .buffer_per_item("order by cell", 4)
            .fixed_buffer("starts of cells", cells)
            .fixed_buffer("totals of prefix sums", cells / 512 + 1024)
    }

    /// The batches of a plan, in order.
    pub(crate) fn split_batches(
        &self,
        plan: &BatchPlan<'_>,
    ) -> Result<impl Iterator<Item = Range<usize>> + use<>> {
        let at_once = self.resident.recorder.options.queries_at_once.max(1);
        let count = self.len();
        let batch = plan.max_batch(count.min(at_once))?;
        Ok((0..count)
            .step_by(batch.max(1))
            .map(move |start| start..(start + batch).min(count)))
    }

    /// Runs a search on every batch of the plan and passes the results to `take`, in order, with
    /// the number of queries before them. While `take` reads one batch, the device works on the
    /// next. `more_buffers` gives a batch the buffers between its queries and its results.
    ///
    /// # Errors
    /// Those of the device; [`Error::DeviceFault`] if `take` answers [`Complete::No`].
    pub(crate) fn for_each_batch<T: Pod>(
        &self,
        plan: &BatchPlan<'_>,
        search: Search<'_>,
        more_buffers: impl Fn(&Range<usize>) -> Result<Vec<Buffer>>,
        mut take: impl FnMut(usize, &[T]) -> Complete,
    ) -> Result<()> {
        let mut pending: Option<PendingBatch<T>> = None;
        for batch in self.split_batches(plan)? {
            let submitted = self.submit_search(&batch, search, &more_buffers(&batch)?)?;
            if let Some(before) = pending.replace(submitted) {
                self.read_batch(before, &mut take)?;
            }
        }
        pending.map_or(Ok(()), |last| self.read_batch(last, &mut take))
    }

    /// Submits the kernels of a search on one batch. Their buffers are the points, the starts of
    /// cells, the queries, `more`, and the results.
    fn submit_search<T: Pod>(
        &self,
        batch: &Range<usize>,
        search: Search<'_>,
        more: &[Buffer],
    ) -> Result<PendingBatch<T>> {
        let ResidentPoints {
            recorder,
            points,
            starts,
            ..
        } = self.resident;
        let mut commands = recorder.begin_commands();
        let items = self.upload_sorted(&mut commands, batch)?;
        let count = search.entries * batch.len();
        let bytes = (size_of::<T>() * count) as u64;
        let found = recorder.allocate_storage("results of a search", bytes)?;
        let buffers: Vec<&Buffer> = [points, starts, &items]
            .into_iter()
            .chain(more)
            .chain([&found])
            .collect();
        for &parameters in search.parameters {
            let parameters = SearchParameters {
                count: batch.len() as u32,
                ..parameters
            };
            for kernel in search.kernels {
                commands.dispatch(kernel, batch.len(), &parameters, &buffers)?;
            }
        }
        let results = commands.read_back::<T>(&found, 0..count)?;
        Ok(PendingBatch {
            start: batch.start,
            submitted: commands.submit()?,
            results,
        })
    }

    fn read_batch<T: Pod>(
        &self,
        batch: PendingBatch<T>,
        take: &mut impl FnMut(usize, &[T]) -> Complete,
    ) -> Result<()> {
        let completed = batch.submitted.wait()?;
        match completed.view(batch.results, |found| take(batch.start, found))? {
            Complete::Yes => Ok(()),
            Complete::No => Err(self.resident.recorder.device.ended_loop_error()),
        }
    }

    /// Uploads a batch and sorts it by cell; each query knows its place in the batch.
    pub(crate) fn upload_sorted(
        &self,
        commands: &mut Commands,
        batch: &Range<usize>,
    ) -> Result<Buffer> {
        let items = self.upload_batch(batch)?;
        self.sort_batch(commands, &items, batch.len())
    }

    /// Uploads a batch in its own order.
    pub(crate) fn upload_batch(&self, batch: &Range<usize>) -> Result<Buffer> {
        self.resident.recorder.upload("queries", batch.len(), |i| {
            let [x, y, z] = self.local_ticks(batch.start + i);
            [x, y, z, i as i32]
        })
    }

    /// Sorts an uploaded batch by cell, if that helps.
    pub(crate) fn sort_batch(
        &self,
        commands: &mut Commands,
        items: &Buffer,
        count: usize,
    ) -> Result<Buffer> {
        if !self.scattered {
            return Ok(items.clone());
        }
        let ResidentPoints { recorder, grid, .. } = self.resident;
        sort_by_cell(recorder, commands, *grid, items, count)
    }
}

/// A batch on the device.
struct PendingBatch<T> {
    start: usize,
    submitted: Submitted,
    results: PendingRead<T>,
}

/// Kernels that run one after the other on the same buffers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    pub(crate) kernels: &'a [&'a Kernel],
    /// All kernels run with the first, then with the second, and so on.
    pub(crate) parameters: &'a [SearchParameters],
    /// Elements that they write per query.
    pub(crate) entries: usize,
}

/// No buffers between queries and results.
pub(crate) fn no_more_buffers(_: &Range<usize>) -> Result<Vec<Buffer>> {
    Ok(Vec::new())
}

/// Whether all loops of all threads ran to their ends: see threads.wgsl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Complete {
    Yes,
    No,
}

impl From<bool> for Complete {
    fn from(complete: bool) -> Self {
        if complete { Self::Yes } else { Self::No }
    }
}
