//! Sorting by cell on the device.

use super::grid::{CROWDED, Grid};
use crate::{
    PointLayout,
    kernel::{Access, Kernel},
    pool::Buffer,
    prelude, scan,
    session::Session,
    work::Work,
};
use bytemuck::{Pod, Zeroable};
use isopach_cloud::Positions;
use isopach_compute::Result;
use rayon::prelude::*;
use std::sync::Arc;

use Access::{Read, Write};

const GRID: &str = include_str!("grid.wgsl");
const SORT: &str = include_str!("sort.wgsl");
const COUNT: Kernel = Kernel::new(
    "count by cell",
    "count",
    &[prelude::THREADS, GRID, include_str!("count.wgsl")],
    &[Read, Write, Write],
)
.of_threads(256);
const SCATTER: Kernel = Kernel::new(
    "scatter by cell",
    "scatter",
    &[prelude::THREADS, GRID, SORT, include_str!("scatter.wgsl")],
    &[Read, Write, Write, Read],
)
.of_threads(256);
const SETTLE: Kernel = Kernel::new(
    "order in cells",
    "settle",
    &[prelude::THREADS, GRID, SORT, include_str!("settle.wgsl")],
    &[Read, Write, Write, Write],
);
const CROWD: Kernel = Kernel::new(
    "order in crowded cells",
    "crowd",
    &[prelude::THREADS, GRID, SORT, include_str!("crowd.wgsl")],
    &[Read, Write, Write, Read],
)
.of_threads(256);
const GATHER: Kernel = Kernel::new(
    "gather by cell",
    "gather",
    &[prelude::THREADS, include_str!("gather.wgsl")],
    &[Read, Read, Write],
)
.of_threads(256);

/// Instead of [`GATHER`], for points whose numbers lie apart.
pub(crate) const GATHER_APART: Kernel = Kernel::new(
    "gather by cell, numbers apart",
    "gather_apart",
    &[prelude::THREADS, include_str!("gather_apart.wgsl")],
    &[Read, Read, Write],
)
.of_threads(256);

/// This module's kernels.
pub(crate) const KERNELS: &[&Kernel] = &[&COUNT, &SCATTER, &SETTLE, &CROWD, &GATHER, &GATHER_APART];

