//! Counts, extremes and sums of cells.

use super::{
    located_points::{LocateParameters, LocatedPoints},
    statistic::SumStatistic,
};
use crate::{
    memory::batch_plan::BatchPlan,
    record::{
        kernel::{
            Access::{Read, Write},
            Kernel,
        },
        prelude,
    },
};
use isopach_compute::Result;
use isopach_raster::CellSums;
use rayon::{prelude::*, slice::ChunksExact};
use std::ops::Range;

pub(crate) const SUMS: Kernel = Kernel::new::<LocateParameters>(
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
.with_threads(256);

/// Where the words of each sum are among a cell's words; 0 if they are not wanted. The count is at
/// 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellWords {
    count: usize,
    extremes: usize,
    sum: usize,
    squares: usize,
}

impl CellWords {
    /// The words that some statistics need.
    pub(crate) fn for_statistics(statistics: &[SumStatistic]) -> Self {
        let mut words = Self {
            count: 1,
            extremes: 0,
            sum: 0,
            squares: 0,
        };
        let needs = |wanted: fn(&SumStatistic) -> bool| statistics.iter().any(wanted);
        if needs(SumStatistic::needs_extremes) {
            words.extremes = words.reserve(2);
        }
        if needs(SumStatistic::needs_sum) {
            words.sum = words.reserve(2);
        }
        if needs(SumStatistic::needs_squares) {
            words.squares = words.reserve(3);
        }
        words
    }

    /// The place of `words` more words.
    fn reserve(&mut self, words: usize) -> usize {
        let place = self.count;
        self.count += words;
        place
    }

    /// A cell's words as sums, counted from the lowest height that 32 bits hold: −2³¹ ticks from
    /// the origin's, `origin`.
    pub(crate) fn decode(self, words: &[u32], origin: i64) -> CellSums {
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

/// Sums all points over the first `cells` cells of the grid, as many cells at a time as fit into
/// `room` bytes. `take` gets each range of cells and the words of every cell in it. O(points) for
/// each range.
///
/// # Errors
/// Those of the device.
pub(crate) fn sum_cells(
    located: &mut LocatedPoints<'_>,
    words: CellWords,
    cells: usize,
    room: u64,
    mut take: impl FnMut(Range<usize>, ChunksExact<'_, u32>),
) -> Result<()> {
    let at_once = BatchPlan::new(&located.recorder.pool)
        .limited_to(room)
        .result_per_item("sums of cells", 4 * words.count as u64)
        .max_batch(cells)?;
    for first in (0..cells).step_by(at_once.max(1)) {
        let range = first..(first + at_once).min(cells);
        let length = range.len() * words.count;
        let recorder = &located.recorder;
        let sums = recorder.allocate_storage("sums of cells", 4 * length as u64)?;
        let mut commands = recorder.begin_commands();
        commands.clear_buffer(&sums);
        drop(commands.submit()?); // later submissions run after it
        let parameters = LocateParameters {
            words: words.count as u32,
            extremes: words.extremes as u32,
            sum: words.sum as u32,
            squares: words.squares as u32,
            ..located.parameters_for(&range)
        };
        located.for_each_batch(|commands, count, [points, edges]| {
            let parameters = LocateParameters {
                count,
                ..parameters
            };
            commands.dispatch(&SUMS, count as usize, &parameters, &[points, edges, &sums])
        })?;
        let mut commands = located.recorder.begin_commands();
        let pending = commands.read_back::<u32>(&sums, 0..length)?;
        commands.submit()?.wait()?.view(pending, |found| {
            take(range, found.par_chunks_exact(words.count));
        })?;
    }
    Ok(())
}
