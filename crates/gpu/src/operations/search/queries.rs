//! Queries on their way to the device: batches that fit, sorted by cell.

use super::{
    build::{self, Resident},
    grid::Grid,
};
use crate::{
    kernel::Kernel,
    plan::Plan,
    pool::Buffer,
    work::{Reading, Submitted, Work},
};
use bytemuck::{Pod, Zeroable};
use isopach_cloud::{Positions, TICK};
use isopach_compute::{Error, Result};
use std::ops::Range;

/// Queries below which sorting them costs more than it saves.
const FEW: usize = 256;

/// What every search kernel is told: see resident.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(crate) struct Parameters {
    pub(crate) grid: Grid,
    pub(crate) count: u32,
    pub(crate) reach: i32,
    pub(crate) limit: [u32; 2],
    pub(crate) roughly: f32,
    pub(crate) wanted: u32,
    pub(crate) half_length: f32,
    pub(crate) radius: f32,
}

impl Parameters {
    /// For what is within `limit` square ticks.
    pub(crate) fn within(grid: Grid, limit: u128) -> Self {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        Self {
            grid,
            count: 0,
            reach: i32::try_from(limit.isqrt()).unwrap_or(i32::MAX),
            limit: [limit as u32, (limit >> 32) as u32],
            roughly: limit as f32,
            wanted: 0,
            half_length: 0.0,
            radius: 0.0,
        }
    }
}

/// Square metres of square ticks that the device rounded.
pub(crate) fn square_metres(bits: u32) -> f32 {
    (f64::from(f32::from_bits(bits)) * (TICK * TICK)) as f32
}

/// Queries about the points' origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queries<'a> {
    resident: &'a Resident,
    ticks: &'a [[i32; 3]],
    shift: [i64; 3],
    /// Lowest and highest coordinates, about the points' origin.
    bounds: [[i64; 3]; 2],
    /// Whether queries that follow each other are far apart.
    jump: bool,
}

impl<'a> Queries<'a> {
    /// # Errors
    /// [`Error::Unsupported`] where a query is so far from a point that their difference leaves 32
    /// bits.
    pub(crate) fn new(
        resident: &'a Resident,
        points: Positions<'_>,
        queries: Positions<'a>,
    ) -> Result<Self> {
        let shift = queries.shift_to(points.origin());
        let about =
            |ticks: [i32; 3]| std::array::from_fn(|axis| i64::from(ticks[axis]) + shift[axis]);
        let bounds = queries.bounds().unwrap_or_default().map(about);
        let mut located = Self {
            resident,
            ticks: queries.ticks(),
            shift,
            bounds,
            jump: false,
        };
        located.reach(resident)?;
        located.jump = located.jumps();
        Ok(located)
    }

    /// Refuses points about the same origin that are so far away that differences leave 32 bits.
    ///
    /// # Errors
    /// [`Error::Unsupported`].
    pub(crate) fn reach(&self, points: &Resident) -> Result<()> {
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

    fn local(&self, i: usize) -> [i32; 3] {
        let ticks = self.ticks[i];
        // In range: checked when this was made.
        std::array::from_fn(|axis| (i64::from(ticks[axis]) + self.shift[axis]) as i32)
    }

    /// Whether queries that follow each other are, on the mean of a sample, more than a few cells
    /// apart: threads of a workgroup would then walk different spans.
    fn jumps(&self) -> bool {
        let sampled = (1..self.len()).step_by((self.len() / 1000).max(1));
        let shift = self.resident.grid.shift;
        let apart = sampled.clone().map(|i| {
            let (here, before) = (self.local(i), self.local(i - 1));
            [0, 1]
                .map(|axis| u64::from(here[axis].abs_diff(before[axis]) >> shift))
                .iter()
                .sum::<u64>()
        });
        self.len() >= FEW && apart.sum::<u64>() > 4 * sampled.len() as u64
    }

    /// What a batch takes before anything is found.
    pub(crate) fn plan(&self) -> Plan<'_> {
        let plan = Plan::new(&self.resident.session).each("queries", 16);
        if !self.jump {
            return plan;
        }
        let cells = 4 * (self.resident.grid.cells() as u64 + 1);
        let sorting = plan
            .each("sorted points", 16)
            .each("ranks in cells", 4)
            .each("order by cell", 4);
        sorting
            .fixed("starts of cells", cells)
            .fixed("totals of prefix sums", cells / 512 + 1024)
    }