/// Points in a cell above which sorting them by one workgroup would take long, and on some drivers
/// (threads.wgsl) more rounds than there are: the processor sorts instead.
const CROWD_OF_ONE_GROUP: u32 = 1 << 16;

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Parameters {
    grid: Grid,
    count: u32,
    cells: u32,
    unused: [u32; 2],
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Gather {
    count: u32,
    unused: [u32; 3],
}

/// Points on a device, sorted by cell.
#[derive(Debug)]
pub(crate) struct Resident {
    pub(crate) session: Arc<Session>,
    pub(crate) grid: Grid,
    /// Highest coordinates, ticks.
    pub(crate) high: [i32; 3],
    /// x, y, z, original position, four words each, or as [`PointLayout::NumbersApart`] says; by
    /// cell, within a cell by position, within a crowded cell by height and position.
    pub(crate) points: Buffer,
    /// Where each cell's points start; one more than there are cells.
    pub(crate) starts: Buffer,
}

impl Resident {
    /// Sorts points that were brought to the device: see [`Session::resident`]. O(n); 44 bytes a
    /// point meanwhile, 18 afterwards.
    ///
    /// # Errors
    /// [`isopach_compute::Error::OutOfMemory`], [`isopach_compute::Error::Unsupported`] where the
    /// points are more than 8 km apart.
    pub(crate) fn sorted(
        session: Arc<Session>,
        items: &Buffer,
        positions: Positions<'_>,
    ) -> Result<Self> {
        let (mut grid, high) = Grid::of(positions)?;
        let ticks = positions.ticks();
        let mut work = session.work();
        let Sorting {
            starts,
            order,
            parameters,
        } = Sorting::new(&session, &mut work, grid, items, ticks.len())?;
        let crowds = session.storage(
            "crowded cells",
            8 + 4 * (ticks.len() as u64 / u64::from(CROWDED) + 1),
        )?;
        work.clear(&crowds);
        work.run(
            &SETTLE,
            grid.cells(),
            &parameters,
            &[items, &starts, &order, &crowds],
        )?;
        let reading = work.read::<u32>(&crowds, 0..2)?;
        let crowd = work.submit()?.wait()?.take(reading)?;
        let mut work = session.work();
        grid.crowded = crowd[0];
        if crowd[1] > CROWD_OF_ONE_GROUP {
            let sorted = sorted_here(&grid, ticks);
            session.upload_into(&order, 0, sorted.len(), |i| sorted[i])?;
        } else if crowd[0] > 0 {
            let parameters = Parameters {
                cells: crowd[0],
                ..parameters
            };
            let threads = crowd[0] as usize * CROWD.workgroup as usize;
            work.run(
                &CROWD,
                threads,
                &parameters,
                &[items, &starts, &order, &crowds],
            )?;
        }
        let kernel = match session.texts.points {
            PointLayout::WithNumbers => &GATHER,
            PointLayout::NumbersApart => &GATHER_APART,
        };
        let points = gather(&session, &mut work, kernel, [items, &order], ticks.len())?;
        // Whatever comes later waits for it in the queue.
        let _ = work.submit()?;
        Ok(Self {
            session,
            grid,
            high,
            points,
            starts,
        })
    }
}

/// The order by cell, before anything is moved.
struct Sorting {
    starts: Buffer,
    order: Buffer,
    parameters: Parameters,
}

impl Sorting {
    fn new(
        session: &Session,
        work: &mut Work,
        grid: Grid,
        items: &Buffer,
        count: usize,
    ) -> Result<Self> {
        let cells = grid.cells();
        let starts = session.storage("starts of cells", 4 * (cells as u64 + 1))?;
        let ranks = session.storage("ranks in cells", 4 * count as u64)?;
        let order = session.storage("order by cell", 4 * count as u64)?;
        let parameters = Parameters {
            grid,
            count: count as u32,
            cells: cells as u32,
            unused: [0; 2],
        };
        work.clear(&starts);
        work.run(&COUNT, count, &parameters, &[items, &starts, &ranks])?;
        scan::exclusive(session, work, &starts, cells + 1)?;
        work.run(
            &SCATTER,
            count,
            &parameters,
            &[items, &starts, &order, &ranks],
        )?;
        Ok(Self {
            starts,
            order,
            parameters,
        })
    }
}

/// The items in that order.
fn gather(
    session: &Session,
    work: &mut Work,
    kernel: &Kernel,
    [items, order]: [&Buffer; 2],
    count: usize,
) -> Result<Buffer> {
    let sorted = session.storage("sorted points", 16 * count as u64)?;
    let parameters = Gather {
        count: count as u32,
        unused: [0; 3],
    };
    work.run(kernel, count, &parameters, &[items, order, &sorted])?;
    Ok(sorted)
}

/// Queries (`vec4<i32>`) by cell, in no particular order within a cell.
pub(crate) fn by_cell(
    session: &Session,
    work: &mut Work,
    grid: Grid,
    items: &Buffer,
    count: usize,
) -> Result<Buffer> {
    let sorting = Sorting::new(session, work, grid, items, count)?;
    gather(session, work, &GATHER, [items, &sorting.order], count)
}

/// The order that the device would give, found by the processor.
fn sorted_here(grid: &Grid, ticks: &[[i32; 3]]) -> Vec<u32> {
    let mut counts = vec![0_u32; grid.cells()];
    ticks
        .iter()
        .for_each(|&point| counts[grid.cell(point) as usize] += 1);
    let mut order: Vec<u32> = (0..ticks.len() as u32).collect();
    order.par_sort_unstable_by_key(|&id| {
        let point = ticks[id as usize];
        let cell = grid.cell(point);
        let height = if counts[cell as usize] > CROWDED {
            point[2]
        } else {
            0
        };
        (cell, height, id)
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use isopach_cloud::Origin;

    fn check(name: &str, ticks: &[[i32; 3]]) {
        let Some(gpu) = testing::gpu() else { return };
        for _ in 0..2 {
            let positions = Positions::new(Origin::default(), ticks);
            let resident = gpu.session().unwrap().resident(positions).unwrap();
            let mut work = resident.session.work();
            let points = work
                .read::<[i32; 4]>(&resident.points, 0..ticks.len())
                .unwrap();
            let starts = work
                .read::<u32>(&resident.starts, 0..resident.grid.cells() + 1)
                .unwrap();
            let done = work.submit().unwrap().wait().unwrap();
            let (points, starts) = (done.take(points).unwrap(), done.take(starts).unwrap());
            let order = sorted_here(&resident.grid, ticks);
            let expected: Vec<[i32; 4]> = order
                .iter()
                .map(|&id| {
                    let [x, y, z] = ticks[id as usize];
                    [x, y, z, id as i32]
                })
                .collect();
            assert!(points == expected, "{name}: order");
            for (cell, pair) in starts.windows(2).enumerate() {
                let inside = &order[pair[0] as usize..pair[1] as usize];
                assert!(
                    inside
                        .iter()
                        .all(|&id| resident.grid.cell(ticks[id as usize]) as usize == cell),
                    "{name}"
                );
            }
            assert_eq!(
                (starts[0], starts.last().copied()),
                (0, Some(ticks.len() as u32)),
                "{name}"
            );
        }
    }

    fn random(i: usize, range: i32) -> i32 {
        let mut z = (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5555;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((z >> 33) % range as u64) as i32
    }

    #[test]
    fn sorted_as_the_processor_sorts() {
        let cloud = |n: usize| -> Vec<[i32; 3]> {
            (0..n)
                .map(|i| {
                    [
                        random(3 * i, 5_000_000),
                        random(3 * i + 1, 3_000_000) - 900_000,
                        random(3 * i + 2, 400_000),
                    ]
                })
                .collect()
        };
        for n in [0, 1, 2, 3, 63, 64, 65, 255, 256, 257, 1023, 1025, 50_000] {
            check(&format!("{n} points"), &cloud(n));
        }
        check("equal points", &vec![[7, -8, 9]; 5_000]);
        check(
            "a vertical line",
            &(0..3_000)
                .map(|i| [5, 5, random(i, 1000)])
                .collect::<Vec<_>>(),
        );
        let heap = |i: usize| {
            if i.is_multiple_of(3) {
                [random(i, 3_000_000), random(i + 7, 3_000_000), 0]
            } else {
                [1000, 1000, random(i, 50)]
            }
        };
        check(
            "a heap in a plain",
            &(0..20_000).map(heap).collect::<Vec<_>>(),
        );
        check(
            "all that a workgroup sorts",
            &(0..1 << 16)
                .map(|i| [3, 4, random(i, 9)])
                .collect::<Vec<_>>(),
        );
        check(
            "too many for a workgroup",
            &(0..80_000)
                .map(|i| [3, 4, random(i, 9)])
                .collect::<Vec<_>>(),
        );
    }
}
