//! Medians and percentiles of cells.

use super::located::{Located, Parameters};
use crate::{
    kernel::{Access, Kernel},
    pool::Role,
    prelude,
    session::Session,
};
use bytemuck::{Pod, Zeroable};
use isopach_compute::Result;
use isopach_raster::Rank;
use std::ops::Range;

use Access::{Read, Write};

const SCATTER: Kernel = Kernel::new(
    "heights by cell",
    "scatter",
    &[
        prelude::THREADS,
        include_str!("locate.wgsl"),
        include_str!("scatter.wgsl"),
    ],
    &[Read, Read, Write, Write],
)
.of_threads(256);
const SELECT_FEW: Kernel = Kernel::new(
    "ranks of few heights",
    "few",
    &[prelude::THREADS, include_str!("few.wgsl")],
    &[Read, Write, Write, Write],
);
const SELECT_MANY: Kernel = Kernel::new(
    "ranks of many heights",
    "many_points",
    &[prelude::THREADS, prelude::ACROSS, include_str!("many.wgsl")],
    &[Read, Read, Write, Read, Write],
)
.of_threads(256);

pub(crate) const KERNELS: [&Kernel; 3] = [&SCATTER, &SELECT_FEW, &SELECT_MANY];

/// Heights that one thread sorts. As in few.wgsl.
const FEW: u64 = 32;

/// As in few.wgsl and many.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Selection {
    cells: u32,
    quantiles: u32,
    /// 2, which a compiler of kernels must not know.
    two: u32,
    unused: u32,
}

/// Where the heights of a stretch of cells are.
struct Stretch {
    cells: Range<usize>,
    heights: u64,
}

impl Stretch {
    /// Bytes on the device, with what is brought back.
    fn bytes(cells: u64, heights: u64, quantiles: u64) -> u64 {
        4 * cells + 4 * heights + 16 * cells * quantiles + 4 * most_crowded(heights)
    }

    /// As many cells from `first` on as fit into `room` bytes and the device's bindings and
    /// dispatches; at least one.
    fn from(first: usize, counts: &[u32], quantiles: u64, room: u64, session: &Session) -> Self {
        let binding = session.pool.largest(Role::Storage);
        let most = u64::from(session.most_groups).pow(2) * u64::from(SELECT_FEW.workgroup);
        let mut stretch = Self {
            cells: first..first + 1,
            heights: u64::from(counts[first]),
        };
        for &count in &counts[first + 1..] {
            let (cells, heights) = (
                stretch.cells.len() as u64 + 1,
                stretch.heights + u64::from(count),
            );
            let fits = Self::bytes(cells, heights, quantiles) <= room
                && (4 * heights).max(8 * cells * quantiles) <= binding
                && cells <= most;
            if !fits {
                break;
            }
            stretch.cells.end += 1;
            stretch.heights = heights;
        }
        stretch
    }
}

/// Words that a list of cells with many points, and its length, take.
fn most_crowded(heights: u64) -> u64 {
    heights / (FEW + 1) + 1
}

/// Finds quantiles (`shares`, 0 to 1) of all cells, of which `counts` tells the points, as many
/// cells at a time as fit into `room` bytes. `take` gets each stretch of cells that has points, and
/// for each quantile and cell of it two order statistics: heights in ticks above the lowest that
/// there can be. O(points) for each stretch and quantile.
///
/// # Errors
/// [`isopach_compute::Error::OutOfMemory`] where the points of one cell do not fit; whatever else
/// the device declines with.
pub(crate) fn each(
    located: &mut Located<'_>,
    counts: &[u32],
    shares: &[f64],
    room: u64,
    mut take: impl FnMut(Range<usize>, &[[u32; 2]]),
) -> Result<()> {
    let mut first = 0;
    while first < counts.len() {
        let Stretch { cells, heights } =
            Stretch::from(first, counts, shares.len() as u64, room, &located.session);
        first = cells.end;
        if heights == 0 {
            continue;
        }
        let counts = &counts[cells.clone()];
        let begins = counts.iter().scan(0, |sum: &mut u32, &count| {
            let start = *sum;
            *sum += count; // below 2³¹: checked with the number of points
            Some(start)
        });
        let starts: Vec<u32> = begins.collect();
        let session = &located.session;
        let next = session.upload("starts of cells", starts.len(), |i| starts[i])?;
        let rank = |i: usize| {
            let (quantile, cell) = (i / counts.len(), i % counts.len());
            [
                Rank::of(shares[quantile], counts[cell] as usize)
                    .map_or(0, |rank| rank.below as u32),
                0,
            ]
        };
        let entries = shares.len() * counts.len();
        let found = session.upload("ranks in cells", entries, rank)?;
        let sorted = session.storage("heights by cell", 4 * heights)?;
        let many = session.storage("crowded cells", 4 * most_crowded(heights))?;
        let parameters = located.on(&cells);
        located.each(|work, count, [points, edges]| {
            let parameters = Parameters {
                count,
                ..parameters
            };
            work.run(
                &SCATTER,
                count as usize,
                &parameters,
                &[points, edges, &next, &sorted],
            )
        })?;
        let selection = Selection {
            cells: counts.len() as u32,
            quantiles: shares.len() as u32,
            two: 2,
            unused: 0,
        };
        let mut work = located.session.work();
        let ended = located.session.storage("whether loops ended early", 4)?;
        work.clear(&many);
        work.clear(&ended);
        let buffers = [&next, &sorted, &found, &many, &ended];
        work.run(&SELECT_FEW, counts.len(), &selection, &buffers[..4])?;
        // Each takes one cell after another, so that there may be fewer of them than cells.
        let most = u64::from(located.session.most_groups).pow(2).min(1 << 20);
        let groups = (most_crowded(heights) - 1)
            .min(counts.len() as u64)
            .min(most) as usize;
        work.run(
            &SELECT_MANY,
            groups * SELECT_MANY.workgroup as usize,
            &selection,
            &buffers,
        )?;
        let reading = work.read::<[u32; 2]>(&found, 0..entries)?;
        let ended = work.read::<u32>(&ended, 0..1)?;
        let done = work.submit()?.wait()?;
        done.session.faults.complete(done.take(ended)? == [0])?;
        done.look(reading, |found| take(cells, found))?;
    }
    Ok(())
}
