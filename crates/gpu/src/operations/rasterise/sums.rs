//! Counts, extremes and sums of cells.

use super::located::{Located, Parameters};
use crate::{
    kernel::{Access, Kernel},
    plan::Plan,
    prelude,
};
use isopach_compute::Result;
use isopach_raster::{CellStatistic, CellSums};
use rayon::{prelude::*, slice::ChunksExact};
use std::ops::Range;

use Access::{Read, Write};

pub(crate) const SUMS: Kernel = Kernel::new(
    "sums of cells",
    "sums",
    &[
        prelude::THREADS,
        prelude::PAIRS_OF_WORDS,
        prelude::WHOLE,
        include_str!("locate.wgsl"),
        include_str!("sums.wgsl"),
    ],
    &[Read, Read, Write],
)
.of_threads(256);

/// Where a cell's words are, as far as they are wanted: 0 where they are not. The count is at 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    count: usize,
    extremes: usize,
    sum: usize,
    squares: usize,
}

impl Words {
    /// Those that some statistics need.
    pub(crate) fn of(statistics: &[CellStatistic]) -> Self {
        use CellStatistic::{Max, Mean, Min, StandardDeviation};
        let mut count = 1;
        let mut place = |wanted: &[CellStatistic], words: usize| {
            let at = if statistics.iter().any(|s| wanted.contains(s)) {
                count
            } else {
                0
            };
            count += if at == 0 { 0 } else { words };
            at
        };
        let extremes = place(&[Min, Max], 2);
        let sum = place(&[Mean, StandardDeviation], 2);
        let squares = place(&[StandardDeviation], 3);
        Self {
            count,
            extremes,
            sum,
            squares,
        }
    }

    /// A cell's words as sums, counted from the lowest height that there can be: −2³¹ ticks from
    /// the origin's, `origin`.
    pub(crate) fn sums(self, words: &[u32], origin: i64) -> CellSums {
        let base = origin + i64::from(i32::MIN);
        let word = |at: usize| i64::from(words[at]);
        let mut cell = CellSums {
            count: words[0],
            base,
            ..CellSums::default()
        };
        if self.extremes != 0 {
            cell.low = base + i64::from(!words[self.extremes]);
            cell.high = base + word(self.extremes + 1);
        }
        if self.sum != 0 {
            cell.sum = word(self.sum) | word(self.sum + 1) << 32;
        }
        if self.squares != 0 {
            cell.squares = (0..3)
                .map(|i| i128::from(words[self.squares + i]) << (32 * i))
                .sum();
        }
        cell
    }
}

/// Adds all points to the first `cells` cells of the grid, as many cells at a time as fit into
/// `room` bytes; `take` gets each stretch of cells and what `sum` makes of every cell in it.
/// O(points) for each stretch.
///
/// # Errors
/// Whatever the device declines with.
pub(crate) fn each(
    located: &mut Located<'_>,
    words: Words,
    cells: usize,
    room: u64,
    mut take: impl FnMut(Range<usize>, ChunksExact<'_, u32>),
) -> Result<()> {
    let size = 4 * words.count as u64;
    let stretch = Plan::new(&located.session)
        .within(room)
        .brought_back("sums of cells", size)
        .batch(cells)?;
    for first in (0..cells).step_by(stretch.max(1)) {
        let range = first..(first + stretch).min(cells);
        let length = range.len() * words.count;
        let sums = located
            .session
            .storage("sums of cells", 4 * length as u64)?;
        let mut work = located.session.work();
        work.clear(&sums);
        drop(work.submit()?); // what is submitted later comes after it
        let parameters = Parameters {
            words: words.count as u32,
            extremes: words.extremes as u32,
            sum: words.sum as u32,
            squares: words.squares as u32,
            ..located.on(&range)
        };
        located.each(|work, count, [points, edges]| {
            work.run(
                &SUMS,
                count as usize,
                &Parameters {
                    count,
                    ..parameters
                },
                &[points, edges, &sums],
            )
        })?;
        let mut work = located.session.work();
        let reading = work.read::<u32>(&sums, 0..length)?;
        work.submit()?.wait()?.look(reading, |found| {
            take(range, found.par_chunks_exact(words.count))
        })?;
    }
    Ok(())
}
