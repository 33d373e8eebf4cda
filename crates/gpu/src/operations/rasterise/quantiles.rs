//! Medians and percentiles of cells.

use super::located_points::{LocateParameters, LocatedPoints};
use crate::{
    memory::role::Role,
    record::{
        kernel::{
            Access::{Read, Write},
            Kernel,
        },
        layout::uniform,
        prelude,
        recorder::Recorder,
    },
};
use isopach_compute::Result;
use isopach_raster::Rank;
use std::ops::Range;

const SCATTER: Kernel = Kernel::new::<LocateParameters>(
    "heights by cell",
    "scatter",
    &[
        prelude::THREADS,
        include_str!("locate.wgsl"),
        include_str!("scatter.wgsl"),
    ],
    &[Read, Read, Write, Write],
)
.with_threads(256);
const SELECT_FEW: Kernel = Kernel::new::<SelectParameters>(
    "ranks of few heights",
    "few",
    &[prelude::THREADS, include_str!("few.wgsl")],
    &[Read, Write, Write, Write],
);
const SELECT_MANY: Kernel = Kernel::new::<SelectParameters>(
    "ranks of many heights",
    "many_points",
    &[prelude::THREADS, prelude::ACROSS, include_str!("many.wgsl")],
    &[Read, Read, Write, Read, Write],
)
.with_threads(256);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&SCATTER, &SELECT_FEW, &SELECT_MANY];

/// Heights that one thread sorts. As in few.wgsl.
const FEW: u64 = 32;

/// Workgroups that select in crowded cells, at most: each takes one cell after another.
const MAX_SELECTING: u64 = 1 << 20;

uniform! {
    /// `Parameters` of few.wgsl and many.wgsl.
    struct SelectParameters {
        cells: u32,
        quantiles: u32,
        /// 2, which the kernel compiler must not know: see threads.wgsl.
        two: u32,
        unused: u32,
    }
}

/// Consecutive cells, and how many heights they have.
struct CellSpan {
    cells: Range<usize>,
    heights: u64,
}

impl CellSpan {
    /// Bytes on the device, with those that are read back.
    fn device_bytes(cells: u64, heights: u64, quantiles: u64) -> u64 {
        4 * cells + 4 * heights + 16 * cells * quantiles + 4 * crowded_words(heights)
    }

    /// As many cells from `first` on as fit into `room` bytes and the device's bindings and
    /// dispatches; at least one.
    fn starting_at(
        first: usize,
        counts: &[u32],
        quantiles: u64,
        room: u64,
        recorder: &Recorder,
    ) -> Self {
        let binding = recorder.pool.largest_bytes(Role::Storage);
        let max_groups = u64::from(recorder.device.max_workgroups).pow(2);
        let max_cells = max_groups * u64::from(SELECT_FEW.workgroup);
        let mut span = Self {
            cells: first..first + 1,
            heights: u64::from(counts[first]),
        };
        for &count in &counts[first + 1..] {
            let cells = span.cells.len() as u64 + 1;
            let heights = span.heights + u64::from(count);
            let fits = Self::device_bytes(cells, heights, quantiles) <= room
                && (4 * heights).max(8 * cells * quantiles) <= binding
                && cells <= max_cells;
            if !fits {
                break;
            }
            span.cells.end += 1;
            span.heights = heights;
        }
        span
    }
}

/// Words of a list of crowded cells and its length.
fn crowded_words(heights: u64) -> u64 {
    heights / (FEW + 1) + 1
}

/// Two order statistics of a quantile in a cell: heights in ticks above the lowest that 32 bits
/// hold.
pub(crate) type HeightPair = [u32; 2];

/// Finds quantiles (`shares`, 0 to 1) of all cells, whose numbers of points are `counts`, as many
/// cells at a time as fit into `room` bytes. `take` gets each range of cells that has points, and
/// two order statistics for each quantile and cell, quantile by quantile. O(points) for each range
/// and quantile.
///
/// # Errors
/// [`isopach_compute::Error::OutOfMemory`] if the points of one cell do not fit; other errors of
/// the device.
pub(crate) fn select_quantiles(
    located: &mut LocatedPoints<'_>,
    counts: &[u32],
    shares: &[f64],
    room: u64,
    mut take: impl FnMut(Range<usize>, &[HeightPair]),
) -> Result<()> {
    let quantiles = shares.len() as u64;
    let mut first = 0;
    while first < counts.len() {
        let span = CellSpan::starting_at(first, counts, quantiles, room, &located.recorder);
        first = span.cells.end;
        if span.heights > 0 {
            select_in_span(located, span, counts, shares, &mut take)?;
        }
    }
    Ok(())
}

/// Finds the quantiles of one range of cells.
fn select_in_span(
    located: &mut LocatedPoints<'_>,
    span: CellSpan,
    counts: &[u32],
    shares: &[f64],
    take: &mut impl FnMut(Range<usize>, &[HeightPair]),
) -> Result<()> {
    let CellSpan { cells, heights } = span;
    let counts = &counts[cells.clone()];
    let starts = cell_starts(counts);
    let recorder = &located.recorder;
    let next = recorder.upload("starts of cells", starts.len(), |i| starts[i])?;
    let entries = shares.len() * counts.len();
    let found = recorder.upload("ranks in cells", entries, |i| {
        let share = shares[i / counts.len()];
        let count = counts[i % counts.len()];
        let rank = Rank::from_share(share, count as usize);
        [rank.map_or(0, |rank| rank.below as u32), 0]
    })?;
    let sorted = recorder.allocate_storage("heights by cell", 4 * heights)?;
    let many = recorder.allocate_storage("crowded cells", 4 * crowded_words(heights))?;
    let parameters = located.parameters_for(&cells);
    located.for_each_batch(|commands, count, [points, edges]| {
        let parameters = LocateParameters {
            count,
            ..parameters
        };
        let buffers = [points, edges, &next, &sorted];
        commands.dispatch(&SCATTER, count as usize, &parameters, &buffers)
    })?;

    let recorder = &located.recorder;
    let selection = SelectParameters {
        cells: counts.len() as u32,
        quantiles: shares.len() as u32,
        two: 2,
        unused: 0,
    };
    let mut commands = recorder.begin_commands();
    let ended = recorder.allocate_storage("whether loops ended early", 4)?;
    commands.clear_buffer(&many);
    commands.clear_buffer(&ended);
    let buffers = [&next, &sorted, &found, &many, &ended];
    commands.dispatch(&SELECT_FEW, counts.len(), &selection, &buffers[..4])?;
    let max_groups = u64::from(recorder.device.max_workgroups).pow(2);
    let groups = (crowded_words(heights) - 1)
        .min(counts.len() as u64)
        .min(max_groups.min(MAX_SELECTING));
    let threads = groups as usize * SELECT_MANY.workgroup as usize;
    commands.dispatch(&SELECT_MANY, threads, &selection, &buffers)?;
    let pending = commands.read_back::<HeightPair>(&found, 0..entries)?;
    let ended = commands.read_back::<u32>(&ended, 0..1)?;
    let completed = commands.submit()?.wait()?;
    recorder
        .device
        .check_complete(completed.copy_out(ended)? == [0])?;
    completed.view(pending, |found| take(cells, found))
}

/// Where the heights of each cell start.
fn cell_starts(counts: &[u32]) -> Vec<u32> {
    let mut next = 0;
    counts
        .iter()
        .map(|&count| {
            let start = next;
            next += count; // below 2³¹: checked with the number of points
            start
        })
        .collect()
}
