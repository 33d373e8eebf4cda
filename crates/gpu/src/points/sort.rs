//! Sorting points by cell on the device.

use crate::{
    memory::buffer::Buffer,
    points::{
        cell_grid::{CROWDED, CellGrid},
        scan::scan_exclusive,
    },
    record::{
        commands::Commands,
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
use rayon::prelude::*;

/// The WGSL of [`CellGrid`].
pub(crate) const CELL_GRID: &str = include_str!("cell_grid.wgsl");
const SORT: &str = include_str!("sort.wgsl");

const COUNT: Kernel = Kernel::new::<SortParameters>(
    "count by cell",
    "count",
    &[prelude::THREADS, CELL_GRID, include_str!("count.wgsl")],
    &[Read, Write, Write],
)
.with_threads(256);
const SCATTER: Kernel = Kernel::new::<SortParameters>(
    "scatter by cell",
    "scatter",
    &[
        prelude::THREADS,
        CELL_GRID,
        SORT,
        include_str!("scatter.wgsl"),
    ],
    &[Read, Write, Write, Read],
)
.with_threads(256);
pub(crate) const SETTLE: Kernel = Kernel::new::<SortParameters>(
    "order in cells",
    "settle",
    &[
        prelude::THREADS,
        CELL_GRID,
        SORT,
        include_str!("settle.wgsl"),
    ],
    &[Read, Write, Write, Write],
);
pub(crate) const CROWD: Kernel = Kernel::new::<SortParameters>(
    "order in crowded cells",
    "crowd",
    &[
        prelude::THREADS,
        CELL_GRID,
        SORT,
        include_str!("crowd.wgsl"),
    ],
    &[Read, Write, Write, Read],
)
.with_threads(256);
pub(crate) const GATHER: Kernel = Kernel::new::<GatherParameters>(
    "gather by cell",
    "gather",
    &[prelude::THREADS, include_str!("gather.wgsl")],
    &[Read, Read, Write],
)
.with_threads(256);

/// Instead of [`GATHER`], for points whose numbers are stored apart.
pub(crate) const GATHER_APART: Kernel = Kernel::new::<GatherParameters>(
    "gather by cell, numbers apart",
    "gather_apart",
    &[prelude::THREADS, include_str!("gather_apart.wgsl")],
    &[Read, Read, Write],
)
.with_threads(256);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&COUNT, &SCATTER, &SETTLE, &CROWD, &GATHER, &GATHER_APART];

uniform! {
    /// `Parameters` of count.wgsl and sort.wgsl.
    pub(crate) struct SortParameters {
        grid: CellGrid,
        count: u32,
        cells: u32,
        unused: [u32; 2],
    }
}

uniform! {
    /// `Parameters` of gather.wgsl and gather_apart.wgsl.
    struct GatherParameters {
        count: u32,
        unused: [u32; 3],
    }
}

/// The order of items by cell, before the items are moved.
pub(crate) struct CellOrder {
    /// Where each cell's items start; one more than there are cells.
    pub(crate) starts: Buffer,
    /// Positions of the items, by cell; within a cell in no particular order.
    pub(crate) order: Buffer,
    pub(crate) parameters: SortParameters,
}

impl CellOrder {
    /// Records the counting sort of `count` items (`vec4<i32>`). O(count).
    pub(crate) fn record(
        recorder: &Recorder,
        commands: &mut Commands,
        grid: CellGrid,
        items: &Buffer,
        count: usize,
    ) -> Result<Self> {
        let cells = grid.cell_count();
        let starts = recorder.allocate_storage("starts of cells", 4 * (cells as u64 + 1))?;
        let ranks = recorder.allocate_storage("ranks in cells", 4 * count as u64)?;
        let order = recorder.allocate_storage("order by cell", 4 * count as u64)?;
        let parameters = SortParameters {
            grid,
            count: count as u32,
            cells: cells as u32,
            unused: [0; 2],
        };
        commands.clear_buffer(&starts);
        commands.dispatch(&COUNT, count, &parameters, &[items, &starts, &ranks])?;
        scan_exclusive(recorder, commands, &starts, cells + 1)?;
        let buffers = [items, &starts, &order, &ranks];
        commands.dispatch(&SCATTER, count, &parameters, &buffers)?;
        Ok(Self {
            starts,
            order,
            parameters,
        })
    }

    /// Records the move of the items into this order, by [`GATHER`] or [`GATHER_APART`].
    pub(crate) fn gather_items(
        &self,
        recorder: &Recorder,
        commands: &mut Commands,
        kernel: &Kernel,
        items: &Buffer,
    ) -> Result<Buffer> {
        let count = self.parameters.count;
        let sorted = recorder.allocate_storage("sorted points", 16 * u64::from(count))?;
        let parameters = GatherParameters {
            count,
            unused: [0; 3],
        };
        let buffers = [items, &self.order, &sorted];
        commands.dispatch(kernel, count as usize, &parameters, &buffers)?;
        Ok(sorted)
    }
}

/// Records the sort of queries (`vec4<i32>`) by cell, in no particular order within a cell.
pub(crate) fn sort_by_cell(
    recorder: &Recorder,
    commands: &mut Commands,
    grid: CellGrid,
    items: &Buffer,
    count: usize,
) -> Result<Buffer> {
    CellOrder::record(recorder, commands, grid, items, count)?
        .gather_items(recorder, commands, &GATHER, items)
}

/// The order of points that the device gives, found by the CPU: by cell; within a cell by position,
/// within a crowded cell by height and position.
pub(crate) fn sort_on_cpu(grid: &CellGrid, ticks: &[[i32; 3]]) -> Vec<u32> {
    let mut counts = vec![0_u32; grid.cell_count()];
    ticks
        .iter()
        .for_each(|&point| counts[grid.cell_of(point) as usize] += 1);
    let mut order: Vec<u32> = (0..ticks.len() as u32).collect();
    order.par_sort_unstable_by_key(|&id| {
        let point = ticks[id as usize];
        let cell = grid.cell_of(point);
        let height = if counts[cell as usize] > CROWDED {
            point[2]
        } else {
            0
        };
        (cell, height, id)
    });
    order
}