    /// The batches of a plan.
    pub(crate) fn batches(
        &self,
        plan: &Plan<'_>,
    ) -> Result<impl Iterator<Item = Range<usize>> + use<>> {
        let at_once = self.resident.session.options.queries_at_once.max(1);
        let (count, most) = (self.len(), plan.batch(self.len().min(at_once))?);
        Ok((0..count)
            .step_by(most.max(1))
            .map(move |start| start..(start + most).min(count)))
    }

    /// Runs the kernels on every batch of the plan and hands the results to `take`, in order, with
    /// the number of queries before them: `entries` elements a query, in a buffer that comes after
    /// `points`, `starts`, the queries and what `more` gives. While `take` looks at one batch, the
    /// device works on the next.
    ///
    /// # Errors
    /// Those of the device; [`Error::DeviceFault`] where `take` says that a result is not complete.
    pub(crate) fn each_batch<T: Pod>(
        &self,
        plan: &Plan<'_>,
        search: Search<'_>,
        more: impl Fn(&Range<usize>) -> Result<Vec<Buffer>>,
        mut take: impl FnMut(usize, &[T]) -> Complete,
    ) -> Result<()> {
        let Resident {
            session,
            points,
            starts,
            ..
        } = self.resident;
        let mut look = |(start, submitted, reading): (usize, Submitted, Reading<T>)| match submitted
            .wait()?
            .look(reading, |found| take(start, found))?
        {
            Complete::Yes => Ok(()),
            Complete::No => Err(session.faults.ended()),
        };
        let mut last = None;
        for batch in self.batches(plan)? {
            let mut work = session.work();
            let items = self.upload(&mut work, &batch)?;
            let more = more(&batch)?;
            let count = search.entries * batch.len();
            let found = session.storage("results of a search", (size_of::<T>() * count) as u64)?;
            let parameters = Parameters {
                count: batch.len() as u32,
                ..search.parameters
            };
            let buffers: Vec<&Buffer> = [points, starts, &items]
                .into_iter()
                .chain(&more)
                .chain([&found])
                .collect();
            for kernel in search.kernels {
                work.run(kernel, batch.len(), &parameters, &buffers)?;
            }
            let reading = work.read::<T>(&found, 0..count)?;
            if let Some(before) = last.replace((batch.start, work.submit()?, reading)) {
                look(before)?;
            }
        }
        last.map_or(Ok(()), look)
    }

    /// Uploads a batch and has it sorted; each query knows its place in the batch.
    pub(crate) fn upload(&self, work: &mut Work, batch: &Range<usize>) -> Result<Buffer> {
        let items = self.items(batch)?;
        self.sorted(work, &items, batch.len())
    }

    /// Uploads a batch as it is.
    pub(crate) fn items(&self, batch: &Range<usize>) -> Result<Buffer> {
        self.resident.session.upload("queries", batch.len(), |i| {
            let [x, y, z] = self.local(batch.start + i);
            [x, y, z, i as i32]
        })
    }

    /// Such a batch, sorted where that helps.
    pub(crate) fn sorted(&self, work: &mut Work, items: &Buffer, count: usize) -> Result<Buffer> {
        if !self.jump {
            return Ok(items.clone());
        }
        build::by_cell(
            &self.resident.session,
            work,
            self.resident.grid,
            items,
            count,
        )
    }
}

/// Kernels that run one after the other on the same buffers, what they are told, and how many
/// elements a query they write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    pub(crate) kernels: &'a [&'a Kernel],
    pub(crate) parameters: Parameters,
    pub(crate) entries: usize,
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
